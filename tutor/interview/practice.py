"""Practice with one corpus for one user: start, resume and look back on interviews, and see progress.

Brings corpus, grader and store together; the course of an interview is the machine's, its driver is `session.py`.
The terminal and the page both use it:

    practice = open_practice(settings, store, user)          # a second or so: reads document and rubrics
    session = practice.start(Setup(corpus=practice.corpus, number=3, language="en"))
    print(session.pending)                                   # the question that waits for an answer
    turn = session.answer("It caches keys and values ...")   # grades, saves, returns what was said since
    for utterance in turn: ...
    practice.unfinished(); practice.session(id).go_on()      # after a pause, a closed page or a killed server
    practice.report(id); practice.progress(UTC)
"""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo

from ingest.errors import UsageError
from ingest.text import language_of
from tutor.answering.answer import Language
from tutor.interview.grading import Grader
from tutor.interview.items import Material, make_item
from tutor.interview.judging import Judge
from tutor.interview.material import open_material, with_drafts
from tutor.interview.memory import Recall, recall
from tutor.interview.plan import Candidate, choose, difficulties
from tutor.interview.progress import Progress, progress
from tutor.interview.report import Report, make_report
from tutor.interview.rewording import Reworder
from tutor.interview.session import Session
from tutor.interview.setup import Setup
from tutor.interview.state import Item, State
from tutor.settings import Settings
from tutor.store import Attempt, InterviewRow, Store

_MOST_LIVE = 100


def utc_now() -> datetime:
    """The present, timezone-aware."""
    return datetime.now(UTC)


def open_practice(
    settings: Settings, store: Store, user: str, corpus: str | None = None, *, reword: Reworder | None = None
) -> Practice:
    """Practice with a corpus, the one of the settings where none is named.

    Raises:
        IndexMissing: there is no such corpus.
        DocumentError: its document or its rubrics cannot be used.
        UsageError: none of its questions has an answer. Where nobody has written key points they are drafted.
    """
    name = corpus or settings.corpus
    material = with_drafts(settings.corpora_dir, name, open_material(settings.corpora_dir, name))
    return Practice(name, material, grader_of(material), store, user, reword=reword)


def grader_of(material: Material) -> Grader:
    """The grader of a corpus. It can be shared by all users."""
    return Grader(material.rubrics, {q.number: q.title for q in material.document.questions})


