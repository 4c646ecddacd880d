"""Feedback in the answer's language, from templates: what was covered, what is missing (a hint only), what was wrong.

Knows verdicts and wordings; every sentence is decided by code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from ingest.rubrics import KeyPoint
from tutor.answering.answer import Language
from tutor.answering.script import convert
from tutor.interview.items import statement_in

_ZH = {
    "blank": "沒有收到回答。",
    "dont-know": "沒關係，先記下這一題，讀過之後再試一次。",
    "pasted-question": "這只是題目本身，請用自己的話回答。",
    "off-topic": "這個回答沒有談到題目所問的內容。",
    "stuffing": "只列出名詞不算回答，請說明它們之間的關係。",
    "injection": "對評分者說的話不計分，只看回答的內容。",
    "covered": "已涵蓋：{}",
    "partial": "提到但不夠完整：{}",
    "missing": "還可以談：{}",
    "wrong": "有誤：「{}」與資料不符。",
    "full": "核心要點都談到了。",
    "join": "；",
}
_EN = {
    "blank": "There was no answer.",
    "dont-know": "That is fine: note this question, read it up and try again.",
    "pasted-question": "This only repeats the question; answer it in your own words.",
    "off-topic": "This does not speak about what was asked.",
    "stuffing": "A list of terms is no answer: say how they relate.",
    "injection": "Words to the grader do not count, only the content does.",
    "covered": "Covered: {}",
    "partial": "Touched on, but not complete: {}",
    "missing": "Worth adding: {}",
    "wrong": "Not right: “{}” contradicts the material.",
    "full": "All core points are there.",
    "join": "; ",
}
_HINT_END = re.compile(r"[，,；;：:。（(]|\. ")
_ENOUGH = 3
# A hint names the topic of a point, not its content: this many Han characters or words.
_HINT_HAN, _HINT_WORDS = 14, 7


class Graded(Protocol):
    """A key point with its verdict, as far as feedback needs it."""

    @property
    def point(self) -> KeyPoint: ...
    @property
    def verdict(self) -> str: ...
    @property
    def quote(self) -> str: ...


def feedback(graded: Sequence[Graded], flags: Sequence[str], language: Language) -> str:
    """A few short sentences."""
    words = _EN if language == "en" else _ZH
    lines = [words[flag] for flag in flags if flag in words]
    if not {"blank", "dont-know", "pasted-question", "off-topic"} & set(flags):
        lines += _about_points(graded, words, language)
    text = (" " if language == "en" else "").join(lines)
    return convert(text, language) if language == "zh-Hans" else text


def _about_points(graded: Sequence[Graded], words: dict[str, str], language: Language) -> list[str]:
    def named(verdict: str, *kinds: str, hint: bool = False) -> list[str]:
        chosen = [g.point for g in graded if g.verdict == verdict and g.point.kind in kinds]
        chosen.sort(key=lambda p: -p.weight)
        return [_hint(p, language) if hint else _statement(p, language) for p in chosen[:_ENOUGH]]

    lines = []
    for key, items in (
        ("covered", named("met", "core", "detail")),
        ("partial", named("partial", "core", "detail", hint=True)),
        ("missing", named("missing", "core", hint=True)),
    ):
        if items:
            joined = words["join"].join(items)
            lines.append(words[key].format(joined) + ("." if language == "en" else "。"))
        elif key == "missing":
            lines.append(words["full"])
    lines += [words["wrong"].format(g.quote) for g in graded if g.verdict == "contradicted"]
    return lines


def _statement(point: KeyPoint, language: Language) -> str:
    return statement_in(point, language).rstrip("。. ")


def _hint(point: KeyPoint, language: Language) -> str:
    text = _statement(point, language)
    short = _HINT_END.split(text)[0].strip()
    short = short[:_HINT_HAN] if re.search(r"[\u3400-\u9fff]", short) else " ".join(short.split()[:_HINT_WORDS])
    return short if short == text else f"{short}…"
