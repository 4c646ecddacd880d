"""Citations in a stream of tokens: brackets may be split, half or full width, repeated, or name unknown questions.

`【第19題】`, `[第 19 題]`, `［Q19］`, `[19, 20]` become the one form of the reply's language; an id outside the evidence
never reaches the reader. Code is left alone. Knows text, nothing of models or indexes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tutor.answering.answer import Language

_OPEN = "【[［〔〖"
_CLOSE = {"【": "】", "[": "]", "［": "］", "〔": "〕", "〖": "〗"}
# Longer bracketed text is no citation: let it through instead of holding the stream.
_LONGEST = 48
_ID = r"(?:第|q|question|問題|问题|題目|题目|出處|出处|source|來源|来源|參考|参考)?\s*[:：#]?\s*(?:第\s*)?(\d{1,6})\s*(?:題|题)?"
_CITATION = re.compile(rf"\s*{_ID}(?:\s*[、,，;；/和及與与&]\s*(?:and\s+)?{_ID})*\s*", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,6}")
_NAMED = re.compile(r"第|題|题|q|source|來源|来源|出|參|参", re.IGNORECASE)


def citation(number: int, language: Language) -> str:
    """The one written form of a citation: 【第19題】, 【第19题】 or 【Q19】."""
    return {"zh-Hant": f"【第{number}題】", "zh-Hans": f"【第{number}题】", "en": f"【Q{number}】"}[language]


class CitationStream:
    """Rewrites citations while text streams through.

    Args:
        allowed: numbers of the questions in the evidence.
        language: decides the written form.
    """

    def __init__(self, allowed: Iterable[int], language: Language) -> None:
        self._allowed = frozenset(allowed)
        self._language = language
        self._held = ""
        self._space = ""
        self._ticks = 0
        self._in_code = ""
        self._just_cited: list[int] = []
        self.cited: list[int] = []
        self.unknown: list[int] = []

    def feed(self, piece: str) -> str:
        """Take in some text, give back what is ready."""
        return "".join(self._character(c) for c in piece)

    def flush(self) -> str:
        """Give back what is still held at the end of the stream; a citation that never closed is dropped."""
        rest = self._space + ("" if self._held and _CITATION.fullmatch(self._held[1:] + "0") else self._held)
        if self._held and _CITATION.fullmatch(self._held[1:]):
            rest = self._space
        self._held, self._space = "", ""
        self._close_ticks()
        return rest

    def _character(self, c: str) -> str:
        if self._held:
            return self._inside(c)
        if c == "`":
            self._ticks += 1
            return self._release() + c
        self._close_ticks()
        if not self._in_code and c in _OPEN:
            self._held = c
            return ""
        if c in " \t" and not self._in_code:
            self._space += c  # a space before a citation goes with it
            return ""
        if not c.isspace() and c not in "。．.!！?？,，;；、":
            self._just_cited = []
        return self._release() + c

    def _close_ticks(self) -> None:
        """A run of back ticks has ended: it opens or closes code."""
        if self._ticks:
            run = "`" * self._ticks
            self._ticks = 0
            if not self._in_code:
                self._in_code = run
            elif run == self._in_code:
                self._in_code = ""

    def _inside(self, c: str) -> str:
        self._held += c
        if c == _CLOSE[self._held[0]]:
            held, self._held = self._held, ""
            return self._resolve(held)
        if c == "\n" or len(self._held) > _LONGEST or c in _OPEN:
            held, self._held = self._held, ""
            if c in _OPEN:
                self._held, held = c, held[:-1]
            self._just_cited = []
            return self._release() + held
        return ""

    def _resolve(self, held: str) -> str:
        inner = held[1:-1]
        if not _CITATION.fullmatch(inner):
            self._just_cited = []
            return self._release() + held
        numbers = [int(n) for n in _NUMBER.findall(inner)]
        known = [n for n in numbers if n in self._allowed]
        if not known and held[0] == "[" and not _NAMED.search(inner) and len(numbers) > 1:
            # "[3, 5]" is a list of numbers, not a citation.
            self._just_cited = []
            return self._release() + held
        self.unknown += [n for n in numbers if n not in self._allowed]
        fresh = [n for n in dict.fromkeys(known) if n not in self._just_cited]
        self._just_cited += fresh
        self.cited += [n for n in fresh if n not in self.cited]
        self._space = ""
        return "".join(citation(n, self._language) for n in fresh)

    def _release(self) -> str:
        space, self._space = self._space, ""
        return space
