"""The hand-written gold sets. `dev` is tuned on, `test` is only reported; `train` fits calibrations."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import resources
from typing import Any, Literal, TypeVar

Part = Literal["train", "dev", "test"]
Row = dict[str, Any]
T = TypeVar("T")
# Sets of single queries of a kind, with queries that the document does not answer among them, and how the kind is called.
SINGLE_QUERIES = {"named": "comparisons and aspects", "everyday": "everyday words", "requests": "requests for a topic"}
_most: ContextVar[int | None] = ContextVar("most", default=None)


def rows(name: str, part: Part) -> list[Row]:
    """Rows of `eval/gold/NAME_PART.jsonl`; within `sampled` only some of them."""
    found = [json.loads(line) for line in _text(name, part).splitlines() if line.strip()]
    most = _most.get()
    return found if most is None else some(found, most)


def some(found: Sequence[T], count: int) -> list[T]:
    """`count` rows spread evenly, since sets are ordered by kind and language; all of them where there are fewer."""
    most = min(count, len(found))
    return [found[i * len(found) // most] for i in range(most)]


def digest(name: str, part: Part) -> str:
    """SHA-256 of the rows as `rows` gives them now: equal where two reports were measured on the same rows."""
    lines = [json.dumps(row, sort_keys=True, ensure_ascii=False) for row in rows(name, part)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def file_digest(name: str) -> str:
    """SHA-256 of `eval/gold/NAME`, a file that is always read whole."""
    return hashlib.sha256(resources.files("eval").joinpath("gold", name).read_bytes()).hexdigest()


@contextmanager
def sampled(most: int | None) -> Iterator[None]:
    """At most so many rows of every set while this is entered, always the same ones; None for all."""
    token = _most.set(most)
    try:
        yield
    finally:
        _most.reset(token)


def _text(name: str, part: Part) -> str:
    return resources.files("eval").joinpath("gold", f"{name}_{part}.jsonl").read_text(encoding="utf-8")
