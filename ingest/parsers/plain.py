"""Documents without questions: headings become units; without headings, paragraphs do.

The last resort, so that any text can be asked about; nothing is cut by length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from statistics import median

from ingest.document import Block
from ingest.markdown import Element, Heading, plain
from ingest.parsers.items import Ask, Item, Reading
from ingest.parsers.stream import is_link_list
from ingest.parsers.wording import is_contents, label_of, title_of

NAME = "plain text"
# Units above this many characters are too much to cite as one; deeper headings are taken then.
_UNIT_LIMIT = 4000
# A paragraph below this many characters is joined with the next one.
_PARAGRAPH = 120
_TITLE = 60
_SENTENCE = re.compile(r"(?<=[。！？!?])|(?<=[.;；])\s|\n")


def read(source: str, found: Sequence[Element]) -> Iterator[Reading]:
    """One reading of any document that has words in it."""
    headings = [e for e in found if isinstance(e, Heading) and not is_contents(e.text) and e.text]
    if headings:
        level = _level(found, headings)
        items = tuple(_by_headings(source, found, level))
        count = sum(isinstance(item, Ask) for item in items)
        how = f"no questions were recognised; {count} headings became units"
    else:
        items = tuple(_by_paragraphs(source, found))
        count = sum(isinstance(item, Ask) for item in items)
        how = f"no questions and no headings were recognised; {count} paragraphs became units"
    if count:
        yield Reading(NAME, items, how)


def _level(found: Sequence[Element], headings: Sequence[Heading]) -> int:
    """The highest level that divides the document into more than one unit of a size to cite."""
    best = max(h.level for h in headings)
    for level in sorted({h.level for h in headings}):
        starts = [h.start for h in headings if h.level <= level]
        if len(starts) < 2 or sum(h.level == level for h in headings) < 2:
            continue
        ends = [*starts[1:], found[-1].end]
        if median(end - start for start, end in zip(starts, ends, strict=True)) <= _UNIT_LIMIT:
            return level
    return best


def _by_headings(source: str, found: Sequence[Element], level: int) -> Iterator[Item]:
    """Headings of the level, those above it with text right below, and paragraphs before the first."""
    first = next(i for i, e in enumerate(found) if isinstance(e, Heading))
    yield from _by_paragraphs(source, found[:first])
    for index, element in enumerate(found[first:], first):
        if not isinstance(element, Heading) or element.level > level or is_contents(element.text):
            yield element
            continue
        following = next((e for e in found[index + 1 : index + 20] if isinstance(e, Heading | Block)), None)
        has_text = isinstance(following, Block) and not is_link_list(source, following)
        title = title_of(element.raw)
        deeper = isinstance(following, Heading) and following.level > level
        if title and (has_text or deeper):
            yield Ask(
                element.start,
                element.end,
                element.line,
                label_of(title).title or title,
                "",
                element.level,
                False,
            )
        else:
            yield element


def _by_paragraphs(source: str, found: Sequence[Element]) -> Iterator[Item]:
    size, introduces = -1, False  # length of the open unit, -1 before the first
    for element in found:
        if isinstance(element, Block):
            text = source[element.start : element.end]
            paragraph = element.kind in {"text", "quote", "html"} and element.depth == 0
            if size < 0 or (paragraph and size >= _PARAGRAPH and not introduces):
                title = _first_words(text)
                if title:
                    yield Ask(element.start, element.start, element.line, title, "", asks=False)
                    size = 0
            size += len(text) if size >= 0 else 0
            introduces = text.rstrip("* ").endswith(("：", ":"))
        yield element


def _first_words(text: str) -> str:
    """The first sentence, or as many of its first words as make a title."""
    start = text[:200]
    pieces = (title_of(piece) for piece in (*_SENTENCE.split(plain(start)), start))
    line = next((piece for piece in pieces if any(c.isalnum() for c in piece)), "")
    if len(line) <= _TITLE:
        return line
    cut = line[:_TITLE]
    return (cut.rsplit(" ", 1)[0] if " " in cut[20:] else cut) + "…"
