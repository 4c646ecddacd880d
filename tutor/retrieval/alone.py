"""Whether a query behind a conversation means what it says by itself, where that is another question than in its context.

Follow-ups are worded otherwise than queries that stand alone, whatever they are about: a linear model over the vectors of
a query tells them apart, and is weighed with what both readings find. It belongs to one source text, as the follow-ups
do: `python -m eval fit` writes `alone.npz` for the shipped document. Knows vectors and scores, nothing of questions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ingest.embed import Vectors, side_by_side
from tutor.retrieval.context import RICH
from tutor.retrieval.conversation import content_terms, has_pronoun, leans

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Alone:
    """What was learned from follow-ups and from queries that stand alone.

    Args:
        weights: `(896,)`, of both packaged embedders side by side; with `bias` the log-odds that a query stands alone.
        weighing: of the signs, in the order of `signs`, and a bias.
    """

    FILE: ClassVar[Path] = Path(__file__).parent / "alone.npz"
    source_sha256: str
    weights: Array
    bias: float
    weighing: tuple[float, ...]

    def signs(self, query: str, vectors: Mapping[str, Vectors], own: Array, within: Array) -> Array:
        """What speaks for or against the query's own reading, `(7,)`.

        Args:
            own: fused score of each question by the query alone, `(questions,)`.
            within: the same in its context, on any scale that is always the same.
        """
        first, other = int(own.argmax()), int(within.argmax())
        return np.asarray([
            side_by_side(vectors) @ self.weights + self.bias,
            own[first],
            own[first] - own[other],
            within[other] - within[first],
            min(1.0, len(content_terms(query)) / RICH),
            float(has_pronoun(query)),
            float(leans(query)),
        ])  # fmt: skip

    def prefers_own(self, query: str, vectors: Mapping[str, Vectors], own: Array, within: Array) -> bool:
        """Whether what the query finds by itself is more likely meant than what it finds in its context."""
        *weights, bias = self.weighing
        return bool(self.signs(query, vectors, own, within) @ weights + bias > 0)

    def arrays(self) -> dict[str, Any]:
        """What has to be kept, by name."""
        return {
            "weights": self.weights.astype(np.float32), "bias": np.float32(self.bias),
            "weighing": np.asarray(self.weighing),
        }  # fmt: skip

    @classmethod
    def from_arrays(cls, source_sha256: str, arrays: Mapping[str, Any]) -> Alone:
        """What `arrays` gave, read back."""
        weights = arrays["weights"].astype(np.float64)
        return cls(source_sha256, weights, float(arrays["bias"]), tuple(arrays["weighing"].tolist()))
