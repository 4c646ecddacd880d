"""What the command line prints for people: every message whole, whatever it holds, and the exit code that goes with it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

import tutor.doctor
from ingest.errors import UsageError
from tutor import cli
from tutor.settings import Settings


def failing(error: Exception) -> Callable[[], None]:
    def run() -> None:
        raise error

    return run


def test_a_mend_is_printed_with_its_brackets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = UsageError("The PostgreSQL driver is not installed.", "pip install 'interview-tutor[postgres]'")
    monkeypatch.setattr(cli, "app", failing(error))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert "pip install 'interview-tutor[postgres]'" in capsys.readouterr().err


def test_a_path_that_looks_like_markup_is_only_a_path(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["tutor", "ingest", "notes[/b].md"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert "notes[/b].md" in capsys.readouterr().err


@pytest.mark.parametrize("options", [[], ["--json"]])
@pytest.mark.parametrize(("state", "code"), [("ok", 0), ("note", 0), ("bad", 1)])
def test_doctor_prints_findings_whole_and_fails_where_one_is_bad(
    monkeypatch: pytest.MonkeyPatch, options: list[str], state: str, code: int
) -> None:
    def examine(_: Settings) -> list[dict[str, str]]:
        return [{"name": "data folder", "state": state, "value": "/data/[old]", "reason": "0.1 GB free"}]

    monkeypatch.setattr(tutor.doctor, "examine", examine)
    done = CliRunner().invoke(cli.app, ["doctor", *options])
    assert done.exit_code == code
    assert "/data/[old]" in (json.loads(done.stdout)[0]["value"] if options else done.stdout)
