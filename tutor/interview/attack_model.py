"""Sentences that talk to whoever grades, recognised by what they mean: for the attacks that no pattern foresees.

A logistic model over both packaged embedders, learned from sentences that people wrote to be graded well without
knowing anything, and from honest ones that look like them (`python -m eval fit-attacks` writes `attack_model.npz`).
Knows sentences, nothing of questions or rubrics.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.embed import SIDE_BY_SIDE, load_embedder, side_by_side

FILE = Path(__file__).parent / "attack_model.npz"
_REMEMBERED = 64


def attack_chances(texts: Sequence[str]) -> NDArray[np.float64]:
    """How likely each sentence talks to whoever grades, `(n,)`, 0 to 1.

    Args:
        texts: sentences as `clauses.plain` gives them, so that the script makes no difference.
    """
    return _chances(tuple(texts)) if texts else np.zeros(0)


def attack_vectors(texts: Sequence[str]) -> NDArray[np.float64]:
    """What the model sees of each sentence, `(n, 896)`."""
    return side_by_side({name: load_embedder(name).passages(list(texts)) for name in SIDE_BY_SIDE})


def forget() -> None:
    """Read the file anew: it was learned anew."""
    _learned.cache_clear()
    _chances.cache_clear()


@lru_cache(maxsize=_REMEMBERED)
def _chances(texts: tuple[str, ...]) -> NDArray[np.float64]:
    weights, bias = _learned()
    return np.asarray(1 / (1 + np.exp(-(attack_vectors(texts) @ weights + bias))))


@lru_cache(maxsize=1)
def _learned() -> tuple[NDArray[np.float64], float]:
    with np.load(FILE) as data:
        return data["weights"].astype(np.float64), float(data["bias"])
