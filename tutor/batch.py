"""Batches: JSON Lines in, JSON Lines out, in order; a bad row becomes an error line and the rest goes on.

Knows rows, nothing of what is done with them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

from ingest.errors import TutorError, UsageError

Row = dict[str, Any]


def run_batch(source: str, out: Path | None, handle: Callable[[Row], Row]) -> int:
    """Run `handle` on every row of `source` ("-" is standard input).

    Returns:
        Number of rows that failed; each is written as `{"id", "error"}`.

    Raises:
        UsageError: the file cannot be read or written.
    """
    lines = _read(source)
    failed = 0
    with _open(out) as file, _progress(len(lines)) as advance:
        for number, line in enumerate(lines, 1):
            result = _one(line, number, handle)
            failed += "error" in result
            file.write(json.dumps(result, ensure_ascii=False) + "\n")
            file.flush()
            advance()
    return failed


def _one(line: str, number: int, handle: Callable[[Row], Row]) -> Row:
    try:
        row = json.loads(line)
    except ValueError as error:
        return {"id": f"line-{number}", "error": f"not JSON: {error}"}
    if not isinstance(row, dict):
        return {"id": f"line-{number}", "error": "not a JSON object"}
    identifier = row.get("id", f"line-{number}")
    try:
        return {"id": identifier, **handle(row)}
    except TutorError as error:
        return {"id": identifier, "error": error.message}
    except (KeyError, TypeError, ValueError) as error:
        return {"id": identifier, "error": f"bad row: {type(error).__name__}: {error}"}


def text_field(row: Row, name: str) -> str:
    """A required text of a row.

    Raises:
        ValueError: it is missing or no text.
    """
    value = row.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name!r} must be a text")
    return value


def _read(source: str) -> list[str]:
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"The batch file {source} cannot be read: {error}.", "Give a JSON Lines file in UTF-8."
        ) from error
    return [line for line in text.split("\n") if line.strip()]


@contextmanager
def _open(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
        return
    try:
        file = out.open("w", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error}.") from error
    with file:
        yield file


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    from rich.console import Console

    console = Console(stderr=True)
    columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("rows", total=total)
        yield lambda: progress.advance(task)
