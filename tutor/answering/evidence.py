"""The sentences of a question with their source spans, vectors and place in lists: what answers are made of.

Knows the index, nothing of queries or prompts.
"""

from __future__ import annotations

import logging
import re
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ingest.corpora import document_path, read_document
from ingest.document import Entry
from ingest.embed import load_embedder, split_spec
from ingest.errors import TutorError
from ingest.rubrics import KeyPoint as RubricPoint
from ingest.rubrics import quote_span, read_rubrics, rubrics_path
from ingest.text import language_of
from ingest.vectors import VectorCache
from tutor.answering.answer import Language
from tutor.answering.misconceptions import Known, known
from tutor.answering.screening import defuse, planted
from tutor.retrieval.search import Searcher

if TYPE_CHECKING:
    from tutor.answering.agreement import Agreement

log = logging.getLogger(__name__)

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
class Statement:
    """A reviewed key point of the rubric: concise, complete, and resting on a verbatim span of the source.

    Args:
        text, text_en: the point in the document's language and in English ("" where there is none).
        sentence: the span as a sentence, for its citation.
        core: whether a full answer cannot do without it.
    """

    text: str
    text_en: str
    sentence: Sentence
    core: bool


@dataclass(frozen=True)
class QuestionSentences:
    """All sentences of a question with their vectors `(n, dimension)`; its reviewed English digest; its key points.

    `statement_vectors` are those of the texts, `statement_vectors_en` of the English ones, row by row. `planted` says
    why sentences were left out that give orders instead of saying something: no model reads them, no answer rests on them.
    """

    number: int
    title: str
    sentences: tuple[Sentence, ...]
    vectors: NDArray[np.float32]
    digest: tuple[str, ...]
    digest_vectors: NDArray[np.float32]
    statements: tuple[Statement, ...] = ()
    statement_vectors: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    statement_vectors_en: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    planted: tuple[str, ...] = ()

    @cached_property
    def language(self) -> str:
        """The language that its sentences are written in, as `language_of` names it."""
        return language_of(" ".join(s.text for s in self.sentences)[:2000])


class EvidenceRoom:
    """Chooses evidence from one corpus. Sentences of a question are embedded once and kept."""

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher
        self._embedder = load_embedder(split_spec(searcher.embedders[0])[0])
        self._kept = lru_cache(maxsize=256)(self._load)
        self._vectors = lru_cache(maxsize=256)(self._known_vectors)
        self._rubrics_kept = lru_cache(maxsize=1)(self._read_rubrics)
        self._reading = threading.Lock()

    def numbers(self) -> list[int]:
        """Numbers of all questions."""
        return list(self._searcher.titles)

    def languages(self) -> tuple[Language, ...]:
        """Languages of replies, the document's own first. Simplified replies read the Traditional text."""
        chinese = language_of(" ".join(self._searcher.titles.values())[:2000]) != "en"
        return ("zh-Hant", "en") if chinese else ("en", "zh-Hant")

    def title_in(self, number: int, language: Language) -> str:
        """The title in the language of a reply, where a reviewed one is indexed beside the document's own."""
        return self._searcher.hits.title_in(number, english=language == "en")

    def prepare(self, number: int) -> None:
        """Do now what the first answer about a question would wait for: .14 s of a core."""
        question = self.sentences_of(number)
        self.known_vectors(number)
        self.agreement.prepare(question)

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
        reasons = [planted(s.text) for s in sentences]
        sentences = [replace(s, text=defuse(s.text)) for s, r in zip(sentences, reasons, strict=True) if r is None]
        statements = self._statements(number, source)
        return QuestionSentences(
            number,
            "" if planted(title) else defuse(title),
            tuple(sentences),
            self._kept_vectors([s.text for s in sentences]),
            tuple(digest),
            self._kept_vectors(digest),
            statements,
            self._kept_vectors([s.text for s in statements]),
            self._kept_vectors([s.text_en for s in statements]),
            tuple(dict.fromkeys(r for r in reasons if r)),
        )

    def _statements(self, number: int, source: str) -> tuple[Statement, ...]:
        content = self._searcher.index.content
        question, found = content.questions[number], []
        for point in self._rubrics(self._searcher.index.build_folder.name).get(number, ()):
            span = quote_span(point, question, source)
            if point.kind == "misconception" or span is None:
                continue
            section = next((p.section for _, p in content.passages_of(number) if p.start <= span[0] < p.end), "")
            sentence = Sentence(number, section, point.statement, *span)
            found.append(Statement(point.statement, point.statement_en, sentence, point.kind == "core"))
        return tuple(found)

    def _rubrics(self, build: str) -> dict[int, tuple[RubricPoint, ...]]:
        with self._reading:  # one reads, the others wait: fifty first users at once would read it fifty times
            return self._rubrics_kept(build)

    def _read_rubrics(self, build: str) -> dict[int, tuple[RubricPoint, ...]]:
        del build  # only part of the key, as above
        try:
            path = document_path(self._searcher.folder.parent, self._searcher.folder.name)
            rubrics = read_rubrics(rubrics_path(path), read_document(path))
        except TutorError as error:  # moved away or edited since: the sentences alone still answer
            log.warning("answers do without reviewed key points: %s", error)
            return {}
        return {number: rubric.points for number, rubric in rubrics.items()}

    def _kept_vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """As `embed`, kept in a file beside the index: the sentences of a question take half a second to embed."""
        if not texts:
            return self.embed(texts)
        try:
            with closing(VectorCache(self._searcher.folder / "evidence.sqlite")) as cache:
                return np.concatenate(list(cache.embed(self._embedder, texts, lambda _: None)))
        except (OSError, sqlite3.Error) as error:  # a read-only or full disk costs time, not the answer
            log.warning("sentence vectors are not kept: %s", error)
            return self.embed(texts)

    @cached_property
    def agreement(self) -> Agreement:
        """Compares sentences with the questions of this corpus."""
        from tutor.answering.agreement import Agreement

        return Agreement(self)

    def known(self, number: int) -> Known:
        """What the reviewed rubric beside the document calls right and wrong; empty where there is none."""
        return known(self._rubrics(self._searcher.index.build_folder.name).get(number, ()))

    def known_vectors(self, number: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Vectors of what is right and of what is wrong to say about a question."""
        return self._vectors(number, self._searcher.index.build_folder.name)

    def aside_vectors(self, number: int) -> NDArray[np.float32]:
        """Vectors of the further wordings of what is right; kept in a file once they were asked for."""
        return self._kept_vectors(self.known(number).asides)

    def _known_vectors(self, number: int, build: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        del build
        found = self.known(number)
        return self._kept_vectors(found.right), self._kept_vectors(found.wrong)

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
