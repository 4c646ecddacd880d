"""What a document says about its own questions: tables of contents, listed categories, cross-references.

Adds to questions that were already found; never finds one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ingest.document import Block, Question
from ingest.markdown import plain

INTERNAL_LINK = re.compile(r"!?\[[^\[\]]{0,500}\]\(#[^()\s]{0,500}\)")
_LISTED_CATEGORY = re.compile(r"([A-Z])[.、．]\s*(\S.*)")
_CONTENTS_LINE = re.compile(r"(?:^|<br\s*/?>|\||^\s*[-*])\s*(\d{1,4})[.、．)]\s*([^<|\n]+)", re.MULTILINE)
# 「第 19 題」, 「第 3、4 題」, 「詳見 23、24 題」, "question 7", "Q7".
_CROSS_REFERENCE = re.compile(
    r"(?:第|見|见|參考|参考)\s*(\d{1,4}(?:\s*[、,，和與与及]\s*第?\s*\d{1,4})*)\s*[題题]|\b(?:question|Q)\s*(\d{1,4})\b",
    re.IGNORECASE,
)


def enriched(
    questions: list[Question], source: str, preamble: Sequence[Block]
) -> tuple[list[Question], tuple[str, ...]]:
    """Add aliases, categories and links; returns the questions and the categories in order."""
    questions = _with_aliases(questions, source, preamble)
    listed = _listed_categories(source, preamble)
    if listed and len(questions) % len(listed) == 0 and not any(q.category for q in questions):
        size = len(questions) // len(listed)
        questions = [replace(q, category=listed[i // size]) for i, q in enumerate(questions)]
    questions = _with_links(questions, source)
    return questions, tuple(dict.fromkeys(q.category for q in questions if q.category))


def _with_aliases(questions: list[Question], source: str, preamble: Sequence[Block]) -> list[Question]:
    """Take the wording of a table of contents where it differs from the title."""
    wording: dict[str, str] = {}
    for block in preamble:
        for match in _CONTENTS_LINE.finditer(source, block.start, block.end):
            wording[match[1]] = plain(match[2])
    if len(wording.keys() & {q.label for q in questions}) < len(questions) / 2:
        return questions
    return [replace(q, alias=wording[q.label]) if wording.get(q.label, q.title) != q.title else q for q in questions]


def _listed_categories(source: str, preamble: Sequence[Block]) -> list[str]:
    """Categories listed as "A. ...", "B. ..." before the first question, if their letters run on from A."""
    found = [m for b in preamble if (m := _LISTED_CATEGORY.fullmatch(plain(source[b.start : b.end])))]
    letters = "".join(m[1] for m in found)
    return [m[0] for m in found] if letters and "ABCDEFGHIJKLMNOPQRSTUVWXYZ".startswith(letters) else []


def _with_links(questions: list[Question], source: str) -> list[Question]:
    known = {q.label: q.number for q in questions if q.label}
    linked = []
    for question in questions:
        targets: dict[int, None] = {}
        for section in question.sections:
            for block in section.blocks:
                for match in _CROSS_REFERENCE.finditer(source, block.start, block.end):
                    for label in re.findall(r"\d+", match[1] or match[2]):
                        number = known.get(label)
                        if number is not None and number != question.number:
                            targets[number] = None
        linked.append(replace(question, links=tuple(targets)))
    return linked
