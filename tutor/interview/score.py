"""From probabilities to verdicts, a score and a level: arithmetic in code, with coefficients learned on dev answers.

`coefficients.json` is written by `python -m eval fit-grading`. Knows numbers, nothing of texts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.rubrics import KeyPoint
from tutor.interview.features import NAMES, Measured

Verdict = Literal["met", "partial", "missing", "contradicted"]
FILE = Path(__file__).parent / "coefficients.json"
# A point between the first two bars counts in part; below the first it is missing. Contradicted wants more proof.
PARTIAL, MET, CONTRADICTED = 0.5, 0.7, 0.5
TOP = 10.0
# An answer whose score lies this near a border between levels is graded with a warning.
NEAR = 0.4
# Log-odds are held to this either way.
_SURE = 30.0


@lru_cache(maxsize=1)
def coefficients() -> dict[str, Any]:
    """What `python -m eval fit-grading` learned."""
    learned: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return learned


class Weighed(Protocol):
    """What of a key point the score looks at."""

    @property
    def kind(self) -> str: ...
    @property
    def weight(self) -> float: ...


@dataclass(frozen=True)
class Judged:
    """Of each key point: the probability of the best piece, and which piece that is (-1 for none)."""

    probability: NDArray[np.float64]
    piece: NDArray[np.int64]


def judge(measured: Measured, points: Sequence[KeyPoint], learned: dict[str, Any]) -> Judged:
    """Probability that a key point was said (of a misconception: that it was asserted), by its best piece.

    A piece says a point only in a term that the question does not give away.
    """
    features = measured.features
    if not len(features):
        return Judged(np.zeros(len(points)), np.full(len(points), -1))
    logits = np.empty(features.shape[:2])
    for i, point in enumerate(points):
        wrong = point.kind == "misconception"
        model = learned["asserted" if wrong else "covered"]
        logits[:, i] = features[:, i] @ np.asarray([model[n] for n in NAMES]) + model["bias"]
        if not wrong:
            logits[~measured.own[:, i], i] = -_SURE
    best = logits.argmax(axis=0)
    chosen = np.take_along_axis(logits, best[None], axis=0)[0]
    return Judged(1 / (1 + np.exp(-np.clip(chosen, -_SURE, _SURE))), best)


def verdict(point: KeyPoint, probability: float) -> Verdict:
    """The verdict of a key point."""
    if point.kind == "misconception":
        return "contradicted" if probability >= CONTRADICTED else "missing"
    return "met" if probability >= MET else "partial" if probability >= PARTIAL else "missing"


def credit(probability: NDArray[np.float64], ramp: Sequence[float]) -> NDArray[np.float64]:
    """Share of a point's weight that is earned: 0 below the ramp, 1 above it.

    Below the ramp nothing is earned, so that filler between the sentences adds up to nothing.
    """
    low, high = ramp
    return np.asarray(np.clip((probability - low) / (high - low), 0.0, 1.0))


def score(points: Sequence[Weighed], probability: NDArray[np.float64], learned: dict[str, Any]) -> float:
    """0..10: weighted share of the core points, a little for details, less for asserted misconceptions."""
    rule = learned["score"]
    earned = credit(probability, rule["ramp"])
    weight = np.asarray([p.weight for p in points])
    kinds = np.asarray([p.kind for p in points])
    core = weight[kinds == "core"].sum() or 1.0
    share = (weight * earned)[kinds == "core"].sum() / core
    share += rule["detail"] * (weight * earned)[kinds == "detail"].sum()
    wrong = credit(probability, rule["wrong-ramp"])[kinds == "misconception"]
    share -= rule["misconception"] * float(wrong.max(initial=0.0))
    return round(float(np.clip(share, 0.0, 1.0)) * TOP, 2)


def level(value: float, cuts: Sequence[float]) -> int:
    """0..4: how many borders the score has passed."""
    return int(sum(value >= cut for cut in cuts))


def level_ranges(cuts: Sequence[float] | None = None) -> list[tuple[float, float]]:
    """From which score to which each level 0..4 reaches, by the borders that are in use."""
    borders = [0.0, *(coefficients()["cuts"] if cuts is None else cuts), TOP]
    return list(pairwise(borders))


def near_border(value: float, cuts: Sequence[float]) -> bool:
    """Whether a little more or less would have been another level."""
    return any(abs(value - cut) < NEAR for cut in cuts)
