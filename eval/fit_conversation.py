"""Fits how a query is ranked within its conversation, on the train and dev conversations and changes of topic only.

Part of `python -m eval fit`. A conditional logit over the questions; the dev rows, written by other people than the
train rows, count twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.gold import Part, Row, rows
from tutor.retrieval.context import features
from tutor.retrieval.conversation import continues, stands_alone
from tutor.retrieval.result import Turn
from tutor.retrieval.search import Searcher

Array = NDArray[np.float64]
FOLDS, STEPS, RATE, RIDGE = 5, 400, 0.05, 0.003
DEV_COUNTS = 2.0
# Where the learning starts and whither the ridge pulls: the query's own words first, then what surrounds it.
PRIOR = {"own": 5.0, "with title": 2.0, "with asked": 2.0}


@dataclass(frozen=True)
class Measured:
    """A query within its conversation.

    Args:
        own: fused score of each question by the query alone, `(questions,)`.
        right: 1 where a question answers, `(questions,)`.
        counts: how much it teaches of the ranking.
    """

    row: Row
    features: dict[str, Array]
    own: Array
    right: Array
    counts: float


def fit_conversation(searcher: Searcher) -> tuple[dict[str, float], dict[str, float]]:
    """Weights by feature, and cross-validated hit@1 of follow-ups and of changes of topic."""
    found = measured(searcher)
    total, right = held_out(found)
    hit = right[range(len(found)), total.argmax(axis=1)]
    switch = np.asarray([m.row["kind"] == "switch" for m in found])
    figures = {"follow_ups": round(float(hit[~switch].mean()), 4), "switches": round(float(hit[switch].mean()), 4)}
    x, right, counts, prior = _arrays(found)
    learned = _fit(x, right, counts, prior)
    return {name: round(float(w), 3) for name, w in zip(found[0].features, learned, strict=True)}, figures


def measured(searcher: Searcher, others: Sequence[Row] = ()) -> list[Measured]:
    """The train and dev conversations and changes of topic, and others that teach nothing, where the context is looked at."""
    parts: tuple[Part, Part] = ("train", "dev")
    given = [
        (row, DEV_COUNTS if part == "dev" else 1.0)
        for name in ("conversations", "switches")
        for part in parts
        for row in rows(name, part)
    ]
    found = (_measured(searcher, row, counts) for row, counts in [*given, *((row, 0.0) for row in others)])
    return [one for one in found if one is not None]


def held_out(found: Sequence[Measured]) -> tuple[Array, Array]:
    """What the ranking weighs, learned from other rows, and which questions are right: `(rows, questions)` each."""
    x, right, counts, prior = _arrays(found)
    folds = np.random.default_rng(0).integers(0, FOLDS, len(found))
    total = np.zeros(right.shape)
    for fold in range(FOLDS):
        inside = (folds != fold) & (counts > 0)
        total[folds == fold] = x[folds == fold] @ _fit(x[inside], right[inside], counts[inside], prior)
    return total, right


def _arrays(found: Sequence[Measured]) -> tuple[Array, Array, Array, Array]:
    """Features `(rows, questions, features)`, right questions `(rows, questions)`, what rows count, the prior."""
    names = list(found[0].features)
    x = np.stack([np.stack([m.features[name] for name in names], axis=1) for m in found])
    right = np.stack([m.right for m in found])
    return x, right, np.asarray([m.counts for m in found]), np.asarray([PRIOR.get(name, 0.0) for name in names])


def _measured(searcher: Searcher, row: Row, counts: float) -> Measured | None:
    """None where the ranking would not look at the conversation."""
    history = tuple(Turn(t["role"], t["content"]) for t in row["history"])
    carried, query = searcher.ranker.carried(history), row["query"]
    if not carried or continues(query) or stands_alone(query):
        return None
    scored = searcher.legs.score(query)
    with_title = searcher.legs.glance(f"{searcher.titles[carried[0]]} {query}")
    right = np.asarray([float(number in row["relevant"]) for number in searcher.titles])
    weighed = features(
        searcher.ranker.context(query, scored, with_title, history, carried, searcher.ranker.known(query, carried[0]))
    )
    return Measured(row, weighed, searcher.ranker.by_itself(query, scored), right, counts)


def _fit(x: Array, y: Array, weight: Array, prior: Array) -> Array:
    """Maximum likelihood with ridge, by Adam: `(features,)`."""
    weight = weight / weight.sum()
    w = prior.copy()
    mean, square = np.zeros_like(w), np.zeros_like(w)
    for step in range(1, STEPS + 1):
        logits: Any = x @ w
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        right = p * y
        right /= right.sum(axis=1, keepdims=True) + 1e-9
        gradient = np.einsum("n,nj,njk->k", weight, right - p, x) - 2 * RIDGE * (w - prior)
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.99 * square + 0.01 * gradient**2
        w = w + RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
    return w
