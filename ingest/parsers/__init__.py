"""Ways in which question banks are written, one file each, and the choice between them by evidence.

Every parser offers readings of the document. The one that explains most of it by titles that ask wins;
what it leaves uncovered may be read in the next best way (a list here, `Q:` lines there).
`Document.reason` says so in words. Knows nothing of passages, indexes or queries.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.document import Document
from ingest.errors import DocumentError
from ingest.markdown import Element, Heading, elements
from ingest.parsers import (
    bold_lines,
    folds,
    headings,
    list_items,
    marked_lines,
    numbered_headings,
    numbered_lines,
    plain,
    question_lines,
    tables,
)
from ingest.parsers.items import Ask, Close, Item, Reading
from ingest.parsers.reading import assemble
from ingest.parsers.stream import content_spans, with_chapters

__all__ = ["PARSERS", "parse"]

Parse = Callable[[str, Sequence[Element]], Iterator[Reading]]

# In order of how specific their evidence is: on a tie the earlier one wins.
PARSERS: dict[str, Parse] = {
    numbered_headings.NAME: numbered_headings.read,
    marked_lines.NAME: marked_lines.read,
    folds.NAME: folds.read,
    headings.NAME: headings.read,
    bold_lines.NAME: bold_lines.read,
    tables.NAME: tables.read,
    list_items.NAME: list_items.read,
    numbered_lines.NAME: numbered_lines.read,
    question_lines.NAME: question_lines.read,
    plain.NAME: plain.read,
}
# What a reading is worth where no title asks ("### 7. Event loop"), and what units of plain text are worth:
# the document is read as plain text only where questions explain less than about a third of it.
_SILENT = 0.4
_PLAIN = 0.3
# What a reading without answers is worth: a list of questions at the head of a bank must not win over the
# bank. The share of answers says nothing: a wrong reading has an answer everywhere.
_UNANSWERED = 0.7
# Bare lines that end in a question mark also stand in prose; a reading with better evidence goes before them.
_BARE = 0.8
# Readings that never complete another one: their evidence is too weak inside the rest of a question bank.
_LAST = frozenset({plain.NAME, question_lines.NAME})
# A single question makes a bank only where it is the whole document.
_SINGLE_COVERAGE = 0.8
# How many questions another way of writing must add to what the best one left over.
_ADDED = 2


@dataclass(frozen=True)
class _Choice:
    """A reading, its Document, and the evidence for it.

    Args:
        explained: share of the document's content that its questions hold, 0..1.
        asking: share of its titles that ask or are marked as questions, 0..1.
        answered: whether any of its questions has an answer.
    """

    reading: Reading
    document: Document
    explained: float
    asking: float
    answered: bool

    @property
    def weight(self) -> float:
        """How much of the document is explained, less where titles do not ask or there are no answers."""
        if self.reading.name == plain.NAME:
            return self.explained * _PLAIN
        answered = 1.0 if self.answered else _UNANSWERED
        if self.reading.name == question_lines.NAME:
            return self.explained * answered * _BARE
        return self.explained * answered * (_SILENT + (1 - _SILENT) * self.asking)


def parse(source: str) -> Document:
    """Parse a document of questions and answers, or any other text into units.

    Raises:
        DocumentError: there are no words in it.
    """
    found = with_chapters(elements(source), source)
    content = content_spans(found, source)
    choices = [
        choice
        for parser in PARSERS.values()
        for reading in parser(source, found)
        if (choice := _judged(source, reading, content)) is not None
    ]
    if not choices:
        raise DocumentError(
            "No questions and no text were found in this document.",
            "Write each question as a heading, e.g. `### 問題 1：...` or `## 1. ...`, and its answer below.",
        )
    # Rounded, so that near ties are ties: then the parser that stands earlier wins (the sort is stable).
    choices.sort(key=lambda choice: -round(choice.weight, 2))
    return _described(_completed(source, choices, content))


def _judged(source: str, reading: Reading, content: Sequence[tuple[int, int]]) -> _Choice | None:
    document = assemble(source, reading)
    if document is None:
        return None
    total = sum(end - start for start, end in content)
    explained = _held(document, content) / total if total else 0.0
    asked = [item.asks for item in reading.items if isinstance(item, Ask)]
    if len(asked) < 2 and explained < _SINGLE_COVERAGE and reading.name != plain.NAME:
        return None
    answered = any(q.answered for q in document.questions)
    return _Choice(reading, document, explained, sum(asked) / len(asked), answered)


def _held(document: Document, content: Sequence[tuple[int, int]]) -> int:
    """How many characters of the content lie inside questions."""
    held = 0
    spans = iter(content)
    start, end = next(spans, (0, 0))
    for question in document.questions:
        while end <= question.start:
            start, end = next(spans, (len(document.source) + 1, len(document.source) + 1))
        while start < question.end:
            held += min(end, question.end) - max(start, question.start)
            if end > question.end:
                break
            start, end = next(spans, (len(document.source) + 1, len(document.source) + 1))
    return held


def _completed(source: str, choices: Sequence[_Choice], content: Sequence[tuple[int, int]]) -> _Choice:
    """The best choice, with questions that other readings find where it finds nothing."""
    best = choices[0]
    if best.reading.name == plain.NAME:
        return best
    for other in choices[1:]:
        if other.reading.name in _LAST or other.reading.name == best.reading.name:
            continue
        added = _added(best, other)
        if len(added) < _ADDED:
            continue
        merged = Reading(
            f"{best.reading.name}, {other.reading.name}",
            tuple(_merged(best, other, added)),
            f"{best.reading.how}; elsewhere {len(added)} were found as {other.reading.name}",
        )
        if any(a.end > b.start for a, b in pairwise(merged.items)):
            continue  # the two cut the text differently
        choice = _judged(source, merged, content)
        if choice is not None and len(choice.document.questions) > len(best.document.questions):
            best = choice
    return best


def _added(best: _Choice, other: _Choice) -> list[int]:
    """Starts of another reading's questions, in groups where the best one has none, that repeat no title."""
    spans = [(q.start, q.end) for q in best.document.questions]
    starts = [start for start, _ in spans]
    titles = {q.title for q in best.document.questions}
    asking = {item.start: item.end for item in other.reading.items if isinstance(item, Ask) and item.asks}
    borders = [item.start for item in best.reading.items]
    groups = [item.start for item in best.reading.items if isinstance(item, Heading)]
    taken = {bisect_right(groups, start) for start in starts}
    added = []
    for question in other.document.questions:
        index = bisect_right(starts, question.start) - 1
        inside = index >= 0 and question.start < spans[index][1]
        if inside or question.start not in asking or question.title in titles:
            continue
        if groups and bisect_right(groups, question.start) in taken:
            continue  # under a heading that has questions already: a part of an answer
        item = best.reading.items[max(bisect_right(borders, question.start) - 1, 0)]
        following = bisect_right(starts, question.start)
        limit = starts[following] if following < len(starts) else len(best.document.source)
        if not item.start < question.start < item.end and asking[question.start] <= limit:
            added.append(question.start)
    return added


