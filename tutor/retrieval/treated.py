"""Whether a query is about what a document treats, learned from queries that it answers and others that it does not.

What the legs find says how near the nearest question is; this knows which neighbouring topics the document leaves out:
on the whole, by a linear model, and close by, from those of the queries it learned from that are most alike. It belongs
to one source text: `python -m eval fit` writes `treated.npz` for the shipped document, and for every other document, or
an edited one, there is none. Knows vectors of queries, nothing of questions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from ingest.embed import Vectors, side_by_side
from tutor.retrieval.confidence import from_log_odds, log_odds
from tutor.retrieval.remembered import usable
from tutor.retrieval.text_model import TextModel

FILE = Path(__file__).parent / "treated.npz"


@dataclass(frozen=True)
class Treated:
    """What was learned from queries, and how it is weighed with the confidence.

    Args:
        queries: of the kind that the document answers.
        weighing: of the confidence's log-odds, of the two signs of `queries`, and a bias.
    """

    source_sha256: str
    queries: TextModel
    weighing: tuple[float, float, float, float]

    def confidence(self, confidence: float, vectors: Mapping[str, Vectors]) -> float:
        """The probability that the document answers a query, given what the search found and what the query is about."""
        *weights, bias = self.weighing
        signs = (log_odds(confidence), *self.queries.signs(side_by_side(vectors)[None])[0])
        return from_log_odds(float(np.dot(weights, signs)) + bias)


def treated_by(source_sha256: str, embedders: Iterable[str]) -> Treated | None:
    """The model of the document with this source; None where there is none, or an embedder is missing."""
    return usable(_load(), source_sha256, embedders)


def keep(model: Treated) -> None:
    """Write the model, in place of the one before."""
    np.savez_compressed(FILE, source=model.source_sha256, weighing=np.asarray(model.weighing), **model.queries.arrays())
    _load.cache_clear()


@lru_cache(maxsize=1)
def _load() -> Treated | None:
    if not FILE.is_file():
        return None
    with np.load(FILE) as data:
        of_search, of_score, of_near, bias = data["weighing"].tolist()
        return Treated(str(data["source"]), TextModel.from_arrays(data), (of_search, of_score, of_near, bias))
