"""Learns models of texts, for the fits that need one. Knows vectors and labels, nothing of what the texts say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tutor.retrieval.remembered import Remembered
from tutor.retrieval.text_model import TextModel, near_odds

FOLDS = 5
Array = NDArray[np.float64]
# Vectors, labels and weights of rows -> a linear model.
Learn = Callable[[Array, Array, Array], tuple[Array, float]]


def text_model(x: Array, labels: Array, weight: Array, learn: Learn) -> TextModel:
    """What is learned from all rows, `(n, 896)`."""
    return TextModel(*learn(x, labels, weight), Remembered.of(x), labels == 1, weight)


def folds_of(count: int) -> NDArray[np.int64]:
    """The fold of each row, at random, always the same."""
    return np.random.default_rng(0).integers(0, FOLDS, count)


def held_out(x: Array, labels: Array, weight: Array, learn: Learn) -> Array:
    """The two signs of each row, `(n, 2)`, when its fold was not learned from."""
    folds, signs = folds_of(len(labels)), np.zeros((len(labels), 2))
    for fold in range(FOLDS):
        inside = folds != fold
        weights, bias = learn(x[inside], labels[inside], weight[inside])
        signs[~inside, 0] = x[~inside] @ weights + bias
        signs[~inside, 1] = near_odds(x[~inside] @ x[inside].T, labels[inside] == 1, weight[inside])
    return signs