def _merged(best: _Choice, other: _Choice, added: Sequence[int]) -> Iterator[Item]:
    """The best reading's stream; from each added question to its end, the other's."""
    ends = {q.start: q.end for q in other.document.questions}
    firsts = [item.start for item in best.reading.items if isinstance(item, Ask)]
    spans: list[tuple[int, int]] = []
    for start in added:
        index = bisect_right(firsts, start)
        limit = firsts[index] if index < len(firsts) else ends[start]
        spans.append((start, min(max(ends[start], start + 1), limit)))
    begins = [start for start, _ in spans]

    def owner(item: Item) -> bool:
        index = bisect_right(begins, item.start) - 1
        return index >= 0 and item.start < spans[index][1]

    pieces = [item for item in best.reading.items if not owner(item)]
    pieces += [item for item in other.reading.items if owner(item)]
    pieces += [Close(end, end, 0) for _, end in spans]
    pieces.sort(key=lambda item: (item.start, not isinstance(item, Close)))
    yield from pieces


def _described(choice: _Choice) -> Document:
    document = choice.document
    answered = sum(q.answered for q in document.questions)
    reason = f"{document.reason}; they hold {choice.explained:.0%} of the text"
    if answered == 0:
        reason += ", and none has an answer"
    elif answered < len(document.questions):
        reason += f", and {answered} {'has' if answered == 1 else 'have'} an answer"
    return replace(document, reason=reason)
