"""What a user would have instead: four 1000-character chunks before the conversation, the same engine and model.

Chunks come from all-MiniLM-L6-v2 where its packages are installed, else from our first embedder, which reads Chinese and
so finds better ones. Knows nothing of our index, checks or citations: the recipe has none of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from eval.baselines.usual_recipe import CHUNK, OVERLAP, PACKAGES, SPLITTER, missing, sentence_model
from eval.stopwatch import bare
from ingest.corpora import document_path, read_document
from ingest.document import Document
from ingest.embed import load_embedder, split_spec
from ingest.errors import UsageError
from tutor.answering.tutor import Tutor
from tutor.retrieval.result import Turn

CHUNKS = 4
INSTRUCTIONS = (
    "Use the following pieces of context to answer the question at the end. If you don't know, say so.\n\n{context}"
)
# What such a prompt brings a model to say where it refuses.
_REFUSED = re.compile(
    r"don'?t know|do not know|not (?:mentioned|provided|specified|covered|discussed|included|contain)|no (?:information|mention)"
    r"|cannot (?:answer|provide|determine)|does(?: not|n'?t) (?:mention|contain|provide|specify|cover|include)|sorry"
    r"|不知道|無法(?:回答|提供|確定)|无法(?:回答|提供|确定)|沒有(?:提到|提及|提供|相關)|没有(?:提到|提及|提供|相关)"
    r"|未(?:提到|提及|提供|說明|说明)|抱歉|對不起|对不起",
    re.IGNORECASE,
)


class Recipe:
    """LangChain's splitter, the nearest chunks, one prompt."""

    def __init__(self, document: Document, embedder: str) -> None:
        """Cut and embed the document.

        Raises:
            UsageError: LangChain's splitter is not installed.
        """
        if find_spec(SPLITTER) is None:
            raise UsageError("The usual recipe wants LangChain's splitter.", f"pip install {PACKAGES[SPLITTER]}")
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        splitter = RecursiveCharacterTextSplitter(chunk_size=CHUNK, chunk_overlap=OVERLAP)
        self._chunks = splitter.split_text(document.source)
        self.chunks_by = "our first embedder" if missing() else "all-MiniLM-L6-v2"
        own = load_embedder(split_spec(embedder)[0]) if missing() else None
        theirs: Any = None if own else sentence_model()
        self._embed: Callable[[list[str]], Any] = (
            (lambda texts: theirs.encode(texts, normalize_embeddings=True)) if own is None else own.queries
        )
        passages = [chunk[:200] for chunk in self._chunks] if own else self._chunks
        self._vectors = np.asarray(own.passages(passages) if own else self._embed(passages), dtype=np.float32)

    @classmethod
    def of(cls, tutor: Tutor) -> Recipe:
        """The recipe over the document that a tutor answers about."""
        folder = tutor.searcher.folder
        return cls(read_document(document_path(folder.parent, folder.name)), tutor.searcher.embedders[0])

    def messages(self, query: str, turns: Sequence[Turn] = ()) -> list[tuple[str, str]]:
        """System message with the chunks, the conversation, the question."""
        best = np.argsort(-(self._vectors @ np.asarray(self._embed([query]), dtype=np.float32)[0]))[:CHUNKS]
        context = "\n\n".join(self._chunks[i] for i in best)
        talk = [(turn.role, turn.content) for turn in turns[-6:]]
        return [("system", INSTRUCTIONS.format(context=context)), *talk, ("user", query)]

    def reply(self, tutor: Tutor, query: str, turns: Sequence[Turn] = ()) -> str:
        """The recipe's whole reply, by the model that words the tutor's own."""
        return bare(tutor.model, self.messages(query, turns)).text


def refuses(reply: str) -> bool:
    """Whether a reply says that it does not know; a generous reading."""
    return _REFUSED.search(reply) is not None
