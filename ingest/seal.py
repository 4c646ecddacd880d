"""Says later whether a build is still what was written: every file's size and SHA-256, kept beside them.

A disk that lies, a copy that was cut off, a folder tidied by hand: without this a damaged index answers worse and says nothing.
Knows files, nothing of what they hold. Chroma's SQLite file is left out, since Chroma itself writes into it when it opens it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

SEAL = "seal.json"
_OWN = (SEAL, "manifest.json")


def write_seal(folder: Path) -> None:
    """Seal a finished build."""
    rows = {path.relative_to(folder).as_posix(): [path.stat().st_size, _sha256(path)] for path in _files(folder)}
    (folder / SEAL).write_text(json.dumps(rows, indent=1), encoding="utf-8")


def broken(folder: Path, *, thorough: bool) -> str:
    """The first file that is missing or another than was sealed; "" if all are well, or there is no seal.

    Args:
        thorough: read every byte; otherwise sizes are compared, which costs nothing.
    """
    try:
        rows: dict[str, list[int | str]] = json.loads((folder / SEAL).read_text(encoding="utf-8"))
        for name, (size, digest) in rows.items():
            path = folder / name
            if not path.is_file() or path.stat().st_size != size or (thorough and _sha256(path) != digest):
                return name
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, TypeError, AttributeError):
        return SEAL
    return ""


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in _OWN and not path.name.startswith("chroma.sqlite3"):
            yield path


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
