"""What a search returns. Plain data, shared by answering, the command line and the page."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.document import Passage

# From where to where in the source, in characters.
Span = tuple[int, int]


@dataclass(frozen=True)
class Turn:
    """One message of a conversation; `role` is "user" or "assistant"."""

    role: str
    content: str


@dataclass(frozen=True)
class Evidence:
    """A passage chosen for a query: its row in the index, the passage, its score (higher is better)."""

    row: int
    passage: Passage
    score: float


@dataclass(frozen=True)
class Hit:
    """A question that answers the query, with its best passages first."""

    question: int
    title: str
    score: float
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Compared:
    """A thing that a query compares with others, in its own words, and the question that it has of its own."""

    thing: str
    question: int


@dataclass(frozen=True)
class SearchResult:
    """A ranking for one query.

    Args:
        rewritten: the stand-alone form that was searched, None where the query was searched as it stood.
        in_corpus: whether the corpus answers the query, decided from `confidence`.
        confidence: calibrated probability that it does, 0 to 1.
        addressed: whether the query named its questions directly.
        ms: time taken, milliseconds.
        near: of a query that was ranked beside the conversation, what to offer if it is refused: the questions nearest
            to it by itself where it names a topic of its own, else what was talked about, then the hits.
        points: of a follow-up of a known kind, where in the source the key points of the first hit stand that answer what it
            asks for, best first; empty where that is not known.
        asked: where in the source the key points of the hits stand that queries like this one ask for, best first for each hit;
            empty where none are known.
        known: whether queries are known that the corpus answers and have a say in the scores, which lie further apart then.
        compared: of a query that compares things of which two or more have questions of their own, those that are among the hits, in the
            order of the query.
        unlike: of a query that was ranked beside the conversation, whether the follow-ups of the corpus are known and it is like
            none of them.
    """

    query: str
    rewritten: str | None
    in_corpus: bool
    confidence: float
    hits: tuple[Hit, ...]
    addressed: bool = False
    ms: float = 0.0
    near: tuple[int, ...] = ()
    points: tuple[Span, ...] = ()
    asked: tuple[Span, ...] = ()
    known: bool = False
    compared: tuple[Compared, ...] = ()
    unlike: bool = False
