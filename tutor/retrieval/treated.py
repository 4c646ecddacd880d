"""Whether a query is about what a document treats, learned from queries that it answers and others that it does not.

What the legs find says how near the nearest question is; this knows which neighbouring topics the document leaves out.
It belongs to one source text: `python -m eval fit` writes `treated.npz` for the shipped document, and for every other
document, or an edited one, there is none. Knows vectors of queries, nothing of questions.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.embed import SIDE_BY_SIDE, Vectors, side_by_side

FILE = Path(__file__).parent / "treated.npz"
_LEAST = 1e-4
Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Treated:
    """A linear model over the vectors of a query, and how it is weighed with the confidence.

    Args:
        weights: `(896,)`; the score is about 0 to 1, 1 for what the document treats.
        weighing: of the confidence's log-odds, of the score, and a bias.
    """

    source_sha256: str
    weights: Vector
    bias: float
    weighing: tuple[float, float, float]

    def confidence(self, confidence: float, vectors: Mapping[str, Vectors]) -> float:
        """The probability that the document answers a query, given what the search found and what the query is about."""
        of_search, of_score, bias = self.weighing
        score = float(side_by_side(vectors) @ self.weights) + self.bias
        logit = of_search * log_odds(confidence) + of_score * score + bias
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


def log_odds(confidence: float) -> float:
    """Log-odds of a probability that was rounded to four digits."""
    inside = min(1 - _LEAST, max(_LEAST, confidence))
    return math.log(inside / (1 - inside))


def treated_by(source_sha256: str, embedders: Iterable[str]) -> Treated | None:
    """The model of the document with this source; None where there is none, or an embedder is missing."""
    model = _load()
    if model is None or model.source_sha256 != source_sha256 or not set(SIDE_BY_SIDE) <= set(embedders):
        return None
    return model


def keep(model: Treated) -> None:
    """Write the model, in place of the one before."""
    np.savez_compressed(
        FILE, source=model.source_sha256, weights=model.weights.astype(np.float32), bias=np.float32(model.bias),
        weighing=np.asarray(model.weighing),
    )  # fmt: skip
    _load.cache_clear()


@lru_cache(maxsize=1)
def _load() -> Treated | None:
    if not FILE.is_file():
        return None
    with np.load(FILE) as data:
        first, second, third = data["weighing"].tolist()
        return Treated(
            str(data["source"]), data["weights"].astype(np.float64), float(data["bias"]), (first, second, third)
        )
