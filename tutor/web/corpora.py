"""Every corpus as the doors open it: its tutor, its document, its rubrics; all tutors share one model.

Opens on first use, follows a document that changed. Knows nothing of HTTP.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ingest import corpora
from ingest.builds import current_build
from ingest.document import Document, Question
from ingest.errors import IndexBusy, IndexMismatch, IndexMissing, TutorError
from tutor.settings import Settings
from tutor.web.backstage import Backstage

if TYPE_CHECKING:
    from tutor.answering.tutor import Tutor
    from tutor.interview.grading import Grader

# Corpora kept open besides the one of the settings: an index of 80 questions takes about 10 MB.
KEPT_OPEN = 8


@dataclass(frozen=True)
class Material:
    """A parsed document with what is known about its answers."""

    document: Document
    questions: dict[int, Question]
    grader: Grader


class OpenCorpora:
    """Tutors and documents by corpus name. Thread-safe."""

    def __init__(self, stage: Backstage) -> None:
        self.stage = stage
        self._lock = threading.Lock()
        self._tutors: OrderedDict[str, Tutor] = OrderedDict()
        self._materials: OrderedDict[str, tuple[object, Material]] = OrderedDict()

    @property
    def settings(self) -> Settings:
        """Those of the application."""
        return self.stage.settings

    def name(self, corpus: str | None) -> str:
        """The corpus that is meant: the one of the settings where none is named.

        Raises:
            UsageError: this cannot be the name of a corpus.
        """
        return corpora.check_name(corpus) if corpus else self.settings.corpus

    def tutor(self, corpus: str | None) -> Tutor:
        """The tutor of a corpus.

        Raises:
            IndexMissing: there is no such corpus.
            IndexBusy: it is being prepared.
            TutorError: it cannot be opened.
        """
        name = self.name(corpus)
        if name == self.settings.corpus:
            return self._own(name)
        with self._lock:
            if name in self._tutors:
                self._tutors.move_to_end(name)
                return self._tutors[name]
        return self._opened(name)

    def _own(self, name: str) -> Tutor:
        tutor = self.stage.tutor
        if tutor is not None:
            if current_build(self.settings.corpora_dir / name) is None:
                raise IndexMissing(f"The corpus {name!r} was removed.", "tutor ingest brings the shipped one back.")
            return tutor
        index = self.stage.index
        if index.phase == "failed":
            raise IndexMissing(index.reason, index.mend)
        share = f" ({index.done} of {index.total})" if index.total else ""
        raise IndexBusy(f"The corpus {name!r} is being prepared{share}.", "Try again in a moment; /ready says how far.")

    def _opened(self, name: str) -> Tutor:
        from tutor.answering.tutor import Tutor
        from tutor.retrieval.search import Searcher

        settings = self.settings
        model = self.stage.engine
        if model is None:
            raise IndexBusy("The model is being chosen.", "Try again in a moment; /ready says how far it is.")
        try:
            searcher = Searcher(settings.corpora_dir, name, settings.embedders, settings.chroma_url)
        except IndexMismatch as error:
            raise IndexMismatch(error.message, error.mend) from error
        searcher.warm_up()
        with self._lock:
            self._tutors[name] = Tutor(searcher, model)
            while len(self._tutors) > KEPT_OPEN:
                self._tutors.popitem(last=False)
            return self._tutors[name]

    def forget(self, corpus: str) -> None:
        """Let go of a corpus that was removed or added anew."""
        with self._lock:
            self._tutors.pop(corpus, None)
            self._materials.pop(corpus, None)

    def material(self, corpus: str | None) -> Material:
        """The document of a corpus and its grader, read anew when a file changed. No index is needed.

        Raises:
            IndexMissing: there is no such corpus.
            DocumentError: its document or its rubrics cannot be used.
        """
        from tutor.interview.grading import Grader
        from tutor.interview.rubrics import read_rubrics, rubrics_path

        name = self.name(corpus)
        path = corpora.document_path(self.settings.corpora_dir, name)
        state = _stamps(path, rubrics_path(path))
        with self._lock:
            kept = self._materials.get(name)
            if kept is not None and kept[0] == state:
                return kept[1]
        document = corpora.read_document(path)
        questions = {q.number: q for q in document.questions}
        titles = {n: q.title for n, q in questions.items()}
        found = Material(document, questions, Grader(read_rubrics(rubrics_path(path), document), titles))
        with self._lock:
            self._materials[name] = (state, found)
            while len(self._materials) > KEPT_OPEN:
                self._materials.popitem(last=False)
        return found

    def question(self, corpus: str | None, number: int) -> Question:
        """One question of a corpus.

        Raises:
            TutorError: there is no such corpus or question (`NotFound`).
        """
        found = self.material(corpus).questions.get(number)
        if found is None:
            raise NotFound(f"The corpus {self.name(corpus)!r} has no question {number}.", "tutor ingest --check")
        return found


class NotFound(TutorError):
    """Something that was named is not there."""


def _stamps(*paths: Path) -> tuple[object, ...]:
    return tuple((str(p), p.stat().st_mtime_ns, p.stat().st_size) if p.exists() else None for p in paths)
