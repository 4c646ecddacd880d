"""What the store hands out: plain frozen values, times in UTC with their zone. Knows no SQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

Role = Literal["user", "assistant", "system"]
FeedbackKind = Literal["thumb", "dispute"]
Rank = Literal["user", "admin"]
RANKS: tuple[Rank, ...] = get_args(Rank)
# What an API key may be used for; `admin` counts only for an admin's key.
Scope = Literal["ask", "practise", "data", "metrics", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Conversation:
    """One conversation of a user; `messages` counts them."""

    id: str
    corpus: str
    title: str
    created: datetime
    updated: datetime
    messages: int


@dataclass(frozen=True)
class Message:
    """One message. `payload` is what came with it: citations, timings, the rewritten query."""

    id: int
    role: str
    content: str
    payload: dict[str, Any]
    created: datetime


@dataclass(frozen=True)
class InterviewRow:
    """An interview as it was last saved; `state` is whatever the interviewer needs to go on."""

    id: str
    corpus: str
    created: datetime
    updated: datetime
    finished: bool
    state: dict[str, Any]


@dataclass(frozen=True)
class Attempt:
    """One answer to one question with its grade.

    Args:
        grade: the grade as JSON: verdicts, feedback, flags.
        score: 0 to 10, or None where grading could not be done.
        level: 0 to 4, or None likewise.
        seconds: how long the answer took.
        interview: the interview it belongs to, if any.
        id: set by the store.
    """

    corpus: str
    question: int
    answer: str
    grade: dict[str, Any]
    score: float | None = None
    level: int | None = None
    seconds: float = 0.0
    interview: str | None = None
    at: datetime = field(default_factory=now)
    id: int = 0


@dataclass(frozen=True)
class Feedback:
    """What a user thought of an answer or a verdict: a thumb (+1, -1) or a dispute, with the reason in their words."""

    id: int
    user: str
    kind: str
    subject: str
    value: int
    reason: str
    payload: dict[str, Any]
    created: datetime


@dataclass(frozen=True)
class Account:
    """Somebody who may sign in. `has_password` is false where only a proxy or a key can do it for them."""

    name: str
    role: Rank
    created: datetime
    seen: datetime | None
    locked_until: datetime | None
    has_password: bool


@dataclass(frozen=True)
class Key:
    """An API key without its secret. `hint` is how the secret begins."""

    id: int
    user: str
    name: str
    hint: str
    scopes: frozenset[Scope]
    created: datetime
    seen: datetime | None
    expires: datetime | None
    revoked: datetime | None
