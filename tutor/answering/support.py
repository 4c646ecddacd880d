"""Whether a sentence of an answer is supported by the source, and by which sentence of it.

Decides by the features of `agreement`, without a model call. Knows sentences, nothing of prompts.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np

from ingest.text import terms
from tutor.answering.answer import Citation, Status
from tutor.answering.evidence import EvidenceRoom, QuestionSentences, Sentence

_LIST_NUMBER = re.compile(r"^\s*(?:\d{1,2}[.)、]|[-*•])\s*")


@dataclass(frozen=True)
class Support:
    """The verdict on one sentence: its status, the score behind it, and the sentence of the source."""

    status: Status
    score: float
    sentence: Sentence | None


def check(text: str, questions: Sequence[QuestionSentences], room: EvidenceRoom, query: str = "") -> Support:
    """Find the source sentence that supports `text` best, and judge how well it does.

    A question's best single sentence decides the span; its whole text may lend terms and numbers, because a fair
    summary draws on several sentences. The score is a probability, fitted on hand-labelled sentences.
    """
    plain = _LIST_NUMBER.sub("", text).strip()
    own_terms = set(terms(plain))
    if not own_terms:
        return Support("supported", 1.0, None)
    vector = room.embed([plain])[0]
    best = Support("unsupported", -1.0, None)
    for question in questions:
        if not question.sentences:
            continue
        cosines = question.vectors @ vector
        overlaps = np.asarray([_overlap(own_terms, s.text) for s in question.sentences], dtype=np.float32)
        position = int(np.argmax(cosines + overlaps))
        score = probability(room.agreement.features(plain, vector, question, query))
        if score > best.score:
            best = Support(_status(score), score, question.sentences[position])
    return best


def probability(found: dict[str, float]) -> float:
    """Probability in 0..1 that the source carries a sentence with these features."""
    weights = calibration()["weights"]
    logit = weights["bias"] + sum(weights[name] * value for name, value in found.items())
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


@lru_cache(maxsize=1)
def calibration() -> dict[str, dict[str, float]]:
    """Learned weights and thresholds, written by `python -m eval fit-support`."""
    text = resources.files("tutor.answering").joinpath("support.json").read_text(encoding="utf-8")
    return json.loads(text)  # type: ignore[no-any-return]


def _status(score: float) -> Status:
    limits = calibration()["thresholds"]
    return "supported" if score >= limits["supported"] else "partial" if score >= limits["partial"] else "unsupported"


def _overlap(own: set[str], text: str) -> float:
    """Share of the sentence's terms that occur in a text."""
    return len(own & set(terms(text))) / len(own)


def citation_of(support: Support, source: str) -> Citation | None:
    """The citation that a supported sentence earns; the quote is an exact slice of the source."""
    found = support.sentence
    if found is None:
        return None
    return Citation(
        found.question, found.section, source[found.start : found.end], found.start, found.end, support.status
    )
