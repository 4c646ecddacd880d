"""Fits how a query is ranked within its conversation, on the train and dev conversations and changes of topic only.

Part of `python -m eval fit`. A conditional logit over the questions; the dev rows, written by other people than the
train rows, count twice.
"""

from __future__ import annotations

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


def fit_conversation(searcher: Searcher) -> tuple[dict[str, float], dict[str, float]]:
    """Weights by feature, and cross-validated hit@1 of follow-ups and of changes of topic."""
    measured: list[tuple[dict[str, Array], Row, Part]] = []
    parts: tuple[Part, Part] = ("train", "dev")
    for name in ("conversations", "switches"):
        for part in parts:
            for row in rows(name, part):
                found = _features(searcher, row)
                if found is not None:
                    measured.append((found, row, part))
    names = list(measured[0][0])
    x = np.stack([np.stack([found[name] for name in names], axis=1) for found, _, _ in measured])
    position = {number: i for i, number in enumerate(searcher.titles)}
    y = np.zeros(x.shape[:2])
    for i, (_, row, _) in enumerate(measured):
        y[i, [position[n] for n in row["relevant"]]] = 1.0
    weight = np.asarray([DEV_COUNTS if part == "dev" else 1.0 for _, _, part in measured])
    prior = np.asarray([PRIOR.get(name, 0.0) for name in names])
    folds = np.random.default_rng(0).integers(0, FOLDS, len(y))
    hit = np.zeros(len(y))
    for fold in range(FOLDS):
        held = np.flatnonzero(folds == fold)
        w = _fit(x[folds != fold], y[folds != fold], weight[folds != fold], prior)
        hit[held] = y[held, np.argmax(x[held] @ w, axis=1)]
    switch = np.asarray([row["kind"] == "switch" for _, row, _ in measured])
    figures = {"follow_ups": round(float(hit[~switch].mean()), 4), "switches": round(float(hit[switch].mean()), 4)}
    learned = _fit(x, y, weight, prior)
    return {name: round(float(w), 3) for name, w in zip(names, learned, strict=True)}, figures


def _features(searcher: Searcher, row: Row) -> dict[str, Array] | None:
    """Features of one row, None where the ranking would not use them."""
    history = tuple(Turn(t["role"], t["content"]) for t in row["history"])
    carried, query = searcher.carried(history), row["query"]
    if not carried or continues(query) or stands_alone(query):
        return None
    with_title = searcher.legs.glance(f"{searcher.titles[carried[0]]} {query}")
    return features(searcher.context(query, searcher.legs.score(query), with_title, history, carried))


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
