"""Evidence for one answer: the sentences of the best questions that speak to the query, with their source spans.

A small model drowns in whole answers, and on a CPU every token it reads costs 14 ms. So it is given sentences, not
pages. Knows the index and the ranking, nothing of prompts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ingest.document import Entry
from ingest.embed import load_embedder, split_spec
from ingest.text import terms
from tutor.answering.answer import Language
from tutor.retrieval.result import SearchResult
from tutor.retrieval.search import Searcher

# Sentences taken from the best question, and from each further one.
FIRST, FURTHER = 8, 4
# A further question joins when it scores at least this share of the best: a comparison of two, a shared topic.
JOINS = 0.62
MOST_QUESTIONS = 3
# Shared terms count this much beside the cosine when sentences of one question are ranked.
TERM_WEIGHT = 0.5


@dataclass(frozen=True)
class Sentence:
    """One sentence, table row or code block of the source.

    Args:
        text: plain, with the lead of its list item in front.
        start, end: its verbatim span.
    """

    question: int
    section: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class QuestionSentences:
    """All sentences of a question with their vectors `(n, dimension)`; and its reviewed English digest."""

    number: int
    title: str
    sentences: tuple[Sentence, ...]
    vectors: NDArray[np.float32]
    digest: tuple[str, ...]
    digest_vectors: NDArray[np.float32]


@dataclass(frozen=True)
class Chosen:
    """What one question contributes: plain texts for the prompt, in the order of the document."""

    number: int
    title: str
    texts: tuple[str, ...]


class EvidenceRoom:
    """Chooses evidence from one corpus. Sentences of a question are embedded once and kept."""

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher
        self._embedder = load_embedder(split_spec(searcher.embedders[0])[0])
        self._kept = lru_cache(maxsize=256)(self._load)

    def sentences_of(self, number: int) -> QuestionSentences:
        """Sentences of a question with vectors."""
        return self._kept(number, self._searcher.index.build_folder.name)

    def _load(self, number: int, build: str) -> QuestionSentences:
        del build  # only part of the key: a rebuilt corpus is read again
        content = self._searcher.index.content
        title = self._searcher.titles[number]
        sentences, digest = [], []
        for _, entry in content.entries_of(number):
            if entry.kind in {"sentence", "row", "code"} and entry.passage is not None:
                section = content.passage(entry.passage).section
                sentences.append(Sentence(number, section, _text(entry), entry.start, entry.end))
            elif entry.kind == "digest":
                digest.append(entry.text)
        return QuestionSentences(
            number, title, tuple(sentences), self.embed([s.text for s in sentences]), tuple(digest), self.embed(digest)
        )

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors `(n, dimension)` of texts, comparable with those of the sentences."""
        if not texts:
            return np.zeros((0, self._embedder.dimension), dtype=np.float32)
        return self._embedder.passages(texts)

    def choose(self, result: SearchResult, language: Language) -> list[Chosen]:
        """The sentences that the answer may be made of, best question first.

        English queries get the reviewed English digest where there is one: a small model words English facts far
        better than it translates.
        """
        if not result.hits:
            return []
        best = result.hits[0].score
        hits = [h for h in result.hits[:MOST_QUESTIONS] if result.addressed or h.score >= JOINS * best]
        query = result.query if result.rewritten is None else f"{result.rewritten} {result.query}"
        query_terms = set(terms(query))
        vector = self.embed([query])[0]
        chosen = []
        for rank, hit in enumerate(hits):
            whole = self.sentences_of(hit.question)
            limit = FIRST if rank == 0 else FURTHER
            if language == "en" and whole.digest:
                texts, vectors = whole.digest, whole.digest_vectors
            else:
                texts, vectors = tuple(s.text for s in whole.sentences), whole.vectors
            chosen.append(Chosen(hit.question, whole.title, _best(texts, vectors, vector, query_terms, limit)))
        return chosen


def _best(
    texts: Sequence[str], vectors: NDArray[np.float32], query: NDArray[np.float32], query_terms: set[str], limit: int
) -> tuple[str, ...]:
    """The `limit` texts nearest to the query, in their own order."""
    if len(texts) <= limit:
        return tuple(texts)
    shared = [len(query_terms & set(terms(t))) / max(1, len(query_terms)) for t in texts]
    scores = vectors @ query + TERM_WEIGHT * np.asarray(shared, dtype=np.float32)
    return tuple(texts[i] for i in sorted(np.argsort(-scores)[:limit]))


def _text(entry: Entry) -> str:
    """The sentence as the model reads it: with its lead, unless it says that itself."""
    if not entry.lead or entry.lead in entry.text:
        return entry.text
    return f"{entry.lead}：{entry.text}"
