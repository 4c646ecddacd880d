"""Queries that are known beforehand for a document: which question answers one like them, and which of its key points.

「BLEU 跟 ROUGE 的共同局限？」 wants the limits, not everything that is said about both. They belong to one source text:
`python -m eval fit` writes `asked.npz` for the shipped document, and for every other document, or an edited one, there are none.
Knows vectors and question numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ingest.embed import Vectors, side_by_side
from tutor.retrieval.remembered import Remembered, shares
from tutor.retrieval.result import Span

Array = NDArray[np.float64]
# Sharpness of the likeness, and the least share of the known queries like this one that a point answers to be one of those asked for:
# of the points listed for dev queries .67 answer, and .91 of those that do are listed (`python -m eval points --part dev`). 4 to 11 tell
# points apart alike (AUC .887 to .900); with a least share of .2 the answers lose a point of their facts.
SHARPNESS, LEAST_SHARE = 8.0, 0.15
# Sharpness where it is asked which question answers, and the weight of that share beside the fused score. Of 86 comparisons and questions
# about one aspect (dev) 81 find their question first without, 85 with it (the whole weight 85 too), others as before
# (`python -m eval retrieval --part dev`).
SHARPNESS_QUESTIONS, BESIDE_FUSED = 14.0, 0.5


@dataclass(frozen=True)
class AskedPoints:
    """Which key points of its question each of some known texts asks for, and where in the source these stand.

    Args:
        asked: `(n, most)`, by the place of a point in its rubric; none where only the text answers.
        spans: `(questions + 1, most, 2)`; zeros where there is no such point. A rubric that was edited since is known again
            by them, as far as it rests on the same words.
    """

    asked: NDArray[np.bool_]
    spans: NDArray[np.int64]

    def named(
        self, say: Array, rows: NDArray[np.bool_] | NDArray[np.int64], number: int, least: float
    ) -> tuple[Span, ...]:
        """Where the points of a question stand that a good part of those alike ask for, best first.

        Args:
            say: how much each of `rows` has to say, more than 0 together.
            least: share of it that asks for a point.
        """
        share = say / say.sum() @ self.asked[rows]
        # Those asked for about as often stay in the order of the document: steps, two sides of a thing.
        ordered = np.lexsort((self.spans[number, :, 0], -np.round(share, 1))).tolist()
        found = [row for row in ordered if share[row] >= least]
        return tuple((start, end) for start, end in self.spans[number, found].tolist())

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> AskedPoints:
        """What `arrays` gave, read back."""
        return cls(arrays["points"].astype(np.bool_), arrays["spans"].astype(np.int64))

    def arrays(self) -> dict[str, Any]:
        """What has to be kept, by name."""
        return {"points": self.asked, "spans": self.spans.astype(np.int32)}


@dataclass(frozen=True)
class KnownQueries:
    """Queries of one document that it answers.

    Args:
        question: `(n,)`, the one that answers each; a query that two answer is there twice.
    """

    FILE: ClassVar[Path] = Path(__file__).parent / "asked.npz"
    source_sha256: str
    queries: Remembered
    question: NDArray[np.int64]
    points: AskedPoints

    def beside(self, fused: Array, likeness: Array, numbers: Sequence[int]) -> Array:
        """Fused scores of questions, `(questions,)` in the order of `numbers`, with the share of the known queries alike that each answers."""
        say = shares(likeness, np.ones(len(likeness)), SHARPNESS_QUESTIONS)
        leading = np.bincount(self.question, weights=say, minlength=max(numbers) + 1)[list(numbers)]
        return np.asarray((fused + BESIDE_FUSED * leading) / (1 + BESIDE_FUSED))

    def points_for(self, likeness: Array, numbers: Iterable[int]) -> tuple[Span, ...]:
        """Where the key points of some questions stand that a query asks for, best first for each.

        None of a question that no known query asks about, or where those most alike ask for nothing but its text.
        """
        found = list[Span]()
        for number in numbers:
            rows = np.flatnonzero(self.question == number)
            if len(rows):
                say = shares(likeness[rows], np.ones(len(rows)), SHARPNESS)
                found += self.points.named(say, rows, number, LEAST_SHARE)
        return tuple(found)

    def arrays(self) -> dict[str, Any]:
        """What has to be kept, by name."""
        return {"question": self.question.astype(np.int16), **self.points.arrays(), **self.queries.arrays()}

    @classmethod
    def from_arrays(cls, source_sha256: str, arrays: Mapping[str, Any]) -> KnownQueries:
        """What `arrays` gave, read back."""
        question = arrays["question"].astype(np.int64)
        return cls(source_sha256, Remembered.from_arrays(arrays), question, AskedPoints.from_arrays(arrays))


@dataclass(frozen=True)
class Alike:
    """What the known queries say of one query: nothing where none are known.

    Args:
        known: the queries of the document, if any are.
        likeness: of the query to each of them, `(n,)`.
    """

    known: KnownQueries | None
    likeness: Array

    @classmethod
    def of(cls, known: KnownQueries | None, vectors: Mapping[str, Vectors]) -> Alike:
        """What they say of a query with these unit vectors by embedder."""
        return cls(known, np.zeros(0) if known is None else known.queries.likeness(side_by_side(vectors)))

    def beside(self, fused: Array, numbers: Sequence[int]) -> Array:
        """Fused scores of questions, `(questions,)` in the order of `numbers`, with the share of those alike that each answers."""
        return fused if self.known is None else self.known.beside(fused, self.likeness, numbers)

    def points_for(self, numbers: Iterable[int]) -> tuple[Span, ...]:
        """Where the key points of some questions stand that the query asks for, best first for each."""
        return () if self.known is None else self.known.points_for(self.likeness, numbers)
