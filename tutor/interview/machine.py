"""The course of an interview as a pure function: `advance(state, event)` gives the next state and what was said.

No clock, no model, no store, no screen: time comes with the events, grades come as events, and the state is plain
data. Whatever cannot be done at the moment changes nothing and is answered with a notice, so that a double click or
a late message does no harm. Every interview ends: each event either leaves the phase as it is without adding a
question, or uses up a question, a follow-up, a hint or a nudge, of which there are finitely many.

    ready --Start--> answering --Answer, DontKnow--> grading --Graded--> answering (follow-up or next question)
    answering --Skip--> answering        any but finished --End, time over--> finished (a grade is waited for)
    any but finished --Pause--> paused --Resume--> where it was
    answering, finished --Disputed--> the same, with another grade
"""

from __future__ import annotations

from dataclasses import dataclass

from tutor.interview import events as ev
from tutor.interview.follow_up import target, wording
from tutor.interview.phrases import Line, say
from tutor.interview.report_words import Words
from tutor.interview.state import (
    Asked,
    DisputeRecord,
    Ended,
    FollowUp,
    GradeRecord,
    Outcome,
    PointRecord,
    State,
    Utterance,
    UtteranceKind,
)

LONGEST_ANSWER = 20_000
_I_DO_NOT_KNOW = {"zh-Hant": "我不知道。", "zh-Hans": "我不知道。", "en": "I don't know."}


@dataclass(frozen=True)
class Step:
    """The state after an event, and what was said in it, in order."""

    state: State
    said: tuple[Utterance, ...]


def advance(state: State, event: ev.Event) -> Step:
    """The next state. `state` itself is left alone."""
    course = _Course(state.model_copy(deep=True))
    before = len(state.transcript)
    course.take(event)
    return Step(course.state, tuple(course.state.transcript[before:]))


