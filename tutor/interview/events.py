"""What can happen in an interview. Each event carries `seconds`: active time since the event before it."""

from __future__ import annotations

from dataclasses import dataclass

from tutor.interview.state import GradeRecord


@dataclass(frozen=True, kw_only=True)
class _Timed:
    seconds: float = 0.0


@dataclass(frozen=True)
class Start(_Timed):
    """Begin: greeting and first question."""


@dataclass(frozen=True)
class Answer(_Timed):
    """The candidate's answer to the question or to the follow-up that is open."""

    text: str


@dataclass(frozen=True)
class Graded(_Timed):
    """The grade of everything said to the open question.

    Args:
        grade: the joint grade; unscored (`score` None) where grading could not be done.
    """

    grade: GradeRecord


@dataclass(frozen=True)
class Hint(_Timed):
    """The candidate asks for a hint."""


@dataclass(frozen=True)
class Skip(_Timed):
    """The candidate leaves this question, or what is left of it."""


@dataclass(frozen=True)
class DontKnow(_Timed):
    """The candidate does not know."""


@dataclass(frozen=True)
class Pause(_Timed):
    """Stop the time."""


@dataclass(frozen=True)
class Resume(_Timed):
    """Go on at the exact place."""


@dataclass(frozen=True)
class Tick(_Timed):
    """Time passes, nothing else: ends the interview once its limit is over."""


@dataclass(frozen=True)
class End(_Timed):
    """The candidate ends the interview early."""


@dataclass(frozen=True)
class Disputed(_Timed):
    """A verdict was disputed and judged again.

    Args:
        question, point: what was disputed.
        words: what the candidate points at.
        grade: the grade after it, the same as before where the verdict stands.
    """

    question: int
    point: str
    words: str
    grade: GradeRecord


Event = Start | Answer | Graded | Hint | Skip | DontKnow | Pause | Resume | Tick | End | Disputed
