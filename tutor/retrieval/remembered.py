"""Texts that are known beforehand, kept small, and how alike a new one is to each of them.

Knows vectors of texts, nothing of what is known about them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Directions kept of the 896. Follow-ups, cross-validated log-likelihood: all -.325, 384 and 256 -.328, 128 -.332;
# directions of the vectors less their mean -.344, whatever their number.
DIRECTIONS = 256
_LARGEST = 127  # of a signed byte
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Remembered:
    """Vectors of both packaged embedders side by side (`ingest.embed.side_by_side`), on their principal directions, a byte a number.

    Args:
        directions: `(896, k)`.
        steps: `(k,)`, what one step of a byte is worth in each direction.
        rows: `(n, k)` int8.
    """

    directions: NDArray[np.float32]
    steps: NDArray[np.float32]
    rows: NDArray[np.int8]

    @classmethod
    def of(cls, vectors: Array) -> Remembered:
        """Keep `(n, 896)` vectors of texts."""
        _, _, found = np.linalg.svd(vectors, full_matrices=False)
        directions = found[:DIRECTIONS].T.astype(np.float32)
        on_them = vectors @ directions
        steps = (np.abs(on_them).max(axis=0) / _LARGEST + 1e-12).astype(np.float32)
        return cls(directions, steps, np.round(on_them / steps).astype(np.int8))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Remembered:
        """What `arrays` gave, read back."""
        return cls(arrays["directions"].astype(np.float32), arrays["steps"], arrays["rows"])

    def arrays(self) -> dict[str, Any]:
        """What has to be kept, by name."""
        return {"directions": self.directions.astype(np.float16), "steps": self.steps, "rows": self.rows}

    def likeness(self, vectors: Array) -> Array:
        """Scalar products of texts with every one kept, `(m, n)` of `(m, 896)`: about 4 to 5.

        Cosines of USE and four times those of e5.
        """
        on_directions = np.asarray((vectors @ self.directions) * self.steps, dtype=np.float32)
        return np.asarray(on_directions @ self._as_floats, dtype=np.float64)

    def among(self) -> Array:
        """Scalar products of the kept texts with each other, `(n, n)`, as kept."""
        return self.likeness((self.rows * self.steps) @ self.directions.T)

    @cached_property
    def _as_floats(self) -> NDArray[np.float32]:
        """`(k, n)`: bytes would be turned into floats at every call."""
        return np.ascontiguousarray(self.rows.T, dtype=np.float32)


def shares(likeness: Array, weight: Array, sharpness: float) -> Array:
    """How much each of the texts kept has to say about new ones, `(m, n)`, each row summing to 1.

    Args:
        weight: of each text kept, `(n,)`.
    """
    say = weight * np.exp(sharpness * (likeness - likeness.max(axis=-1, keepdims=True)))
    return np.asarray(say / say.sum(axis=-1, keepdims=True))
