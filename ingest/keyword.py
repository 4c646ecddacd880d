"""The keyword index: BM25 over the terms of `ingest.text`, stored as memory-mapped arrays by bm25s.

Knows terms and row numbers, nothing of questions. bm25s computes and keeps the scores; they are added up here,
because its own query takes no weights per term.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.text import GRAMMAR, search_terms

# Lucene's BM25 with a little less length normalisation: entries are short and of similar length.
K1, B = 1.2, 0.5
# Weight of a single Han character beside the bigrams, and of a bigram for each grammar character in it (「的人」).
# On DRCD, bigrams alone: hit@1 .936; both: .955, with little between .25 and 1 for the first, .25 and .5 for the other.
CHARACTER_WEIGHT, GRAMMAR_WEIGHT = 0.5, 0.5
# A misspelt word is mended when one of the corpus is this similar (0..100); short ones have too many neighbours.
SHORTEST_TYPO, TYPO_SIMILARITY = 5, 80


def _bm25s() -> Any:
    """The package, imported late and told to keep its progress to itself: it logs at level DEBUG on its own account."""
    import bm25s

    logging.getLogger("bm25s").setLevel(logging.WARNING)
    return bm25s


class KeywordIndex:
    """BM25 scores of all rows for a query."""

    def __init__(self, bm25: Any, rows: int) -> None:
        self._vocabulary: dict[str, int] = bm25.vocab_dict
        self._scores: NDArray[np.float32] = bm25.scores["data"]
        self._rows: NDArray[np.int32] = bm25.scores["indices"]
        # Where each term's rows begin, in memory: it is small and every query reads it.
        self._starts = np.asarray(bm25.scores["indptr"])
        self.rows = rows

    @classmethod
    def build(cls, texts: Iterable[str], folder: Path) -> KeywordIndex:
        """Index the texts, row by row, and write the index into `folder`. Texts are read one at a time."""
        from bm25s.tokenization import Tokenized

        bm25s = _bm25s()

        vocabulary: dict[str, int] = {}
        rows = [[vocabulary.setdefault(t, len(vocabulary)) for t in search_terms(text)] for text in texts]
        bm25 = bm25s.BM25(k1=K1, b=B)
        # A corpus without any term has an index too: of the empty term, which no query asks for.
        bm25.index(Tokenized(rows, vocabulary) if vocabulary else Tokenized([[0]], {"": 0}), show_progress=False)
        folder.mkdir(parents=True, exist_ok=True)
        bm25.save(str(folder), show_progress=False)
        return cls(bm25, len(rows))

    @classmethod
    def open(cls, folder: Path, rows: int) -> KeywordIndex:
        """Open a written index; its arrays stay on disk until they are touched."""
        return cls(_bm25s().BM25.load(str(folder), mmap=True, show_progress=False), rows)

    @property
    def mapped(self) -> bool:
        """Whether the scores lie on disk, mapped into memory."""
        return isinstance(self._scores, np.memmap) and isinstance(self._rows, np.memmap)

    def nearest(self, term: str) -> str | None:
        """The indexed Latin term that a misspelt one most likely means, or None."""
        from rapidfuzz import fuzz, process

        if len(term) < SHORTEST_TYPO or not term.isascii():
            return None
        found = process.extractOne(term, self._latin, scorer=fuzz.ratio, score_cutoff=TYPO_SIMILARITY)
        return None if found is None else str(found[0])

    @cached_property
    def _latin(self) -> list[str]:
        return [t for t in self._vocabulary if t.isascii() and len(t) >= SHORTEST_TYPO - 1]

    def knows(self, term: str) -> bool:
        """Whether any row holds this term."""
        return term in self._vocabulary

    def holds(self, row: int, term: str) -> bool:
        """Whether this row holds this term."""
        position = self._vocabulary.get(term)
        return position is not None and bool((self._rows_of(position) == row).any())

    def _rows_of(self, position: int) -> NDArray[np.int32]:
        return self._rows[self._starts[position] : self._starts[position + 1]]

    def scores(self, query_terms: Sequence[str]) -> NDArray[np.float32]:
        """BM25 score of every row for terms as `search_terms` gives them: `(rows,)` float32, 0 where none occurs."""
        found = np.zeros(self.rows, dtype=np.float32)
        weights: dict[int, float] = {}
        for term in query_terms:
            position = self._vocabulary.get(term) if term else None
            if position is not None:
                weights[position] = weights.get(position, 0.0) + weight_of(term)
        for position, weight in weights.items():
            scores = self._scores[self._starts[position] : self._starts[position + 1]]
            # A term names a row once, so this adds everything.
            found[self._rows_of(position)] += np.float32(weight) * scores
        return found


def weight_of(term: str) -> float:
    """How much a term of the query counts."""
    if term < "\u3000" or len(term) > 2:
        return 1.0
    grammar = sum(character in GRAMMAR for character in term)
    if len(term) == 1:
        return 0.0 if grammar else CHARACTER_WEIGHT
    return float(GRAMMAR_WEIGHT**grammar)
