"""An answer cut into the pieces that are compared with key points: its sentences, and their clauses.

Offsets are kept, so that every quote is verbatim. Repeated pieces count once. Knows nothing of rubrics.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from ingest.text import converter

_SENTENCE = re.compile(r".+?(?:[。！？；!?;\n]+|\.(?=\s|$)|$)", re.DOTALL)
_CLAUSE = re.compile(r"[^，,：:—、]+(?:[，,：:—、]+|$)", re.DOTALL)
_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[A-Za-z0-9]+")
_EDGE = " \t\r\n　，,。；;：:、—"
# About this many words make a clause that can be compared at all; a Han character is 0.6 of a word.
SMALLEST = 5.0


@dataclass(frozen=True)
class Piece:
    """A slice of an answer: `answer[start:end]` is the verbatim quote, `text` what is compared."""

    start: int
    end: int
    text: str


def plain(text: str) -> str:
    """Half width and Simplified, upper case kept: what is embedded, so that the script makes no difference."""
    return str(converter("t2s").convert(unicodedata.normalize("NFKC", text))).strip()


def sentences(answer: str) -> list[Piece]:
    """Sentences with at least one letter, digit or Han character, in order."""
    return [piece for m in _SENTENCE.finditer(answer) if (piece := sliced(answer, m.start(), m.end()))]


def pieces(answer: str, kept: Iterable[Piece]) -> list[Piece]:
    """The sentences given and their clauses, each wording once. Short clauses join their neighbour."""
    found: dict[str, Piece] = {}
    for sentence in kept:
        for piece in (*_clauses(answer, sentence), sentence):
            found.setdefault(piece.text.lower(), piece)
    return list(found.values())


def size(text: str) -> float:
    """Length in words, a Han character being 0.6 of one."""
    return len(_HAN.findall(text)) / 1.6 + len(_WORD.findall(text))


def _clauses(answer: str, sentence: Piece) -> list[Piece]:
    spans: list[tuple[int, int]] = []
    begin: int | None = None
    for match in _CLAUSE.finditer(answer, sentence.start, sentence.end):
        begin = match.start() if begin is None else begin
        if size(answer[begin : match.end()]) >= SMALLEST:
            spans.append((begin, match.end()))
            begin = None
    if begin is not None:
        if spans:
            spans[-1] = (spans[-1][0], sentence.end)
        else:
            spans.append((begin, sentence.end))
    return [piece for start, end in spans if (piece := sliced(answer, start, end))]


def sliced(answer: str, start: int, end: int) -> Piece | None:
    """A slice of an answer without the punctuation at its edges; None where nothing is said in it."""
    while start < end and answer[start] in _EDGE:
        start += 1
    while end > start and answer[end - 1] in _EDGE:
        end -= 1
    verbatim = answer[start:end]
    return Piece(start, end, plain(verbatim)) if any(c.isalnum() for c in verbatim) else None
