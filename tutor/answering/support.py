"""Whether a sentence of an answer is supported by the source, and by which sentence of it.

Decides by the features of `agreement`, without a model call; where these leave it in doubt, a second opinion may be
weighed in. Knows sentences, nothing of prompts.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np

from ingest.text import terms
from tutor.answering.answer import Citation, Status
from tutor.answering.evidence import EvidenceRoom, QuestionSentences, Sentence

_LIST_NUMBER = re.compile(r"^\s*(?:\d{1,2}[.)、]|[-*•])\s*")


@dataclass(frozen=True)
class Support:
    """The verdict on one sentence: its status, the score behind it, and the sentence of the source.

    `found` are the features that the score was made of, empty where there was nothing to check.
    """

    status: Status
    score: float
    sentence: Sentence | None
    found: Mapping[str, float] = field(default_factory=dict)

    @property
    def doubtful(self) -> bool:
        """Whether the sentence would go, and a second opinion is worth its time before that."""
        return self.status == "unsupported" and bool(self.found) and self.score >= calibration()["second"]["doubt"]


def check(text: str, questions: Sequence[QuestionSentences], room: EvidenceRoom, query: str = "") -> Support:
    """Find the source sentence that supports `text` best, and judge how well it does.

    A question's best single sentence decides the span; its whole text may lend terms and numbers, because a fair
    summary draws on several sentences. The score is a probability, fitted on hand-labelled sentences.
    """
    plain = bare_of_list(text)
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
        found = room.agreement.features(plain, vector, question, query)
        score = probability(found, calibration()["weights"])
        if score > best.score:
            best = Support(_status(score, calibration()["thresholds"]), score, question.sentences[position], found)
    return best


def weighed(support: Support, log_odds: float) -> Support:
    """The verdict with a second opinion: a model's log-odds that the source says so."""
    second = calibration()["second"]
    score = probability({**support.found, "log-odds": log_odds}, second["weights"])
    return replace(support, status=_status(score, second["thresholds"]), score=score)


def bare_of_list(text: str) -> str:
    """A sentence without its list mark."""
    return _LIST_NUMBER.sub("", text).strip()


def probability(found: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Probability in 0..1 that the source carries a sentence with these features."""
    logit = weights["bias"] + sum(weights[name] * value for name, value in found.items())
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


@lru_cache(maxsize=1)
def calibration() -> dict[str, Any]:
    """Learned weights and thresholds, written by `python -m eval fit-support`."""
    text = resources.files("tutor.answering").joinpath("support.json").read_text(encoding="utf-8")
    return json.loads(text)  # type: ignore[no-any-return]


def _status(score: float, limits: Mapping[str, float]) -> Status:
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
