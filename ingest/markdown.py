"""Markdown to headings and leaf blocks with exact character spans, by markdown-it-py.

Knows Markdown, and through `ingest.markup` the HTML in it, and the residue that exports leave. Knows
nothing of questions.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingest.document import Block, BlockKind
from ingest.markup import Fold, FoldEnd, Residue, is_placeholder, prepare

__all__ = ["Element", "Fold", "FoldEnd", "Heading", "Residue", "cell_spans", "elements", "inline", "plain", "trimmed"]

# A line that a spreadsheet or chat export leaves under a table.
EXPORT_LINES = frozenset(
    {
        "匯出到試算表",
        "导出到 Google 表格",
        "匯出至試算表",
        "Export to Sheets",
        "程式碼片段",
        "代码段",
        "Code snippet",
    }
)
# A lone word before a fence is the language label of a copied code box ("JSON", "XML", "C++").
_LANGUAGE_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9+#. -]{0,14}")
# A lead names its list item; longer text is a statement of its own.
LONGEST_LEAD, LONGEST_BOLD_LEAD = 60, 100
_LEAD = re.compile(r"^(?:\*\*|__)(.+?)(?:\*\*|__)\s*[：:]?")
_MARKS = re.compile(r"\*\*|__|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)|`|<br\s*/?>|</?[A-Za-z][^<>]*>")
_LINE_MARKERS = re.compile(r"^[ \t]*(?:>[ \t]?|[-*+][ \t]+|\d{1,3}[.)][ \t]+)+", re.MULTILINE)
_CELL = re.compile(r"(?:\\.|[^|\\\n])+")
# Bounded, so that a page of open brackets stays linear.
_LINK = re.compile(r"!?\[([^\[\]]{0,500})\]\([^()\n]{0,1000}(?:\([^()\n]{0,200}\)[^()\n]{0,200})?\)")
_CODE_SPAN = re.compile(r"(`{1,3})(?!`)([^`\n]{1,1000})(?<!`)\1(?!`)")
# A setext heading made of a paragraph that merely stands above a `---` rule.
_SETEXT_LIMIT = 100
_SENTENCE_ENDS = ("。", "；", "：", ".", ";", ":", ",", "，", "！", "!", ")", "）", "*", "`", ">", "|")


@dataclass(frozen=True)
class Heading:
    """A heading: level 1 to 6, plain text, span of its line, 1-based line.

    `marker` is the marker of the list item that it opens ("34." in `34. ### What ...`), `raw` its Markdown.
    """

    level: int
    text: str
    start: int
    end: int
    line: int
    marker: str = ""
    raw: str = ""


Element = Heading | Block | Residue | Fold | FoldEnd


def elements(source: str) -> list[Element]:
    """Headings, leaf blocks, folds and residue in document order; spans never overlap.

    Thematic breaks, blank lines and link definitions appear nowhere. Only the block structure is parsed:
    what is inside a line is left to `plain`, which makes huge lines cheap.
    """
    prepared = prepare(source)
    parser = MarkdownIt("commonmark").enable("table").disable(["inline", "text_join"])
    found: list[Element] = list(prepared.marks)
    found.extend(_Walker(prepared.shadow).walk(parser.parse(prepared.text)))
    found.sort(key=lambda element: element.start)
    return list(_mark_residue(_untangled(found, source), source))


def plain(markdown: str) -> str:
    """Markdown without its marks, list markers and line breaks: what a reader reads aloud."""
    return inline(_LINE_MARKERS.sub("", markdown))


def inline(text: str) -> str:
    """`plain` of a single line whose number is part of it ("7. What is X?")."""
    if "`" in text:
        pieces = []
        cursor = 0
        for span in _CODE_SPAN.finditer(text):  # what is in a code span is meant literally: `<script>`, `__init__`
            pieces += [_unmarked(text[cursor : span.start()]), span[2]]
            cursor = span.end()
        text = "".join((*pieces, _unmarked(text[cursor:])))
    else:
        text = _unmarked(text)
    return re.sub(r"\s+", " ", text).strip()


def _unmarked(text: str) -> str:
    return _MARKS.sub("", _LINK.sub(r"\1", text))


def cell_spans(source: str, row: tuple[int, int]) -> list[tuple[int, int]]:
    """Spans of the cells of a row without outer white space; a leading and a closing bar make no cell."""
    spans = []
    start, stop = row
    if source.startswith("|", start):
        start += 1
    while start <= stop:
        match = _CELL.match(source, start, stop)
        end = match.end() if match else start
        if end >= stop and not source[start:end].strip():
            break
        text = source[start:end]
        left = start + len(text) - len(text.lstrip())
        spans.append((left, max(left, start + len(text.rstrip()))))
        start = end + 1
    return spans


class _Walker:
    """Turns markdown-it's flat token list into elements with character offsets."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.line_starts = [0]
        for match in re.finditer("\n", source):
            self.line_starts.append(match.end())
        self.line_starts.append(len(source) + 1)

    def span(self, first: int, after: int) -> tuple[int, int]:
        """Offsets of lines `first` .. `after - 1`, outer white space cut off."""
        start = self.line_starts[first]
        end = min(self.line_starts[min(after, len(self.line_starts) - 1)], len(self.source))
        text = self.source[start:end]
        return start + len(text) - len(text.lstrip()), start + len(text.rstrip())

    def walk(self, tokens: list[Token]) -> Iterator[Element]:
        """Yield the elements of the whole document."""
        unit, quotes = -1, 0
        leads: list[str | None] = []  # one per open list item; None until its first paragraph
        markers: list[str] = []  # one per open list item, "" once its first element has been seen
        for index, token in enumerate(tokens):
            if token.level == 0 and token.nesting >= 0 and token.type not in {"bullet_list_open", "ordered_list_open"}:
                unit += 1
            if token.type == "list_item_open":
                if not leads:
                    unit += 1
                leads.append(None)
                markers.append(token.info + token.markup)
            elif token.type == "list_item_close":
                leads.pop()
                markers.pop()
            elif token.type == "blockquote_open":
                quotes += 1
            elif token.type == "blockquote_close":
                quotes -= 1
            elif token.map is None:
                continue
            elif token.type == "heading_open":
                raw = tokens[index + 1].content
                start, end = self.span(*token.map)
                context = tuple(lead for lead in leads if lead)
                if token.markup == "-" and _is_paragraph(raw):
                    end = self.span(token.map[0], token.map[1] - 1)[1]  # without the rule
                    kind: BlockKind = "quote" if quotes else "text"
                    if start < end:
                        line = self._line(start)
                        yield Block(kind, start, end, unit, context, line, (), len(leads), _take(markers))
                elif start < end:
                    line = self._line(start)
                    yield Heading(int(token.tag[1]), inline(raw), start, end, line, _take(markers), raw)
            elif token.type in {"paragraph_open", "fence", "code_block", "html_block", "table_open"}:
                context = tuple(lead for lead in leads if lead)
                block = self._block(token, tokens, index, unit, bool(quotes), context)
                if block is not None:
                    yield replace(block, depth=len(leads), marker=_take(markers))
                if leads and leads[-1] is None:
                    leads[-1] = _lead(tokens[index + 1].content) if token.type == "paragraph_open" else ""

    def _block(
        self, token: Token, tokens: list[Token], index: int, unit: int, quoted: bool, lead: tuple[str, ...]
    ) -> Block | None:
        assert token.map is not None
        kinds: dict[str, BlockKind] = {
            "fence": "code", "code_block": "code", "html_block": "html", "table_open": "table",
        }  # fmt: skip
        kind = kinds.get(token.type, "quote" if quoted else "text")
        start, end = self.span(*token.map)
        rows: tuple[tuple[int, int], ...] = ()
        if kind == "table":
            rows = tuple(self._rows(tokens, index))
        if start >= end:
            return None
        return Block(kind, start, end, unit, lead, self._line(start), rows)

    def _line(self, offset: int) -> int:
        return bisect_right(self.line_starts, offset)

    def _rows(self, tokens: list[Token], index: int) -> Iterator[tuple[int, int]]:
        for token in tokens[index + 1 :]:
            if token.type == "table_close":
                return
            if token.type == "tr_open" and token.map is not None:
                start, end = self.span(*token.map)
                if start < end:
                    yield start, end


