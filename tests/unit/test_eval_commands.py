"""Where the commands of the evaluation leave their reports, how they end, and what they say of a report that is not there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from eval import answers, attacks, capacity, drafts, grading, readme, refusal, support, transcripts
from eval.__main__ import app
from eval.commands import common, documents, measures
from eval.load import crowd, run, soak
from eval.speed import figure, machine
from eval.speed import measure as speed
from ingest.errors import UsageError
from tutor.settings import Settings


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where reports are kept, empty."""
    monkeypatch.setattr(common, "REPORTS", tmp_path)
    monkeypatch.setattr(readme, "REPORTS", tmp_path)
    return tmp_path


def _opened(model: str) -> Any:
    @contextmanager
    def opened(settings: Settings) -> Iterator[Any]:
        yield SimpleNamespace(model=SimpleNamespace(name=model), room=None)

    return opened


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("options", "model", "name"),
    [
        ([], "qwen", "speed.json"),
        (["--recipe", "2"], "qwen", "speed.json"),
        (["--talks", "2"], "qwen", "speed-limited.json"),
        (["--first", "3"], "qwen", "speed-limited.json"),
        (["--quick"], "qwen", "speed-quick.json"),
        (["--quick", "--first", "1"], "qwen", "speed-quick-limited.json"),
        ([], "fake", "speed-fake.json"),
    ],
)
def test_a_short_look_at_speed_stands_beside_the_whole(
    options: list[str], model: str, name: str, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "measure", lambda settings, sizes, say: {})
    monkeypatch.setattr(machine, "describe", lambda settings: {"model": model})
    assert CliRunner().invoke(app, ["speed", *options]).exit_code == 0
    assert _names(kept) == [name]


