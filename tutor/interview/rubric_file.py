"""Writes rubrics to a corpus' own file, and turns one rubric into text for an editor and back.

The file beside the document is never touched: it is the reviewed one. Knows files and YAML, nothing of grading.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock

from ingest.document import Document
from ingest.errors import DocumentError
from ingest.rubrics import Rubric, read_rubrics

_HEAD = """\
# Key points of {corpus}, kept on this machine; they stand before those beside the document.
# A rubric with `drafted: true` was drafted by the model in `drafted_by`, or by rule where none is named, and reviewed
# by nobody; grades by it are uncertain. `tutor corpus rubric N --edit` corrects one.
"""
_EDIT_HEAD = """\
# Question {question}: {title}
# kind: core, detail or misconception. quote: verbatim text of the question in the document.
# Save and close to keep it; an empty file changes nothing.
"""


def keep(
    path: Path, corpus: str, rubrics: Mapping[int, Rubric], document: Document,
    over: Callable[[Rubric | None], bool] = lambda there: True,
) -> bool:  # fmt: skip
    """Add rubrics to the file, in place of those that it has for the same questions; whether any was added.

    Threads and processes that keep at once take turns, so that none loses what another kept.

    Args:
        over: whether what the file has for a question (None: nothing) gives way to the new one.

    Raises:
        DocumentError: the file that is there cannot be read, or two questions would have key points of the same id.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock")):
        there = read_rubrics(path, document)
        added = {number: rubric for number, rubric in rubrics.items() if over(there.get(number))}
        merged = {**there, **added}
        owner: dict[str, int] = {}
        for number, rubric in merged.items():
            for point in rubric.points:
                if owner.setdefault(point.id, number) != number:
                    raise DocumentError(f"Questions {owner[point.id]} and {number} both have a key point {point.id}.")
        if added:
            _write(path, corpus, merged)
        return bool(added)


def editable(rubric: Rubric, title: str) -> str:
    """A rubric as text for an editor."""
    return _EDIT_HEAD.format(question=rubric.question, title=title) + _yaml([_row(rubric)])


def edited(text: str, number: int, document: Document, folder: Path) -> Rubric:
    """The rubric in an edited text; a person has now looked at it, so that it is no draft any more.

    Raises:
        DocumentError: it breaks the schema, quotes what the question does not say, or is for another question.
    """
    place = folder / f".edited-{os.getpid()}.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        place.write_text(text, encoding="utf-8")
        found = read_rubrics(place, document)
    finally:
        place.unlink(missing_ok=True)
    if set(found) != {number}:
        raise DocumentError(f"The text must hold the rubric of question {number} and no other.")
    return found[number].model_copy(update={"drafted": False, "drafted_by": ""})


def _write(path: Path, corpus: str, rubrics: Mapping[int, Rubric]) -> None:
    """Replace the file by these rubrics, all at once."""
    text = _HEAD.format(corpus=corpus) + _yaml([_row(rubrics[n]) for n in sorted(rubrics)])
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def _row(rubric: Rubric) -> dict[str, Any]:
    row = rubric.model_dump(mode="json", exclude_defaults=True)
    return {"question": row.pop("question"), **({"drafted": True} if row.pop("drafted", False) else {}), **row}


def _yaml(rows: list[dict[str, Any]]) -> str:
    return yaml.safe_dump(rows, allow_unicode=True, sort_keys=False, width=120)
