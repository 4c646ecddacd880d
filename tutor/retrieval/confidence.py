"""How probable it is that the corpus answers a query: a logistic model over what the legs found.

Coefficients are learned by `python -m eval fit` on the dev part. Knows scores, nothing of documents.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ingest.text import terms
from tutor.retrieval.conversation import content_terms
from tutor.retrieval.fusion import calibration
from tutor.retrieval.legs import LegScores

THRESHOLD = 0.5


def features(query: str, scored: LegScores, fused: NDArray[np.float64]) -> dict[str, float]:
    """What the confidence is computed from, each about 0..1.

    Cosines are comparable between queries as they are; BM25 is divided by the number of terms, which makes it a
    mean term weight.
    """
    count = max(1, len(terms(query)))
    ordered = np.sort(fused)[::-1]
    found = {
        "fused": float(ordered[0]) if len(ordered) else 0.0,
        "margin": float(ordered[0] - ordered[1]) if len(ordered) > 1 else 0.0,
        "topic": min(1.0, len(content_terms(query)) / 4),
        "length": min(1.0, count / 20),
    }
    for name, scores in scored.legs.items():
        best = float(scores.max(initial=0.0))
        found[name] = best / count / 5 if name.startswith("keyword") else best
    return found


def confidence(found: dict[str, float]) -> float:
    """Probability in 0..1 that one of the questions answers the query."""
    learned: dict[str, float] = calibration()["confidence"]
    logit = learned["bias"] + sum(w * found.get(name, 0.0) for name, w in learned.items() if name != "bias")
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))
