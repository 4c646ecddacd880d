"""Rubrics: what a full answer to each question of a document contains, read from `NAME.rubrics.yaml` beside it.

Checks the file against its schema and every quote against the document; knows nothing of grading.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Protocol

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ingest.document import Document
from ingest.errors import DocumentError
from ingest.read import read_text

Kind = Literal["core", "detail", "misconception"]
Line = Annotated[str, Field(min_length=2)]


class Aliases(BaseModel):
    """Other ways in which candidates say the same, by language."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zh: tuple[Line, ...] = ()
    en: tuple[Line, ...] = ()


class KeyPoint(BaseModel):
    """One thing that a full answer says, or, of kind misconception, that a right answer never says.

    Args:
        weight: how much it counts; of a misconception, how much it costs.
        statement, statement_en: the point in the document's language and in English.
        quote: verbatim text of the question that it rests on, "" for points made from a bare reference.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    kind: Kind
    weight: Annotated[float, Field(gt=0, le=10)]
    statement: Line
    statement_en: str = ""
    aliases: Aliases = Aliases()
    quote: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """Every wording of the point, statements first, without empty ones."""
        return tuple(t for t in (self.statement, self.statement_en, *self.aliases.zh, *self.aliases.en) if t)


class Rubric(BaseModel):
    """The key points of one question; `drafted` where no person has looked at them.

    Args:
        drafted_by: the language model that chose the points of a draft, "" where a rule did.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: int
    drafted: bool = False
    drafted_by: str = ""
    points: Annotated[tuple[KeyPoint, ...], Field(min_length=1)]


def rubrics_path(document: Path) -> Path:
    """Where the rubrics of a document lie: beside it."""
    return document.with_suffix(".rubrics.yaml")


def read_rubrics(path: Path, document: Document) -> dict[int, Rubric]:
    """The rubrics of a document by question number; empty where there is no such file.

    Raises:
        DocumentError: the file cannot be read, is no valid YAML, breaks the schema, repeats an id, names a question that is not
            there, or quotes what the question does not say. The message names file and line.
    """
    if not path.exists():
        return {}
    text = read_text(path)
    try:
        # libyaml where it is built in: 0.15 s instead of 1.5 s for 80 questions.
        rows = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # nosec B506
    except (yaml.YAMLError, ValueError) as error:  # a ValueError for what looks like a date and is none
        mark = getattr(error, "problem_mark", None)
        place = f"{path.name}:{mark.line + 1}" if mark else path.name
        raise DocumentError(f"{place} is not valid YAML: {getattr(error, 'problem', None) or error}.") from error
    if not isinstance(rows, list):
        raise DocumentError(f"{path.name} must be a list of rubrics.")
    questions = {q.number: q for q in document.questions}
    found: dict[int, Rubric] = {}
    seen: set[str] = set()
    for row in rows:
        rubric = _rubric(row, path, text)

        def at(point: str = "", question: int = rubric.question) -> str:
            # Only where there is something to say: finding the lines of all points took most of the reading.
            return f"{path.name}:{_line(text, question, point)}"

        if rubric.question not in questions:
            raise DocumentError(f"{at()} names question {rubric.question}, which is not there.")
        if rubric.question in found:
            raise DocumentError(f"{at()} repeats question {rubric.question}.")
        for point in rubric.points:
            if point.id in seen:
                raise DocumentError(f"{at(point.id)} repeats the id {point.id}.")
            seen.add(point.id)
            if quote_span(point, questions[rubric.question], document.source) is None:
                raise DocumentError(
                    f"{at(point.id)}: question {rubric.question} does not say {point.quote!r}.",
                    "Copy the quote from the document.",
                )
        found[rubric.question] = rubric
    return found


class _Spanned(Protocol):
    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...


def quote_span(point: KeyPoint, question: _Spanned, source: str) -> tuple[int, int] | None:
    """Offsets in the source of the text that a point rests on, or None where the question does not say it."""
    start = source.find(point.quote, question.start, question.end) if point.quote else -1
    return (start, start + len(point.quote)) if start >= 0 else None


def _rubric(row: object, path: Path, text: str) -> Rubric:
    try:
        return Rubric.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        question = row.get("question") if isinstance(row, dict) else None
        identifier = ""
        if isinstance(row, dict) and first["loc"][:1] == ("points",) and len(first["loc"]) > 1:
            point = row["points"][int(first["loc"][1])]
            identifier = str(point.get("id", "")) if isinstance(point, dict) else ""
        where = ".".join(str(part) for part in first["loc"]) or "rubric"
        place = f"{path.name}:{_line(text, question, identifier)}"
        raise DocumentError(f"{place} is not a rubric: {where}: {first['msg']}.") from error


def _line(text: str, question: object, point: str = "") -> int:
    """1-based line where a question, or one of its points, begins; 1 where it cannot be told."""
    head = re.search(rf"^- +question: *{re.escape(str(question))}\s*$", text, re.MULTILINE)
    if head is None:
        return 1
    at = head.start()
    if point:
        id_line = re.compile(rf"^ *-? *id: *['\"]?{re.escape(point)}['\"]? *$", re.MULTILINE)
        found = id_line.search(text, head.end())
        at = found.start() if found else at
    return text.count("\n", 0, at) + 1
