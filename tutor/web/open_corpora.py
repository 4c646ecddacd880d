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
from ingest.errors import IndexBusy, IndexMissing, NotFound, TutorError
from tutor.settings import Settings

if TYPE_CHECKING:
    from tutor.answering.tutor import Tutor
    from tutor.interview.grading import Grader
    from tutor.interview.items import Material
    from tutor.interview.practice import Practice
    from tutor.store import Store
    from tutor.web.backstage import Backstage

# Corpora kept open besides the one of the settings: an index of 80 questions takes about 10 MB.
KEPT_OPEN = 8
# Running interviews are saved after every step, so one that falls out is opened again.
KEPT_PRACTICES = 256


@dataclass(frozen=True)
class Documented:
    """A parsed document with what is known about its answers."""

    material: Material
    questions: dict[int, Question]
    grader: Grader

    @property
    def document(self) -> Document:
        """The document itself."""
        return self.material.document


class OpenCorpora:
    """Tutors and documents by corpus name. Thread-safe."""

    def __init__(self, stage: Backstage) -> None:
        self.stage = stage
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._drafting = threading.Lock()
        self._tutors: OrderedDict[str, Tutor] = OrderedDict()
        self._practices: OrderedDict[tuple[str, str], tuple[Documented, Practice]] = OrderedDict()
        self._materials: OrderedDict[str, tuple[object, Documented]] = OrderedDict()

    @property
    def settings(self) -> Settings:
        """Those of the application."""
        return self.stage.settings

    @property
    def store(self) -> Store:
        """What is kept for users.

        Raises:
            StoreUnavailable: it cannot be opened.
        """
        return self.stage.store

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
            if name in self._tutors and current_build(self.settings.corpora_dir / name) is not None:
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
        from tutor.retrieval.search import Searcher
        from tutor.web.watched import WatchedTutor

        settings = self.settings
        model = self.stage.engine
        if model is None:
            raise IndexBusy("The model is being chosen.", "Try again in a moment; /ready says how far it is.")
        searcher = Searcher.configured(settings, name)
        searcher.warm_up()
        with self._lock:
            self._tutors[name] = WatchedTutor(searcher, model, watcher=self.stage.watcher)
            while len(self._tutors) > KEPT_OPEN:
                self._tutors.popitem(last=False)
            return self._tutors[name]

    def forget(self, corpus: str) -> None:
        """Let go of a corpus that was removed or added anew."""
        with self._lock:
            self._tutors.pop(corpus, None)
            self._materials.pop(corpus, None)

    def material(self, corpus: str | None) -> Documented:
        """The document of a corpus and its grader, read anew when a file changed. No index is needed.

        Raises:
            IndexMissing: there is no such corpus.
            DocumentError: its document or its rubrics cannot be used.
        """
        from ingest.rubrics import rubrics_path
        from tutor.interview.material import open_material, own_rubrics_path
        from tutor.interview.practice import grader_of

        name = self.name(corpus)
        folder = self.settings.corpora_dir
        path = corpora.document_path(folder, name)
        state = _stamps(path, rubrics_path(path), own_rubrics_path(folder, name))
        known = self._kept_material(name, state)
        if known is not None:
            return known
        with self._reading:  # who comes while one reads waits for what it finds
            known = self._kept_material(name, state)
            if known is not None:
                return known
            material = open_material(folder, name)
            found = Documented(material, {q.number: q for q in material.document.questions}, grader_of(material))
            with self._lock:
                self._materials[name] = (state, found)
                self._materials.move_to_end(name)
                while len(self._materials) > KEPT_OPEN:
                    self._materials.popitem(last=False)
        return found

    def gradable(self, corpus: str | None) -> Documented:
        """As `material`, with key points: drafted by rule on first use where nobody has written any (a second or more).

        Raises:
            IndexMissing: there is no such corpus.
            UsageError: none of its questions has an answer.
        """
        from tutor.interview.material import with_drafts

        found = self.material(corpus)
        if not found.grader.rubrics:
            with self._drafting:  # who comes while one drafts finds it done
                found = self.material(corpus)
                with_drafts(self.settings.corpora_dir, self.name(corpus), found.material)
            found = self.material(corpus)
        return found

    def in_use(self) -> list[tuple[str, Documented]]:
        """The corpora whose documents were opened, the one used last at the end; what cannot be read any more is let go."""
        with self._lock:
            names = list(self._materials)
        found = []
        for name in names:
            try:
                found.append((name, self.material(name)))
            except TutorError:
                with self._lock:
                    self._materials.pop(name, None)
        return found

    def _kept_material(self, name: str, state: object) -> Documented | None:
        with self._lock:
            kept = self._materials.get(name)
            if kept is None or kept[0] != state:
                return None
            self._materials.move_to_end(name)
            return kept[1]

    def practice(self, user: str, corpus: str) -> Practice:
        """A user's practice with a corpus; interviews that run stay alive in it.

        Raises:
            IndexMissing: there is no such corpus.
            UsageError: none of its questions has an answer. Where nobody has written key points they are drafted.
        """
        from tutor.interview.practice import Practice

        found = self.gradable(corpus)
        with self._lock:
            kept = self._practices.pop((user, corpus), None)
            if kept is None or kept[0] is not found:
                kept = found, Practice(corpus, found.material, found.grader, self.store, user)
            self._practices[user, corpus] = kept
            while len(self._practices) > KEPT_PRACTICES:
                self._practices.popitem(last=False)
            return kept[1]

    def forget_user(self, user: str) -> None:
        """Let go of what is open for a user whose data were erased."""
        with self._lock:
            for key in [key for key in self._practices if key[0] == user]:
                del self._practices[key]

    def question(self, corpus: str | None, number: int) -> Question:
        """One question of a corpus.

        Raises:
            NotFound: there is no such question.
            IndexMissing: there is no such corpus.
        """
        found = self.material(corpus).questions.get(number)
        if found is None:
            raise NotFound(f"The corpus {self.name(corpus)!r} has no question {number}.", "tutor ingest --check")
        return found


def _stamps(*paths: Path) -> tuple[object, ...]:
    return tuple((str(p), p.stat().st_mtime_ns, p.stat().st_size) if p.exists() else None for p in paths)
