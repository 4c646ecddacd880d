"""Direct address: 「第 17 題」, "Q17", "question 17", 「上一題」, "next question" need no search.

Knows numbers and words, nothing of indexes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.text import fold

_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")}
_CHINESE = "[零一二三四五六七八九十百两]{1,5}"
_NUMBERED = re.compile(
    rf"第\s*(\d{{1,6}}|{_CHINESE})\s*[题道]|(?:问题|题目?)\s*#?(\d{{1,6}})(?![\d.])|"
    r"(?<![a-z0-9])(?:q|question|no\.|number|#)\s*\.?\s*#?(\d{1,6})(?![\d.a-z%])"
)
_PREVIOUS = re.compile(r"上一?[题道]|前一[题道]|previous (?:question|one)|the one before")
_NEXT = re.compile(r"下一?[题道]|后一[题道]|next (?:question|one)|the one after")
# What follows the words above where they only announce a question of the user's own: "next question: what is LoRA?"
_ANNOUNCED = re.compile(r"\s*(?:[:—–]\s*\S{2,}|[,、]\s*.*(?:什么|怎么|怎样|如何|为何|哪|\b(?:what|how|why|which)\b))")
# Citations that the tutor itself wrote: 【第19題】.
_CITED = re.compile(r"【\s*(?:第\s*(\d{1,6})\s*题|q(\d{1,6}))\s*】")
# The same as it stands in a text, which folding would change.
_CITATION = re.compile(r"【[^】]{1,20}】")


def parse_address(query: str, known: Sequence[int], last: int | None) -> tuple[int, ...]:
    """The questions that a query names, in order of first mention; () where it names none.

    Args:
        known: the numbers of the corpus in document order.
        last: the question last talked about, for 「上一題」 and 「下一題」.
    """
    folded = fold(query)
    numbers: list[int] = []
    for match in _NUMBERED.finditer(folded):
        number = _number(next(g for g in match.groups() if g))
        if number in known:
            numbers.append(number)
    if not numbers and last is not None and last in known:
        position = list(known).index(last)
        for pattern, step in ((_PREVIOUS, -1), (_NEXT, 1)):
            named = pattern.search(folded)
            if named and not _ANNOUNCED.match(folded, named.end()) and 0 <= position + step < len(known):
                numbers.append(known[position + step])
    return tuple(dict.fromkeys(numbers))


def cited_numbers(text: str) -> list[int]:
    """Numbers of the questions that a reply cites, in order of first mention."""
    return list(dict.fromkeys(int(a or b) for a, b in _CITED.findall(fold(text))))


def without_citations(text: str) -> str:
    """A reply without its citations."""
    return _CITATION.sub("", text).strip()


def _number(text: str) -> int:
    if text.isdigit():
        return int(text)
    total, digit = 0, 0
    for character in text.replace("两", "二"):
        if character == "百":
            total, digit = total + (digit or 1) * 100, 0
        elif character == "十":
            total, digit = total + (digit or 1) * 10, 0
        else:
            digit = _DIGITS[character]
    return total + digit
