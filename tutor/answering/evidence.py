"""The sentences of a question with their source spans, vectors and place in lists: what answers are made of.

Knows the index, nothing of queries or prompts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ingest.document import Entry
from ingest.embed import load_embedder, split_spec
from tutor.retrieval.search import Searcher

_MARKER = re.compile(r"[-*+]\s|\d{1,3}[.)]\s")


@dataclass(frozen=True)
class Sentence:
    """One sentence, table row or code block of the source.

    Args:
        text: plain, with the lead of its list item in front.
        start, end: its verbatim span.
        item: which item of which list it belongs to, None outside lists: `(list, item)`, numbered in the document.
    """

    question: int
    section: str
    text: str
    start: int
    end: int
    item: tuple[int, int] | None = None


@dataclass(frozen=True)
class QuestionSentences:
    """All sentences of a question with their vectors `(n, dimension)`; and its reviewed English digest."""

    number: int
    title: str
    sentences: tuple[Sentence, ...]
    vectors: NDArray[np.float32]
    digest: tuple[str, ...]
    digest_vectors: NDArray[np.float32]


class EvidenceRoom:
    """Chooses evidence from one corpus. Sentences of a question are embedded once and kept."""

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher
        self._embedder = load_embedder(split_spec(searcher.embedders[0])[0])
        self._kept = lru_cache(maxsize=256)(self._load)

    def sentences_of(self, number: int) -> QuestionSentences:
        """Sentences of a question with vectors."""
        return self._kept(number, self._searcher.index.build_folder.name)

    def _load(self, number: int, build: str) -> QuestionSentences:
        del build  # only part of the key: a rebuilt corpus is read again
        content = self._searcher.index.content
        title = self._searcher.titles[number]
        sentences, digest = [], []
        for _, entry in content.entries_of(number):
            if entry.kind in {"sentence", "row", "code"} and entry.passage is not None:
                section = content.passage(entry.passage).section
                sentences.append(Sentence(number, section, _text(entry), entry.start, entry.end))
            elif entry.kind == "digest":
                digest.append(entry.text)
        source = content.source
        sentences = [replace(s, item=i) for s, i in zip(sentences, list_items(sentences, source), strict=True)]
        return QuestionSentences(
            number,
            title,
            tuple(sentences),
            self.embed([s.text for s in sentences]),
            tuple(digest),
            self.embed(digest),
        )

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors `(n, dimension)` of texts, comparable with those of the sentences."""
        if not texts:
            return np.zeros((0, self._embedder.dimension), dtype=np.float32)
        return self._embedder.passages(texts)


def list_items(sentences: Sequence[Sentence], source: str) -> list[tuple[int, int] | None]:
    """For each sentence the outermost list and the item in it that it belongs to, or None.

    A list is a run of lines with a list marker at one indentation; deeper lines belong to the item above them.
    """
    found: list[tuple[int, int] | None] = []
    current, item, indent, section = 0, 0, -1, ""
    for sentence in sentences:
        line_start = source.rfind("\n", 0, sentence.start) + 1
        before = source[line_start : sentence.start]
        if sentence.section != section:
            section, indent = sentence.section, -1
        if not before.strip():
            depth = len(before.expandtabs(4))
            marked = _MARKER.match(source, sentence.start) is not None
            if marked and (indent < 0 or depth < indent):
                current, item, indent = current + 1, 0, depth
            elif marked and depth == indent:
                item += 1
            elif not marked and depth <= indent:
                indent = -1
        found.append((current, item) if indent >= 0 else None)
    return found


def _text(entry: Entry) -> str:
    """The sentence as the model reads it: with its lead, unless it says that itself."""
    if not entry.lead or entry.lead in entry.text:
        return entry.text
    return f"{entry.lead}：{entry.text}"
