"""A near miss: what the document does say nearby, and a clear word about what it does not.

Knows sentences and vectors, nothing of models.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ingest.text import fold, terms
from tutor.answering.answer import Language
from tutor.answering.citations import citation
from tutor.answering.evidence import EvidenceRoom
from tutor.answering.guard import trusted
from tutor.answering.keypoints import KeyPoint, choose
from tutor.answering.wording import say
from tutor.retrieval.conversation import content_terms
from tutor.retrieval.result import SearchResult

# The best question is near where a sentence of it comes this near and it knows this share of the query's topic:
# on dev and train two near misses of five pass, of the questions off the topic one in twenty.
COSINE, SHARE = 0.30, 0.20
POINTS = 2
MOST_NAMES = 3
LONGEST_NAMED = 100
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*[A-Z0-9][A-Za-z0-9+-]*|[A-Z][A-Za-z0-9+-]+")


@dataclass(frozen=True)
class Nearby:
    """What can be offered instead of an answer.

    Args:
        unknown: names in the query that the nearest question never mentions.
        points: key points of that question.
    """

    number: int
    title: str
    unknown: tuple[str, ...]
    points: tuple[KeyPoint, ...]


def nearby(result: SearchResult, room: EvidenceRoom, language: Language, flags: list[str]) -> Nearby | None:
    """What the best question says nearby; None where the query is about something else altogether.

    `flags` takes what was left out because it gives orders.
    """
    if not result.hits:
        return None
    question = room.sentences_of(result.hits[0].question)
    vector = room.embed([result.query])[0]
    likeness = [float(v.max(initial=0.0)) for v in (question.vectors @ vector, question.digest_vectors @ vector)]
    every = (question.title, *(s.text for s in question.sentences), *question.digest)
    # What a question is about stands in its title, its reviewed statements and its digest. Its examples talk of the
    # weather and of capitals; they count only where there is nothing else.
    reviewed = (*(s.text for s in question.statements), *(s.text_en for s in question.statements), *question.digest)
    about = (question.title, room.title_in(question.number, "en"), *reviewed) if reviewed else every
    known = {term for text in about for term in terms(text)}
    topic = set(content_terms(result.query))
    if max(likeness) < COSINE or len(topic & known) < SHARE * max(1, len(topic)):
        return None
    # What is asked for is not there: what stands nearest to it is shown.
    chosen = trusted(choose(replace(result, asked=()), room, language)[:1], room, flags)
    shown = [p for part in chosen for p in part.points if p.in_language]
    best = sorted(shown, key=lambda p: -float(p.vector @ vector))[:POINTS]
    folded = " ".join(fold(text) for text in every)
    short = len(result.query) <= LONGEST_NAMED and "\n" not in result.query  # a pasted text names nothing of its own
    named = [n for n in _NAME.finditer(result.query) if language != "en" or n.start()]  # any word begins a sentence
    names = dict.fromkeys(n[0] for n in named if short and fold(n[0]) not in folded)
    return Nearby(question.number, question.title, tuple(names)[:MOST_NAMES], tuple(p for p in shown if p in best))


def opening(found: Nearby, language: Language) -> str:
    """The sentences that say what the document does not say, and where the nearest is."""
    quoted, between = {"zh-Hant": ("「{}」", ""), "zh-Hans": ("“{}”", ""), "en": ('"{}"', ", ")}[language]
    names = between.join(quoted.format(n) for n in found.unknown)
    missing = say("not-named", language).format(names) if found.unknown else say("not-said", language)
    return missing + nearest(found.number, language)


def nearest(number: int, language: Language) -> str:
    """The words before what a question says nearby."""
    return say("said-nearby", language).format(citation(number, language))
