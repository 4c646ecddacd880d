"""Errors in the visitor's language. They are made in English, where they happen; the page says them as its words do.

Knows sentences only (`words.mishaps`). One that is not listed is said by the class of its error, with the English behind it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ingest.errors import TutorError
from tutor.web.strings import Tongue, say
from tutor.web.words.mishaps import KINDS, SENTENCES
from tutor.web.words.simplified import simplified

# What is typed in a terminal is the same in every language.
_COMMAND = re.compile(r"(?:tutor|pip|uv) [a-z].*", re.DOTALL)
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")


def _pattern(sentence: str) -> re.Pattern[str]:
    return re.compile("(.+?)".join(re.escape(part) for part in sentence.split("{}")), re.DOTALL)


# Those with most words of their own first: "{} is empty." must not swallow what another says more exactly.
_KNOWN = tuple(
    (_pattern(english), chinese) for english, chinese in sorted(SENTENCES, key=lambda s: -len(s[0].replace("{}", "")))
)


def problem(error: TutorError, tongue: Tongue) -> str:
    """What the page says about an error: that it did not work, why, and the mend."""
    return say("problem", tongue, reason=told(error, tongue))


def told(error: TutorError, tongue: Tongue) -> str:
    """Message and mend in one line."""
    if tongue == "en":
        return f"{error.message} {error.mend}".strip()
    said, after = message(error, tongue), mend(error, tongue)
    return f"{said}{say('run-this', tongue, command=after)}" if _COMMAND.fullmatch(after) else f"{said}{after}"


def message(error: TutorError, tongue: Tongue) -> str:
    """What happened."""
    return sentence(error.message, tongue, kind=_kind(error))


def mend(error: TutorError, tongue: Tongue) -> str:
    """What can be done about it; "" for nothing."""
    return sentence(error.mend, tongue)


def sentence(text: str, tongue: Tongue, *, kind: str = "") -> str:
    """One or more sentences of an error.

    Args:
        kind: name of the class that speaks for a sentence that is not listed; "" leaves such a one as it is.
    """
    if tongue == "en" or not text:
        return text
    chinese = _chinese(text, tongue)
    if chinese is None:
        return f"{_worded(KINDS[kind], tongue)}（{text}）" if kind else text
    return chinese


def _worded(chinese: str, tongue: Tongue) -> str:
    """Our own words in the visitor's script; names and commands that are filled in keep theirs."""
    return simplified(chinese) if tongue == "zh-CN" else chinese


def _kind(error: TutorError) -> str:
    return next((c.__name__ for c in type(error).__mro__ if c.__name__ in KINDS), "TutorError")


@lru_cache(maxsize=1024)
def _chinese(text: str, tongue: Tongue) -> str | None:
    """The text in Chinese; None where a part of it is not listed."""
    text = text.strip()
    for pattern, chinese in _KNOWN:
        found = pattern.fullmatch(text)
        if found is not None and not any(". " in part for part in found.groups()[:-1]):
            return _worded(chinese, tongue).format(*(_part(part, tongue) for part in found.groups()))
    if not text or _COMMAND.fullmatch(text):
        return text
    # Several sentences in one: the longest beginning that is known, then the rest.
    for end in sorted((m.end() for m in re.finditer(r"[.:] ", text)), reverse=True):
        head, rest = text[:end].strip(), text[end:]
        known = next((True for p, _ in _KNOWN if p.fullmatch(head)), False)
        if known and (after := _chinese(rest, tongue)) is not None:
            return f"{_chinese(head, tongue)}{after}"
    return None


def _part(text: str, tongue: Tongue) -> str:
    """What stands in a blank: a name in quotes, a sentence of its own, or anything."""
    inner = _chinese(text, tongue) if " " in text and not _QUOTED.fullmatch(text) else None
    return inner if inner is not None else _QUOTED.sub(lambda m: f"「{m[1] or m[2] or ''}」", text)
