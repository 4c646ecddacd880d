"""The history of a batch row: turns, or an error that only this row gets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tutor.batch import run_batch
from tutor.commands import history_of
from tutor.retrieval.result import Turn


def test_turns_are_read_in_order() -> None:
    turns = [{"role": "user", "content": "What is LoRA?"}, {"role": "assistant", "content": "..."}]
    assert history_of({"history": turns}) == (Turn("user", "What is LoRA?"), Turn("assistant", "..."))
    assert history_of({}) == ()


@pytest.mark.parametrize(
    "history", ["text", ["text"], [None], [{"role": "system", "content": "x"}], [{"role": "user"}]]
)
def test_a_bad_history_is_an_error_of_its_row_and_the_rest_goes_on(history: Any, tmp_path: Path) -> None:
    rows, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    rows.write_text("".join(json.dumps(row) + "\n" for row in ({"id": "a", "history": history}, {"id": "b"})))
    assert run_batch(str(rows), out, lambda row: {"turns": len(history_of(row))}) == 1
    bad, good = (json.loads(line) for line in out.read_text().splitlines())
    assert "history" in bad["error"]
    assert good == {"id": "b", "turns": 0}
