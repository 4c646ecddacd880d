"""Whether a query is about what a document treats, learned from queries that it answers and others that it does not.

What the legs find says how near the nearest question is; this knows which neighbouring topics the document leaves out:
on the whole, by kernel ridge regression, and close by, from those of the queries it learned from that are most alike. It belongs
to one source text: `python -m eval fit` writes `treated.npz` for the shipped document, and for every other document, or
an edited one, there is none. Knows vectors of queries, nothing of questions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ingest.embed import Vectors, side_by_side
from tutor.retrieval.confidence import from_log_odds, log_odds
from tutor.retrieval.text_model import TextModel


@dataclass(frozen=True)
class Treated:
    """What was learned from queries, and how it is weighed with the confidence.

    Args:
        queries: of the kind that the document answers.
        weighing: of the confidence's log-odds, of the two signs of `queries`, and a bias.
    """

    FILE: ClassVar[Path] = Path(__file__).parent / "treated.npz"
    source_sha256: str
    queries: TextModel
    weighing: tuple[float, float, float, float]

    def confidence(self, confidence: float, vectors: Mapping[str, Vectors]) -> float:
        """The probability that the document answers a query, given what the search found and what the query is about."""
        *weights, bias = self.weighing
        signs = (log_odds(confidence), *self.queries.signs(side_by_side(vectors)[None])[0])
        return from_log_odds(float(np.dot(weights, signs)) + bias)

    def arrays(self) -> dict[str, Any]:
        """What has to be kept, by name."""
        return {"weighing": np.asarray(self.weighing), **self.queries.arrays()}

    @classmethod
    def from_arrays(cls, source_sha256: str, arrays: Mapping[str, Any]) -> Treated:
        """What `arrays` gave, read back."""
        of_search, of_score, of_near, bias = arrays["weighing"].tolist()
        return cls(source_sha256, TextModel.from_arrays(arrays), (of_search, of_score, of_near, bias))
