"""Distances between wordings, learned from rubrics: which directions of an embedding tell key points apart.

Wordings of one key point (two languages, short and long) differ in directions that do not matter; a discriminant
projection (Fisher's LDA with shrinkage) takes them out. `python -m eval fit-grading` learns it from the aliases of
the shipped rubrics and writes `metric.npz`. Knows texts and vectors, nothing of answers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.embed import load_embedder
from tutor.interview.clauses import plain

Matrix = NDArray[np.float32]
FILE = Path(__file__).parent / "metric.npz"
EMBEDDERS = ("use", "e5")


class Metric:
    """One embedder with its projection."""

    def __init__(self, name: str, mean: Matrix, projection: Matrix, known: dict[str, Matrix]) -> None:
        self.name = name
        self.mean = mean
        self.projection = projection
        self._known = known

    def embed(self, texts: Sequence[str]) -> Matrix:
        """Plain embeddings, `(n, dimension)` float32, L2-normalised."""
        return load_embedder(self.name).passages(list(texts))

    def project(self, vectors: Matrix) -> Matrix:
        """Unit vectors in the learned space, `(n, 128)` float32."""
        return unit(np.asarray((vectors - self.mean) @ self.projection, dtype=np.float32))

    def centre(self, texts: Sequence[str]) -> Matrix:
        """The middle of a key point's wordings in the learned space, `(128,)`; shipped ones are not embedded again."""
        found = self._known.get(key_of(texts))
        if found is not None:
            return found
        return unit(self.project(self.embed([plain(t) for t in texts])).mean(axis=0))


def unit(vectors: Matrix) -> Matrix:
    """Vectors scaled to length 1; a zero vector stays zero."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-9), dtype=np.float32)


def key_of(texts: Sequence[str]) -> str:
    """What a key point's shipped centre is found by: it changes with any of its wordings."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def load_metrics() -> dict[str, Metric]:
    """The learned metrics by embedder name."""
    with np.load(FILE) as data:
        return {
            name: Metric(
                name,
                data[f"{name}-mean"].astype(np.float32),
                data[f"{name}-projection"].astype(np.float32),
                dict(zip(data[f"{name}-keys"].tolist(), unit(data[f"{name}-centres"].astype(np.float32)), strict=True))
                if f"{name}-keys" in data
                else {},
            )
            for name in EMBEDDERS
        }
