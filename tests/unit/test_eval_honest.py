"""What a measure must not do: count what hangs together as if it did not, ask a row twice, or put a part in the place of the whole."""

from __future__ import annotations

import itertools
import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from eval import grading, interview, support
from eval.__main__ import app
from eval.commands.common import report_name
from eval.evidence import reference, waiting
from eval.evidence.compare import compare
from eval.evidence.measures import MEASURES
from eval.gold import rows, sampled, some
from eval.intervals import mean_interval, share_interval
from eval.load import processes
from eval.speed import measure as speed
from eval.stopwatch import Timed
from eval.watch import Watch
from ingest.errors import UsageError
from tutor.answering.answer import Answer, Done, Rechecking
from tutor.answering.tutor import Ask
from tutor.interview.grading import Grade
from tutor.settings import Settings


def test_what_stands_in_one_answer_is_resampled_together() -> None:
    answers = [(10, 10)] * 36 + [(0, 10)] * 4
    together, apart = share_interval(answers), mean_interval([1.0] * 360 + [0.0] * 40)
    assert together["value"] == apart["value"] == 0.9
    assert together["n"] == 40
    assert together["high"] - together["low"] > 2 * (apart["high"] - apart["low"])


@pytest.mark.parametrize("right", [0, 5])
def test_a_share_of_none_or_all_is_as_sure_as_its_rows_are_many(right: int) -> None:
    assert share_interval([(right, 5)] * 39 + [(0, 0)]) == mean_interval([right / 5] * 39)


ABOUT = [number for number in range(20) for _ in range(7)]


def _level(question: int, level: int, number: int) -> tuple[dict[str, Any], Grade]:
    """An answer whose level by hand is 3."""
    row = {
        "id": f"g{number}", "question": question, "answer": "", "grade": 3, "covered": [], "contradicted": [],
        "label": "supported" if level == 3 else "unsupported", "questions": [question, 99], "sentence": "", "reason": "",
    }  # fmt: skip
    return row, SimpleNamespace(level=level, uncertain=level != 3, points=())  # type: ignore[return-value]


def test_rows_about_one_question_are_resampled_together() -> None:
    values = [float(number % 4 > 0) for number in ABOUT]  # a question is right in all its rows or in none
    together, apart = mean_interval(values, ABOUT), mean_interval(values)
    assert together["value"] == apart["value"]
    assert together["n"] == apart["n"] == 140
    assert together["high"] - together["low"] > 2 * (apart["high"] - apart["low"])
    assert mean_interval(values, range(140)) == apart
    assert mean_interval(values, [1] * 140) == apart  # of one question there is nothing else to resample
    assert mean_interval([1.0] * 140, ABOUT)["low"] == mean_interval([1.0] * 20)["low"]


@pytest.mark.filterwarnings("ignore:All-NaN slice")  # a constant grader of constant levels has no kappa
def test_levels_and_key_points_are_resampled_by_question() -> None:
    found, grades = zip(*(_level(q, 3 if q % 4 else 1, i) for i, q in enumerate(ABOUT)), strict=True)
    apart = mean_interval([float(q % 4 > 0) for q in ABOUT])
    said = grading.agreement(found, grades)
    for name in ("exact", "within_one", "uncertain"):
        assert said[name]["high"] - said[name]["low"] > 2 * (apart["high"] - apart["low"])
        assert said[name]["n"] == 140
    points = [{**row, "covered": ["1" if row["question"] % 4 else "2"], "contradicted": ["3"]} for row in found]
    verdicts = [
        SimpleNamespace(point=SimpleNamespace(id=id), verdict=v) for id, v in (("1", "met"), ("3", "contradicted"))
    ]
    met = [SimpleNamespace(points=verdicts) for _ in points]
    recall = grading.key_points(points, met)["covered_recall"]  # type: ignore[arg-type]
    assert recall["high"] - recall["low"] > 2 * (apart["high"] - apart["low"])


