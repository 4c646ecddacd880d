"""Vectors in Chroma: embedded, in the folder of a build, or on a Chroma server that several machines share.

Chroma is always given vectors: its own default embedder would fetch a model from the network. One writer, the
builder; every other user only reads. Knows vectors and row numbers, nothing of texts.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from ingest.embed import Vectors
from ingest.errors import IndexMismatch, IndexUnavailable, TutorError, UsageError

log = logging.getLogger(__name__)

# Vectors per call to Chroma. On 11,000 vectors: 64 per call 345 a second, 1,000 per call 534; more gains nothing.
ADD = 1000
# A beam of 256 finds 97 % of the true 200 nearest of 11,000 sentences and always the nearest one. The graph is the
# smaller of those tried (16 links, beam 64 while building): 24 and 128 found 99 % for half the speed of building.
_GRAPH = {"space": "ip", "ef_construction": 64, "ef_search": 256, "max_neighbors": 16}


def open_client(build_folder: Path, url: str) -> Any:
    """The Chroma of a build: embedded in its folder, or the server at `url`. No telemetry.

    Raises:
        UsageError: the URL is none.
        IndexUnavailable: the server does not answer.
    """
    import chromadb

    quiet = chromadb.Settings(anonymized_telemetry=False, is_persistent=not url)
    if not url:
        return chromadb.PersistentClient(path=str(build_folder / "chroma"), settings=quiet)
    mend = "Write TUTOR_CHROMA_URL as http://HOST:PORT."
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"{url!r} is no address of a Chroma server.", mend) from error
    if parts.scheme not in {"http", "https"} or not host:
        raise UsageError(f"{url!r} is no address of a Chroma server.", mend)
    secure = parts.scheme == "https"
    with answering(url):
        return chromadb.HttpClient(host=host, port=port or (443 if secure else 8000), ssl=secure, settings=quiet)


@contextmanager
def answering(url: str) -> Iterator[None]:
    """Turn a Chroma server that is away, and vectors that are damaged or gone, into an error for the user."""
    import httpx
    from chromadb.errors import ChromaError

    try:
        yield
    except ChromaError as error:
        where = f"on the Chroma server {url}" if url else "beside the index"
        raise IndexMismatch(
            f"The vectors {where} are damaged or gone ({type(error).__name__}).",
            "Build them again: tutor ingest, with --corpus NAME for another corpus than the default one",
        ) from error
    except (httpx.HTTPError, ValueError, ConnectionError) as error:
        # Chroma's client raises a bare ValueError where it cannot connect.
        if not url or (isinstance(error, ValueError) and "connect" not in str(error).lower()):
            raise
        raise IndexUnavailable(
            f"The Chroma server at {url} does not answer.", "Start it, or correct or unset TUTOR_CHROMA_URL."
        ) from error


def collection_name(build: str, embedder: str, role: str) -> str:
    """Chroma's name of a leg. It holds the build, so that a server keeps builds apart and a swap stays one step."""
    safe = "".join(c if c.isalnum() and c.isascii() else "-" for c in embedder).strip("-")
    if len(safe) > 40 or safe != embedder:
        # A folder's path is long and its beginning says little.
        safe = f"{safe[-24:].strip('-')}-{hashlib.blake2b(embedder.encode(), digest_size=4).hexdigest()}"
    return f"{build}.{safe}.{role}"


def write_collection(client: Any, name: str, batches: Iterable[Vectors], rows: Sequence[int]) -> None:
    """Write vectors into a new collection; the id of a vector is its row number.

    Chroma's work on one batch runs beside the embedding of the next.
    """
    total = len(rows)
    # Chroma keeps what came since the last save in a log and works it in again at every opening: 1.4 s for 955
    # vectors. One save, at the end and of everything, leaves no log. Vectors are unit length: inner product is cosine.
    saving = {"batch_size": min(ADD, max(2, total)), "sync_threshold": max(2, total)}
    collection = client.create_collection(name, embedding_function=None, configuration={"hnsw": _GRAPH | saving})
    size = min(ADD, client.get_max_batch_size())
    position = 0
    with ThreadPoolExecutor(1) as pool:
        running: Future[None] | None = None
        for vectors in _regrouped(batches, size):
            ids = [str(row) for row in rows[position : position + len(vectors)]]
            position += len(vectors)
            if running is not None:
                running.result()
            running = pool.submit(collection.add, ids=ids, embeddings=vectors)
        if running is not None:
            running.result()


def _regrouped(batches: Iterable[Vectors], size: int) -> Iterator[Vectors]:
    """The same vectors in groups of `size`."""
    waiting: list[Vectors] = []
    count = 0
    for batch in batches:
        waiting.append(batch)
        count += len(batch)
        if count >= size:
            joined = np.concatenate(waiting)
            yield joined[:size]
            waiting, count = [joined[size:]], count - size
    if count:
        yield np.concatenate(waiting)


def drop_builds(client: Any, builds: Collection[str]) -> None:
    """Remove the collections of these builds from a server."""
    for collection in client.list_collections():
        if collection.name.partition(".")[0] in builds:
            client.delete_collection(collection.name)


def drop_elsewhere(builds: Mapping[str, str], used: str) -> None:
    """Remove the collections of builds from the servers where they were made, but for the one in use.

    Nobody needs these servers any more: one that does not answer is only noted.

    Args:
        builds: names of builds with their servers, as `ingest.builds.remove_builds` gives them.
    """
    for url in sorted(set(builds.values()) - {"", used}):
        try:
            with closing(open_client(Path(), url)) as client, answering(url):
                drop_builds(client, [name for name, server in builds.items() if server == url])
        except TutorError as error:
            log.warning("old vectors stay on a Chroma server: %s", error.message)


def search_collection(collection: Any, query: Vectors, k: int) -> tuple[list[int], list[float]]:
    """Row numbers and cosines of the k nearest vectors, best first."""
    found = collection.query(query_embeddings=[query.tolist()], n_results=k, include=["distances"])
    return [int(i) for i in found["ids"][0]], [1.0 - float(d) for d in found["distances"][0]]


def stored_vector(collection: Any, row: int) -> Vectors:
    """The vector of one row, `(dimension,)`."""
    return np.asarray(collection.get(ids=[str(row)], include=["embeddings"])["embeddings"][0], dtype=np.float32)
