"""Fusing the legs into one ranking: a weighted sum of scores made comparable, weights learned on the dev part.

Knows score arrays, nothing of what they were computed from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

# A leg's scale is set by its best score and its 21st: below that it has no opinion. Unlike a z-score this does not
# change with the size of the corpus.
DEPTH = 20
# Weight of a leg that was not there when the weights were learned, e.g. another embedder.
DEFAULT_WEIGHT = 0.5


@lru_cache(maxsize=1)
def calibration() -> dict[str, Any]:
    """Weights and logistic coefficients, written by `python -m eval fit`.

    At the top those of a corpus with reviewed expansions; under "plain" those of a corpus without: there the *-ask
    legs hold nothing but titles and the text itself has to decide.
    """
    found: dict[str, Any] = json.loads(
        resources.files("tutor.retrieval").joinpath("calibration.json").read_text(encoding="utf-8")
    )
    return found


def learned(
    part: Literal["weights", "confidence", "conversation", "foreseen", "usual"], expanded: bool
) -> dict[str, float]:
    """What was learned for a corpus with or without expansions.

    Weights of the legs, of a conversation, of one whose follow-ups are foreseen (only with expansions), of the
    confidence; and the usual value of each leg's features, for a leg that is not there.
    """
    found: dict[str, float] = (calibration() if expanded else calibration()["plain"])[part]
    return found


def fuse(legs: Mapping[str, NDArray[np.float32]], expanded: bool = True) -> NDArray[np.float64]:
    """Fused score per question, `(questions,)`; the highest possible value is 1 (every leg's favourite)."""
    known = learned("weights", expanded)
    weights = {name: known.get(name, DEFAULT_WEIGHT) for name in legs}
    total = sum(weights.values()) or 1.0
    fused: NDArray[np.float64] = np.zeros(len(next(iter(legs.values()))), dtype=np.float64)
    for name, scores in legs.items():
        if weights[name]:
            fused += weights[name] / total * comparable(scores)
    return fused


def best_first(fused: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Positions of the `count` highest scores, best first, equal ones in document order; no full sort."""
    if count >= len(fused):
        return np.argsort(-fused, kind="stable")
    candidates = np.flatnonzero(fused >= np.partition(fused, -count)[-count])
    return candidates[np.argsort(-fused[candidates], kind="stable")[:count]]


def comparable(scores: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Scores mapped so that the best is 1 and everything from the 21st place on is 0."""
    top = float(scores.max(initial=0.0))
    floor = (
        float(np.partition(scores, -DEPTH - 1)[-DEPTH - 1]) if len(scores) > DEPTH else float(scores.min(initial=0.0))
    )
    if top - floor < 1e-9:
        return np.zeros(len(scores), dtype=np.float64)
    return np.asarray(np.clip((scores - floor) / (top - floor), 0.0, 1.0), dtype=np.float64)
