"""Questions and answers marked by a letter or a word: `Q:` / `A:`, 「問：」/「答：」, `**Q1.** ...`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ingest.document import Block
from ingest.markdown import Element, Heading, trimmed
from ingest.parsers.items import Answer, Ask, Item, Reading, without_code_answers
from ingest.parsers.stream import titled
from ingest.parsers.wording import label_of, title_of

NAME = "marked questions and answers"
_HEAD = r"^[ \t>]*(?:(?:[-*+]|\d{1,4}[.)、])[ \t]+)?[^\w\s\[<(`]{0,6}[ \t]*"
_QUESTION = re.compile(
    _HEAD + r"(?:(?:面試題|面试题|問題|问题|題目|题目|提問|提问|面試官|面试官|Interviewer|Question|Ques|Que)"
    r"[ \t]*#?\d{0,4}"
    r"|[QqＱ][ \t]*\.?[ \t]*\d{0,4}|[問问题題][ \t]*\d{0,4}"
    r"|第[ \t]*\d{1,4}[ \t]*[題题])[ \t]*[*_]{0,3}[ \t]*(?:[:：.、．)）】]|[-–—][ \t])[ \t]*[*_]{0,3}",
    re.MULTILINE | re.IGNORECASE,
)
_ANSWER = re.compile(
    _HEAD + r"(?:(?:參考|参考|標準|标准)?(?:解答|答案|回答|答覆|答复|候選人|候选人)"
    r"|Answers?|Ans|Candidate|[AaＡ答])[ \t]*\.?[ \t]*\d{0,4}"
    r"[ \t]*[*_]{0,3}[ \t]*[:：.、．)）】][ \t]*[*_]{0,3}[ \t]*",
    re.MULTILINE | re.IGNORECASE,
)
# "B: ..." right behind "A: ..." is a choice, not an answer.
_CHOICE = re.compile(_HEAD + r"[*_]{0,3}[Bb][*_]{0,3}[ \t]*[:：.、．)）]", re.MULTILINE)


def read(source: str, found: Sequence[Element]) -> Iterator[Reading]:
    """Every line that begins with a question mark word; answers likewise, but only in such documents."""
    asks = sum(
        1 for e in found
        if isinstance(e, Block) and e.kind in {"text", "quote"} and _QUESTION.search(source, e.start, e.end)
    )  # fmt: skip
    asks += sum(1 for e in found if isinstance(e, Heading) and _is_marked(e))
    if not asks:
        return
    items: list[Item] = []
    for index, element in enumerate(found):
        if isinstance(element, Block) and element.kind in {"text", "quote"}:
            following = found[index + 1] if index + 1 < len(found) else None
            items.extend(_split(source, element, _begins_choice(source, following)))
        elif isinstance(element, Heading) and _is_marked(element):
            label = label_of(title_of(element.raw))
            items.append(Ask(element.start, element.end, element.line, label.title, label.number, element.level))
        else:
            items.append(element)
    answers = sum(isinstance(item, Answer) for item in items)
    if not answers:
        items = without_code_answers(items)
    count = sum(isinstance(item, Ask) for item in items)
    if count:
        yield Reading(NAME, tuple(items), f"{count} lines are marked as questions and {answers} as answers")


def _is_marked(heading: Heading) -> bool:
    label = label_of(title_of(heading.raw))
    return bool(label.word) and bool(label.title)


def _begins_choice(source: str, element: Element | None) -> bool:
    return isinstance(element, Block) and _CHOICE.match(source, element.start, element.end) is not None


def _split(source: str, block: Block, before_choice: bool) -> Iterator[Item]:
    """Cut a paragraph at its marked lines; one that has none stays whole."""
    marks: list[tuple[int, int, bool]] = []
    for match in _QUESTION.finditer(source, block.start, block.end):
        marks.append((match.start(), match.end(), True))
    choices = before_choice or _CHOICE.search(source, block.start, block.end) is not None
    for match in _ANSWER.finditer(source, block.start, block.end):
        if not (choices and _is_letter(match[0])):
            marks.append((match.start(), match.end(), False))
    if not marks:
        yield block
        return
    marks.sort()
    if head := trimmed(block, source, block.start, marks[0][0]):
        yield head
    line, counted = block.line, block.start
    for (start, after, is_question), following in zip(marks, [*marks[1:], None], strict=True):
        stop = following[0] if following else block.end
        line, counted = line + source.count("\n", counted, start), start
        here = replace(block, start=start, line=line, marker="")  # counting lines from the block's start is quadratic
        if not is_question:
            yield Answer(start, after, line)
            if rest := trimmed(here, source, after, stop):
                yield rest
            continue
        end = _title_end(source, after, stop)
        title = titled(source[after:end])
        if not title:
            if rest := trimmed(here, source, start, stop):
                yield rest
            continue
        number = re.search(r"\d+", source[start:after])
        yield Ask(start, end, line, title, number[0] if number else "")
        if rest := trimmed(here, source, end, stop):
            yield rest


def _is_letter(mark: str) -> bool:
    """Whether an answer mark is the bare letter A."""
    return "".join(c for c in mark if c.isalpha()).lower() in {"a", "ａ"}


def _title_end(source: str, start: int, stop: int) -> int:
    """The end of the line with the first question mark; without one, the end of the first line."""
    first = source.find("\n", start, stop)
    if first < 0:
        return stop
    for mark in "?？":
        position = source.find(mark, start, min(stop, start + 600))
        if position >= 0:
            end = source.find("\n", position, stop)
            return end if end >= 0 else stop
    return first
