"""The script of a reply: Traditional or Simplified, converted clause by clause while it streams.

Code is left alone, and so are quotes that stand in the evidence word by word. Knows nothing of models.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ingest.text import converter
from tutor.answering.answer import Language

_CONFIGS: dict[Language, str] = {"zh-Hant": "s2tw", "zh-Hans": "tw2s"}
_CLAUSE = re.compile(r"[^，。；：！？、,;:!?\n]*[，。；：！？、,;:!?\n]*", re.DOTALL)
# Characters that are right in Traditional text although Simplified uses them for more: they prove nothing.
_BOTH_SCRIPTS = frozenset(
    "后里面干台只云余几出占卷厂吁曲朱志才斗于板松沈淀准致症系表谷冬伙仆借冲制向回困姜家局布并御愿托折据采升卜胡游咸霉漓郁舍恤弦札奸布杯注炮皂秋群背脏袜触赞跖韵辟吊周哄唇峰念携欲洼猫痴碱秘管粘罗着蒙蔑裏辛迴遊鬱了么征尽复发历当台岩范丑刮周群床峰粮污涂"
)
_CLAUSE_END = re.compile(r"[，。；：！？、,;:!?\n]")
_OPENERS = frozenset("`「『“")
_PROTECTED = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|「[^」\n]*」|『[^』\n]*』|“[^”\n]*”", re.DOTALL)


def convert(text: str, language: Language, evidence: str = "") -> str:
    """Text in the script of `language`; English is returned as it is."""
    config = _CONFIGS.get(language)
    if config is None:
        return text
    parts, cursor = [], 0
    for match in _PROTECTED.finditer(text):
        verbatim = match[0].startswith("`") or match[0][1:-1] in evidence
        if verbatim:
            parts += [_convert_clauses(text[cursor : match.start()], config), match[0]]
            cursor = match.end()
    parts.append(_convert_clauses(text[cursor:], config))
    return "".join(parts)


def _convert_clauses(text: str, config: str) -> str:
    """Convert clause by clause, and only those in the other script.

    OpenCC takes its input to be in the script it converts from: 「說明了」 would become 「說明瞭」.
    """
    parts = _CLAUSE.findall(text)
    return "".join(converter(config).convert(part) if _needs(part, config) else part for part in parts)


def _needs(clause: str, config: str) -> bool:
    return any(c not in _BOTH_SCRIPTS and _changes(c, config) for c in clause if c > "\u3000")


@lru_cache(maxsize=16_384)
def _changes(character: str, config: str) -> bool:
    return bool(converter(config).convert(character) != character)


class ScriptStream:
    """Converts a stream without holding it up: only from the first character that the rest of its clause may change."""

    def __init__(self, language: Language, evidence: str) -> None:
        self._language = language
        self._evidence = evidence
        self._config = _CONFIGS.get(language, "")
        # The clause that is open, and how much of it was given away already.
        self._held, self._given = "", 0

    def feed(self, piece: str) -> str:
        """Take in some text, give back what can no longer change."""
        if not self._config:
            return piece
        self._held += piece
        end = 0
        for match in _CLAUSE_END.finditer(self._held):
            if self._closed(self._held[: match.end()]):
                end = match.end()
        out = ""
        if end:
            # Converted whole, since phrases decide characters; no conversion here changes the number of characters.
            out = convert(self._held[:end], self._language, self._evidence)[self._given :]
            self._held, self._given = self._held[end:], 0
        settled = self._settled(self._held)
        if settled > self._given:
            out += self._held[self._given : settled]
            self._given = settled
        return out

    def flush(self) -> str:
        """Convert what is left."""
        ready, given = self._held, self._given
        self._held, self._given = "", 0
        return convert(ready, self._language, self._evidence)[given:]

    def _settled(self, text: str) -> int:
        """Length of the beginning that is the same in both scripts, whatever follows."""
        for position, c in enumerate(text):
            if c in _OPENERS or (c > "\u3000" and (c in _BOTH_SCRIPTS or _changes(c, self._config))):
                return position
        return len(text)

    @staticmethod
    def _closed(text: str) -> bool:
        """Whether no code or quote is open at the end of the text; a very long one is not waited for."""
        if len(text) > 400:
            return True
        return (
            text.count("`") % 2 == 0
            and text.count("「") <= text.count("」")
            and text.count("『") <= text.count("』")
            and text.count("“") <= text.count("”")
        )
