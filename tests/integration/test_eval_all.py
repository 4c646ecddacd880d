"""`python -m eval all` on a few rows: the measures run, and their report compares with itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from eval.__main__ import app

# Interviews and speed take minutes, and are tested by themselves.
MEASURES = ("retrieval", "refusal", "support", "grading", "answers", "attacks", "waiting")


def test_all_measures_make_one_page_and_one_file(
    corpus_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("DATA_DIR", str(corpus_data)), ("MODEL", "fake"), ("OFFLINE", "1")):
        monkeypatch.setenv(f"TUTOR_{name}", value)
    only = [word for name in MEASURES for word in ("--only", name)]
    done = CliRunner().invoke(app, ["all", "--part", "dev", "--limit", "3", "--out", str(tmp_path), *only])
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert set(found["measures"]) == set(MEASURES)
    for name, measure in found["measures"].items():
        assert "error" not in measure, measure.get("error")
        assert measure["figures"], name
    assert found["provenance"]["model"]["name"] == "fake"
    assert "no language model" in found["measures"]["answers"]["note"]
    assert len(found["provenance"]["corpus"]["sha256"]) == 64
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert all(measure["title"] in page for measure in found["measures"].values())
    same = CliRunner().invoke(app, ["compare", str(tmp_path / "report.json"), str(tmp_path / "report.json")])
    assert same.exit_code == 0, same.output


def test_an_unknown_measure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    done = CliRunner().invoke(app, ["all", "--only", "luck"])
    assert done.exit_code != 0
    assert "luck" in str(done.exception)
