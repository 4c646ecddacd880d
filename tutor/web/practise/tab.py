"""The tab where one practises: set-up, running interview or report, and which action leads where."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from ingest.errors import TutorError
from tutor.interview.practice import Practice
from tutor.interview.session import Session
from tutor.web.backstage import Backstage
from tutor.web.mishaps import problem
from tutor.web.pane import QUICK, SKELETON, Deed, button, deed, pane
from tutor.web.practise.card import interview_html
from tutor.web.practise.home import home_html, questions_setup, setup_of
from tutor.web.practise.report import report_html
from tutor.web.strings import Tongue, say
from tutor.web.visitor import Visitor, visitor

log = logging.getLogger(__name__)


@dataclass
class Seat:
    """Where a visitor sits: the interview that is open ("" for none), the corpus to practise, and what was thrown away
    last: id, corpus and state, for the way back.
    """

    interview: str = ""
    corpus: str = ""
    discarded: tuple[str, str, dict[str, Any]] | None = None


class PractiseTab:
    """Pane and wiring."""

    def __init__(self, stage: Backstage) -> None:
        self._stage = stage
        self.seat = gr.State(Seat())
        self.pane = pane(SKELETON, "practise-pane")

    def wire(self) -> None:
        """Connect the events."""
        gr.on([self.pane.select, self.pane.click], self._act, self.seat, self.pane, trigger_mode="multiple", **QUICK)
        self.pane.submit(
            self._answer, self.seat, self.pane, concurrency_limit=4, show_progress="hidden", api_visibility="private"
        )

    def _act(self, event: gr.EventData, seat: Seat, request: gr.Request) -> str:
        who = visitor(request)
        try:
            return self.act(deed(event), seat, who)
        except TutorError as error:
            return self._with_problem(error, seat, who)

    def _with_problem(self, error: TutorError, seat: Seat, who: Visitor) -> str:
        note = _problem(error, who.tongue)
        try:
            return self.html(seat, who, note=note)
        except TutorError as again:
            seat.interview = seat.corpus = ""
            return note if note == _problem(again, who.tongue) else note + _problem(again, who.tongue)

    def act(self, done: Deed, seat: Seat, who: Visitor) -> str:
        """What the pane shows after an action.

        Raises:
            TutorError: it cannot be done; the message says why.
        """
        practices = self._stage.practices
        match done.do:
            case "show" | "resume":
                if done.value and done.value != seat.interview:
                    practices.with_interview(who.user, done.value)
                    seat.interview = done.value
                if seat.interview and done.do == "resume":
                    self._session(seat, who).go_on()
            case "home":
                seat.interview = ""
            case "corpus" if done.value in self._stage.corpora.names():
                seat.corpus = done.value
            case "start":
                practice = practices.of(who.user, seat.corpus)
                seat.interview = practice.start(setup_of(done, practice.corpus, who.tongue)).id
            case "start-on":
                practice = practices.of(who.user, done.text("corpus"))
                seat.interview = practice.start(questions_setup(done.value, practice, who.tongue)).id
            case "discard":
                practice = practices.with_interview(who.user, done.value)
                seat.discarded = done.value, practice.corpus, self._stage.store.interviews.load(who.user, done.value)
                practice.discard(done.value)
                undo = button(say("undo", who.tongue), "bring-back", kind="link")
                note = f'<p class="toast" role="status">{escape(say("discarded", who.tongue))} {undo}</p>'
                return self.html(seat, who, note=note)
            case "bring-back" if seat.discarded is not None:
                identifier, corpus, state = seat.discarded
                self._stage.store.interviews.save(who.user, identifier, corpus, state, False)
                seat.discarded = None
            case "dispute" if seat.interview:
                self._session(seat, who).dispute(done.number, done.text("point"), done.text("words"))
                return self.html(seat, who, opened=done.number)
            case command if seat.interview and command in _COMMANDS:
                session = self._session(seat, who)
                if command.replace("-", "_") in session.view().commands or command == "tick":
                    getattr(session, command.replace("-", "_"))()
        return self.html(seat, who)

    def _answer(self, event: gr.EventData, seat: Seat, request: gr.Request) -> Iterator[str]:
        who = visitor(request)
        try:
            yield from self.answer(deed(event), seat, who)
        except TutorError as error:
            yield self._with_problem(error, seat, who)

    def answer(self, done: Deed, seat: Seat, who: Visitor) -> Iterator[str]:
        """Take an answer: first that it is being checked, then what came of it."""
        if not seat.interview:
            return
        session = self._session(seat, who)
        if "answer" not in session.view().commands:
            yield self.html(seat, who)
            return
        mark = self._stage.corpora.mark(session.state.setup.corpus)
        yield f"<div{mark}>{interview_html(session, who.tongue, grading=True)}</div>"
        session.answer(done.text("answer"), done.whole("seen", len(session.view().transcript), 0, 100_000))
        yield self.html(seat, who)

    def _session(self, seat: Seat, who: Visitor) -> Session:
        return self._practice(seat, who).session(seat.interview)

    def _practice(self, seat: Seat, who: Visitor) -> Practice:
        return self._stage.practices.with_interview(who.user, seat.interview)

    def html(self, seat: Seat, who: Visitor, *, note: str = "", opened: int = -1) -> str:
        """The whole pane.

        Args:
            opened: the question of a report that is unfolded.

        Raises:
            TutorError: the corpus cannot be practised, or the interview is gone.
        """
        if seat.interview:
            practice = self._practice(seat, who)
            session = practice.session(seat.interview)
            inner = (
                report_html(practice.report(seat.interview), who.tongue, note=note, opened=opened)
                if session.finished
                else interview_html(session, who.tongue, note=note)
            )
            return f"<div{self._stage.corpora.mark(practice.corpus)}>{inner}</div>"
        practices = self._stage.practices
        practice = practices.of(who.user, seat.corpus)
        home = home_html(
            practice,
            self._stage.corpora.names(),
            practices.unfinished(who.user),
            practices.finished(who.user),
            who.tongue,
        )
        return f"{note}<div{self._stage.corpora.mark(practice.corpus)}>{home}</div>"


_COMMANDS = {"hint", "skip", "dont-know", "pause", "go-on", "end", "tick"}


def _problem(error: TutorError, tongue: Tongue) -> str:
    return f'<p class="toast problem" role="alert">{escape(problem(error, tongue))}</p>'
