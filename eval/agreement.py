"""Agreement of two raters on ordered levels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVELS = 5


def kappa(one: NDArray[Any], other: NDArray[Any], levels: int = LEVELS) -> float:
    """Cohen's kappa with quadratic weights (QWK); NaN where neither rater varies."""
    seen = np.zeros((levels, levels))
    np.add.at(seen, (np.asarray(one, dtype=int), np.asarray(other, dtype=int)), 1)
    weight = np.square(np.arange(levels)[:, None] - np.arange(levels))
    chance = np.outer(seen.sum(axis=1), seen.sum(axis=0)) / seen.sum()
    expected = float((weight * chance).sum())
    return 1 - float((weight * seen).sum()) / expected if expected else float("nan")
