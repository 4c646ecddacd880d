"""Citations as text, for clients that show nothing but text: a list of sources below the answer.

Knows answers, nothing of HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tutor.answering.answer import Answer, Citation, Language
from tutor.answering.citations import citation

_HEADS: dict[Language, str] = {"zh-Hant": "來源", "zh-Hans": "来源", "en": "Sources"}
_WITHDRAWN: dict[Language, str] = {
    "zh-Hant": "撤回（題庫沒有依據）", "zh-Hans": "撤回（题库没有依据）", "en": "Withdrawn (the document does not say so)",
}  # fmt: skip
_STATUS: dict[Language, dict[str, str]] = {
    "zh-Hant": {"supported": "有依據", "partial": "部分依據", "unsupported": "沒有依據"},
    "zh-Hans": {"supported": "有依据", "partial": "部分依据", "unsupported": "没有依据"},
    "en": {"supported": "supported", "partial": "partly supported", "unsupported": "not supported"},
}
_RULE = "\n\n---\n"
_FOOT = re.compile(
    rf"\n\n---\n\*\*(?:{'|'.join(map(re.escape, (*_HEADS.values(), *_WITHDRAWN.values())))})\*\*.*", re.DOTALL
)
_SENTENCE = re.compile(r"[^。！？!?\n]+[。！？!?]?(?:【[^】]*】)?")
_LONGEST_QUOTE = 80
# Shorter pieces are marks and numbers.
_LETTERS = 6


def sources(answer: Answer, titles: Mapping[int, str]) -> str:
    """The questions that an answer rests on, one line each with the first quote; "" for an answer without any."""
    first: dict[int, Citation] = {}
    for one in answer.citations:
        first.setdefault(one.question, one)
    if not first:
        return ""
    language = answer.language
    lines = [_line(one, titles.get(number, ""), language) for number, one in sorted(first.items())]
    return f"{_RULE}**{_HEADS[language]}**\n" + "\n".join(lines)


def _line(one: Citation, title: str, language: Language) -> str:
    quote = " ".join(one.quote.split())
    quote = quote if len(quote) <= _LONGEST_QUOTE else quote[:_LONGEST_QUOTE] + "…"
    place = " · ".join(part for part in (title, one.section) if part)
    return f"- {citation(one.question, language)} {place}: 「{quote}」 ({_STATUS[language][one.status]})"


def withdrawn(streamed: str, answer: Answer) -> str:
    """Sentences that were streamed and that the finished answer does not hold any more; "" where there are none.

    A stream cannot take back what it said; it can say so.
    """
    kept = _squeezed(answer.answer)
    gone = []
    for found in _SENTENCE.finditer(streamed):
        sentence = found[0].strip()
        if sum(c.isalnum() for c in sentence) >= _LETTERS and _squeezed(sentence) not in kept:
            gone.append(sentence)
    if not gone:
        return ""
    return f"{_RULE}**{_WITHDRAWN[answer.language]}**\n" + "\n".join(f"- ~~{sentence}~~" for sentence in gone)


def _squeezed(text: str) -> str:
    return "".join(re.sub(r"【[^】]*】", "", text).split())


def bare(text: str) -> str:
    """An answer without what `sources` and `withdrawn` added: clients send back whatever they were given."""
    return _FOOT.sub("", text)
