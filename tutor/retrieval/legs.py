"""The search legs: each scores every question of the corpus for one query by one kind of evidence.

    keyword-question   BM25 over whole questions, expansions included
    keyword-passage    best BM25 over the passages of a question
    EMBEDDER-text      best cosine over its titles, sentences, table rows and code
    EMBEDDER-ask       best cosine over its expansions, where there are any

Best evidence decides: a question's score is the maximum over its entries. Knows nothing of conversation or fusion.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ingest.chroma import answering, search_collection, stored_vector
from ingest.embed import Vectors, load_embedder, texts_at_once
from ingest.index import Index
from ingest.text import search_terms, terms

Scores = NDArray[np.float32]
# Rows of the nearest entries and their cosines, `(k,)` each, best first.
Neighbours = tuple[NDArray[np.int64], NDArray[np.float64]]
# Nearest entries fetched per dense leg. A question with no entry among them gets the score of the last one: it can
# not have been better.
NEAREST = 200
# Queries whose vectors and neighbours are kept: a conversation comes back to its last queries with every turn, and users
# share the usual questions. The neighbours are 3 kB for each dense leg; asking Chroma for them takes 2 to 3 ms of a core.
VECTORS = 256


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
        self.expanded = index.expanded
        self._of_entry = self._positions(index.content.entry_question)
        self._of_passage = self._positions(index.content.passage_question)
        self._collections = index.collections()
        self._sizes = {leg: collection.count() for leg, collection in self._collections.items()}
        embedders = list(dict.fromkeys(embedder for embedder, _ in self._collections))
        self._quick = {embedder for embedder, role in self._collections if role == "text"} or set(embedders)
        # Slow ones begin, and work in a thread of their own while the other legs search. Where a slow embedder takes all
        # cores the quick ones come after it: side by side they would share them, and each wait for the other's share.
        self.embedders = sorted(embedders, key=lambda embedder: embedder in self._quick)
        self._pool = ThreadPoolExecutor(texts_at_once(), thread_name_prefix="embed")
        self._vector = lru_cache(maxsize=VECTORS)(self._start_embedding)
        self._nearest = lru_cache(maxsize=VECTORS * len(self._collections))(self._look_up)

    def _start_embedding(self, embedder: str, query: str) -> Future[Vectors]:
        return self._pool.submit(lambda: load_embedder(embedder).queries([query])[0])

    def _positions(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Positions in the ranking of questions given by number."""
        known = np.asarray(self._numbers, dtype=np.int64)
        order = np.argsort(known)
        return np.asarray(order[np.searchsorted(known, numbers, sorter=order)], dtype=np.int64)

    def warm_up(self) -> None:
        """Load embedders and touch every index once, so that the first user does not wait for it."""
        self.score("warm up")

    def prepare(self, query: str) -> None:
        """Start embedding a query that will be scored by every leg, beside whatever comes first."""
        for embedder in self.embedders:
            self._vector(embedder, query)

    def vectors(self, query: str) -> dict[str, Vectors]:
        """The unit vectors of a query by embedder, embedded once."""
        self.prepare(query)
        return {embedder: self._vector(embedder, query).result() for embedder in self.embedders}

    def score(self, query: str) -> LegScores:
        """Score every question by every leg."""
        self.prepare(query)
        return self._score(query, sorted(self._collections, key=lambda leg: leg[0] in self._quick))

    def glance(self, query: str) -> LegScores:
        """Score every question by the quick legs: keywords, and embedders that read the text itself.

        An embedder that reads nothing but questions and expansions was given so little because it is slow.
        """
        return self._score(query, [leg for leg in self._collections if leg[0] in self._quick])

    def leaning(self, query: str, question: int) -> dict[str, Scores]:
        """The legs that `glance` leaves out, for a query about a question: halfway between the two.

        The vector of the question's title is in the index, that of the query known: nothing is embedded.
        """
        row = self._title_row(question)
        legs = {}
        for leg, collection in self._collections.items():
            if leg[0] not in self._quick:
                with answering(self._index.chroma_url):
                    vector = self._vector(leg[0], query).result() + stored_vector(collection, row)
                legs["-".join(leg)] = self._of_questions(*self._neighbours(leg, vector / np.linalg.norm(vector)))
        return legs

    def _score(self, query: str, dense: Sequence[tuple[str, str]]) -> LegScores:
        query_terms, unknown = self._known_terms(query)
        passage_scores = self._index.keyword_passages.scores(query_terms)
        legs = {
            "keyword-question": self._index.keyword_questions.scores(query_terms),
            "keyword-passage": self._best(passage_scores, self._of_passage, floor=0.0),
        }
        entries: dict[int, float] = {}
        for leg in dense:
            rows, cosines = self._nearest(leg, query)
            legs["-".join(leg)] = self._of_questions(rows, cosines)
            for row, cosine in zip(rows.tolist(), cosines.tolist(), strict=True):
                entries[row] = max(cosine, entries.get(row, -1.0))
        return LegScores(legs, passage_scores, entries, unknown)

    def _look_up(self, leg: tuple[str, str], query: str) -> Neighbours:
        return self._neighbours(leg, self._vector(leg[0], query).result())

    def _neighbours(self, leg: tuple[str, str], vector: Vectors) -> Neighbours:
        with answering(self._index.chroma_url):
            rows, cosines = search_collection(self._collections[leg], vector, min(NEAREST, self._sizes[leg]))
        return np.asarray(rows, dtype=np.int64), np.asarray(cosines, dtype=np.float64)

    def _of_questions(self, rows: NDArray[np.int64], cosines: NDArray[np.float64]) -> Scores:
        """Best cosine per question."""
        scores = cosines.astype(np.float32)
        floor = float(scores[-1]) if len(scores) else 0.0
        return self._best(scores, self._of_entry[rows], floor=floor)

    def _title_row(self, question: int) -> int:
        return next(row for row, entry in self._index.content.entries_of(question) if entry.kind == "title")

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

    def mentions(self, position: int, term: str) -> bool:
        """Whether the question at this position of the ranking, or one of its expansions, holds a term."""
        return self._index.keyword_questions.holds(position, term)

    def _best(self, scores: Scores, owner: NDArray[np.int64], *, floor: float) -> Scores:
        best = np.full(len(self._numbers), floor, dtype=np.float32)
        np.maximum.at(best, owner, scores)
        return best
