"""Questions in other words: asked of the local model, and used only if they say neither less nor more.

A rewording must be one question in the same language, keep every Latin term, mean the same to the embedder, and pass
the leak check; otherwise the question is asked as it stands. Nothing waits for it: it is made while the candidate is
busy with the question before. What candidates say is never sent. Knows texts and a model, no state.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from ingest.embed import load_embedder
from ingest.errors import TutorError
from ingest.text import fold, language_of
from tutor.answering.answer import Language
from tutor.answering.script import convert
from tutor.interview.clauses import plain
from tutor.interview.leaks import Guard

if TYPE_CHECKING:
    from tutor.llm import Model

log = logging.getLogger(__name__)
Reworder = Callable[[str, Language, Guard], str | None]
# A rewording nearer than this to the question means the same, and one this much longer says more.
SAME_MEANING, SHORTEST, LONGEST = 0.75, 0.4, 1.8
_TOKENS, _TEMPERATURE = 120, 0.3
_LATIN = re.compile(r"[a-z][a-z0-9+./-]+")
_PROMPTS: dict[Language, str] = {
    "zh-Hant": "把下面這個面試題改成面試官口頭會說的問法。意思完全相同，術語保留，不加任何說明或答案，只輸出問題本身。\n\n{text}",
    "zh-Hans": "把下面这个面试题改成面试官口头会说的问法。意思完全相同，术语保留，不加任何说明或答案，只输出问题本身。\n\n{text}",
    "en": "Rephrase this interview question the way an interviewer would say it aloud. Same meaning, keep the technical terms, add nothing, "
    "print only the question.\n\n{text}",
}  # fmt: skip


def model_reworder(model: Model) -> Reworder:
    """Rewords with a local model; None where it is not ready, or what it wrote cannot be used."""

    def reword(text: str, language: Language, guard: Guard) -> str | None:
        from tutor.llm.chat import model_errors

        try:
            with model_errors():
                chat = model.chat(temperature=_TEMPERATURE, max_tokens=_TOKENS, seed=0)
                written = str(chat.invoke([("user", _PROMPTS[language].format(text=text))]).content)
        except TutorError as error:
            log.info("no rewording: %s", error.message)
            return None
        return accepted(written, text, language, guard)

    return reword


def accepted(written: str, text: str, language: Language, guard: Guard) -> str | None:
    """The rewording as it can be used, None where it cannot."""
    line = convert(" ".join(written.split()).strip("\"'「」“” "), language)
    if not line or line == text or line[-1] not in "?？。.":
        return None
    if not SHORTEST * len(text) <= len(line) <= LONGEST * len(text):
        return None
    if (language_of(line) == "en") != (language_of(text) == "en"):
        return None
    if not set(_LATIN.findall(fold(text))) - _little(text) <= set(_LATIN.findall(fold(line))):
        return None
    if guard.leaks(line):
        return None
    one, other = load_embedder("use").passages([plain(text), plain(line)])
    return line if float(one @ other) >= SAME_MEANING else None


def _little(text: str) -> set[str]:
    """English words of an English question may change; Latin terms in a Chinese one may not, nor may names."""
    if language_of(text) != "en":
        return set()
    return {fold(word) for word in re.findall(r"[A-Za-z]+", text) if word.islower() or word.istitle()}
