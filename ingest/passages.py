"""From sections to passages, and from passages to the small entries that are searched.

A passage is a run of whole leaf blocks of one section, so its text is a verbatim slice of the source. A block is
split only where it is a very long paragraph, and then at a sentence end; tables and code are never split.
Knows nothing of vectors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ingest.document import Block, Document, Entry, EntryKind, Expansion, Passage, Question, Section
from ingest.markdown import cell_spans, plain

VERSION = 4
# A passage aims at TARGET characters and cuts at the next whole list item or paragraph; above LIMIT it also cuts
# inside a list item. Around 350 characters carry one thought of this kind of text; e5 slows down beyond.
TARGET = 320
LIMIT = 640
_SENTENCE_END = re.compile(r"(?<=[。！？!?；;])[」』”’\"')）*`]*\s*|(?<=[a-z0-9)\"'*`]\.)\s+(?=[A-Z\"'(*`])|\n\s*\n")
_ENTRY_LIMIT = 400


def passages(document: Document) -> list[Passage]:
    """All passages in document order; spans never overlap."""
    return [p for q in document.questions for s in q.sections for p in _section_passages(document.source, q, s)]


def _section_passages(source: str, question: Question, section: Section) -> Iterator[Passage]:
    for run in _runs(source, section.blocks):
        first, last = run[0], run[-1]
        kinds = {block.kind for block in run}
        kind = first.kind if len(kinds) == 1 else "text"
        path = (section.name, *first.lead) if section.name else first.lead
        yield Passage(question.number, section.name, path, first.start, last.end, source[first.start : last.end], kind)


def _runs(source: str, blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Group neighbouring blocks; a gap that holds more than white space (residue) always separates."""
    run: list[Block] = []
    pieces = [piece for block in blocks for piece in _split_long(source, block)]
    for block in pieces:
        if run:
            length = run[-1].end - run[0].start
            longer = block.end - run[0].start
            gap = source[run[-1].end : block.start].strip(" \t\n>")
            new_unit = block.unit != run[-1].unit
            introduces = source[run[-1].start : run[-1].end].rstrip("* ").endswith(("：", ":"))
            full = length >= TARGET or longer > LIMIT
            cut = bool(gap) or (full and (new_unit or longer > LIMIT) and not (introduces and longer <= 2 * LIMIT))
            if cut or block.kind == "table" or run[-1].kind == "table":
                yield run
                run = []
        run.append(block)
    if run:
        yield run


def _split_long(source: str, block: Block) -> Iterator[Block]:
    """Split a paragraph above 2 * LIMIT characters at sentence ends; everything else stays whole."""
    if block.kind not in {"text", "quote", "html"} or block.end - block.start <= 2 * LIMIT:
        yield block
        return
    start = block.start
    for _, span_end in sentences(source, block.start, block.end):
        if span_end - start >= LIMIT:
            yield _slice(source, block, start, span_end)
            start = span_end + len(source[span_end : block.end]) - len(source[span_end : block.end].lstrip())
    if start < block.end:
        yield _slice(source, block, start, block.end)


def _slice(source: str, block: Block, start: int, end: int) -> Block:
    line = block.line + source.count("\n", block.start, start)
    return Block(block.kind, start, end, block.unit, block.lead, line)


def sentences(source: str, start: int, end: int) -> list[tuple[int, int]]:
    """Spans of the sentences in `source[start:end]`, outer white space cut off."""
    spans = []
    cursor = start
    for match in _SENTENCE_END.finditer(source, start, end):
        if match.end() > cursor:
            spans.append((cursor, match.end()))
            cursor = match.end()
    if cursor < end:
        spans.append((cursor, end))
    trimmed = []
    for a, b in spans:
        text = source[a:b]
        a, b = a + len(text) - len(text.lstrip()), a + len(text.rstrip())
        if any(c.isalnum() for c in source[a:b]):
            trimmed.append((a, b))
    return trimmed


def entries(document: Document, found: Sequence[Passage], expansions: Sequence[Expansion] = ()) -> Iterator[Entry]:
    """What is searched: titles, then the sentences, rows and code of every passage, then expansions."""
    for question in document.questions:
        yield Entry(question.number, None, "title", question.title, question.start, question.end)
        if question.alias:
            yield Entry(question.number, None, "title", question.alias, question.start, question.end)
    titles = {q.number: q.title for q in document.questions}
    blocks = {b.start: b for q in document.questions for s in q.sections for b in s.blocks}
    starts = sorted(blocks)
    position = 0
    for index, passage in enumerate(found):
        while position < len(starts) and starts[position] < passage.start:
            position += 1
        inside = []
        while position < len(starts) and starts[position] < passage.end:
            inside.append(blocks[starts[position]])
            position += 1
        if passage.start not in blocks:  # it begins with a later piece of a split paragraph
            end = inside[0].start if inside else passage.end
            around = passage.path[1:] if passage.section else passage.path
            inside.insert(0, Block("text", passage.start, end, 0, around, 0))
        for block in inside:
            heading = f"{titles[passage.question]} {passage.section}".strip()
            lead = " ".join(dict.fromkeys(block.lead))
            for kind, text, start, end in _units(document.source, block, passage.end):
                yield Entry(passage.question, index, kind, text, start, end, heading, lead)
    for expansion in expansions:
        if expansion.title_en:
            yield Entry(expansion.question, None, "title", expansion.title_en)
        kinds: tuple[tuple[EntryKind, tuple[str, ...]], ...] = (
            ("ask", expansion.asks), ("digest", expansion.digest),
        )  # fmt: skip
        for kind, texts in kinds:
            for text in texts:
                yield Entry(expansion.question, None, kind, text)
        if expansion.terms:
            yield Entry(expansion.question, None, "terms", " ; ".join(expansion.terms))


def _units(source: str, block: Block, limit: int) -> Iterator[tuple[EntryKind, str, int, int]]:
    end = min(block.end, limit)
    if block.kind == "table" and block.rows:
        header = _cells(source, block.rows[0])
        for start, stop in block.rows[1:]:
            cells = _cells(source, (start, stop))
            pairs = [f"{h}：{c}" if h else c for h, c in zip(header, cells, strict=False) if c]
            yield "row", "；".join(pairs), start, stop
    elif block.kind == "code":
        yield "code", source[block.start : end][:_ENTRY_LIMIT], block.start, end
    else:
        for start, stop in sentences(source, block.start, end):
            text = plain(source[start:stop])
            if sum(c.isalnum() for c in text) >= 2:
                yield "sentence", text[:_ENTRY_LIMIT], start, stop


def _cells(source: str, row: tuple[int, int]) -> list[str]:
    return [plain(source[start:end]) for start, end in cell_spans(source, row)]
