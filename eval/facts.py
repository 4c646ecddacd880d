"""Scoring an answer against hand-written facts: which required ones it states, which forbidden claims it makes.

Wordings are plain substrings or regular expressions (`re:` in front), compared after folding width, case, script,
Markdown marks and the spaces between Han and Latin. Knows text, nothing of models.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import opencc

_HAN = r"[\u2e80-\u9fff\uff00-\uffef]"
_SPACE = re.compile(rf"(?<={_HAN})\s+|\s+(?={_HAN})")
_CITATION = re.compile(r"【[^】]{1,12}】")


@lru_cache(maxsize=1)
def _to_traditional() -> opencc.OpenCC:
    return opencc.OpenCC("s2t")


@lru_cache(maxsize=8192)
def normalise(text: str) -> str:
    """Text as it is compared."""
    text = unicodedata.normalize("NFKC", _CITATION.sub("", text))
    text = re.sub(r"[*`]", "", str(_to_traditional().convert(text))).lower()
    return _SPACE.sub("", re.sub(r"\s+", " ", text))


def states(answer: str, wordings: Sequence[str]) -> bool:
    """Whether the answer contains one of the wordings."""
    text = normalise(answer)
    for wording in wordings:
        if wording.startswith("re:"):
            if re.search(str(_to_traditional().convert(wording[3:])), text, re.IGNORECASE):
                return True
        elif normalise(wording) in text:
            return True
    return False


def score(answer: str, row: Mapping[str, Any]) -> tuple[list[bool], list[bool]]:
    """Which facts are present and which forbidden claims are made, in the row's order."""
    return (
        [states(answer, fact["any"]) for fact in row["facts"]],
        [states(answer, claim["any"]) for claim in row.get("forbidden", ())],
    )
