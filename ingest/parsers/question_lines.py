"""Questions as bare lines of text: a paragraph that begins with a short line ending in a question mark.

For text files and converted documents, where nothing but the question mark tells a question from its answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ingest.document import Block
from ingest.markdown import Element, Heading, trimmed
from ingest.parsers.asking import asks
from ingest.parsers.items import Ask, Item, Reading, without_code_answers
from ingest.parsers.stream import titled
from ingest.parsers.wording import is_appendix, is_contents, label_of, title_of

NAME = "question lines"
_LIMIT = 200
_SHARE = 0.7


def _lines(source: str, found: Sequence[Element]) -> Iterator[tuple[int, int]]:
    """Paragraphs outside of lists, and where their first line ends."""
    outside = False
    for element in found:
        if isinstance(element, Heading):
            outside = is_contents(element.text) or is_appendix(element.text)
        elif not outside and isinstance(element, Block) and element.kind == "text" and not element.depth:
            end = source.find("\n", element.start, element.end)
            yield id(element), end if end >= 0 else element.end


def read(source: str, found: Sequence[Element]) -> Iterator[Reading]:
    """First lines of paragraphs, outside of lists, that end in a question mark.

    Where most paragraphs ask ("Explain ...", a list of questions without bullets), a full stop will do.
    """
    lines = dict(_lines(source, found))
    asking = sum(asks(title_of(source[e.start : lines[id(e)]])) for e in found if id(e) in lines)
    mostly = asking > 2 and asking >= _SHARE * len(lines)
    items: list[Item] = []
    count = 0
    for element in found:
        end = lines.get(id(element))
        if end is None or not isinstance(element, Block):
            items.append(element)
            continue
        line = source[element.start : end].rstrip("*_` ")
        is_question = line.endswith(("?", "？")) or (mostly and asks(title_of(line)))
        if len(line) > _LIMIT or not is_question:
            items.append(element)
            continue
        label = label_of(titled(line))
        items.append(Ask(element.start, end, element.line, label.title or line, label.number))
        count += 1
        if rest := trimmed(element, source, end, element.end):
            items.append(rest)
    if count > 1:
        yield Reading(NAME, tuple(without_code_answers(items)), f"{count} lines of text ask")
