"""The guard of one answer: what comes in is screened, evidence that gives orders is left out, what goes out is checked.

Joins `screening` and `outgoing`; every detection is a flag with its reason. Knows nothing of models or searching.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from ingest.text import terms
from tutor.answering.answer import Language
from tutor.answering.disguise import visible
from tutor.answering.evidence import EvidenceRoom
from tutor.answering.keypoints import Chosen
from tutor.answering.outgoing import LeakCheck, QuietStream, drifted
from tutor.answering.screening import defuse, planted, screen
from tutor.retrieval.result import Turn

# Letters of a query that are screened; more is a pasted text and its rest is not read by anything either.
LONGEST_QUERY = 6000
# A leak shows while a sentence is still being written: its last letters are looked at.
TAIL = 400
LEAK = "repeats the instructions"


@dataclass(frozen=True)
class Received:
    """A query and its conversation as they may be used.

    Args:
        query: what is left to be asked; where nothing is, what the user wrote, for finding the nearest questions.
        refused: whether the message is nothing but an attack.
        wary: whether something was found, so that only whole, checked sentences are shown.
    """

    query: str
    history: tuple[Turn, ...]
    flags: tuple[str, ...]
    refused: bool
    wary: bool


def received(query: str, history: Sequence[Turn]) -> Received:
    """Screen a query and the user's earlier messages. Only the roles user and assistant are heard."""
    query = query[:LONGEST_QUERY]
    screened = screen(query)
    turns = []
    for turn in history:
        content = visible(turn.content)
        if turn.role == "user":
            content = screen(content[:LONGEST_QUERY]).text
        if turn.role in {"user", "assistant"} and content.strip():
            turns.append(Turn(turn.role, defuse(content)))
    refused = screened.attacked and not screened.text
    left = query if refused else screened.text or visible(query)
    return Received(left, tuple(turns), screened.flags, refused, bool(screened.flags))


def trusted(chosen: Sequence[Chosen], room: EvidenceRoom, flags: list[str]) -> list[Chosen]:
    """The key points, none of which gives orders instead of saying something; what was left out is flagged."""
    kept = []
    for part in chosen:
        reasons = [planted(point.text) for point in part.points]
        left_out = room.sentences_of(part.number).planted
        for reason in dict.fromkeys([*left_out, *(r for r in reasons if r)]):
            flags.append(f"planted instruction ignored: {reason} (question {part.number})")
        points = [replace(p, text=defuse(p.text)) for p, r in zip(part.points, reasons, strict=True) if r is None]
        title = "" if planted(part.title) else defuse(part.title)
        kept.append(replace(part, title=title, points=tuple(points)))
    return kept


@lru_cache(maxsize=512)
def _latin_terms(text: str) -> frozenset[str]:
    return frozenset(t for t in terms(text) if t.isascii())


class Guard:
    """Checks the words of one reply.

    Args:
        instructions: what must stay inside.
        evidence: the texts that the reply is made of.
        query: the user's words: their terms are no drift.
        wary: show whole sentences only.
    """

    def __init__(
        self, instructions: str, evidence: Iterable[str], query: str, language: Language, *, wary: bool
    ) -> None:
        texts = list(evidence)
        self._leaks = LeakCheck(instructions, texts)
        self._known = _latin_terms(query).union(*map(_latin_terms, texts))
        self._language = language
        self._open = ""
        self._shut = False
        self.wary = wary
        self.quiet = QuietStream()
        self.flags: list[str] = []

    def leaks(self, text: str) -> bool:
        """Whether a text repeats the instructions."""
        return self._leaks.leaks(text)

    def objection(self, sentence: str) -> str | None:
        """Why a finished sentence must not stand, or None."""
        if self.leaks(sentence):
            return LEAK
        if drifted(sentence, self._language, self._known):
            return "language drift"
        return None

    def passes(self, text: str) -> bool:
        """Whether a piece of an unfinished sentence may be shown now; once it leaks, nothing more of it is."""
        self._open += text
        self._shut = self._shut or self.leaks(self._open)
        self._open = self._open[-TAIL:]
        return not self._shut and not self.wary

    def ended(self) -> bool:
        """The sentence is over. Returns whether its pieces were held back, so that it is to be shown as a whole."""
        held = self._shut or self.wary
        self._open, self._shut = "", False
        return held

    def note(self, flag: str) -> None:
        """Remember a detection once."""
        if flag not in self.flags:
            self.flags.append(flag)
