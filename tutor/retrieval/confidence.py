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
from tutor.retrieval.legs import Legs, LegScores

THRESHOLD = 0.5


def features(query: str, legs: Legs, scored: LegScores, fused: NDArray[np.float64]) -> dict[str, float]:
    """What the confidence is computed from, each about 0..1.

    Cosines are comparable between queries as they are; BM25 is divided by the number of terms, which makes it a
    mean term weight. A near miss usually names something that the corpus, or at least its best question, never does.
    """
    count = max(1, len(terms(query)))
    order = np.argsort(-fused, kind="stable")
    content = set(content_terms(query))
    latin = {t for t in content if t.isascii()}
    han = content - latin
    best_terms = legs.terms_of(int(order[0])) if len(order) else frozenset[str]()
    found = {
        "fused": float(fused[order[0]]) if len(order) else 0.0,
        "margin": float(fused[order[0]] - fused[order[1]]) if len(order) > 1 else 0.0,
        "topic": min(1.0, len(content) / 4),
        "length": min(1.0, count / 20),
        "unknown-latin": _share(latin & scored.unknown, latin),
        "names-unknown": float(any(len(t) >= 3 for t in latin & scored.unknown)),
        "unknown-han": _share(han & scored.unknown, han),
        "missed-latin": _share(latin - best_terms, latin),
        "missed-han": _share(han - best_terms, han),
        "latin": float(bool(latin)),
        "han": float(bool(han)),
    }
    for name, scores in scored.legs.items():
        best = float(scores.max(initial=0.0))
        found[name] = best / count / 5 if name.startswith("keyword") else best
    return found


def _share(part: set[str], whole: set[str]) -> float:
    return len(part) / len(whole) if whole else 0.0


def confidence(found: dict[str, float]) -> float:
    """Probability in 0..1 that one of the questions answers the query."""
    learned: dict[str, float] = calibration()["confidence"]
    logit = learned["bias"] + sum(w * found.get(name, 0.0) for name, w in learned.items() if name != "bias")
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))
