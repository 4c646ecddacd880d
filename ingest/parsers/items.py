"""What a parser puts into the stream of elements: Ask, Answer, Close; and Reading, one way to read it.

Plain data; knows nothing of how questions are recognised or put together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.document import Block
from ingest.markdown import Element

NOT_A_HEADING = 7


@dataclass(frozen=True)
class Ask:
    """A question in the stream.

    Args:
        start, end: span of its title line.
        line: 1-based.
        title: plain.
        label: printed number, "" if none.
        level: of its heading; NOT_A_HEADING for a paragraph, list item, row or summary.
        asks: whether its wording or its label says that it is a question.
        answered: whether what follows is an answer (False: it belongs to the question).
        until: offset up to which headings belong to the answer whatever their level (inside a fold).
        extent: offset up to which the question reaches at least (a table row), answered or not.
    """

    start: int
    end: int
    line: int
    title: str
    label: str = ""
    level: int = NOT_A_HEADING
    asks: bool = True
    answered: bool = True
    until: int = 0
    extent: int = 0


@dataclass(frozen=True)
class Answer:
    """The words that announce an answer ("A:", 解答：); what stands before them belongs to the question."""

    start: int
    end: int
    line: int


@dataclass(frozen=True)
class Close:
    """The end of a question without the start of another."""

    start: int
    end: int
    line: int


Item = Element | Ask | Answer | Close


@dataclass(frozen=True)
class Reading:
    """One way to read a document: `name` of the parser, the rewritten stream, and how the questions look.

    Args:
        how: a sentence part for users: "80 headings of level 3 carry a question number".
    """

    name: str
    items: tuple[Item, ...]
    how: str


def without_code_answers(items: Sequence[Item]) -> list[Item]:
    """Where nothing but code follows the questions, it is what they are about, and there are no answers."""
    after = [b.kind for a, b in pairwise(items) if isinstance(a, Ask) and isinstance(b, Block)]
    if not after or any(kind != "code" for kind in after):
        return list(items)
    return [replace(item, answered=False) if isinstance(item, Ask) else item for item in items]
