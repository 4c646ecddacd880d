"""Questions as numbered headings: `### **問題 7：...**`, `## Q7. ...`; deeper headings are sections."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ingest.document import Block
from ingest.markdown import Element, Heading
from ingest.parsers.asking import asks
from ingest.parsers.items import Ask, Item, Reading
from ingest.parsers.sequence import chosen, runs_on
from ingest.parsers.stream import titled
from ingest.parsers.wording import Label, is_appendix, is_contents, is_group, label_of, title_of, value_of

NAME = "numbered headings"


def read(source: str, found: Sequence[Element]) -> Iterator[Reading]:
    """One reading for every level that has at least two numbered headings."""
    labels = {
        id(h): label
        for h in found
        if isinstance(h, Heading) and not is_group(h.text) and (label := label_of_heading(h)).number
    }
    for level in range(1, 7):
        headings = [e for e in found if isinstance(e, Heading) and e.level == level and id(e) in labels]
        if len(headings) < 2:
            continue
        mine = [labels[id(h)] for h in headings]
        asking = [bool(m.word) or asks(m.title) for m in mine]
        picked, _ = chosen([value_of(m.number) for m in mine], asking)
        if sum(picked) * 2 >= len(mine):
            picked = [True] * len(mine)
        sure = runs_on([value_of(m.number) for m in mine]) and sum(asking) * 4 >= len(mine)
        numbered = {id(h): label for h, label, pick in zip(headings, mine, picked, strict=True) if pick}
        if len(numbered) > 1:
            how = f"{len(numbered)} headings of level {level} carry a question number"
            yield Reading(NAME, tuple(_rewritten(source, found, level, numbered, sure)), how)


def label_of_heading(heading: Heading) -> Label:
    """The label in a heading, or the number of the list item that it opens (`34. ### What ...`)."""
    label = label_of(title_of(heading.raw))
    if label.number or not heading.marker[:1].isdecimal():
        return label
    return replace(label, number=heading.marker[:-1])


def _rewritten(
    source: str, found: Sequence[Element], level: int, numbered: dict[int, Label], running: bool
) -> Iterator[Item]:
    untitled: tuple[Heading, Label] | None = None  # "### Question 3": the question itself follows as a paragraph
    for element in found:
        if untitled is not None:
            heading, label = untitled
            untitled = None
            title = titled(source[element.start : element.end]) if isinstance(element, Block) else ""
            end = element.end if title else heading.end
            yield Ask(heading.start, end, heading.line, title or heading.text, label.number, level)
            if title:
                continue
        known = numbered.get(id(element))
        if isinstance(element, Heading) and known is not None:
            if not known.title:
                untitled = (element, known)
                continue
            sure = running or bool(known.word) or asks(known.title)
            yield Ask(element.start, element.end, element.line, known.title, known.number, level, sure)
        elif isinstance(element, Heading) and element.level == level and not running and _forgotten(element):
            yield Ask(element.start, element.end, element.line, title_of(element.raw), "", level)
        else:
            yield element
    if untitled is not None:
        heading, label = untitled
        yield Ask(heading.start, heading.end, heading.line, heading.text, label.number, level)


def _forgotten(heading: Heading) -> bool:
    """A question among the numbered ones whose number was forgotten."""
    text = title_of(heading.raw)
    return asks(text) and not is_group(text) and not is_contents(text) and not is_appendix(text)
