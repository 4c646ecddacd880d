"""What parsers share about elements: titles, tables of contents, chapters, what counts as content.

Knows nothing of questions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.document import Block
from ingest.markdown import Element, FoldEnd, Heading
from ingest.markup import Residue
from ingest.parsers.asking import TITLE_LIMIT, asks
from ingest.parsers.contents import INTERNAL_LINK
from ingest.parsers.wording import title_of

_LINKED = 0.5


def is_link_list(source: str, block: Block) -> bool:
    """Whether a block is an entry of a table of contents: half of its letters or more are links."""
    text = source[block.start : block.end]
    if "](#" not in text:
        return False
    rest = sum(c.isalpha() for c in INTERNAL_LINK.sub("", text))
    linked = sum(c.isalpha() for part in INTERNAL_LINK.findall(text) for c in part.split("](#")[0])
    return bool(linked >= _LINKED * (linked + rest))


# 「一、基礎」 on a line of its own, in a document that has no headings.
_CHAPTER = re.compile(
    r"\W*(?:[一二三四五六七八九十]{1,3}[、.．：:]"
    r"|第[一二三四五六七八九十\d]{1,3}[章節节篇部](?:分)?)\s*(.{1,30})"
)


def with_chapters(found: Sequence[Element], source: str) -> list[Element]:
    """Take lines such as 「一、基礎」 for headings where the document has no others."""
    if any(isinstance(element, Heading) for element in found):
        return list(found)
    chapters = 0
    result: list[Element] = []
    for element in found:
        if (
            isinstance(element, Block)
            and element.kind == "text"
            and not element.depth
            and element.end - element.start < 50
        ):
            text = title_of(source[element.start : element.end])
            if _CHAPTER.fullmatch(text) and not asks(text):
                result.append(Heading(2, text, element.start, element.end, element.line, "", text))
                chapters += 1
                continue
        result.append(element)
    content = sum(not isinstance(element, Residue | FoldEnd) for element in result)
    return result if chapters * 2 <= content else list(found)


def titled(markdown: str) -> str:
    """The title of a question, or "" where the text is too long to be one."""
    title = title_of(markdown)
    return title if 0 < len(title) <= TITLE_LIMIT else ""


def content_spans(found: Sequence[Element], source: str) -> list[tuple[int, int]]:
    """Spans of what a reader calls content: headings, blocks, summaries; no residue, no table heads."""
    spans: list[tuple[int, int]] = []
    for element in found:
        if isinstance(element, Residue | FoldEnd) or (isinstance(element, Block) and is_link_list(source, element)):
            continue
        if isinstance(element, Block) and len(element.rows) > 1:
            spans.extend(element.rows[1:])
        else:
            spans.append((element.start, element.end))
    return spans
