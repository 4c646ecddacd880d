"""Which models are on disk, whole and verified; `NAME.json` beside each remembers what was verified.

A file without its record, or changed since, counts as absent until it has been hashed. Knows no network.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ingest.errors import DownloadFailed, UsageError
from tutor.llm.catalogue import CatalogueEntry, load_catalogue

BLOCK = 1 << 20


@dataclass(frozen=True)
class VerifiedFile:
    """A file as it was when its hash was right. Size in bytes, path relative to the models folder."""

    path: str
    size: int
    sha256: str
    mtime_ns: int


@dataclass(frozen=True)
class Installed:
    """A model that is on disk. `path` is what the engine is given: a GGUF file, or a folder for vLLM."""

    name: str
    path: Path
    size: int
    files: tuple[VerifiedFile, ...]


def installed(models_dir: Path) -> list[Installed]:
    """Models of the catalogue that are on disk and unchanged since they were verified, in catalogue order."""
    found = (find(entry, models_dir) for entry in load_catalogue().models)
    return [model for model in found if model is not None]


def find(entry: CatalogueEntry, models_dir: Path) -> Installed | None:
    """The model, if its record is there and every file has the recorded size and modification time."""
    try:
        record = json.loads(_record_path(entry, models_dir).read_text(encoding="utf-8"))
        files = tuple(VerifiedFile(**row) for row in record["files"])
        for file in files:
            status = (models_dir / file.path).stat()
            if (status.st_size, status.st_mtime_ns) != (file.size, file.mtime_ns):
                return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not files or not all(_agrees(entry, file) for file in files):
        return None
    return Installed(entry.name, model_path(entry, models_dir), sum(file.size for file in files), files)


def adopt(entry: CatalogueEntry, models_dir: Path) -> Installed | None:
    """`find`, or take in a file that somebody put there by hand, if its size and hash are the catalogue's."""
    model = find(entry, models_dir)
    if model is not None or len(entry.files) != 1 or entry.files[0].sha256 is None:
        return model
    path = model_path(entry, models_dir)
    if not path.is_file() or path.stat().st_size != entry.files[0].size or sha256(path) != entry.files[0].sha256:
        return None
    try:
        return record(entry, models_dir, {path: entry.files[0].sha256})
    except OSError:  # a read-only folder, as in an image: usable, but hashed at every start
        size = path.stat().st_size
        file = VerifiedFile(path.name, size, entry.files[0].sha256, path.stat().st_mtime_ns)
        return Installed(entry.name, path, size, (file,))


def record(entry: CatalogueEntry, models_dir: Path, hashes: dict[Path, str]) -> Installed:
    """Write `NAME.json` for files that have just been verified."""
    files = tuple(
        VerifiedFile(path.relative_to(models_dir).as_posix(), path.stat().st_size, digest, path.stat().st_mtime_ns)
        for path, digest in hashes.items()
    )
    content: dict[str, Any] = {"name": entry.name, "files": [asdict(file) for file in files]}
    target = _record_path(entry, models_dir)
    draft = target.with_suffix(f".json.{os.getpid()}")
    draft.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    draft.replace(target)
    return Installed(entry.name, model_path(entry, models_dir), sum(file.size for file in files), files)


def verify(name: str, models_dir: Path) -> Installed:
    """Hash an installed model again, reading every byte.

    Raises:
        UsageError: no such model in the catalogue, or it is not on disk.
        DownloadFailed: a file is not what it was; the model then counts as absent.
    """
    entry = load_catalogue()[name]
    pull_again = f"Run: tutor models pull {entry.name}"
    try:
        rows = json.loads(_record_path(entry, models_dir).read_text(encoding="utf-8"))["files"]
        files = [VerifiedFile(**row) for row in rows]
    except (OSError, ValueError, KeyError, TypeError):
        found = adopt(entry, models_dir)
        if found is None:
            raise UsageError(f"{entry.name} is not on disk.", pull_again) from None
        return found
    hashes: dict[Path, str] = {}
    for file in files:
        path = models_dir / file.path
        digest = sha256(path) if path.is_file() else "missing"
        if digest != file.sha256 or not _agrees(entry, file):
            _record_path(entry, models_dir).unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            raise DownloadFailed(
                f"{path.name} has changed on disk (SHA-256 {digest[:12]}…); it was removed.", pull_again
            )
        hashes[path] = digest
    return record(entry, models_dir, hashes)


def model_path(entry: CatalogueEntry, models_dir: Path) -> Path:
    """Where the model lives once pulled: its one file, or a folder of its name."""
    return models_dir / (entry.files[0].name if len(entry.files) == 1 else entry.name)


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _agrees(entry: CatalogueEntry, file: VerifiedFile) -> bool:
    """Whether a recorded hash is still the catalogue's, where the catalogue has one."""
    known = {row.name: row.sha256 for row in entry.files}
    return known.get(Path(file.path).name) in {None, file.sha256}


def _record_path(entry: CatalogueEntry, models_dir: Path) -> Path:
    return models_dir / f"{entry.name}.json"
