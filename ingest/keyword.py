"""The keyword index: BM25 over the terms of `ingest.text`, stored as memory-mapped arrays by bm25s.

Knows terms and row numbers, nothing of questions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.text import terms

# Lucene's BM25 with a little less length normalisation: entries are short and of similar length.
K1, B = 1.2, 0.5
# A misspelt word is mended when one of the corpus is this similar (0..100); short ones have too many neighbours.
SHORTEST_TYPO, TYPO_SIMILARITY = 5, 80


class KeywordIndex:
    """BM25 scores of all rows for a query."""

    def __init__(self, bm25: Any, rows: int) -> None:
        self._bm25 = bm25
        self.rows = rows

    @classmethod
    def build(cls, texts: Iterable[str], folder: Path) -> KeywordIndex:
        """Index the texts, row by row, and write the index into `folder`."""
        import bm25s

        tokens = [terms(text) for text in texts]
        bm25 = bm25s.BM25(k1=K1, b=B)
        bm25.index(tokens, show_progress=False)
        folder.mkdir(parents=True, exist_ok=True)
        bm25.save(str(folder), show_progress=False)
        return cls(bm25, len(tokens))

    @classmethod
    def open(cls, folder: Path, rows: int) -> KeywordIndex:
        """Open a written index; its arrays stay on disk until they are touched."""
        import bm25s

        return cls(bm25s.BM25.load(str(folder), mmap=True, show_progress=False), rows)

    def nearest(self, term: str) -> str | None:
        """The indexed Latin term that a misspelt one most likely means, or None."""
        from rapidfuzz import fuzz, process

        if len(term) < SHORTEST_TYPO or not term.isascii():
            return None
        found = process.extractOne(term, self._latin, scorer=fuzz.ratio, score_cutoff=TYPO_SIMILARITY)
        return None if found is None else str(found[0])

    @cached_property
    def _latin(self) -> list[str]:
        return [t for t in self._bm25.vocab_dict if t.isascii() and len(t) >= SHORTEST_TYPO - 1]

    def knows(self, term: str) -> bool:
        """Whether any row holds this term."""
        return term in self._bm25.vocab_dict

    def scores(self, query_terms: Sequence[str]) -> NDArray[np.float32]:
        """BM25 score of every row: `(rows,)` float32, 0 where no term occurs."""
        known = [t for t in query_terms if t in self._bm25.vocab_dict]
        if not known:
            return np.zeros(self.rows, dtype=np.float32)
        return np.asarray(self._bm25.get_scores(known), dtype=np.float32)