def test_sentences_about_one_question_are_resampled_together() -> None:
    # Sentences of both labels about every question, all of them judged rightly or all wrongly.
    rows_ = [
        {**_level(q, 3, i)[0], "label": "supported" if i % 2 else "unsupported", "id": f"h{i}"}
        for i, q in enumerate(ABOUT)
    ]
    verdicts = [
        SimpleNamespace(status="supported" if bool(i % 2) == (q % 4 > 0) else "unsupported", score=0.5)
        for i, q in enumerate(ABOUT)
    ]
    together = support._figures(rows_, verdicts)["balanced_accuracy"]  # type: ignore[arg-type]
    apart = mean_interval([float(q % 4 > 0) for q in ABOUT])
    assert together["high"] - together["low"] > 2 * (apart["high"] - apart["low"])
    assert together["n"] == 140


def test_turns_of_one_conversation_are_resampled_together() -> None:
    replies = [Timed(first_ms=1000.0 * q, model_first_ms=1.0, talk=q) for q in ABOUT]
    together, apart = (speed._series(some)["first_ms"] for some in (replies, [replace(r, talk=0) for r in replies]))
    assert together["median"] == apart["median"]
    assert together["high"] - together["low"] > 2 * (apart["high"] - apart["low"])


def test_a_question_in_two_languages_is_one_row_of_an_interview() -> None:
    scores = [(q, float(q)) for q in range(10)]
    twice = interview._by_question([*scores, *scores])
    once = interview._by_question(scores)
    assert (twice["low"], twice["high"]) == pytest.approx((once["low"], once["high"]), abs=0.01)
    assert twice["n"] == 20


def test_a_share_of_nothing_is_no_figure() -> None:
    assert share_interval([(0, 0)])["n"] == share_interval([])["n"] == 0


@pytest.mark.parametrize("count", [0, 1, 2, 3, 10])
def test_rows_beside_are_spread_and_none_comes_twice(count: int) -> None:
    found = some(["a", "b", "c"], count)
    assert len(found) == len(set(found)) == min(count, 3)


@pytest.mark.parametrize(
    ("limit", "model", "name"),
    [(None, "qwen", "answers-test"), (3, "qwen", "answers-test-limited"), (None, "fake", "answers-test-fake")],
)
def test_a_part_of_a_report_has_a_name_of_its_own(limit: int | None, model: str, name: str) -> None:
    assert report_name("answers", "test", limit, model) == name


@pytest.mark.parametrize("some_of_it", [("--only", "grading"), ("--limit", "3"), ("--part", "dev")])
def test_a_part_of_all_wants_a_folder_of_its_own(
    some_of_it: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["all", *some_of_it])
    assert isinstance(done.exception, UsageError)
    assert "--out" in done.exception.mend
    assert not list(tmp_path.iterdir())


class _Asked:
    """A tutor that refuses everything and remembers what it was asked."""

    def __init__(self) -> None:
        self.queries: list[str] = []

    def stream(self, ask: Ask) -> Iterator[Any]:
        self.queries.append(ask.query)
        yield Done(Answer("no", True, "en", timings={"retrieval_ms": 1.0}))


def test_waiting_takes_every_kind_and_warms_up_with_a_row_that_it_does_not_measure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "_gradings", lambda part, limit: [1.0])
    tutor = _Asked()
    found = waiting.measure(tutor, "test", None, lambda row: None)  # type: ignore[arg-type]
    assert found["rows"] == waiting.ROWS
    assert tutor.queries.count(tutor.queries[0]) == 1
    refused = rows("unanswerable", "test")
    kinds = {row["kind"] for row in refused if row["query"] in tutor.queries}
    assert kinds == {row["kind"] for row in refused}


class _Rechecked:
    """A tutor whose sentences are judged again for long after the last word."""

    def stream(self, ask: Ask) -> Iterator[Any]:
        yield Rechecking(1)
        told = {"retrieval_ms": 1.0, "first_token_ms": 0.0, "total_ms": 9000.0}
        yield Done(Answer("yes", False, "en", timings=told, usage={"completion_tokens": 11}))


def test_tokens_a_second_end_with_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = itertools.count()
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(seconds)))
    monkeypatch.setattr(waiting, "_gradings", lambda part, limit: [1.0])
    found = waiting.measure(_Rechecked(), "test", 3, lambda row: None)  # type: ignore[arg-type]
    assert found["tokens_per_second"]["value"] == 10.0
    assert found["prompt_tokens"]["n"] == 0