def _take(markers: list[str]) -> str:
    """The marker of the innermost list item, for its first element only."""
    marker = markers[-1] if markers else ""
    if markers:
        markers[-1] = ""
    return marker


def _is_paragraph(text: str) -> bool:
    """Whether a "setext heading" is the last paragraph before a `---` that was meant as a rule."""
    return "\n" in text or len(text) > _SETEXT_LIMIT or text.endswith(_SENTENCE_ENDS)


def _lead(inline: str) -> str:
    """The bold lead of a list item, or its short first line, else ""."""
    first = inline.split("\n", 1)[0].strip()
    match = _LEAD.match(first)
    text = plain(match.group(1) if match else first).rstrip("：: ")
    return text if len(text) <= (LONGEST_BOLD_LEAD if match else LONGEST_LEAD) else ""


def _untangled(found: list[Element], source: str) -> Iterator[Element]:
    """Split paragraphs at a `<details>` inside them; drop what headings and other blocks enclose."""
    block: Block | None = None
    heading_end = 0
    for element in found:
        if element.start < heading_end:
            continue
        heading_end = element.end if isinstance(element, Heading) else 0
        if block is not None and element.start < block.end:
            if block.kind not in {"text", "quote"} or not isinstance(element, Fold | FoldEnd):
                continue
            before = trimmed(block, source, block.start, element.start)
            if before is not None:
                yield before
            yield element
            block = trimmed(block, source, element.end, block.end)
            continue
        if block is not None:
            yield block
        block = element if isinstance(element, Block) else None
        if block is None:
            yield element
    if block is not None:
        yield block


def trimmed(block: Block, source: str, start: int, end: int) -> Block | None:
    """A piece of a block without outer white space, None if nothing is left."""
    while start < end and source[start].isspace():
        start += 1
    while start < end and source[end - 1].isspace():
        end -= 1
    if start >= end:
        return None
    line = block.line + source.count("\n", block.start, start)
    marker = block.marker if start == block.start else ""
    return replace(block, start=start, end=end, line=line, marker=marker)


def _mark_residue(found: Iterator[Element], source: str) -> Iterator[Element]:
    """Replace export residue by `Residue`: needs one element of look-ahead."""
    pending: Element | None = None
    for element in found:
        if pending is not None:
            yield _residue_before_fence(pending, element, source)
        pending = element
    if pending is not None:
        yield _residue_before_fence(pending, None, source)


def _residue_before_fence(element: Element, following: Element | None, source: str) -> Element:
    if not isinstance(element, Block) or element.kind != "text":
        return element
    text = source[element.start : element.end].strip()
    if is_placeholder(text):
        return Residue(element.start, element.end, element.line, f"placeholder: {text}")
    if text in EXPORT_LINES:
        return Residue(element.start, element.end, element.line, f"export residue: {text}")
    before_fence = isinstance(following, Block) and following.kind == "code"
    if before_fence and _LANGUAGE_LABEL.fullmatch(text):
        return Residue(element.start, element.end, element.line, f"label of a code box: {text}")
    return element
