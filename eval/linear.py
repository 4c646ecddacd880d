"""Linear models that the fits share: logistic regression by Newton's method.

Knows arrays, nothing of what they were measured on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_ROUNDS, _HALVED = 30, 20
# Keeps the bias, which is not held back, from making the equations singular.
_FREE = 1e-8


def logistic(
    x: Array, y: Array, weight: Array | None = None, *, ridge: float, standardised: bool = True
) -> tuple[Array, float]:
    """Logistic regression with ridge: weights `(features,)` and bias, on the raw scale.

    Args:
        weight: of each row; one by default.
        standardised: whether the ridge holds features back by their spread; not for those that share one scale.
    """
    mean, spread = (x.mean(axis=0), x.std(axis=0) + 1e-9) if standardised else (np.zeros(x.shape[1]), np.ones(1))
    z = np.column_stack([(x - mean) / spread, np.ones(len(x))])
    w = _newton(z, y, np.ones(len(x)) if weight is None else weight, np.diag([ridge] * x.shape[1] + [_FREE]))
    scale = w[:-1] / spread
    return scale, float(w[-1] - scale @ mean)


def adjustment(x: Array, y: Array, weight: Array, given: Array, *, ridge: float) -> Array:
    """Logistic regression of what is to be added to given log-odds, without a bias: weights `(features,)`."""
    return _newton(x, y, weight, ridge * np.eye(x.shape[1]), given)


def _newton(x: Array, y: Array, weight: Array, penalty: Array, given: Array | float = 0.0) -> Array:
    """The weights that lose least; a step that would lose more is halved until it does not."""

    def lost(w: Array) -> float:
        return float(weight @ np.logaddexp(0.0, (1 - 2 * y) * (x @ w + given)) + w @ penalty @ w / 2)

    w = np.zeros(x.shape[1])
    for _ in range(_ROUNDS):
        p = 1 / (1 + np.exp(-np.clip(x @ w + given, -30, 30)))
        hessian = (x * (weight * p * (1 - p))[:, None]).T @ x + penalty
        step, before = np.linalg.solve(hessian, x.T @ (weight * (y - p)) - penalty @ w), lost(w)
        for _ in range(_HALVED):
            if lost(w + step) <= before:
                w = w + step
                break
            step = step / 2
    return w


def alike(y: Array) -> Array:
    """A weight for every row, so that both classes weigh as much as the rows of one of mean size."""
    return np.asarray(np.where(y == 1, 0.5 / y.mean(), 0.5 / (1 - y.mean())))


def probability(model: tuple[Array, float], x: Array) -> Array:
    """What a logistic model says of rows, 0 to 1."""
    weights, bias = model
    return np.asarray(1 / (1 + np.exp(-np.clip(x @ weights + bias, -30, 30))))
