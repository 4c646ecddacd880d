"""Which language and script a reply is written in: the question's, unless it asks for another."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.text import fold, language_of, script_of
from tutor.answering.answer import Language
from tutor.retrieval.result import Turn

# On folded text: lower case, Simplified. What is mostly in English (以英文為主) asks for nothing.
_ASKED: tuple[tuple[re.Pattern[str], Language | None], ...] = (
    (re.compile(r"(?:用|以|翻(?:译)?成|换成)\s*(?:英文|英语)(?!为主|写成|训练|语料)|\bin english\b"), "en"),
    (re.compile(r"(?:用|以|翻(?:译)?成|换成)\s*简体|\bin simplified chinese\b"), "zh-Hans"),
    (re.compile(r"(?:用|以|翻(?:译)?成|换成)\s*(?:繁体|正体)|\bin traditional chinese\b"), "zh-Hant"),
    # In Chinese, in the script that the user writes.
    (re.compile(r"(?:用|以|翻(?:译)?成|换成)\s*中文(?!为主|写成|训练|语料)|\bin chinese\b"), None),
)


def reply_language(query: str, history: Sequence[Turn] = ()) -> Language:
    """The language of the reply. A query without letters takes that of the last message that has some."""
    folded = fold(query)
    for pattern, language in _ASKED:
        if pattern.search(folded):
            return language or script_of(" ".join([query, *(t.content for t in history if t.role == "user")]))
    for text in (query, *(t.content for t in reversed(history) if t.role == "user")):
        if any(c.isalpha() for c in text):
            found = language_of(text)
            return script_of(text) if found == "mixed" else found
    return "zh-Hant"
