"""One interview as it runs: the pure machine with a clock, a grader and the store around it.

Every call saves before it returns, so that a killed server, a closed page or a dead terminal loses at most the
answer that was being typed. An answer is saved before it is graded; if grading was cut off, `go_on` grades it.
Knows nothing of screens. Thread-safe: calls on one interview wait for each other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from ingest.errors import UsageError
from tutor.interview import events as ev
from tutor.interview.judging import Judge
from tutor.interview.machine import LONGEST_ANSWER, advance
from tutor.interview.memory import due_at, review
from tutor.interview.state import Asked, Item, Phase, State, Utterance
from tutor.store import Attempt, Store

Command = Literal["answer", "hint", "skip", "dont_know", "pause", "go_on", "dispute", "end"]
Said = tuple[Utterance, ...]


@dataclass(frozen=True)
class View:
    """What a screen needs to show an interview.

    Args:
        position, total: this is question `position` of `total`, from 1; 0 before the first.
        question, title, category: the open one, None and "" where none is open.
        follow_up: whether a follow-up waits for an answer, rather than the question itself.
        remaining: active seconds left, None without a limit.
        commands: what can be done now.
        closed: the questions that are done, with their grades; empty before the end of an exam.
    """

    id: str
    phase: Phase
    exam: bool
    position: int
    total: int
    question: int | None
    title: str
    category: str
    follow_up: bool
    hints_left: int
    used: float
    remaining: float | None
    pending: str
    commands: tuple[Command, ...]
    transcript: Said
    closed: tuple[Asked, ...]


class Session:
    """Drives one interview. Made by `Practice.start` and `Practice.session`.

    Args:
        state: a fresh or a saved one.
        now: the present, timezone-aware UTC; dates attempts.
        clock: seconds that only go forward.
        reword: another wording of a question, or None; called in the background, never waited for.
    """

    def __init__(
        self, identifier: str, state: State, judge: Judge, store: Store, user: str, *,
        now: Callable[[], datetime], clock: Callable[[], float], reword: Callable[[Item], str | None] | None = None,
    ) -> None:  # fmt: skip
        self.id = identifier
        self._state = state
        self._judge = judge
        self._store = store
        self._user = user
        self._now = now
        self._clock = clock
        self._last = clock()
        self._lock = threading.RLock()
        self._reword = reword
        self._reworded: dict[int, str | None] = {}
        self._rewording: threading.Thread | None = None

    # --- what the user does: each returns what was said since, the user's own words included -----------------------
    def begin(self) -> Said:
        """Greeting and first question."""
        return self._do(ev.Start(seconds=self._elapsed()))

    def answer(self, text: str, seen: int | None = None) -> Said:
        """Answer the question or the follow-up that is open. Takes as long as grading does.

        An answer sent again because its grading was cut off is graded now, and stands once. So does one whose reply
        was lost on the way, if the sender says what it has seen: the reply comes again.

        Args:
            seen: utterances of the transcript that the sender knows.

        Raises:
            UsageError: the interview has gone on since then, with other words.
        """
        with self._lock:
            if self._cut_off(text):
                return self.go_on()
            return self._said_again(text, seen) or self._do(ev.Answer(text, seconds=self._elapsed()))

    def hint(self) -> Said:
        """A hint, as long as there is one."""
        return self._do(ev.Hint(seconds=self._elapsed()))

    def skip(self) -> Said:
        """Leave the question, or the rest of it."""
        return self._do(ev.Skip(seconds=self._elapsed()))

    def dont_know(self) -> Said:
        """Say so; the material is taught afterwards."""
        return self._do(ev.DontKnow(seconds=self._elapsed()))

    def pause(self) -> Said:
        """Stop the time."""
        return self._do(ev.Pause(seconds=self._elapsed()))

    def go_on(self) -> Said:
        """Go on at the exact place after a pause or a break; safe to call at any time.

        Grades an answer whose grading was cut off. After a break without a pause the time since the last saved step
        does not count.
        """
        with self._lock:
            self._last = self._clock()
            said: Said = ()
            if self._state.phase == "paused":
                said = self._do(ev.Resume())
            elif self._state.phase == "grading":
                said = self._grade()
            self.settle()
            return said

    def tick(self) -> Said:
        """Let time pass: ends the interview once its limit is over. For screens with a countdown."""
        with self._lock:
            if self._state.setup.minutes is None or self._state.phase != "answering":
                return ()
            return self._do(ev.Tick(seconds=self._elapsed()))

    def end(self) -> Said:
        """End early."""
        return self._do(ev.End(seconds=self._elapsed()))

    def dispute(self, question: int, point: str, words: str = "") -> Said:
        """ "I did say that": judge a verdict once more; kept for looking at how well grading works.

        Args:
            words: the words of the answer that say it, if the user points at some.

        Raises:
            UsageError: there is no such graded point.
        """
        with self._lock:
            self._refresh()
            asked = next((a for a in self._state.asked if a.number == question and a.outcome != "open"), None)
            if asked is None or asked.grade is None or point not in {p.id for p in asked.grade.points}:
                raise UsageError("There is no such graded key point.", "Name one that the feedback lists.")
            before = len(asked.disputes)
            grade = self._judge.rejudge(asked, point, words) if asked.grade.level is not None else asked.grade
            said = self._do(ev.Disputed(question, point, words, grade, seconds=self._elapsed()))
            after = next(a for a in self._state.asked if a.number == question)
            if len(after.disputes) > before:
                self._keep_dispute(after)
            return said

    # --- what a screen shows ---------------------------------------------------------------------------------------
    @property
    def state(self) -> State:
        """The state as it is now; treat it as read-only, and see `state.py` for what not to show."""
        return self._state

    @property
    def finished(self) -> bool:
        """Whether it is over."""
        return self._state.phase == "finished"

    @property
    def pending(self) -> str:
        """What waits for an answer, "" if nothing does."""
        return self.view().pending

    def view(self) -> View:
        """Everything a screen needs, and nothing that a candidate must not see."""
        state = self._state
        current = state.current
        item = state.item(current.number) if current else None
        asked = [u.text for u in state.transcript if u.kind in {"question", "follow-up"}]
        shown = state.phase == "finished" or not state.setup.exam
        return View(
            id=self.id, phase=state.phase, exam=state.setup.exam, position=len(state.asked), total=len(state.plan),
            question=item.number if item else None, title=item.title if item else "",
            category=item.category if item else "", follow_up=bool(current and current.follow_ups),
            hints_left=len(item.hints) - current.hints if item and current and not state.setup.exam else 0,
            used=state.used, remaining=self._remaining(), pending=asked[-1] if current and asked else "",
            commands=self._commands(), transcript=tuple(state.transcript),
            closed=tuple(a for a in state.asked if a.outcome != "open") if shown else (),
        )  # fmt: skip

    def _remaining(self) -> float | None:
        left = self._state.remaining
        if left is None or self._state.phase != "answering":
            return left
        return max(0.0, left - max(0.0, self._clock() - self._last))

    def _commands(self) -> tuple[Command, ...]:
        state = self._state
        if state.phase == "paused":
            return ("go_on", "end")
        if state.phase == "finished":
            return ("dispute",)
        if state.phase == "grading":
            return ("go_on", "end")
        found: list[Command] = ["answer", "dont_know", "skip", "pause", "end"]
        if state.current and not state.setup.exam and state.current.hints < len(state.item(state.current.number).hints):
            found.append("hint")
        if not state.setup.exam and any(a.grade for a in state.asked if a.outcome != "open"):
            found.append("dispute")
        return tuple(found)

    # --- inside ----------------------------------------------------------------------------------------------------
    def _elapsed(self) -> float:
        now = self._clock()
        elapsed, self._last = max(0.0, now - self._last), now
        return elapsed

    def _do(self, event: ev.Event) -> Said:
        with self._lock:
            if not isinstance(event, ev.Start):
                self._refresh()
            self._use_rewording()
            said = self._advance(event)
            if self._state.phase == "grading":
                said += self._grade()
            self.settle()
            self._begin_rewording()
            return said

    def _use_rewording(self) -> None:
        """Put wordings that are ready into questions that were not asked yet."""
        asked = {a.number for a in self._state.asked}
        plan = tuple(
            item.model_copy(update={"ask": text})
            if item.number not in asked and (text := self._reworded.get(item.number))
            else item
            for item in self._state.plan
        )
        self._state = self._state.model_copy(update={"plan": plan})

    def _begin_rewording(self) -> None:
        """Have the next question reworded while the candidate is busy with this one."""
        reword = self._reword
        busy = self._rewording is not None and self._rewording.is_alive()
        asked = {a.number for a in self._state.asked} | set(self._reworded)
        item = next((i for i in self._state.plan if i.number not in asked), None)
        if reword is None or busy or item is None or self._state.phase == "finished":
            return

        def work(item: Item, reword: Callable[[Item], str | None]) -> None:
            self._reworded[item.number] = reword(item)

        self._rewording = threading.Thread(target=work, args=(item, reword), name="reword-question", daemon=True)
        self._rewording.start()

    def _cut_off(self, text: str) -> bool:
        """Whether just this answer was saved and its grading never finished."""
        answers = [u.text for u in self._state.transcript if u.who == "candidate"]
        return self._state.phase == "grading" and answers[-1:] == [text[:LONGEST_ANSWER]]

    def _said_again(self, text: str, seen: int | None) -> Said:
        """What was said since `seen`, if that begins with just this answer; nothing if nothing was said."""
        if seen is None:
            return ()
        self._refresh()
        since = tuple(self._state.transcript[seen:])
        if since and (since[0].who, since[0].text) != ("candidate", text[:LONGEST_ANSWER]):
            raise UsageError(
                "The interview has gone on since then.", "Look at where it stands, and answer what is open."
            )
        return since + self.go_on() if since else ()

    def _refresh(self) -> None:
        """Take over what another process did to this interview; one that was deleted must not come back."""
        saved = State.model_validate(self._store.interviews.load(self._user, self.id))
        if len(saved.transcript) > len(self._state.transcript):
            self._state = saved

    def _advance(self, event: ev.Event) -> Said:
        step = advance(self._state, event)
        self._state = step.state
        self._save()
        return step.said

    def _grade(self) -> Said:
        asked = self._state.current
        if asked is None:
            return ()
        before = len(self._state.transcript)
        said = [u.text for u in self._state.transcript if u.kind == "question" and u.question == asked.number]
        grade = self._judge.grade(asked, said[-1] if said else "")
        # Grading is the machine's time, not the candidate's.
        self._last = self._clock()
        self._refresh()
        if len(self._state.transcript) > before:  # another process went on meanwhile, nobody waits for this grade
            return tuple(self._state.transcript[before:])
        return self._advance(ev.Graded(grade))

    def _save(self) -> None:
        state = self._state
        self._store.interviews.save(
            self._user, self.id, state.setup.corpus, state.model_dump(mode="json"), state.phase == "finished"
        )

    def settle(self) -> None:
        """Keep the attempts of closed questions, each with the card that it moves. Repeating it changes nothing."""
        closed = [a for a in self._state.asked if a.outcome != "open" and a.grade is not None]
        if not closed:
            return
        corpus = self._state.setup.corpus
        kept = {a.question for a in self._store.attempts.list(self._user, corpus) if a.interview == self.id}
        for asked in closed:
            if asked.number not in kept and asked.grade is not None:
                self._store.attempts.add_once(
                    self._user,
                    Attempt(
                        corpus, asked.number, "\n\n".join(asked.answers), _stored(asked), asked.grade.score,
                        asked.grade.level, round(asked.seconds, 1), self.id, self._now(),
                    ),
                    _card_after,
                )  # fmt: skip

    def _keep_dispute(self, asked: Asked) -> None:
        dispute = asked.disputes[-1]
        corpus = self._state.setup.corpus
        self._store.feedback.add(
            self._user, "dispute", f"interview:{self.id}:{asked.number}:{dispute.point}", 0, dispute.words,
            {"corpus": corpus, "question": asked.number, "point": dispute.point, "answers": asked.answers,
             "before": dispute.before, "after": dispute.after},
        )  # fmt: skip
        if dispute.before == dispute.after or asked.grade is None:
            return
        for attempt in self._store.attempts.list(self._user, corpus, asked.number):
            if attempt.interview == self.id:
                self._store.attempts.regrade(
                    self._user, attempt.id, _stored(asked), asked.grade.score, asked.grade.level, _card_after
                )


def _card_after(attempts: Sequence[Attempt]) -> tuple[dict[str, Any], datetime] | None:
    """The card after all attempts at a question, from the first one on, and when it is due: the same however often it is computed."""
    card = None
    for attempt in attempts:
        if attempt.level is not None:
            card = review(card, attempt.question, attempt.level, int(attempt.grade.get("hints", 0)), attempt.at)
    return None if card is None else (card, due_at(card))


def _stored(asked: Asked) -> dict[str, object]:
    """The grade as an attempt keeps it: points without the document's text, and what was needed to get there."""
    grade = asked.grade
    if grade is None:
        return {}
    row: dict[str, object] = grade.model_dump(mode="json", exclude={"points": {"__all__": {"source", "said"}}})
    return {**row, "hints": asked.hints, "follow_ups": len(asked.follow_ups), "outcome": asked.outcome}
