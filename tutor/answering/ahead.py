"""Reading ahead: in idle time the engine reads the questions most likely asked next, so that their answers begin at once.

Gives way to users at once. Knows questions and the engine's idle slot, nothing of pages.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator

from ingest.errors import ModelUnavailable, TutorError
from tutor.answering import prompt, second_opinion
from tutor.answering.answer import Language
from tutor.answering.evidence import EvidenceRoom
from tutor.llm import Model

log = logging.getLogger(__name__)

# Silence after the last answer before anything is read: a reader's next question comes later than that.
IDLE_S = 1.0
# How long to wait before looking again when there is nothing to read, or nothing can be read.
PAUSE_S = 5.0


class ReadAhead:
    """Has the engine read the questions of one corpus while nobody asks. Runs in a thread of its own.

    Args:
        likely: numbers of the questions that are likely asked about next, by what users did.
    """

    def __init__(self, model: Model, room: EvidenceRoom, likely: Callable[[], Iterable[int]] = tuple) -> None:
        self._model = model
        self._room = room
        self._likely = likely
        self._soon: OrderedDict[tuple[int, Language], None] = OrderedDict()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="read-ahead", daemon=True)
        self.read = 0

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Read nothing more; what is being read is given up when the model is closed."""
        self._closing.set()

    def soon(self, numbers: Iterable[int], language: Language) -> None:
        """Read these before all others: a conversation is about them, or will be."""
        with self._lock:
            for number in reversed(list(numbers)):
                self._soon[(number, language)] = None
                self._soon.move_to_end((number, language), last=False)

    def _messages(self, order: Iterable[tuple[int, Language]]) -> Iterator[tuple[str, tuple[int, Language] | None]]:
        """System messages with the question that each is about; what every reply may need before that."""
        yield prompt.beginning(), None
        yield second_opinion.SYSTEM, None
        for number, language in order:
            yield prompt.whole(self._room.sentences_of(number), language), (number, language)

    def _order(self) -> Iterator[tuple[int, Language]]:
        with self._lock:
            first = list(self._soon)
        yield from first
        known = self._room.numbers()
        try:
            likely = [number for number in self._likely() if number in known]
        except TutorError as error:
            log.debug("reading in the document's order: %s", error)
            likely = []
        for language in self._room.languages():
            yield from ((number, language) for number in dict.fromkeys([*likely, *known]))

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._model.wait_ready(PAUSE_S)
                worked = self._step()
            except (ModelUnavailable, OSError) as error:
                log.debug("reading ahead waits: %s", error)
                worked = False
            except Exception:
                log.exception("reading ahead stopped")
                return
            self._closing.wait(0.0 if worked else PAUSE_S)

    def _step(self) -> bool:
        """Read one; whether there was one to read."""
        if not self._model.line.wait_quiet(PAUSE_S) or self._closing.wait(IDLE_S):
            return False
        with self._lock:
            soon = list(self._soon)
        room = self._model.keeps_prompts()
        if not soon and not room:
            return False
        # Where the folder is full, each file pushes an older one out: only what a conversation is about is worth that.
        for system, about in self._messages(self._order() if room else soon):
            known = self._model.reads_at_once(system)
            read = not known and self._model.read_ahead(system)
            self.read += read
            if about is not None and (known or read):
                with self._lock:
                    self._soon.pop(about, None)
            if not known:
                return True
        return False
