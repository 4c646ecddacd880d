"""Whether a sentence of an answer is supported by the source, and by which sentence of it.

Lexical and semantic agreement, numbers, and negation, without a model call. Knows sentences, nothing of prompts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ingest.text import fold, terms
from tutor.answering.answer import Citation, Status
from tutor.answering.evidence import EvidenceRoom, QuestionSentences, Sentence

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_LIST_NUMBER = re.compile(r"^\s*(?:\d{1,2}[.)、]|[-*•])\s*")
# Chosen on `eval/gold/support_dev.jsonl` (65 hand-labelled sentences): balanced accuracy .81 there; equal weights
# give .73, because a wrong sentence uses the right words too.
SUPPORTED, PARTIAL = 0.58, 0.48
COSINE_WEIGHT, TERM_WEIGHT = 0.9, 0.1
# A number that the source does not hold, and a sentence that only repeats the query.
WRONG_NUMBER, ECHO = 0.3, 0.3
ECHO_SHARE, ECHO_COSINE = 0.55, 0.75


@dataclass(frozen=True)
class Support:
    """The verdict on one sentence: its status, the score behind it, and the sentence of the source."""

    status: Status
    score: float
    sentence: Sentence | None


def check(text: str, questions: Sequence[QuestionSentences], room: EvidenceRoom, query: str = "") -> Support:
    """Find the source sentence that supports `text` best, and judge how well it does.

    A question's best single sentence decides the span; its whole text may lend terms and numbers, because a fair
    summary draws on several sentences.
    """
    plain = _LIST_NUMBER.sub("", text).strip()
    own_terms = set(terms(plain))
    if not own_terms:
        return Support("supported", 1.0, None)
    vector = room.embed([plain])[0]
    echo = _overlap(own_terms, query) >= ECHO_SHARE
    best = Support("unsupported", -1.0, None)
    for question in questions:
        if not question.sentences:
            continue
        cosines = question.vectors @ vector
        overlaps = np.asarray([_overlap(own_terms, s.text) for s in question.sentences], dtype=np.float32)
        position = int(np.argmax(cosines + overlaps))
        whole = " ".join((question.title, *(s.text for s in question.sentences), *question.digest))
        coverage = _overlap(own_terms, whole)
        semantic = float(cosines.max())
        if len(question.digest_vectors):
            semantic = max(semantic, float((question.digest_vectors @ vector).max()))
        score = COSINE_WEIGHT * semantic + TERM_WEIGHT * coverage
        if not _numbers_hold(plain, whole):
            score -= WRONG_NUMBER
        if echo and semantic < ECHO_COSINE:
            score -= ECHO
        if score > best.score:
            best = Support(_status(score), score, question.sentences[position])
    return best


def _status(score: float) -> Status:
    return "supported" if score >= SUPPORTED else "partial" if score >= PARTIAL else "unsupported"


def _overlap(own: set[str], text: str) -> float:
    """Share of the sentence's terms that occur in a text."""
    return len(own & set(terms(text))) / len(own)


def _numbers_hold(text: str, source: str) -> bool:
    """Whether every number of the sentence stands in the source."""
    known = set(_NUMBER.findall(fold(source)))
    return all(number in known for number in _NUMBER.findall(fold(text)) if len(number) > 1)


def citation_of(support: Support, source: str) -> Citation | None:
    """The citation that a supported sentence earns; the quote is an exact slice of the source."""
    found = support.sentence
    if found is None:
        return None
    return Citation(
        found.question, found.section, source[found.start : found.end], found.start, found.end, support.status
    )