class Practice:
    """Everything about one user's practice with one corpus. Cheap to make; material and grader can be shared.

    Args:
        now: the present, timezone-aware UTC; decides what is due.
        clock: seconds that only go forward; measures answers.
        reword: words questions anew (`rewording.model_reworder`); None asks them as they stand.
    """

    def __init__(
        self,
        corpus: str,
        material: Material,
        grader: Grader,
        store: Store,
        user: str,
        *,
        now: Callable[[], datetime] = utc_now,
        clock: Callable[[], float] = time.monotonic,
        reword: Reworder | None = None,
    ) -> None:
        self.corpus = corpus
        self.material = material
        self.user = user
        self.grader = grader
        self._store = store
        self._now = now
        self._clock = clock
        self._reword = reword
        self._live: dict[str, Session] = {}
        self._lock = threading.Lock()
        self._common = material.common()
        hard = difficulties(material.rubrics)
        self.candidates: tuple[Candidate, ...] = tuple(
            Candidate(q.number, q.category, hard[q.number]) for q in material.questions()
        )

    # --- choosing --------------------------------------------------------------------------------------------------
    @property
    def categories(self) -> tuple[str, ...]:
        """Categories of the questions that can be asked, in the order of the document, without empty ones."""
        return tuple(dict.fromkeys(c.category for c in self.candidates if c.category))

    @property
    def language(self) -> Language:
        """The language of the questions, to begin with."""
        found = language_of(" ".join(q.title for q in self.material.questions()))
        return "zh-Hant" if found == "mixed" else found

    def due(self) -> list[int]:
        """Questions that are due for review, longest overdue first."""
        return [d.question for d in self.progress(UTC).due]

    def plan(self, setup: Setup) -> list[tuple[int, str]]:
        """What an interview with these choices would ask, and why: (number, "due" | "weak" | "new" | ...)."""
        return [(number, str(why)) for number, why in choose(setup, self.candidates, self._memory(), self._now())]

    def _memory(self) -> dict[int, Recall]:
        levels = {a.question: a.level for a in self._attempts() if a.level is not None}
        cards, now = self._store.cards.all(self.user, self.corpus), self._now()
        return {c.number: recall(cards.get(c.number), levels.get(c.number), now) for c in self.candidates}

    def _attempts(self) -> list[Attempt]:
        return self._store.attempts.list(self.user, self.corpus)

    # --- interviews ------------------------------------------------------------------------------------------------
    def start(self, setup: Setup) -> Session:
        """Plan and begin an interview; it is saved before this returns.

        Raises:
            UsageError: no question fits the choices.
        """
        if setup.order == "random" and not setup.seed:
            setup = setup.model_copy(update={"seed": random.randrange(1, 2**31)})
        planned = self.plan(setup)
        if not planned:
            raise UsageError("No question fits these choices.", "Choose other categories, or any difficulty.")
        items = tuple(make_item(self.material, n, why, setup.language, self._common) for n, why in planned)
        session = self._make(uuid.uuid4().hex, State(setup=setup, plan=items))
        session.begin()
        with self._lock:
            self._remember(session)
        return session

    def session(self, identifier: str) -> Session:
        """An interview by its id: the live one, or as it was saved last, with the attempts that a killed process left out.

        Raises:
            NotFound: the user has no such interview.
        """
        with self._lock:
            if identifier not in self._live:
                state = State.model_validate(self._store.interviews.load(self.user, identifier))
                loaded = self._make(identifier, state)
                loaded.settle()
                self._remember(loaded)
            return self._live[identifier]

    def _remember(self, session: Session) -> None:
        """Keep a session for its clock; one that is forgotten is loaded again, and only its running second is lost."""
        self._live[session.id] = session
        if len(self._live) > _MOST_LIVE:
            self._live.pop(next(iter(self._live)))

    def _make(self, identifier: str, state: State) -> Session:
        judge = Judge(self.grader, self.material, state.setup.language)
        reword = self._reworded if self._reword is not None else None
        return Session(
            identifier, state, judge, self._store, self.user, now=self._now, clock=self._clock,
            reword=(lambda item: reword(item, state.setup.language)) if reword else None,
        )  # fmt: skip

    def _reworded(self, item: Item, language: Language) -> str | None:
        if self._reword is None or item.number not in self.material.rubrics:
            return None
        return self._reword(item.ask, language, self.material.guard(item.number, self._common))

    def unfinished(self) -> list[InterviewRow]:
        """Interviews of this corpus that can go on, the last one first."""
        return [r for r in self._store.interviews.list(self.user, finished=False) if r.corpus == self.corpus]

    def finished(self) -> list[InterviewRow]:
        """Interviews of this corpus that are over, the last one first."""
        return [r for r in self._store.interviews.list(self.user, finished=True) if r.corpus == self.corpus]

    def discard(self, identifier: str) -> None:
        """Forget an interview; its attempts stay.

        Raises:
            NotFound: the user has no such interview.
        """
        self._store.interviews.delete(self.user, identifier)
        with self._lock:
            self._live.pop(identifier, None)

    # --- looking back ----------------------------------------------------------------------------------------------
    def report(self, identifier: str) -> Report:
        """The report of an interview: of the questions that are done, while it is not finished.

        Raises:
            NotFound: the user has no such interview.
            UsageError: an exam shows nothing before its end.
        """
        self.session(identifier)
        state = State.model_validate(self._store.interviews.load(self.user, identifier))
        if state.setup.exam and state.phase != "finished":
            raise UsageError("An exam is reported when it is over.", "Go on with it, or end it early.")
        return make_report(identifier, state, self._store.cards.all(self.user, self.corpus))

    def progress(self, zone: tzinfo) -> Progress:
        """Coverage, due list, trend, streak and retries; days are those of `zone`."""
        cards = self._store.cards.all(self.user, self.corpus)
        attempts: Sequence[Attempt] = self._attempts()
        return progress(self.candidates, attempts, cards, self._now(), zone)

    def title(self, number: int) -> str:
        """A question's own words."""
        return self.material.question(number).title
