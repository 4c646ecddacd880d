"""The builds of one corpus: which is in use, how the next one takes its place, what an index must match.

Knows folders and manifests, nothing of what a build holds.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ingest.errors import DiskFull, IndexBusy


def current_build(folder: Path) -> Path | None:
    """The build in use, or None."""
    try:
        name = json.loads((folder / "current.json").read_text(encoding="utf-8"))["build"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    path = folder / str(name)
    return path if (path / "manifest.json").exists() else None


def read_manifest(build_folder: Path) -> dict[str, Any] | None:
    """What a build was made from, or None where that cannot be read."""
    try:
        found = json.loads((build_folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def write_manifest(build_folder: Path, manifest: dict[str, Any]) -> None:
    """Say what a build was made from; the last thing written into it."""
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    (build_folder / "manifest.json").write_text(text, encoding="utf-8")


def make_current(folder: Path, target: Path) -> None:
    """Put a build in use, in one step."""
    pointer = folder / f"current.{os.getpid()}.tmp"
    with pointer.open("w", encoding="utf-8") as file:
        json.dump({"build": target.name}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(pointer, folder / "current.json")


def remove_builds(folder: Path, *, keep: Path | None, also: Path | None = None) -> dict[str, str]:
    """Remove every build but these two; the names of the removed ones, each with the Chroma server of its vectors ("": none)."""
    gone = [path for path in folder.glob("build-*") if path not in (keep, also)]
    servers = {path.name: str((read_manifest(path) or {}).get("chroma_url") or "") for path in gone}
    for path in gone:
        shutil.rmtree(path, ignore_errors=True)
    return servers


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Write a build: what fails leaves nothing behind, and a full disk is said as one.

    Raises:
        DiskFull: there was no room for it.
    """
    try:
        yield
    except BaseException as error:
        shutil.rmtree(target, ignore_errors=True)
        if _is_full(error):
            raise DiskFull(
                f"There is no room left to write the index in {target.parent}.",
                "Free some space, then run it again; the index before it is still in use.",
            ) from error
        raise


def _is_full(error: BaseException | None) -> bool:
    """Whether an error, or what it came from, says that nothing more can be written: Python's, SQLite's or Chroma's words."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return True
        if any(
            word in str(error).lower() for word in ("disk is full", "no space left", "file too large", "disk i/o error")
        ):
            return True
        error = error.__cause__ or error.__context__
    return False


@contextmanager
def locked(folder: Path, name: str) -> Iterator[None]:
    """Hold the lock of a corpus, so that only one process writes it.

    Raises:
        IndexBusy: another process is building this corpus.
    """
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise IndexBusy(
            f"Another process is building the index of {name!r}.", "Wait until it is done, then try again."
        ) from error
    try:
        yield
    finally:
        lock.release()
