"""The script of a reply: Traditional or Simplified, converted clause by clause while it streams.

Code is left alone, and so are quotes that stand in the evidence word by word. Knows nothing of models.
"""

from __future__ import annotations

import re
from functools import lru_cache

import opencc

from tutor.answering.answer import Language

_CONFIGS: dict[Language, str] = {"zh-Hant": "s2tw", "zh-Hans": "tw2s"}
_CLAUSE_END = re.compile(r"[，。；：！？、,;:!?\n]")
_PROTECTED = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|「[^」\n]*」|『[^』\n]*』|“[^”\n]*”", re.DOTALL)


@lru_cache(maxsize=4)
def _converter(config: str) -> opencc.OpenCC:
    return opencc.OpenCC(config)


def convert(text: str, language: Language, evidence: str = "") -> str:
    """Text in the script of `language`; English is returned as it is."""
    config = _CONFIGS.get(language)
    if config is None:
        return text
    converter = _converter(config)
    parts, cursor = [], 0
    for match in _PROTECTED.finditer(text):
        verbatim = match[0].startswith("`") or match[0][1:-1] in evidence
        if verbatim:
            parts += [converter.convert(text[cursor : match.start()]), match[0]]
            cursor = match.end()
    parts.append(converter.convert(text[cursor:]))
    return "".join(parts)


class ScriptStream:
    """Converts a stream: text is held until its clause ends, because phrases decide characters."""

    def __init__(self, language: Language, evidence: str) -> None:
        self._language = language
        self._evidence = evidence
        self._held = ""

    def feed(self, piece: str) -> str:
        """Take in some text, give back whole converted clauses."""
        if self._language == "en":
            return piece
        self._held += piece
        end = 0
        for match in _CLAUSE_END.finditer(self._held):
            if self._closed(self._held[: match.end()]):
                end = match.end()
        ready, self._held = self._held[:end], self._held[end:]
        return convert(ready, self._language, self._evidence)

    def flush(self) -> str:
        """Convert what is left."""
        ready, self._held = self._held, ""
        return convert(ready, self._language, self._evidence)

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
