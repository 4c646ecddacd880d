"""Vectors that travel with a document, so that its first index need not be embedded: by content, a byte a number.

Knows vectors and the keys of texts, nothing of documents. A text that has changed since has another key, and is embedded.
"""

from __future__ import annotations

import logging
import math
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
log = logging.getLogger(__name__)

_LARGEST = 127  # of a signed byte
_KEY_BYTES = 16


class KnownVectors:
    """Unit vectors by key. What is read differs from what was embedded by about 1e-4 in a cosine."""

    def __init__(self, rows: Mapping[bytes, NDArray[np.int8]] | None = None) -> None:
        self._rows = dict(rows or {})

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, keys: Iterable[bytes]) -> dict[bytes, Vectors]:
        """Those of the keys that are known, each with its vector `(dimension,)`."""
        return {key: _unit(self._rows[key]) for key in keys if key in self._rows}

    def only(self, keys: Iterable[bytes]) -> KnownVectors:
        """What is known of these keys alone."""
        return KnownVectors({key: self._rows[key] for key in keys if key in self._rows})

    def and_also(self, vectors: Mapping[bytes, Vectors]) -> KnownVectors:
        """These too; what is known already stays as it is."""
        return KnownVectors({**{key: _bytes_of(vector) for key, vector in vectors.items()}, **self._rows})

    def write(self, path: Path) -> None:
        """Write all of them, in the order of their keys: the same vectors make the same file."""
        arrays = {}
        for dimension in sorted({len(row) for row in self._rows.values()}):
            keys = sorted(key for key, row in self._rows.items() if len(row) == dimension)
            arrays[f"keys-{dimension}"] = np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(-1, _KEY_BYTES)
            arrays[f"rows-{dimension}"] = np.stack([self._rows[key] for key in keys])
        np.savez_compressed(path, **arrays)  # type: ignore[arg-type]  # its stub takes `allow_pickle` for an array's name


def read_known_vectors(path: Path | None) -> KnownVectors:
    """The vectors of a file; none where there is none, or it cannot be read: they only save time."""
    if path is None or not path.is_file():
        return KnownVectors()
    try:
        with np.load(path) as data:
            found: dict[bytes, NDArray[np.int8]] = {}
            for name in [n for n in data.files if n.startswith("keys-")]:
                rows = data[name.replace("keys-", "rows-")].astype(np.int8, casting="safe")
                found |= {key.tobytes(): row for key, row in zip(data[name], rows, strict=True)}
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        log.warning("%s is not used, everything is embedded: %s", path.name, error)
        return KnownVectors()
    return KnownVectors(found)


def _bytes_of(vector: Vectors) -> NDArray[np.int8]:
    return np.asarray(np.round(vector * (_LARGEST / np.abs(vector).max())), dtype=np.int8)


def _unit(row: NDArray[np.int8]) -> Vectors:
    plain = row.astype(np.float32)
    return np.asarray(plain / math.sqrt(plain @ plain), dtype=np.float32)
