"""Where the commands of the evaluation leave their reports, and how they end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from eval import answers, attacks, drafts, grading, refusal, support, transcripts
from eval.__main__ import app
from eval.commands import common, documents, measures
from eval.load import crowd, run, soak
from eval.speed import machine
from eval.speed import measure as speed
from ingest.errors import UsageError
from tutor.settings import Settings


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where reports are kept, empty."""
    monkeypatch.setattr(common, "REPORTS", tmp_path)
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
