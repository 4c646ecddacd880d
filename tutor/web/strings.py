"""The words of the page in the visitor's language: look-up, and which language that is.

The texts are in `words`, part by part. Knows languages, nothing of layout. What the tutor itself says is worded in
`tutor.answering`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from tutor.web.words import PARTS
from tutor.web.words.simplified import simplified

Tongue = Literal["zh-TW", "zh-CN", "en"]
TONGUES: tuple[Tongue, ...] = get_args(Tongue)
NAMES: dict[Tongue, str] = {"zh-TW": "繁體", "zh-CN": "简体", "en": "English"}
COOKIE = "tutor_language"

TEXTS: dict[str, tuple[str, str]] = {key: texts for part in PARTS.values() for key, texts in part.items()}


def say(key: str, tongue: Tongue, **values: object) -> str:
    """The words `key` in a language, with its blanks filled in."""
    chinese, english = TEXTS[key]
    if tongue == "en":
        return english.format(**values)
    return (simplified(chinese) if tongue == "zh-CN" else chinese).format(**values)


def known(tongue: object) -> Tongue:
    """A language the page has; anything else becomes the first."""
    return next((t for t in TONGUES if t == tongue), TONGUES[0])


def preferred(headers: Mapping[str, str], cookies: Mapping[str, str]) -> Tongue:
    """The language chosen before, else the first known one that the browser asks for, else English."""
    if cookies.get(COOKIE) in TONGUES:
        return known(cookies[COOKIE])
    wishes: list[tuple[float, str]] = []
    for wish in headers.get("accept-language", "").split(","):
        code, _, parameters = wish.strip().partition(";")
        try:
            quality = float(parameters.partition("=")[2] or 1)
        except ValueError:
            quality = 0.0
        wishes.append((-quality, code.strip().lower()))
    for _, code in sorted(wishes, key=lambda w: w[0]):
        if code.partition("-")[0] == "zh":
            return "zh-CN" if code in {"zh-cn", "zh-sg", "zh-my"} or "hans" in code else "zh-TW"
        if code.partition("-")[0] == "en":
            return "en"
    return "en"
