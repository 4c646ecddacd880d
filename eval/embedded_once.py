"""Queries embedded once, however many steps of a fit ask for them, and never again by the next fit.

Learning asks for the vectors of some sixty thousand texts, several times each, and they are most of its time. Knows embedders
and texts, nothing of what is learned.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from ingest.embed import Embedder, Vectors, load_embedder
from ingest.vectors import key_of


@contextmanager
def embedded_once(embedders: Iterable[str], path: Path) -> Iterator[None]:
    """Inside, the queries of these embedders are looked up in a file before they are embedded, and kept there after."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, check_same_thread=False)) as database:
        database.execute("PRAGMA synchronous=OFF")  # it only saves time
        database.execute("CREATE TABLE IF NOT EXISTS queries (key BLOB PRIMARY KEY, vector BLOB)")
        lock = threading.Lock()
        changed = [load_embedder(name) for name in embedders]
        for embedder in changed:
            embedder.queries = _looked_up(embedder, database, lock)  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            for embedder in changed:
                del embedder.queries  # the method of its class again


def _looked_up(
    embedder: Embedder, database: sqlite3.Connection, lock: threading.Lock
) -> Callable[[Sequence[str]], Vectors]:
    embed = embedder.queries

    def queries(texts: Sequence[str]) -> Vectors:
        keys = [key_of(embedder.name, text) for text in texts]
        with lock:
            found = {key: _vector(database, key) for key in keys}
        missing = {key: text for key, text in zip(keys, texts, strict=True) if found[key] is None}
        if missing:
            fresh = dict(zip(missing, embed(list(missing.values())), strict=True))
            with lock, database:
                rows = [(key, np.asarray(vector, dtype=np.float32).tobytes()) for key, vector in fresh.items()]
                database.executemany("INSERT OR REPLACE INTO queries VALUES (?, ?)", rows)
            found |= fresh
        return np.stack([vector for key in keys if (vector := found[key]) is not None])

    return queries


def _vector(database: sqlite3.Connection, key: bytes) -> Vectors | None:
    row = database.execute("SELECT vector FROM queries WHERE key = ?", (key,)).fetchone()
    return None if row is None else np.frombuffer(row[0], dtype=np.float32)
