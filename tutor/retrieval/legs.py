"""The search legs: each scores every question of the corpus for one query by one kind of evidence.

    keyword-question   BM25 over whole questions, expansions included
    keyword-passage    best BM25 over the passages of a question
    EMBEDDER-text      best cosine over its titles, sentences, table rows and code
    EMBEDDER-ask       best cosine over its expansions, where there are any

Best evidence decides: a question's score is the maximum over its entries. Knows nothing of conversation or fusion.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ingest.chroma import answering, search_collection
from ingest.embed import load_embedder
from ingest.index import Index
from ingest.text import search_terms, terms

Scores = NDArray[np.float32]
# Nearest entries fetched per dense leg. A question with no entry among them gets the score of the last one: it can
# not have been better.
NEAREST = 200


@dataclass(frozen=True)
class LegScores:
    """Scores per leg and question, and what was found below the question.

    Args:
        legs: leg name -> `(questions,)` float32, in the order of `Index.content.questions`.
        passages: `(passages,)` float32, BM25 of each passage.
        entries: entry row -> best cosine, of the entries that the dense legs returned.
        unknown: terms of the query that occur nowhere in the corpus.
    """

    legs: dict[str, Scores]
    passages: Scores
    entries: dict[int, float]
    unknown: frozenset[str]


class Legs:
    """All legs over one open index."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._numbers = list(index.content.questions)
        self._terms_of = lru_cache(maxsize=1024)(self._load_terms)
        self.expanded = index.expanded
        self._of_entry = self._positions(index.content.entry_question)
        self._of_passage = self._positions(index.content.passage_question)
        self._collections = index.collections()
        self._sizes = {leg: collection.count() for leg, collection in self._collections.items()}

    def _positions(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Positions in the ranking of questions given by number."""
        known = np.asarray(self._numbers, dtype=np.int64)
        order = np.argsort(known)
        return np.asarray(order[np.searchsorted(known, numbers, sorter=order)], dtype=np.int64)

    def warm_up(self) -> None:
        """Load embedders and touch every index once, so that the first user does not wait for it."""
        self.score("warm up")

    def score(self, query: str) -> LegScores:
        """Score every question by every leg."""
        query_terms, unknown = self._known_terms(query)
        passage_scores = self._index.keyword_passages.scores(query_terms)
        legs = {
            "keyword-question": self._index.keyword_questions.scores(query_terms),
            "keyword-passage": self._best(passage_scores, self._of_passage, floor=0.0),
        }
        entries: dict[int, float] = {}
        vectors = {e: load_embedder(e).queries([query])[0] for e in dict.fromkeys(e for e, _ in self._collections)}
        for (embedder, role), collection in self._collections.items():
            k = min(NEAREST, self._sizes[embedder, role])
            with answering(self._index.chroma_url):
                rows, cosines = search_collection(collection, vectors[embedder], k)
            scores = np.asarray(cosines, dtype=np.float32)
            floor = float(scores[-1]) if len(scores) else 0.0
            legs[f"{embedder}-{role}"] = self._best(scores, self._of_entry[rows], floor=floor)
            for row, cosine in zip(rows, cosines, strict=True):
                entries[row] = max(cosine, entries.get(row, -1.0))
        return LegScores(legs, passage_scores, entries, unknown)

    def _known_terms(self, query: str) -> tuple[list[str], frozenset[str]]:
        """The query's terms with misspelt words mended, and those that the corpus never uses."""
        keyword = self._index.keyword_questions
        known, unknown = [], set()
        stated = set(terms(query))
        for term in search_terms(query):
            mended = term if keyword.knows(term) else keyword.nearest(term)
            if mended is not None:
                known.append(mended)
            elif term in stated:
                unknown.add(term)
        return known, frozenset(unknown)

    def terms_of(self, position: int) -> frozenset[str]:
        """All terms of the question at this position of the ranking, expansions included."""
        return self._terms_of(position)

    def _load_terms(self, position: int) -> frozenset[str]:
        content = self._index.content
        question = self._numbers[position]
        return frozenset(t for _, entry in content.entries_of(question) for t in terms(entry.searched))

    def _best(self, scores: Scores, owner: NDArray[np.int64], *, floor: float) -> Scores:
        best = np.full(len(self._numbers), floor, dtype=np.float32)
        np.maximum.at(best, owner, scores)
        return best
