"""Questions as bold lines: `**What is regression? 👶**`, `**1. 什麼是閉包？**`, the answer below."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.document import Block
from ingest.markdown import Element, trimmed
from ingest.parsers.asking import asks
from ingest.parsers.items import Ask, Item, Reading
from ingest.parsers.sequence import chosen
from ingest.parsers.stream import titled
from ingest.parsers.wording import Label, is_answer_name, label_of, title_of, value_of

NAME = "bold lines"
# The first line of a paragraph, wholly bold but for decoration and a number in front.
_BOLD_LINE = re.compile(
    r"[ \t>]*(?:\d{1,4}[.)、．][ \t]*)?[^\w\s*`\[<]{0,4}[ \t]*(\*\*|__|<b>"
    r"|<strong>)(?P<title>(?!\s)(?:(?!\*\*|</).){1,600}?)"
    r"(?:\*\*|__|</b>|</strong>)(?P<tail>[^\w*`\n]{0,12})(?:\n|$)"
)
# From this share on, bold lines that do not ask are questions as well.
_SHARE = 0.75


@dataclass(frozen=True)
class _Line:
    end: int
    label: Label
    asks: bool


def read(source: str, found: Sequence[Element]) -> Iterator[Reading]:
    """Bold lines outside of lists that ask or carry the next number."""
    lines: dict[int, _Line] = {}
    for element in found:
        if isinstance(element, Block) and element.kind == "text" and (line := _bold(source, element)):
            lines[id(element)] = line
    if not lines:
        return
    counts = Counter(line.label.title for line in lines.values())
    numbers = [value_of(line.label.number) for line in lines.values()]
    asking = [line.asks or bool(line.label.word) for line in lines.values()]
    picked, sure = chosen(numbers, asking)
    if sum(asking) >= _SHARE * len(asking) and len(asking) > 2:
        once = [counts[line.label.title] == 1 for line in lines.values()]
        picked = [p or o for p, o in zip(picked, once, strict=True)]
    questions = {
        key: replace(line, asks=line.asks or (sure and bool(line.label.number)))
        for (key, line), pick in zip(lines.items(), picked, strict=True)
        if pick
    }
    if questions:
        how = f"{len(questions)} bold lines are questions"
        yield Reading(NAME, tuple(_rewritten(found, source, questions)), how)


def _bold(source: str, block: Block) -> _Line | None:
    if block.depth > 1 or (block.depth == 1 and not block.marker):
        return None
    match = _BOLD_LINE.match(source, block.start, min(block.end, block.start + 800))
    if not match:
        return None
    text = titled(source[block.start : match.end()])
    label = label_of(text)
    if not label.title or label.title.endswith(("：", ":")) or is_answer_name(title_of(match["title"])):
        return None
    return _Line(match.end("tail"), label, asks(label.title))


def _rewritten(found: Sequence[Element], source: str, questions: dict[int, _Line]) -> Iterator[Item]:
    for element in found:
        line = questions.get(id(element))
        if line is None or not isinstance(element, Block):
            yield element
            continue
        yield Ask(
            element.start, line.end, element.line, line.label.title, line.label.number,
            asks=line.asks or bool(line.label.word),
        )  # fmt: skip
        rest = trimmed(element, source, line.end, element.end)
        if rest is not None:
            yield rest
