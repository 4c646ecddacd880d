"""The nightly watch: the first night is accepted, a worse one is said, users' thumbs become rows without their names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from eval.watch import KEPT, Watch, rows_of, textfile
from tutor.store.rows import Feedback

NIGHT = datetime(2026, 1, 1, 3, tzinfo=UTC)


def report(value: float, failures: int) -> dict[str, Any]:
    figure = {
        "id": "retrieval.hit1", "label": "hit@1", "value": value, "low": value - 0.02, "high": value + 0.02, "n": 240,
        "headline": True, "better": "higher",
    }  # fmt: skip
    rows = [{"id": f"q{n}"} for n in range(failures)]
    measure = {"report": {}, "figures": [figure], "failures": rows, "gold": "abc", "seconds": 1.0}
    return {"format": 1, "part": "test", "provenance": {"machine": "m"}, "measures": {"retrieval": measure}}


def test_the_first_night_is_accepted_and_a_worse_one_is_said(tmp_path: Path) -> None:
    watch = Watch(tmp_path / "watch")
    assert watch.accepted() is None
    assert not watch.take_in(report(0.93, 16), NIGHT).regressions
    assert not watch.take_in(report(0.925, 17), NIGHT + timedelta(days=1)).regressions
    worse = watch.take_in(report(0.70, 70), NIGHT + timedelta(days=2))
    assert {change.id for change in worse.regressions} == {"retrieval.hit1", "retrieval.failures"}
    accepted = watch.accepted()
    assert accepted is not None
    assert len(accepted["measures"]["retrieval"]["failures"]) == 16
    assert 'tutor_golden{figure="retrieval.hit1"} 0.7\n' in textfile(report(0.70, 70), worse, NIGHT)
    assert "tutor_golden_worse 2\n" in textfile(report(0.70, 70), worse, NIGHT)


def test_a_slow_slide_is_held_against_what_was_accepted_not_against_last_night(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    nights = [watch.take_in(report(0.93 - n * 0.015, 16 + n * 4), NIGHT + timedelta(days=n)) for n in range(8)]
    assert not nights[1].regressions
    assert nights[-1].regressions


def test_old_nights_do_not_pile_up(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    for n in range(KEPT + 5):
        watch.take_in(report(0.9, 3), NIGHT + timedelta(days=n))
    assert len(list(tmp_path.glob("????-*.json"))) == KEPT
    assert watch.accepted() is not None


def test_feedback_becomes_rows_without_names() -> None:
    payload = {"query": "什麼是 LoRA？", "answer": "…", "user": "anna"}
    one = Feedback(7, "anna", "thumb", "message:3", -1, "wrong number", payload, NIGHT)
    row = next(iter(rows_of([one])))
    assert row["query"] == "什麼是 LoRA？"
    assert row["value"] == -1
    assert "anna" not in str(row)
