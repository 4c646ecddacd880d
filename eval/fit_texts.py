"""Learns models of texts, for the fits that need one. Knows vectors and labels, nothing of what the texts say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tutor.retrieval.remembered import Remembered
from tutor.retrieval.text_model import TextModel, kernel, near_odds

FOLDS = 5
# Of the kernel ridge regression; .03 to .3 tell attacks and what a document treats apart alike.
RIDGE = 0.1
Array = NDArray[np.float64]


def text_model(x: Array, labels: Array, weight: Array) -> TextModel:
    """What is learned from all rows, `(n, 896)`."""
    texts = Remembered.of(x)
    return TextModel(texts, *_regression(kernel(texts.among()), labels, weight), labels == 1, weight)


def folds_of(count: int) -> NDArray[np.int64]:
    """The fold of each row, at random, always the same."""
    return np.random.default_rng(0).integers(0, FOLDS, count)


def held_out(x: Array, labels: Array, weight: Array) -> Array:
    """The two signs of each row, `(n, 2)`, when its fold was not learned from."""
    likeness = Remembered.of(x).among()
    folds, signs = folds_of(len(labels)), np.zeros((len(labels), 2))
    for fold in range(FOLDS):
        inside = folds != fold
        seen, new = kernel(likeness[np.ix_(inside, inside)]), likeness[np.ix_(~inside, inside)]
        coefficients, bias = _regression(seen, labels[inside], weight[inside])
        signs[~inside, 0] = kernel(new) @ coefficients + bias
        signs[~inside, 1] = near_odds(new, labels[inside] == 1, weight[inside])
    return signs


def _regression(kernels: Array, labels: Array, weight: Array) -> tuple[Array, float]:
    """Kernel ridge regression around the weighted mean of the labels: coefficients `(n,)` and bias. Changes `kernels`."""
    bias = float(np.average(labels, weights=weight))
    kernels[np.diag_indices_from(kernels)] += RIDGE / weight
    return np.asarray(np.linalg.solve(kernels, labels - bias), dtype=np.float64), bias
