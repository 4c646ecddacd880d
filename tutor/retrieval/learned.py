"""What was learned for one source text, kept in a file beside the code: written by `python -m eval fit`, read once.

For every other document, or an edited one, there is nothing. Knows files and arrays, nothing of what they mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, TypeVar, cast

import numpy as np

from ingest.embed import SIDE_BY_SIDE


class Learned(Protocol):
    """Something that was learned from vectors of both packaged embedders, for one source text."""

    FILE: ClassVar[Path]

    @property
    def source_sha256(self) -> str:
        """SHA-256 of that text."""
        ...

    def arrays(self) -> dict[str, Any]:
        """All else that has to be kept, by name."""
        ...

    @classmethod
    def from_arrays(cls, source_sha256: str, arrays: Mapping[str, Any]) -> Self:
        """What `arrays` gave, read back."""
        ...


Kind = TypeVar("Kind", bound=Learned)


def keep(model: Learned) -> None:
    """Write what was learned, in place of what was there before."""
    part = model.FILE.with_name(f"{model.FILE.stem}.part.npz")
    np.savez_compressed(part, source=model.source_sha256, **model.arrays())
    part.replace(model.FILE)  # whoever reads it meanwhile has the one before
    _read.cache_clear()


def learned_for(kind: type[Kind], source_sha256: str, embedders: Iterable[str]) -> Kind | None:
    """What was learned for the document with this source; None where nothing was, or an embedder is missing."""
    found = cast("Kind | None", _read(kind, kind.FILE))
    if found is None or found.source_sha256 != source_sha256 or not set(SIDE_BY_SIDE) <= set(embedders):
        return None
    return found


@lru_cache(maxsize=8)
def _read(kind: type[Learned], path: Path) -> Learned | None:
    if not path.is_file():
        return None
    with np.load(path) as data:
        return kind.from_arrays(str(data["source"]), data)