class _Course:
    """One event applied to a copy of the state."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.setup = state.setup

    def take(self, event: ev.Event) -> None:
        if self.state.phase not in {"paused", "finished", "ready"}:
            self._spend(event.seconds)
        match event:
            case ev.Start():
                self._start()
            case ev.Answer():
                self._answer(event.text[:LONGEST_ANSWER])
            case ev.DontKnow():
                self._dont_know()
            case ev.Graded():
                self._graded(event)
            case ev.Hint():
                self._hint()
            case ev.Skip():
                self._skip()
            case ev.Pause():
                self._pause()
            case ev.Resume():
                self._resume()
            case ev.Disputed():
                self._disputed(event)
            case ev.End():
                self._stop("early")
            case ev.Tick():
                pass
        if self._over_time():
            self._stop("time")

    # --- time ------------------------------------------------------------------------------------------------------
    def _spend(self, seconds: float) -> None:
        spent = max(0.0, seconds)
        self.state.used += spent
        if self.state.current is not None:
            self.state.current.seconds += spent

    def _over_time(self) -> bool:
        return self.state.phase == "answering" and self.state.remaining == 0.0

    # --- speaking --------------------------------------------------------------------------------------------------
    def _say(self, kind: UtteranceKind, line: Line, question: int | None = None, **values: object) -> None:
        self._utter(kind, say(self.setup, line, len(self.state.asked), **values), question)

    def _utter(self, kind: UtteranceKind, text: str, question: int | None = None, point: str = "") -> None:
        self.state.transcript.append(Utterance(who="interviewer", kind=kind, text=text, question=question, point=point))

    def _not_now(self) -> None:
        self._say("notice", "not-now")

    # --- events ----------------------------------------------------------------------------------------------------
    def _start(self) -> None:
        if self.state.phase != "ready":
            return self._not_now()
        if not self.state.plan:
            return self._finish("empty")
        self._say("greeting", "greeting-exam" if self.setup.exam else "greeting", number=len(self.state.plan))
        self._next()

    def _answer(self, text: str) -> None:
        asked = self.state.current
        if self.state.phase != "answering" or asked is None:
            return self._not_now()
        blank = not any(c.isalnum() for c in text)
        if not blank:
            self._record(text)
        if blank and not asked.nudged:
            asked.nudged = True
            return self._say("nudge", "nudge", asked.number)
        if asked.follow_ups:
            if blank:
                return self._close(asked, "answered")
            asked.follow_ups[-1].answer = text
        else:
            asked.answer = text
        self.state.phase = "grading"

    def _record(self, text: str) -> None:
        asked = self.state.current
        number = asked.number if asked else None
        self.state.transcript.append(Utterance(who="candidate", kind="answer", text=text, question=number))

    def _dont_know(self) -> None:
        asked = self.state.current
        if self.state.phase != "answering" or asked is None:
            return self._not_now()
        text = _I_DO_NOT_KNOW[self.setup.language]
        self._record(text)
        if asked.follow_ups:
            return self._close(asked, "answered", teach=True)
        asked.answer = text
        self.state.phase = "grading"

    def _graded(self, event: ev.Graded) -> None:
        asked = self.state.current
        if self.state.phase != "grading" or asked is None:
            return
        self.state.phase = "answering"
        if asked.first is None:
            asked.first = event.grade
        asked.grade = event.grade
        flags = set(event.grade.flags)
        silent: Outcome | None = "dont-know" if "dont-know" in flags else "blank" if "blank" in flags else None
        if silent is not None:
            return self._close(asked, silent, teach=silent == "dont-know")
        point = self._follow_up_target(asked, event.grade)
        if point is None:
            return self._close(asked, "answered")
        probe = self.state.item(asked.number).probes[point.id]
        text = wording(point, event.grade, probe, self.setup, len(self.state.asked) + len(asked.follow_ups))
        asked.follow_ups.append(FollowUp(point=point.id, text=text, quote=point.quote))
        asked.nudged = False
        self._utter("follow-up", text, asked.number, point.id)

    def _follow_up_target(self, asked: Asked, grade: GradeRecord) -> PointRecord | None:
        enough = len(asked.follow_ups) >= self.setup.follow_ups or self.state.ended or self._over_time()
        if enough:
            return None
        probes = self.state.item(asked.number).probes
        said = " ".join(f.text for f in asked.follow_ups)
        done = {f.point for f in asked.follow_ups}
        # Points that one cannot ask about without giving them away, or only in words that were used already.
        done |= {p.id for p in grade.points if p.id not in probes or (probes[p.id] and probes[p.id] in said)}
        return target(grade, done, self.setup)

    def _hint(self) -> None:
        asked = self.state.current
        if self.state.phase != "answering" or asked is None:
            return self._not_now()
        if self.setup.exam:
            return self._say("notice", "no-hints-exam", asked.number)
        hints = self.state.item(asked.number).hints
        if asked.hints >= len(hints):
            return self._say("notice", "no-hints", asked.number)
        self._utter("hint", hints[asked.hints], asked.number)
        asked.hints += 1

    def _skip(self) -> None:
        asked = self.state.current
        if self.state.phase != "answering" or asked is None:
            return self._not_now()
        self._say("acknowledgement", "skipped", asked.number)
        self._close(asked, "answered" if asked.grade is not None else "skipped")

    def _pause(self) -> None:
        if self.state.phase not in {"answering", "grading"}:
            return self._not_now()
        self.state.paused_in, self.state.phase = self.state.phase, "paused"
        self._say("notice", "paused")

    def _resume(self) -> None:
        if self.state.phase != "paused" or self.state.paused_in is None:
            return self._not_now()
        self.state.phase, self.state.paused_in = self.state.paused_in, None
        self._say("notice", "resumed", pending=self._pending() if self.state.phase == "answering" else "")

    def _pending(self) -> str:
        """What the candidate still has to answer, as it was said."""
        said = [u for u in self.state.transcript if u.kind in {"question", "follow-up"}]
        return said[-1].text if said else ""

    def _disputed(self, event: ev.Disputed) -> None:
        asked = next((a for a in self.state.asked if a.number == event.question and a.outcome != "open"), None)
        hidden = self.setup.exam and self.state.phase != "finished"
        points = asked.grade.points if asked and asked.grade else ()
        before = next((p for p in points if p.id == event.point), None)
        if asked is None or before is None or hidden or before.disputed or self.state.phase == "grading":
            return self._say("notice", "no-dispute", event.question)
        after = next((p for p in event.grade.points if p.id == event.point), before)
        record = DisputeRecord(point=before.id, words=event.words, before=before.verdict, after=after.verdict)
        asked.disputes.append(record)
        changed = record.before != record.after
        marked = {"disputed": "upheld" if changed else "kept"}
        asked.grade = event.grade.model_copy(update={
            "points": tuple(p.model_copy(update=marked) if p.id == before.id else p for p in event.grade.points)
        })  # fmt: skip
        if changed:
            verdict = Words(self.setup.language).verdict(after.verdict).lower()
            self._say("notice", "upheld", event.question, verdict=verdict, score=number_text(event.grade.score))
        else:
            self._say("notice", "kept", event.question)

    # --- moving on -------------------------------------------------------------------------------------------------
    def _close(self, asked: Asked, outcome: Outcome, teach: bool = False) -> None:
        """End this question: feedback, teaching, and on to the next one."""
        asked.outcome = outcome
        self.state.phase = "answering"
        if self.setup.exam:
            if outcome != "skipped":
                self._say("acknowledgement", "heard", asked.number)
        else:
            if outcome == "dont-know":
                self._say("acknowledgement", "dont-know", asked.number)
            elif asked.grade is not None:
                self._feedback(asked, asked.grade)
            teaching = self.state.item(asked.number).teaching
            if teach and teaching:
                self._say("teaching", "teaching", asked.number, points=teaching)
        if self.state.ended:
            self._finish(self.state.ended)
        elif self._over_time():
            self._finish("time")
        else:
            self._next()

    def _feedback(self, asked: Asked, grade: GradeRecord) -> None:
        if grade.score is None:
            return self._say("feedback", "unscored", asked.number, feedback=grade.feedback)
        before = asked.first.score if asked.first else None
        raised = before is not None and grade.score > before and number_text(grade.score) != number_text(before)
        self._say(
            "feedback", "raised" if raised else "score", asked.number, score=number_text(grade.score),
            before=number_text(before), level=grade.level, feedback=grade.feedback,
        )  # fmt: skip

    def _next(self) -> None:
        done = {a.number for a in self.state.asked}
        left = [item for item in self.state.plan if item.number not in done]
        if not left:
            return self._finish("complete")
        line: Line = "next"
        if not done:
            line = "first" if len(left) > 1 else "only"
        elif len(left) == 1:
            line = "last"
        text = say(self.setup, line, len(done), ask=left[0].ask)
        self.state.asked.append(Asked(number=left[0].number))
        self.state.phase = "answering"
        self._utter("question", text, left[0].number)

    def _stop(self, why: Ended) -> None:
        """End before the last question. An answer that is being graded is waited for."""
        if self.state.phase == "finished":
            return self._not_now()
        if self.state.phase == "grading" or self.state.paused_in == "grading":
            if self.state.paused_in:
                self.state.phase, self.state.paused_in = "grading", None
            self.state.ended = why
            return None
        asked = self.state.current
        if asked is not None:
            asked.outcome = "answered" if asked.grade is not None else "unanswered"
        self._finish(why)

    def _finish(self, why: Ended) -> None:
        lines: dict[Ended, Line] = {"early": "early", "time": "time-up", "empty": "empty"}
        self.state.phase, self.state.paused_in, self.state.ended = "finished", None, why
        self._say("closing", lines.get(why, "complete"))


def number_text(value: float | None) -> str:
    """A score with one decimal, without a needless ".0"; "–" where there is none."""
    if value is None:
        return "–"
    return f"{value:.1f}".removesuffix(".0")
