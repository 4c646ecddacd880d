"""The hand-written gold sets. `dev` is tuned on, `test` is only reported; `train` fits calibrations."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any, Literal

Part = Literal["train", "dev", "test"]
Row = dict[str, Any]


def rows(name: str, part: Part) -> list[Row]:
    """Rows of `eval/gold/NAME_PART.jsonl`."""
    text = resources.files("eval").joinpath("gold", f"{name}_{part}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines() if line.strip()]
