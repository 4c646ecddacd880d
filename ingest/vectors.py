"""Vectors: computed once per text, kept by content, searched in Chroma.

Knows embedders, texts and row numbers, nothing of questions. Chroma is always given vectors: its own default
embedder would fetch a model from the network.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ingest.embed import Embedder, Vectors, signature_of

# Texts per embedding call: small enough for a live progress bar and little loss on a kill.
BATCH = 64


class VectorCache:
    """Vectors by content in one SQLite file, so that a rebuild embeds only texts that are new.

    Written batch by batch: a killed build continues where it was.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")
        self._used: set[bytes] = set()

    def embed(self, embedder: Embedder, texts: Sequence[str], progress: Callable[[int], None]) -> Iterator[Vectors]:
        """Yield vectors `(<= BATCH, dimension)` for the texts in order; `progress` gets the number done."""
        for first in range(0, len(texts), BATCH):
            batch = texts[first : first + BATCH]
            keys = [_key(embedder.name, text) for text in batch]
            self._used.update(keys)
            known = self._get(keys)
            missing = [i for i, key in enumerate(keys) if key not in known]
            if missing:
                fresh = embedder.passages([batch[i] for i in missing])
                rows = {keys[i]: fresh[j] for j, i in enumerate(missing)}
                with self._db:
                    self._db.executemany(
                        "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
                        [(key, vector.tobytes()) for key, vector in rows.items()],
                    )
                known |= rows
            yield np.stack([known[key] for key in keys])
            progress(first + len(batch))

    def _get(self, keys: list[bytes]) -> dict[bytes, Vectors]:
        marks = ",".join("?" * len(keys))
        found = self._db.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", keys)
        return {key: np.frombuffer(raw, dtype=np.float32) for key, raw in found}

    def prune(self) -> None:
        """Forget every vector that was not asked for since this object was made."""
        stale = [(key,) for (key,) in self._db.execute("SELECT key FROM vectors") if key not in self._used]
        with self._db:
            self._db.executemany("DELETE FROM vectors WHERE key = ?", stale)

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _key(embedder: str, text: str) -> bytes:
    return hashlib.blake2b(f"{signature_of(embedder)}\0{text}".encode(), digest_size=16).digest()


def chroma_client(folder: Path) -> Any:
    """Chroma, embedded, with telemetry off. One writer, the builder; every other user only reads."""
    import chromadb

    settings = chromadb.Settings(anonymized_telemetry=False, is_persistent=True)
    return chromadb.PersistentClient(path=str(folder), settings=settings)


def write_collection(client: Any, name: str, batches: Iterator[Vectors], rows: Sequence[int]) -> None:
    """Write vectors into a new collection; the id of a vector is its row number."""
    collection = client.create_collection(
        name,
        embedding_function=None,
        # Vectors are unit length, so inner product is cosine. A wide beam: recall matters more than a millisecond.
        configuration={"hnsw": {"space": "ip", "ef_construction": 128, "ef_search": 256, "max_neighbors": 24}},
    )
    position = 0
    for vectors in batches:
        ids = [str(row) for row in rows[position : position + len(vectors)]]
        collection.add(ids=ids, embeddings=vectors)
        position += len(vectors)


def search_collection(collection: Any, query: Vectors, k: int) -> tuple[list[int], list[float]]:
    """Row numbers and cosines of the k nearest vectors, best first."""
    found = collection.query(query_embeddings=[query.tolist()], n_results=k, include=["distances"])
    return [int(i) for i in found["ids"][0]], [1.0 - float(d) for d in found["distances"][0]]
