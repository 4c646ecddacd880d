"""The one report: figures, failures, the page that stands alone, and what counts as worse."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from eval import footprint
from eval.__main__ import app
from eval.baselines.kept import kept
from eval.evidence import measures, reference
from eval.evidence.compare import compare, lines, sign_test
from eval.evidence.failures import failures_of
from eval.evidence.figures import figures_of, restored, shown, strict
from eval.evidence.measures import Bench, Measure, run_all
from eval.evidence.page import page
from eval.gold import digest, rows, sampled
from eval.intervals import mean_interval
from ingest.corpora import read_document, shipped_document
from ingest.errors import UsageError
from tutor.settings import Settings

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def share(value: float, n: int = 100) -> dict[str, float]:
    half = 1.96 * math.sqrt(value * (1 - value) / n)
    return {"value": value, "low": max(0.0, value - half), "high": min(1.0, value + half), "n": n}


def retrieval(hit: float, missed: list[str]) -> dict[str, Any]:
    table = {"all": {"hit@1": share(hit), "hit@3": share(0.97)}, "kind:direct": {"hit@1": share(hit, 20)}}
    misses = [{"id": id, "query": f"query {id} {HOSTILE}", "relevant": [1], "found": [2]} for id in missed]
    bins = [{"from": 0, "to": 0.2, "n": 9, "confidence": 0.1, "answerable": 0.0}]
    return {
        "single": {"table": table, "misses": misses},
        "follow_ups": {"table": {}, "misses": []},
        "topic_switches": {"table": {}, "misses": []},
        "short_follow_ups": {"table": {}, "misses": []},
        "named": {"table": {}, "misses": []},
        "everyday": {"table": {}, "misses": []},
        "requests": {"table": {}, "misses": []},
        "confidence": {"auroc": share(0.95), "answerable_refused": share(0.05), "reliability": bins, "wrongly_answered": []},
        "usual_recipe": {"all": {"hit@1": share(0.115)}},
        "latency_ms": {"p50": 30.0, "p95": 60.0},
    }  # fmt: skip


def report(hit: float = 0.93, missed: list[str] | None = None, **changes: Any) -> dict[str, Any]:
    found = retrieval(hit, ["t1", "t2"] if missed is None else missed)
    measure = {
        "title": "Finding", "limit": None, "gold": {"retrieval": "abc"}, "seconds": 3.0, "report": found,
        "figures": figures_of("retrieval", found), "failures": failures_of("retrieval", found, "dev"),
    }  # fmt: skip
    made = {
        "model": {"name": "m"}, "corpus": {"name": "c"}, "machine": {"processor": "", "architecture": "x", "threads": 2},
        "prompts_sha256": "p", "python": "3.11", "packages": {}, "embedders": [],
    }  # fmt: skip
    return {
        "format": 1, "made": "2026-01-01T00:00:00+00:00", "part": "dev", "quick": False, "seconds": 3.0,
        "provenance": made, "measures": {"retrieval": measure}, **changes,
    }  # fmt: skip


def test_figures_are_found_wherever_they_stand_headlines_first() -> None:
    found = figures_of("retrieval", retrieval(0.9, []))
    assert found[0]["label"] == "the right question first"
    assert found[0]["baseline"] == "retrieval.usual_recipe.all.hit@1"
    assert {f["id"] for f in found} >= {"retrieval.usual_recipe.all.hit@1", "retrieval.single.table.kind:direct.hit@1"}
    flags = [f["headline"] for f in found]
    assert flags == sorted(flags, reverse=True)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, ".500"), (1.0, "1.000"), (-0.25, "-.250"), (math.nan, "–"), (0.9999, "1.000"), (1234.5, "1,234")],
)
def test_figures_are_shown_short(value: float, text: str) -> None:
    assert shown(value) == text


def test_a_report_is_json_and_comes_back() -> None:
    found = report()
    found["measures"]["retrieval"]["figures"][0]["value"] = math.nan
    text = json.dumps(strict(found), allow_nan=False)
    assert math.isnan(restored(json.loads(text))["measures"]["retrieval"]["figures"][0]["value"])


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_page_stands_alone_and_nothing_in_it_is_live() -> None:
    text = page(report())
    parser = _Tags()
    parser.feed(text)
    names = [tag for tag, _ in parser.tags]
    assert not {"script", "img", "link", "iframe"} & set(names)
    assert not any(name == "src" or name.startswith("on") for _, attributes in parser.tags for name in attributes)
    links = [attributes["href"] for _, attributes in parser.tags if "href" in attributes]
    assert links == ["#retrieval"]  # inside the page only
    assert names.count("svg") == 2
    assert "query t1 &lt;script&gt;" in text
    assert "found 2; wanted 1" in text
    assert ".115" in text  # the baseline stands beside


def test_a_measure_that_failed_is_shown_with_its_reason() -> None:
    found = report()
    found["measures"]["retrieval"] = {"title": "Finding", "limit": None, "seconds": 1.0, "error": "There is no corpus."}
    assert "Not measured: There is no corpus." in page(found)


def test_the_same_report_twice_is_no_change() -> None:
    found = compare(report(), report())
    assert not found.regressions
    assert {c.verdict for c in found.changes} == {"same"}


@pytest.mark.parametrize(
    ("before", "after", "verdict"), [(0.93, 0.60, "worse"), (0.60, 0.93, "better"), (0.93, 0.91, "same")]
)
def test_a_figure_is_judged_against_its_noise(before: float, after: float, verdict: str) -> None:
    changes = {c.id: c for c in compare(report(before), report(after)).changes}
    assert changes["retrieval.single.table.all.hit@1"].verdict == verdict


def test_less_is_better_where_it_is() -> None:
    after = report()
    for figure in after["measures"]["retrieval"]["figures"]:
        if figure["id"] == "retrieval.confidence.answerable_refused":
            figure.update(share(0.4))
    assert [c.label for c in compare(report(), after).regressions] == ["answerable questions refused"]


def test_rows_that_changed_sides_show_what_intervals_cannot() -> None:
    found = compare(report(missed=["t1"]), report(missed=["t1", *(f"t{i}" for i in range(2, 9))]))
    (worse,) = found.regressions
    assert worse.id == "retrieval.failures"
    assert len(found.broken["retrieval"]) == 7
    assert not compare(report(missed=["t1"]), report(missed=["t2"])).regressions


@pytest.mark.parametrize(("newly", "gone", "chance"), [(0, 0, 1.0), (5, 0, 0.0625), (6, 0, 0.03125), (3, 3, 1.0)])
def test_sign_test_is_exact(newly: int, gone: int, chance: float) -> None:
    assert sign_test(newly, gone) == pytest.approx(chance)
    assert sign_test(gone, newly) == pytest.approx(chance)


def test_other_rows_are_not_compared_and_other_makings_are_said() -> None:
    other = report(0.2)
    other["measures"]["retrieval"]["gold"] = {"retrieval": "def"}
    other["provenance"]["model"] = {"name": "n"}
    found = compare(report(), other)
    assert not found.changes
    assert any("different rows" in note for note in found.notes)
    assert any("different model" in note for note in found.notes)


def test_a_measure_that_no_longer_works_is_a_regression() -> None:
    broken = report()
    broken["measures"]["retrieval"] = {"title": "Finding", "limit": None, "seconds": 1.0, "error": "gone"}
    assert [c.id for c in compare(report(), broken).regressions] == ["retrieval"]


def test_one_more_of_what_must_not_be_is_worse() -> None:
    def with_leaks(count: int) -> dict[str, Any]:
        found = report()
        found["measures"]["retrieval"]["report"].update({"leaks": count, "bars": {"leaks": 0}})
        return found

    assert [c.id for c in compare(with_leaks(0), with_leaks(1)).regressions] == ["retrieval.leaks"]
    assert not compare(with_leaks(2), with_leaks(1)).regressions


def test_times_are_compared_on_one_machine_only() -> None:
    def timed(ms: float, threads: int) -> dict[str, Any]:
        found = report()
        row = {"first_word_ms": {"value": ms, "low": ms - 10, "high": ms + 10, "n": 9}}
        found["measures"]["retrieval"]["figures"] += figures_of("waiting", row)
        found["provenance"]["machine"]["threads"] = threads
        return found

    assert [c.label for c in compare(timed(300, 2), timed(900, 2)).regressions] == ["question asked to first word"]
    assert not compare(timed(300, 2), timed(900, 4)).regressions


def test_lines_begin_with_what_got_worse() -> None:
    assert lines(compare(report(0.93), report(0.5)))[0].startswith("worse")


@pytest.mark.parametrize(("hit", "code"), [(0.93, 0), (0.5, 1)])
def test_compare_exits_by_regression(tmp_path: Path, hit: float, code: int) -> None:
    for name, value in (("a", 0.93), ("b", hit)):
        (tmp_path / f"{name}.json").write_text(json.dumps(strict(report(value))), encoding="utf-8")
    done = CliRunner().invoke(app, ["compare", str(tmp_path / "a.json"), str(tmp_path / "b.json")])
    assert done.exit_code == code
    assert ("nothing got worse" in done.output) == (code == 0)


def test_samples_are_spread_always_the_same_and_told_apart() -> None:
    whole, print_of_all = rows("retrieval", "dev"), digest("retrieval", "dev")
    with sampled(5):
        some = rows("retrieval", "dev")
        assert rows("retrieval", "dev") == some
        assert digest("retrieval", "dev") != print_of_all
    assert len(some) == 5
    assert [r["id"] for r in some] == [whole[i * len(whole) // 5]["id"] for i in range(5)]
    assert rows("retrieval", "dev") == whole


def test_failures_of_the_measures_carry_their_texts() -> None:
    row = rows("grading", "dev")[0]
    graded = [{"id": row["id"], "grade": row["grade"], "level": max(0, row["grade"] - 3)}]
    lists: dict[str, list[str]] = {
        key: []
        for key in (
            "pure_attacks_above_0",
            "attacks_above_gold",
            "attacks_unflagged",
            "honest_flagged",
            "stuffing_above_1",
        )
    }
    (found,) = failures_of("grading", {"graded": graded, **lists}, "dev")
    assert found["text"] == row["answer"]
    assert "by hand" in found["why"]
    answers = {"answers": [{"id": "a1", "query": "q", "answer": "a", "missing": ["f"], "forbidden": []}]}
    assert failures_of("answers", answers, "dev")[0]["why"] == "missing: f"


def test_a_bug_in_one_measure_loses_no_other_and_what_was_measured_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Bench) -> dict[str, Any]:
        raise ZeroDivisionError("a bug")

    some = tuple(
        Measure(name, name, run, ()) for name, run in (("one", lambda _: {}), ("two", broken), ("three", lambda _: {}))
    )
    monkeypatch.setattr(measures, "MEASURES", some)
    kept: list[list[str]] = []
    said = Console(file=StringIO())
    report = run_all(
        Bench(Settings(data_dir=tmp_path), "dev", said), keep=lambda found: kept.append(list(found["measures"]))
    )
    assert kept == [["one"], ["one", "two"], ["one", "two", "three"]]
    assert report["measures"]["two"]["error"] == "ZeroDivisionError: a bug"
    assert "error" not in report["measures"]["three"]
    assert "3 of 3" in said.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(("value", "low", "high"), [(0, 0.0, 0.0891), (1, 0.9109, 1.0)])
def test_none_and_all_of_some_rows_still_have_an_interval(value: int, low: float, high: float) -> None:
    found = mean_interval([value] * 39)
    assert (found["low"], found["high"]) == pytest.approx((low, high), abs=2e-3)
    assert mean_interval([7.0] * 39)["high"] == 7.0  # a time has no bounds of its own


def test_kept_figures_of_the_usual_recipe_are_of_these_rows_of_this_document() -> None:
    path = shipped_document("llm-vlm-80")
    assert path is not None
    document = read_document(path)
    table = kept(document, "test")
    assert table is not None
    assert table["all"]["hit@1"]["n"] == len(rows("retrieval", "test"))
    with sampled(5):
        assert kept(document, "test") is None
    assert kept(replace(document, source=document.source + " "), "test") is None


def test_the_footprint_follows_what_a_package_needs_and_names_what_is_missing() -> None:
    found = footprint.closure(["FastAPI"])
    assert {"fastapi", "pydantic", "starlette"} <= found
    assert "pytest" not in found
    assert footprint.size_of("fastapi") > 100_000
    with pytest.raises(UsageError, match="no-such-package"):
        footprint.closure(["no-such-package"])


@pytest.fixture
def stored() -> dict[str, Any]:
    """The stored reference, as if it had been measured again."""
    return restored(json.loads(reference.REFERENCE.read_text(encoding="utf-8")))


def test_the_stored_reference_is_whole_and_no_worse_than_itself(stored: dict[str, Any]) -> None:
    assert not reference.check(stored).regressions
    assert tuple(stored["measures"]) == reference.MEASURES
    assert all("error" not in found for found in stored["measures"].values())


def test_a_change_for_the_worse_is_seen_against_the_reference(stored: dict[str, Any]) -> None:
    stored["measures"]["grading"]["failures"] += [{"id": f"level/new-{number}"} for number in range(12)]
    assert [change.id for change in reference.check(stored).regressions] == ["grading.failures"]


def test_other_rows_or_another_format_want_a_new_reference(
    stored: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored["measures"]["support"]["gold"] = {}
    with pytest.raises(UsageError, match="rows of support"):
        reference.check(stored)
    monkeypatch.setattr(reference, "REFERENCE", tmp_path / "none.json")
    with pytest.raises(UsageError, match="retrieval, refusal"):
        reference.check(stored)


def test_a_reference_keeps_no_texts(stored: dict[str, Any]) -> None:
    assert all(list(failure) == ["id"] for found in stored["measures"].values() for failure in found["failures"])