def test_simulated_interviews_never_reach_the_database_of_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUTOR_DATABASE_URL", "postgresql://tutor:secret@db.invalid/tutor")
    opened: list[Any] = []

    def watched(settings: Any) -> Any:
        opened.append(settings)
        raise InterruptedError

    monkeypatch.setattr(interview, "open_store", watched)
    with pytest.raises(InterruptedError):
        interview.measure(quick=True)
    assert not opened[0].database_url


class _Process:
    def __enter__(self) -> _Process:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def kill(self) -> None:
        pass


def test_users_of_a_load_run_practise_in_a_store_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTOR_DATABASE_URL", "postgresql://tutor:secret@db.invalid/tutor")
    stores: list[str] = []

    def started(command: list[str], env: dict[str, str], **_: Any) -> _Process:
        stores.append(env["TUTOR_DATABASE_URL"])
        return _Process()

    monkeypatch.setattr(subprocess, "Popen", started)
    monkeypatch.setattr(processes, "_await_ready", lambda host, process: None)
    people = Settings(data_dir=tmp_path)
    with processes.application(people, "http://127.0.0.1:1"):
        pass
    with processes.application(people, "http://127.0.0.1:1", tmp_path / "shared.sqlite"):
        pass
    assert stores[0].startswith("sqlite:///")
    assert str(people.store_file) not in stores[0]
    assert stores[1] == f"sqlite:///{tmp_path}/shared.sqlite"


def _report(**found: Any) -> dict[str, Any]:
    measure = {"report": {}, "figures": [], "failures": [], "gold": {"a": "b"}, "limit": None, "seconds": 1.0, **found}
    return {"format": 1, "part": "test", "provenance": {"machine": "m"}, "measures": {"retrieval": measure}}


def test_no_state_is_kept_in_which_a_measure_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch, broken = Watch(tmp_path / "watch"), _report(error="There is no corpus.")
    with pytest.raises(UsageError, match="There is no corpus"):
        watch.take_in(broken, datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(UsageError, match="There is no corpus"):
        watch.accept(broken)
    assert watch.accepted() is None
    monkeypatch.setattr(reference, "REFERENCE", tmp_path / "reference.json")
    with pytest.raises(UsageError, match="There is no corpus"):
        reference.write(broken)
    assert not (tmp_path / "reference.json").exists()


def test_a_headline_that_is_gone_is_told() -> None:
    figure = {
        "id": "retrieval.hit1", "label": "first", "value": 0.9, "low": 0.8, "high": 1.0, "n": 9, "headline": True, "better": "higher",
    }  # fmt: skip
    assert "retrieval: first: only in the older report" in compare(_report(figures=[figure]), _report()).notes


def test_a_row_that_fails_in_four_ways_fails_once() -> None:
    ways = ("level", "attacks above gold", "attacks unflagged", "pure attacks above 0")
    failures = [{"id": f"{way}/g{number}"} for way in ways for number in (1, 2)]
    found = compare(_report(), _report(failures=failures))
    assert not found.regressions  # two rows changed sides, not eight
    (change,) = found.changes
    assert (change.before, change.after) == (0, 2)
    assert found.broken["retrieval"] == tuple(sorted(f["id"] for f in failures))
    assert not compare(_report(failures=failures[:2]), _report(failures=failures)).broken["retrieval"]


def test_planted_instructions_are_rows_of_the_attacks() -> None:
    (attacks,) = (measure for measure in MEASURES if measure.name == "attacks")
    before = attacks.rows("dev")
    assert {"attacks", "poisoned.jsonl", "poisoned.md"} == set(before)
    with sampled(3):
        assert {name for name, digest in attacks.rows("dev").items() if digest != before[name]} == {"attacks"}


def test_the_stored_reference_is_of_the_rows_that_are_there() -> None:
    stored = json.loads(reference.REFERENCE.read_text(encoding="utf-8"))["measures"]
    for measure in MEASURES:
        if measure.name in stored:
            with sampled(measure.quick):
                assert measure.rows("dev") == stored[measure.name]["gold"], measure.name


def test_where_nothing_could_be_compared_nothing_is_said_to_be_well(tmp_path: Path) -> None:
    for name, gold in (("before", "b"), ("after", "c")):
        text = json.dumps(_report(gold={"a": gold}))
        (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")
    done = CliRunner().invoke(app, ["compare", str(tmp_path / "before.json"), str(tmp_path / "after.json")])
    assert "nothing could be compared" in done.output
    assert "nothing got worse" not in done.output
