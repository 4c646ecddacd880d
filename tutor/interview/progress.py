"""How practice goes: coverage, what is due, the trend, the streak, and what retries brought.

Pure functions over attempts and cards. Knows no store, no clock and no screen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Protocol

from tutor.interview.memory import due_at
from tutor.interview.plan import Candidate
from tutor.interview.setup import PASS_LEVEL


class Attempted(Protocol):
    """An attempt, as far as progress needs it."""

    @property
    def question(self) -> int: ...
    @property
    def score(self) -> float | None: ...
    @property
    def level(self) -> int | None: ...
    @property
    def at(self) -> datetime: ...


@dataclass(frozen=True)
class CategoryProgress:
    """One category: questions it has, those asked, those whose last attempt passed, mean of the last scores."""

    category: str
    questions: int
    asked: int
    passed: int
    score: float | None


@dataclass(frozen=True)
class Day:
    """One day with attempts."""

    day: date
    attempts: int
    score: float | None


@dataclass(frozen=True)
class Due:
    """A question to review, and when."""

    question: int
    due: datetime


@dataclass(frozen=True)
class Retry:
    """A question that was asked more than once: first and last score."""

    question: int
    attempts: int
    before: float
    after: float


@dataclass(frozen=True)
class Progress:
    """Everything that `tutor progress` and the page show.

    Args:
        due: now due, longest overdue first; `upcoming` the others, soonest first.
        streak: days in a row with an attempt, up to today, or up to yesterday while today may still come.
        gain: mean of last minus first score over the retried questions, None without any.
    """

    questions: int
    asked: int
    passed: int
    attempts: int
    categories: tuple[CategoryProgress, ...]
    due: tuple[Due, ...]
    upcoming: tuple[Due, ...]
    trend: tuple[Day, ...]
    streak: int
    retries: tuple[Retry, ...]
    gain: float | None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        found: dict[str, Any] = asdict(self)
        for row in (*found["due"], *found["upcoming"]):
            row["due"] = row["due"].isoformat()
        for row in found["trend"]:
            row["day"] = row["day"].isoformat()
        return found


def progress(
    candidates: Sequence[Candidate],
    attempts: Sequence[Attempted],
    cards: Mapping[int, Mapping[str, Any]],
    now: datetime,
    zone: tzinfo,
) -> Progress:
    """The progress at `now` (timezone-aware); days are those of `zone`. Attempts are oldest first."""
    known = {c.number for c in candidates}
    mine = [a for a in attempts if a.question in known]
    last: dict[int, Attempted] = {}
    for attempt in mine:
        if attempt.level is not None or attempt.question not in last:
            last[attempt.question] = attempt
    passed = {n for n, a in last.items() if a.level is not None and a.level >= PASS_LEVEL["fair"]}
    waiting = sorted(
        (Due(n, due_at(card)) for n, card in cards.items() if n in known), key=lambda d: (d.due, d.question)
    )
    retries = _retries(mine)
    return Progress(
        questions=len(known), asked=len(last), passed=len(passed), attempts=len(mine),
        categories=_categories(candidates, last, passed),
        due=tuple(d for d in waiting if d.due <= now), upcoming=tuple(d for d in waiting if d.due > now),
        trend=_trend(mine, zone), streak=_streak({a.at.astimezone(zone).date() for a in mine}, now.astimezone(zone).date()),
        retries=retries, gain=_mean([r.after - r.before for r in retries]),
    )  # fmt: skip


def _categories(
    candidates: Sequence[Candidate], last: Mapping[int, Attempted], passed: set[int]
) -> tuple[CategoryProgress, ...]:
    found = []
    for category in dict.fromkeys(c.category for c in candidates):
        numbers = [c.number for c in candidates if c.category == category]
        scores = [last[n].score for n in numbers if n in last]
        found.append(
            CategoryProgress(
                category,
                len(numbers),
                sum(n in last for n in numbers),
                sum(n in passed for n in numbers),
                _mean([s for s in scores if s is not None]),
            )
        )
    return tuple(found)


def _trend(attempts: Sequence[Attempted], zone: tzinfo) -> tuple[Day, ...]:
    days: dict[date, list[float | None]] = {}
    for attempt in attempts:
        days.setdefault(attempt.at.astimezone(zone).date(), []).append(attempt.score)
    return tuple(Day(day, len(s), _mean([x for x in s if x is not None])) for day, s in sorted(days.items()))


def _streak(days: set[date], today: date) -> int:
    day = today if today in days else today - timedelta(days=1)
    length = 0
    while day in days:
        length += 1
        day -= timedelta(days=1)
    return length


def _retries(attempts: Sequence[Attempted]) -> tuple[Retry, ...]:
    scores: dict[int, list[float]] = {}
    for attempt in attempts:
        if attempt.score is not None:
            scores.setdefault(attempt.question, []).append(attempt.score)
    return tuple(Retry(n, len(s), s[0], s[-1]) for n, s in sorted(scores.items()) if len(s) > 1)


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 2) if values else None
