"""Vectors: computed once per text and kept by content, so that a rebuild embeds only what changed.

Knows embedders and texts, nothing of questions or of search.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from ingest.embed import Embedder, Vectors, signature_of
from ingest.known_vectors import KnownVectors

# Texts per embedding call: small enough for a live progress bar and little loss on a kill.
BATCH = 128


class VectorCache:
    """Vectors by content in one SQLite file, so that a rebuild embeds only texts that are new.

    Written batch by batch: a killed build continues where it was.

    Args:
        beforehand: vectors that are known although nothing was embedded here yet.
    """

    def __init__(self, path: Path, beforehand: KnownVectors | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = _opened(path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):  # locked or full: nothing that deleting it would mend
                raise
            # Damaged. It only saves time, so it is begun anew.
            for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
                path.with_name(name).unlink(missing_ok=True)
            self._db = _opened(path)
        self._beforehand = beforehand or KnownVectors()
        self._used: set[bytes] = set()

    def embed(self, embedder: Embedder, texts: Iterable[str], progress: Callable[[int], None]) -> Iterator[Vectors]:
        """Yield vectors `(<= BATCH, dimension)` for the texts in order; `progress` gets the number done.

        Texts are taken as they are needed, so a long document never lies in memory twice.
        """
        source = iter(texts)
        done = 0
        while batch := list(islice(source, BATCH)):
            keys = [key_of(embedder.name, text) for text in batch]
            self._used.update(keys)
            known = self._get(keys)
            missing = {key: text for key, text in zip(keys, batch, strict=True) if key not in known}
            if missing:
                fresh = self._beforehand.get(missing)
                rest = {key: text for key, text in missing.items() if key not in fresh}
                if rest:
                    fresh |= zip(rest, embedder.passages(list(rest.values())), strict=True)
                with self._db:
                    self._db.executemany(
                        "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
                        [(key, vector.tobytes()) for key, vector in fresh.items()],
                    )
                known |= fresh
            done += len(batch)
            yield np.stack([known[key] for key in keys])
            progress(done)

    def _get(self, keys: list[bytes]) -> dict[bytes, Vectors]:
        marks = ",".join("?" * len(keys))
        found = self._db.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", keys)  # nosec B608: question marks
        return {key: np.frombuffer(raw, dtype=np.float32) for key, raw in found}

    def prune(self) -> None:
        """Forget every vector that was not asked for since this object was made."""
        stale = [(key,) for (key,) in self._db.execute("SELECT key FROM vectors") if key not in self._used]
        with self._db:
            self._db.executemany("DELETE FROM vectors WHERE key = ?", stale)

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _opened(path: Path) -> sqlite3.Connection:
    """Open the file, and look whether all of it can be read.

    Raises:
        sqlite3.DatabaseError: it is no database, or a damaged one.
    """
    database = sqlite3.connect(path)
    try:
        database.execute("PRAGMA journal_mode=WAL")
        # A power cut may cost the last batches, never the file.
        database.execute("PRAGMA synchronous=NORMAL")
        database.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB)")
        (said,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError:
        database.close()
        raise
    if said != "ok":
        database.close()
        raise sqlite3.DatabaseError(said)
    return database


def key_of(embedder: str, text: str) -> bytes:
    """The key of a text: 16 bytes, other ones wherever its vector would be another."""
    return hashlib.blake2b(f"{signature_of(embedder)}\0{text}".encode(), digest_size=16).digest()
