"""Questions as numbered lines of text: `1、什麼是閉包？`, `(3) ...`; answers run to the next number."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.document import Block
from ingest.markdown import Element, trimmed
from ingest.parsers.asking import asks
from ingest.parsers.items import Ask, Item, Reading
from ingest.parsers.sequence import chosen
from ingest.parsers.stream import is_link_list, titled

NAME = "numbered lines"
_LINE = re.compile(
    r"^[ \t>]*[*_]{0,3}(?P<open>[(（\[【]?)[ \t]*(?P<number>\d{1,4})[ \t]*"
    r"(?P<close>[.．、:：)）\]】])[*_]{0,3}"
    r"[ \t]*(?P<title>[^\s\d].*)$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class _Line:
    start: int
    end: int
    number: int
    title: str
    asks: bool


def read(source: str, found: Sequence[Element]) -> Iterator[Reading]:
    """One reading for every style of number ("1.", "(1)"), so that lists inside answers stay out."""
    styles: dict[str, list[tuple[int, _Line]]] = defaultdict(list)
    for element in found:
        if not isinstance(element, Block) or element.kind not in {"text", "quote"} or is_link_list(source, element):
            continue
        if element.depth > 1 or (element.depth == 1 and not element.marker[:1].isdecimal()):
            continue
        for match in _LINE.finditer(source, element.start, element.end):
            title = titled(match["title"])
            if title:
                line = _Line(match.start(), match.end(), int(match["number"]), title, asks(title))
                styles[match["open"] + match["close"]].append((id(element), line))
            if element.depth:
                break
    for style, lines in styles.items():
        picked, sure = chosen([line.number for _, line in lines], [line.asks for _, line in lines])
        questions: dict[int, list[_Line]] = defaultdict(list)
        for (key, line), pick in zip(lines, picked, strict=True):
            if pick:
                questions[key].append(replace(line, asks=line.asks or sure))
        count = sum(picked)
        if count > 1:
            sample = f"7{style}" if len(style) == 1 else f"{style[0]}7{style[1:]}"
            how = f"{count} lines carry a number like {sample}"
            yield Reading(NAME, tuple(_rewritten(source, found, questions)), how)


def _rewritten(source: str, found: Sequence[Element], questions: dict[int, list[_Line]]) -> Iterator[Item]:
    for element in found:
        lines = questions.get(id(element))
        if not lines or not isinstance(element, Block):
            yield element
            continue
        if head := trimmed(element, source, element.start, lines[0].start):
            yield head
        number, counted = element.line, element.start
        for line, following in zip(lines, [*lines[1:], None], strict=True):
            number, counted = number + source.count("\n", counted, line.start), line.start
            yield Ask(line.start, line.end, number, line.title, str(line.number), asks=line.asks)
            stop = following.start if following else element.end
            here = replace(element, start=line.start, line=number, marker="")
            if rest := trimmed(here, source, line.end, stop):
                yield rest
