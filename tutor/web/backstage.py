"""Opens the corpus and the model in the background, and says at any time how far they are.

A page must not wait for either: it shows these states instead. Knows nothing of pages or languages.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ingest import apart, corpora
from ingest.errors import IndexBusy, IndexMissing, TutorError
from tutor.settings import Settings
from tutor.web.corpora import Corpora
from tutor.web.practices import Practices
from tutor.web.traces import Traces
from tutor.web.watching import Watcher

if TYPE_CHECKING:
    from tutor.answering.tutor import Tutor
    from tutor.llm import Model
    from tutor.retrieval.search import Searcher
    from tutor.store import Store
    from tutor.web.idle_drafts import IdleDrafts
    from tutor.web.open_corpora import OpenCorpora

log = logging.getLogger(__name__)

# An index that could not be opened is tried again after so many seconds: it may have been mended.
RETRY_SECONDS = 3.0
REPLIES_KEPT = 20
# Questions that are prepared for their first answer: as many as are kept so.
PREPARED = 128
IndexPhase = Literal["opening", "building", "ready", "failed"]
# What `Model.state` says, and "choosing" before there is a model to ask.
ModelPhase = Literal["choosing", "none", "stopped", "pulling", "loading", "ready", "failed"]


@dataclass(frozen=True)
class IndexState:
    """How far the corpus is. `done` of `total` counts vectors while it is built; `reason` is for users."""

    phase: IndexPhase
    reason: str = ""
    mend: str = ""
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class Reply:
    """How long a reply took, milliseconds; None for a first token that never came. `cached` is a share, 0 to 1."""

    search: float | None
    first: float | None
    total: float | None
    tokens: int
    cached: float | None
    model: str


@dataclass(frozen=True)
class ModelStatus:
    """How far the model is; `why` says why it is this model, `reason` what it is doing."""

    phase: ModelPhase
    name: str = ""
    reason: str = ""
    why: str = ""


class Backstage:
    """One corpus and one model, opened in background threads. Thread-safe.

    Args:
        open_model: in place of `tutor.llm.open_model`; tests hand in a model of their own.
    """

    def __init__(self, settings: Settings, open_model: Callable[[Settings], Model] | None = None) -> None:
        self.settings = settings
        self._open = open_model
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._index = IndexState("opening")
        self._model: Model | None = None
        self._model_error: TutorError | None = None
        self._searcher: Searcher | None = None
        self._tutor: Tutor | None = None
        self._drafts: IdleDrafts | None = None
        self._opening_store = threading.Lock()
        self._store: Store | None = None
        self.watcher = Watcher(log_texts=settings.log_texts, traces=Traces.to(settings.traces_url))
        self.watcher.metrics.watch_readiness(
            {"corpus": lambda: self._index.phase == "ready", "model": lambda: self.model.phase in {"ready", "none"}}
        )
        self.watcher.metrics.watch_queue(lambda: self._model.line.length if self._model is not None else 0)
        self.draining = False
        self._opened_corpora: OpenCorpora | None = None
        self.corpora = Corpora(self)
        self.practices = Practices(self)
        # Timings of the last replies of all users, newest last; of their words only the length.
        self.replies: deque[Reply] = deque(maxlen=REPLIES_KEPT)
        self._threads: list[threading.Thread] = []
        self._hear: list[Callable[[IndexState], None]] = []

    def listen(self, hear: Callable[[IndexState], None]) -> None:
        """Have every state of the corpus told from now on, in the thread that changes it."""
        self._hear.append(hear)

    def start(self) -> None:
        """Begin to open both; returns at once. A second call does nothing."""
        if self._threads:
            return
        for name, work in (("open-model", self._open_model), ("open-corpus", self._open_corpus)):
            self._threads.append(threading.Thread(target=work, name=name, daemon=True))
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stop the model and whatever is still being opened. May be called twice."""
        self._closing.set()
        with self._changed:
            model = self._model
            self._changed.notify_all()
        if self._tutor is not None and self._tutor.ahead is not None:
            self._tutor.ahead.close()
        if self._drafts is not None:
            self._drafts.close()
        if model is not None:
            model.close()
        with self._opening_store:
            if self._store is not None:
                self._store.close()
                self._store = None
        self.watcher.close()

    @property
    def index(self) -> IndexState:
        """How far the corpus is, now."""
        return self._index

    @property
    def model(self) -> ModelStatus:
        """How far the model is, now."""
        model = self._model
        if self._model_error is not None:
            return ModelStatus("failed", reason=_sentence(self._model_error))
        if model is None:
            return ModelStatus("choosing")
        state = model.state
        return ModelStatus(state.state, model.name, state.reason, model.choice.reason)

    @property
    def engine(self) -> Model | None:
        """The model, as soon as it is chosen; it may still be loading."""
        return self._model

    @property
    def tutor(self) -> Tutor | None:
        """The tutor, once the corpus is open; it needs no model to be ready."""
        return self._tutor

    @property
    def settled(self) -> bool:
        """Whether the corpus is open, and the model has come up or will not."""
        return self._index.phase == "ready" and self.model.phase in {"ready", "none"}

    def wait(self, seconds: float) -> Tutor | None:
        """The tutor as soon as there is one; None after `seconds`, or when this is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._tutor is not None or self._closing.is_set(), seconds)
            return self._tutor

    def drain(self, seconds: float) -> bool:
        """Take no new users from now on (`/health` says so), and wait for the answers that are being written.

        Returns:
            Whether all of them were finished within `seconds`.
        """
        self.draining = True
        return self.watcher.running.wait_until_none(seconds)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closing.is_set()

    @property
    def opened(self) -> OpenCorpora:
        """Every corpus that is open, shared by the page and the other doors."""
        from tutor.web.open_corpora import OpenCorpora

        with self._opening_store:
            if self._opened_corpora is None:
                self._opened_corpora = OpenCorpora(self)
            return self._opened_corpora

    @property
    def store(self) -> Store:
        """What users did, opened at the first call.

        Raises:
            TutorError: the database cannot be opened.
        """
        from tutor.store import open_store

        with self._opening_store:
            if self._store is None:
                self._store = open_store(self.settings)
                self._store.feedback.on_add = self.watcher.metrics.feedback
            return self._store

    def report(self) -> dict[str, Any]:
        """Both states, JSON-ready; what `/ready` answers."""
        index, model = self.index, self.model
        return {
            "ready": self.settled,
            "corpus": {
                "name": self.settings.corpus,
                "state": index.phase,
                "reason": index.reason,
                "mend": index.mend,
                "done": index.done,
                "total": index.total,
            },
            "model": {"name": model.name, "state": model.phase, "reason": model.reason, "why": model.why},
        }

    # In the background threads, from here.

    def _open_model(self) -> None:
        from tutor.llm import open_model

        try:
            model = (self._open or open_model)(self.settings)
        except TutorError as error:
            log.error("%s", _sentence(error))
            self._model_error = error
        except Exception:
            log.exception("the model could not be opened")
            self._model_error = TutorError("The model could not be opened; the server's log says why.")
        if self._model_error is not None:
            # Without a model the tutor still answers, in extracts.
            model = open_model(self.settings.model_copy(update={"model": "none", "server_url": ""}))
        with self._changed:
            self._model = model
            self._changed.notify_all()
        if self._closing.is_set():
            model.close()

    def _open_corpus(self) -> None:
        while not self._closing.is_set():
            try:
                self._searcher = self._opened()
                break
            except IndexBusy as error:
                self._say(IndexState("building", error.message))
            except TutorError as error:
                self._say(IndexState("failed", error.message, error.mend))
            except Exception:
                log.exception("the corpus could not be opened")
                self._say(IndexState("failed", "The corpus could not be opened; the server's log says why."))
            self._closing.wait(RETRY_SECONDS)
        else:
            return
        self._join_up(self._searcher)

    def _opened(self) -> Searcher:
        from tutor.retrieval.search import Searcher

        settings = self.settings
        try:
            searcher = Searcher.configured(settings)
        except IndexMissing:
            path = corpora.document_path(settings.corpora_dir, settings.corpus)
            self._say(IndexState("building"))
            apart.ingest(
                settings.corpora_dir,
                settings.corpus,
                path,
                embedders=settings.embedders,
                chroma_url=settings.chroma_url,
                progress=self._progress,
            )
            self._say(IndexState("opening"))
            searcher = Searcher.configured(settings)
        searcher.warm_up()
        return searcher

    def _join_up(self, searcher: Searcher) -> None:
        """Wait for the model object (seconds at most: it need not be loaded), then open for questions."""
        from tutor.answering.ahead import ReadAhead
        from tutor.web.idle_drafts import IdleDrafts
        from tutor.web.likely import Likely
        from tutor.web.watched import WatchedTutor

        with self._changed:
            self._changed.wait_for(lambda: self._model is not None or self._closing.is_set())
            if self._model is None or self._closing.is_set():
                return
            tutor = WatchedTutor(searcher, self._model, watcher=self.watcher)
            tutor.ahead = ReadAhead(self._model, tutor.room, Likely(self))
            self._tutor = tutor
            self._drafts = IdleDrafts(self)
        tutor.ahead.start()
        self._drafts.start()
        self._say(IndexState("ready"))
        self._prepare(tutor)

    def _prepare(self, tutor: Tutor) -> None:
        """Prepare every question, with pauses as long as the work: whoever asks meanwhile has the other half of a core."""
        for number in tutor.room.numbers()[:PREPARED]:
            started = time.monotonic()
            try:
                tutor.room.prepare(number)
            except TutorError as error:  # the corpus was rebuilt or removed: its first answers take a little longer
                log.info("not prepared: %s", error.message)
                return
            if self._closing.wait(time.monotonic() - started):
                return

    def _progress(self, stage: str, done: int, total: int) -> None:
        self._say(IndexState("building", stage, done=done, total=total))

    def _say(self, state: IndexState) -> None:
        with self._changed:
            self._index = state
            self._changed.notify_all()
        for hear in self._hear:
            hear(state)


def _sentence(error: TutorError) -> str:
    return f"{error.message} {error.mend}".strip()