def _loaded(**found: Any) -> Any:
    report = {"open_loop": [], "users": None, "memory_and_files": [], **found}
    return lambda *_, **__: report


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ([], "load.json"),
        (["--rates", "20,30,40,50"], "load.json"),
        (["--seconds", "2"], "load-limited.json"),
        (["--rates", "5"], "load-limited.json"),
        (["--fresh"], "load-fresh.json"),
        (["--fresh", "--seconds", "2"], "load-fresh-limited.json"),
        (["--crowd", "200"], "load-crowd.json"),
        (["--crowd", "20"], "load-crowd-limited.json"),
        (["--soak", "--minutes", "30"], "load-soak.json"),
        (["--soak", "--minutes", "1"], "load-soak-limited.json"),
        (["--seconds", "2", "--name", "mine"], "mine.json"),
    ],
)
def test_a_short_load_stands_beside_the_whole(
    options: list[str], name: str, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in (run, crowd, soak):
        monkeypatch.setattr(kind, "measure", _loaded())
    assert CliRunner().invoke(app, ["load", *options]).exit_code == 0
    assert _names(kept) == [name]


@pytest.mark.parametrize(
    ("kind", "options", "found", "code"),
    [
        (run, [], {"open_loop": [{"errors": {}}], "users": {"users": 9, "failures": 0}}, 0),
        (run, [], {"open_loop": [{"errors": {}}, {"errors": {"busy": 1}}]}, 1),
        (run, [], {"users": {"users": 9, "failures": 1}}, 1),
        (crowd, ["--crowd", "9"], {"users": 9, "errors": {}, "foreign": 0}, 0),
        (crowd, ["--crowd", "9"], {"users": 9, "errors": {}, "foreign": 1}, 1),
        (soak, ["--soak"], {"errors": 1}, 1),
    ],
)
def test_a_load_that_lost_something_ends_with_1(
    kind: Any, options: list[str], found: dict[str, Any], code: int, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind, "measure", _loaded(**found))
    monkeypatch.setattr(run, "line", lambda row: "")
    assert CliRunner().invoke(app, ["load", *options]).exit_code == code


@pytest.mark.parametrize(
    ("command", "model", "name"),
    [
        (["drafts"], "qwen", "drafts.json"),
        (["drafts", "--questions", "3"], "qwen", "drafts-limited.json"),
        (["drafts"], "none", "drafts-none.json"),
        (["support"], "qwen", "support-test.json"),
        (["support"], "fake", "support-test-fake.json"),
        (["answers"], "none", "answers-test-none.json"),
        (["attacks"], "none", "attacks-test-none.json"),
        (["refusal", "--recipe", "2"], "qwen", "refusal-test.json"),
        (["refusal", "--recipe", "2"], "fake", "refusal-test-fake.json"),
        (["grading", "--data", "rows.jsonl", "--recipe", "2"], "fake", "grading-rows-fake.json"),
        (["grading"], "fake", "grading-test.json"),  # no model is asked
    ],
)
def test_what_no_language_model_said_stands_beside_what_one_said(
    command: list[str], model: str, name: str, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the settings ask for, the model that was there counts: an automatic choice may find none."""
    monkeypatch.setattr(measures, "opened", _opened(model))
    for kind in (drafts, support, answers, attacks, refusal, grading):
        monkeypatch.setattr(kind, "measure", lambda *_: {})
    monkeypatch.setattr(refusal, "usual", lambda *_: {})
    assert CliRunner().invoke(app, command, env={"TUTOR_MODEL": "auto"}).exit_code == 0
    assert _names(kept) == [name]


def test_transcripts_are_of_a_real_model(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Any] = []
    monkeypatch.setattr(documents, "opened", _opened("fake"))
    monkeypatch.setattr(transcripts, "write", lambda *_: written.append(1))
    assert isinstance(CliRunner().invoke(app, ["transcripts"]).exception, UsageError)
    assert not written


@pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"open_loop": []}'])
def test_a_load_report_that_says_nothing_is_named_with_its_command(content: str | None, kept: Path) -> None:
    if content is not None:
        (kept / "load.json").write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=r"load\.json") as error:
        capacity.load_table()
    assert error.value.mend == "python -m eval load"


def test_a_rate_at_which_nothing_came_back_is_a_row(kept: Path) -> None:
    row = {"per_second": 50, "sent": 9, "errors": {"busy": 9}, "search_ms": {}, "own_ms": {}, "total_ms": {}}
    report = {
        "processes": 1, "machine": {"cpus": 2}, "seconds": 20, "open_loop": [row], "users": None,
        "stand_in": {"tokens_per_second": 200, "first_token_ms": 20},
    }  # fmt: skip
    (kept / "load.json").write_text(json.dumps(report), encoding="utf-8")
    assert "| 50 | 9 | 9 | none | none | none |" in capacity.load_table()


TURNS = {"conversations": {"turns": [{"first_ms": {"median": 1.0, "p95": 2.0, "n": 1}}]}, "sizes": {"talks": 1}}
NO_TURNS = {"conversations": {"turns": [{"first_ms": {"median": None, "p95": None, "n": 0}}]}, "sizes": {"talks": 1}}


@pytest.mark.parametrize(
    ("speed_report", "scale_report", "command"),
    [
        (None, None, "python -m eval speed"),
        ("", None, "python -m eval speed"),
        ("{}", None, "python -m eval speed"),
        (json.dumps(NO_TURNS), None, "python -m eval speed"),
        (json.dumps(TURNS), None, "python -m eval scale"),
        (json.dumps(TURNS), "", "python -m eval scale"),
        (json.dumps(TURNS), '{"sizes": []}', "python -m eval scale"),
    ],
)
def test_a_figure_without_its_reports_names_the_command_that_makes_them(
    speed_report: str | None, scale_report: str | None, command: str, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figure, "OUT", kept / "images" / "cost.svg")
    for name, content in (("speed", speed_report), ("scale", scale_report)):
        if content is not None:
            (kept / f"{name}.json").write_text(content, encoding="utf-8")
    with pytest.raises(UsageError) as error:
        figure.draw()
    assert error.value.mend == command
    assert not figure.OUT.exists()
