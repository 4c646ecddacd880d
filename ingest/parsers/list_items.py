"""Questions as list items: the answer is nested or follows the item; a list of questions only has none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.document import Block
from ingest.markdown import Element, Heading, trimmed
from ingest.parsers.asking import asks
from ingest.parsers.items import Ask, Close, Item, Reading
from ingest.parsers.sequence import chosen
from ingest.parsers.stream import is_link_list, titled
from ingest.parsers.wording import is_appendix, is_contents, label_of, value_of

NAME = "list items"
# A list is a list of questions from this share of asking items on.
_SHARE = 0.5
# Below this share of items with something under them, that something is a hint or a follow-up, not an answer.
_ANSWERED = 0.3
_MARKER = re.compile(r"[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]+")
_BOLD = re.compile(r"(?:\*\*|__)(?P<title>.{2,400}?)(?:\*\*|__)[ \t]*[:：]?")


@dataclass(frozen=True)
class _Question:
    end: int
    title: str
    label: str
    asks: bool


def read(source: str, found: Sequence[Element]) -> Iterator[Reading]:
    """Items of top-level lists in which at least half the items ask; then the same one level down."""
    for depth in (1, 2):
        if questions := _questions(source, found, depth):
            yield _reading(source, found, questions, depth)


def _questions(source: str, found: Sequence[Element], depth: int) -> dict[int, _Question]:
    questions: dict[int, _Question] = {}
    rows: list[tuple[int, _Question, bool]] = []  # every item, and whether it is sure to be a question
    last: int | None = None
    for group in _lists(source, found, depth):
        items = [(id(block), q) for block in group if (q := _question(source, block)) is not None]
        vote = sum(q.asks for _, q in items) >= _SHARE * len(group)
        for key, question in items:
            number = value_of(question.label)
            goes_on = question.asks and last is not None and number == last + 1  # after a list in an answer
            if vote or goes_on:
                questions[key] = question
                last = number
            rows.append((key, question, vote or goes_on))
    if questions:  # items that do not ask, but fill a gap in the numbers of those that do
        picked, _ = chosen([value_of(q.label) for _, q, _ in rows], [sure for _, _, sure in rows])
        questions.update({key: question for (key, question, _), pick in zip(rows, picked, strict=True) if pick})
    return questions


def _reading(source: str, found: Sequence[Element], questions: dict[int, _Question], depth: int) -> Reading:
    filled = _filled(source, found, questions)
    answered = filled >= _ANSWERED * len(questions)
    how = f"{len(questions)} list items are questions"
    if not answered:
        how += f", only {filled} of them with anything that could be an answer" if filled else " without answers"
    return Reading(NAME, tuple(_rewritten(source, found, questions, depth, answered)), how)


def _lists(source: str, found: Sequence[Element], depth: int) -> Iterator[list[Block]]:
    """First blocks of the items of each list of this depth; one followed by other text ends its list."""
    group: list[Block] = []
    outside = False  # under a heading such as "Contents" or "License"
    for element in found:
        if isinstance(element, Heading):
            outside = is_contents(element.text) or is_appendix(element.text)
        if outside:
            continue
        if isinstance(element, Block) and element.depth == depth and element.marker and element.kind == "text":
            if is_link_list(source, element):
                continue
            group.append(element)
        elif group and (isinstance(element, Heading) or (isinstance(element, Block) and element.depth < depth)):
            yield group
            group = []
    if group:
        yield group


def _question(source: str, block: Block) -> _Question | None:
    """The question in an item's first paragraph: its bold beginning, its first line, or all of it."""
    text = source[block.start : block.end]
    marker = _MARKER.match(text)
    after = marker.end() if marker else 0
    first, _, rest = text[after:].partition("\n")
    end = len(text)
    bold = _BOLD.match(text, after)
    if bold and asks(titled(bold["title"])):
        end = bold.end()
    elif rest and asks(titled(first)):
        end = after + len(first)
    title = titled(text[after:end])
    label = label_of(title)
    if not label.title:
        return None
    number = label.number or (block.marker[:-1] if block.marker[:1].isdecimal() else "")
    return _Question(block.start + end, label.title, number, asks(label.title) or bool(label.word))


def _filled(source: str, found: Sequence[Element], questions: dict[int, _Question]) -> int:
    """How many questions have something below them that does not itself ask."""
    count = 0
    open_question = False
    for element in found:
        if isinstance(element, Block):
            question = questions.get(id(element))
            if question is not None:
                open_question = question.end >= element.end
                count += not open_question
            elif open_question and not (element.kind == "text" and asks(titled(source[element.start : element.end]))):
                count += element.kind != "code" or element.depth > 0
                open_question = False
        elif isinstance(element, Heading):
            open_question = False
    return count


def _rewritten(
    source: str, found: Sequence[Element], questions: dict[int, _Question], depth: int, answered: bool
) -> Iterator[Item]:
    inside = False
    for element in found:
        question = questions.get(id(element))
        if question is None or not isinstance(element, Block):
            above = isinstance(element, Block) and element.depth < depth
            if depth > 1 and isinstance(element, Block) and above and element.marker:
                inside = False  # the item around the list of questions is their category
                title = titled(_MARKER.sub("", source[element.start : element.end], count=1)) or "-"
                yield Heading(6, title, element.start, element.end, element.line, "", title)
                continue
            if inside and not answered and isinstance(element, Block) and above and element.kind != "code":
                yield Close(element.start, element.start, element.line)  # without answers, text belongs to no item
                inside = False
            yield element
            continue
        inside = True
        yield Ask(
            element.start, question.end, element.line, question.title, question.label,
            asks=question.asks, answered=answered,
        )  # fmt: skip
        rest = trimmed(element, source, question.end, element.end)
        if rest is not None:
            yield replace(rest, marker="")
