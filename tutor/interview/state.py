"""The state of an interview: plain data that goes into JSON and back, so that it can stop and go on anywhere.

`state.model_dump(mode="json")` and `State.model_validate(...)` are inverse. It holds the candidate's answers and,
in its items and grades, what the document says: show the transcript to candidates, never the whole state.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ingest.rubrics import Kind
from tutor.interview.score import Verdict
from tutor.interview.setup import Setup

Phase = Literal["ready", "answering", "grading", "paused", "finished"]
Outcome = Literal["open", "answered", "dont-know", "blank", "skipped", "unanswered"]
Ended = Literal["", "complete", "early", "time", "empty"]
UtteranceKind = Literal[
    "greeting", "question", "follow-up", "answer", "acknowledgement", "hint", "feedback", "teaching", "nudge", "notice",
    "closing",
]  # fmt: skip
VERSION = 1


class Data(BaseModel):
    """Base of everything that is stored."""

    model_config = ConfigDict(extra="forbid")


class Source(Data):
    """A verbatim slice of the document, `source[start:end]`; `section` is "" outside any."""

    text: str
    start: int
    end: int
    section: str = ""


class Item(Data):
    """A planned question with everything the interviewer may say about it.

    Args:
        number, title, category: of the question, as in the document.
        reason: why it was chosen: "chosen", "due", "weak", "new", "known".
        ask: its wording in the language of the interview.
        hints: in order, none of which gives a key point away.
        probes: follow-up wording by key point id, none of which gives its point away.
        teaching: the key points in the language of the interview, said only once the question is closed.
        answer: the document's own words for them, with character offsets: the model answer.
    """

    number: int
    title: str
    category: str
    reason: str
    ask: str
    hints: tuple[str, ...] = ()
    probes: dict[str, str] = {}
    teaching: str = ""
    answer: tuple[Source, ...] = ()


class PointRecord(Data):
    """The verdict on one key point, with what is needed to show and to re-judge it.

    Args:
        said: what the document says, in the language of the interview.
        quote: the candidate's words, verbatim.
        source: the document's sentence.
        probability: of having been said; the score is arithmetic over these.
        disputed: "" or how a dispute about it ended.
    """

    id: str
    kind: Kind
    weight: float
    statement: str
    said: str
    verdict: Verdict
    quote: str
    probability: float
    source: Source | None = None
    disputed: Literal["", "upheld", "kept"] = ""


class GradeRecord(Data):
    """A grade as kept with the interview. `score` is None where grading could not be done."""

    score: float | None
    level: int | None
    points: tuple[PointRecord, ...] = ()
    flags: tuple[str, ...] = ()
    uncertain: bool = False
    feedback: str = ""


class FollowUp(Data):
    """One follow-up: the key point it aims at, the candidate's words it starts from, its wording, and the answer."""

    point: str
    text: str
    quote: str = ""
    answer: str | None = None


class DisputeRecord(Data):
    """ "I did say that": which point, the words pointed at, and what came of it."""

    point: str
    words: str
    before: Verdict
    after: Verdict


class Asked(Data):
    """One question in the course of the interview. `first` is the grade before any follow-up, `grade` the last."""

    number: int
    answer: str | None = None
    follow_ups: list[FollowUp] = []
    hints: int = 0
    nudged: bool = False
    outcome: Outcome = "open"
    first: GradeRecord | None = None
    grade: GradeRecord | None = None
    seconds: float = 0.0
    disputes: list[DisputeRecord] = []

    @property
    def answers(self) -> list[str]:
        """Everything the candidate said to it, in order."""
        return [text for text in (self.answer, *(f.answer for f in self.follow_ups)) if text]


class Utterance(Data):
    """One thing said. `point` is the key point that a follow-up aims at."""

    who: Literal["interviewer", "candidate"]
    kind: UtteranceKind
    text: str
    question: int | None = None
    point: str = ""


class State(Data):
    """Everything about an interview.

    Args:
        phase: "ready" -> "answering" <-> "grading" -> "finished"; "paused" keeps where it was in `paused_in`.
        asked: the questions so far; the last one is the current one while its outcome is "open".
        used: active seconds so far, pauses not counted.
    """

    version: int = VERSION
    setup: Setup
    plan: tuple[Item, ...]
    phase: Phase = "ready"
    paused_in: Phase | None = None
    asked: list[Asked] = []
    transcript: list[Utterance] = []
    used: float = Field(default=0.0, ge=0)
    ended: Ended = ""

    @property
    def current(self) -> Asked | None:
        """The question that is open, if any."""
        return self.asked[-1] if self.asked and self.asked[-1].outcome == "open" else None

    def item(self, number: int) -> Item:
        """The planned question of this number.

        Raises:
            KeyError: it is not in the plan.
        """
        for item in self.plan:
            if item.number == number:
                return item
        raise KeyError(number)

    @property
    def remaining(self) -> float | None:
        """Active seconds left, None without a limit."""
        return None if self.setup.minutes is None else max(0.0, self.setup.minutes * 60 - self.used)
