"""What a ranked question brings with it: its passages, those nearest to the query first.

Reads one index; knows nothing of how questions are ranked.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ingest.document import Passage
from ingest.index import Index
from ingest.text import language_of
from tutor.retrieval.legs import LegScores
from tutor.retrieval.result import Evidence, Hit

# Passages kept per hit. More never helped the answer and all of them cost reading time.
EVIDENCE_PER_HIT = 4


class Hits:
    """Makes hits of the questions of one index."""

    def __init__(self, index: Index) -> None:
        self._content = index.content
        self.titles = {n: q.title for n, q in self._content.questions.items()}

    def near(self, number: int, score: float, scored: LegScores, best: Mapping[int, float]) -> Hit:
        """A question with its passages nearest to the query.

        Args:
            best: what `best_entries` gave for the same scores.
        """
        rows = self._content.passages_of(number)
        keyword = np.asarray([scored.passages[row] for row, _ in rows], dtype=np.float32)
        keyword = keyword / (keyword.max() or 1.0) if len(keyword) else keyword
        evidence = [
            Evidence(row, passage, float(k) + best.get(row, 0.0))
            for (row, passage), k in zip(rows, keyword, strict=True)
        ]
        evidence.sort(key=lambda e: -e.score)
        return Hit(number, self.titles[number], round(score, 6), tuple(evidence[:EVIDENCE_PER_HIT]))

    def best_entries(self, scored: LegScores) -> dict[int, float]:
        """Passage row -> best cosine of its entries, of those that the dense legs returned."""
        best: dict[int, float] = {}
        passages = self._content.entry_passage[list(scored.entries)].tolist() if scored.entries else []
        for passage, cosine in zip(passages, scored.entries.values(), strict=True):
            if passage >= 0:
                best[passage] = max(cosine, best.get(passage, 0.0))
        return best

    def whole(self, number: int) -> Hit:
        """A question with all its passages, in document order."""
        evidence = tuple(Evidence(row, passage, 1.0) for row, passage in self._content.passages_of(number))
        return Hit(number, self.titles[number], 1.0, evidence)

    def passages(self, number: int) -> list[Passage]:
        """All passages of a question, in document order."""
        return [passage for _, passage in self._content.passages_of(number)]

    def title_in(self, number: int, *, english: bool) -> str:
        """The title of a question in English or not, where a reviewed one is indexed beside the document's own; else that.

        "" for a question that is no more: the index may have been built anew since it was found.
        """
        titles = [e.text for _, e in self._content.entries_of(number) if e.kind == "title"]
        return next((t for t in titles if (language_of(t) == "en") == english), self.titles.get(number, ""))


def text_of(hit: Hit) -> str:
    """What a cross-encoder reads of a question: its title and the passages nearest to the query."""
    return "\n".join([hit.title, *(evidence.passage.text for evidence in hit.evidence)])
