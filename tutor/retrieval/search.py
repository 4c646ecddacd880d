"""The searcher: opens the index of a corpus, follows a rebuild without a restart, and has its questions ranked.

Knows nothing of models, prompts or pages.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.corpora import check_name
from ingest.index import Index
from tutor.retrieval.courtesy import without_courtesies
from tutor.retrieval.framing import about
from tutor.retrieval.hits import Hits
from tutor.retrieval.legs import Legs
from tutor.retrieval.ranker import LONGEST_QUERY, Ranker
from tutor.retrieval.rerank import load_reranker
from tutor.retrieval.result import SearchResult, Turn

if TYPE_CHECKING:
    from tutor.settings import Settings

# Turns before a query that are looked at, the last ones: each that cites nothing is searched in its turn.
MOST_TURNS = 40


class Searcher:
    """Searches one corpus. Safe to share between threads."""

    def __init__(
        self,
        corpora_dir: Path,
        corpus: str,
        embedders: Sequence[str],
        chroma_url: str | None = None,
        reranker: str = "",
    ) -> None:
        self.folder = corpora_dir / check_name(corpus)
        self.embedders = tuple(embedders)
        self._chroma_url = chroma_url
        self._reranker = load_reranker(reranker) if reranker else None
        self._lock = threading.Lock()
        self._retired: Ranker | None = None
        self.ranker = self._opened()

    @classmethod
    def configured(cls, settings: Settings, corpus: str = "") -> Searcher:
        """The searcher of a corpus, by default the one that is asked when none is named."""
        name = corpus or settings.corpus
        return cls(settings.corpora_dir, name, settings.embedders, settings.chroma_url, settings.reranker)

    def _opened(self) -> Ranker:
        """A ranker of the build that stands in the folder now: all of it or none, legs of one build must not point into another."""
        index = Index.open(self.folder, self.embedders, self._chroma_url)
        try:
            return Ranker(index, self._reranker)
        except BaseException:
            index.close()
            raise

    @property
    def index(self) -> Index:
        """The index that is searched."""
        return self.ranker.index

    @property
    def legs(self) -> Legs:
        """What its scores are computed by."""
        return self.ranker.legs

    @property
    def hits(self) -> Hits:
        """What its questions look like as hits."""
        return self.ranker.hits

    @property
    def titles(self) -> Mapping[int, str]:
        """Its questions by number."""
        return self.ranker.titles

    def warm_up(self) -> None:
        """Load everything that the first search would wait for."""
        self.legs.warm_up()

    def search(self, query: str, history: Sequence[Turn] = (), top: int = 5) -> SearchResult:
        """Rank the questions of the corpus for a query.

        Args:
            query: the user's words.
            history: the conversation before it, oldest first; its last `MOST_TURNS` count.
            top: number of hits, at least 1.

        Raises:
            IndexMissing, IndexMismatch: the index was removed, or built anew with other settings.
            IndexUnavailable: the Chroma server does not answer.
        """
        started = time.perf_counter()
        ranker = self._current()
        result = ranker.search(about(query[:LONGEST_QUERY]), without_courtesies(history)[-MOST_TURNS:], top)
        elapsed = (time.perf_counter() - started) * 1000
        return replace(result, query=query[:LONGEST_QUERY], ms=round(elapsed, 1))

    def _current(self) -> Ranker:
        """The ranker of the newest build: one for a whole search, whatever another thread swaps in meanwhile."""
        with self._lock:
            if self.index.stale():
                before, self.ranker = self.ranker, self._opened()
                # Another thread may still search the build before this one, but none the build before that.
                if self._retired is not None:
                    self._retired.index.close()
                self._retired = before
            return self.ranker
