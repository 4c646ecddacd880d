"""When a question should be asked again: spaced repetition with FSRS (the `fsrs` package).

An attempt's level becomes a rating, the rating moves the question's card. Cards are plain dictionaries, as the store
keeps them. Knows no store and no clock.

Source: Ye et al., "A Stochastic Shortest Path Algorithm for Optimizing Spaced Repetition Scheduling", KDD 2022.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from fsrs import Card, Rating, Scheduler

# Steps of minutes suit flash cards that are shown again the same evening; an interview question comes back in days.
_SCHEDULER = Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False, maximum_interval=365)
_RATINGS = (Rating.Again, Rating.Again, Rating.Hard, Rating.Good, Rating.Easy)


def rating(level: int, hints: int = 0) -> Rating:
    """Levels 0 and 1 are forgotten, 2 hard, 3 good, 4 easy; what needed a hint is hard at best.

    Raises:
        IndexError: the level is not 0..4.
    """
    found = _RATINGS[level]
    return min(found, Rating.Hard) if hints else found


def review(card: Mapping[str, Any] | None, number: int, level: int, hints: int, at: datetime) -> dict[str, Any]:
    """The card of a question after an attempt at `at` (timezone-aware UTC). None is a question never asked before."""
    known = Card.from_dict(cast(Any, card)) if card else Card(card_id=number, due=at)
    after, _ = _SCHEDULER.review_card(known, rating(level, hints), at)
    return dict(after.to_dict())


def due_at(card: Mapping[str, Any]) -> datetime:
    """When a card is due."""
    return Card.from_dict(cast(Any, card)).due


@dataclass(frozen=True)
class Recall:
    """What is remembered of one question.

    Args:
        due: when it should be asked again, None if never asked.
        recall: probability of knowing it now, 0..1; 0 if never asked.
        level: of the last attempt, None if never graded.
    """

    due: datetime | None = None
    recall: float = 0.0
    level: int | None = None


def recall(card: Mapping[str, Any] | None, level: int | None, now: datetime) -> Recall:
    """What is remembered of a question at `now`."""
    if not card:
        return Recall(level=level)
    known = Card.from_dict(cast(Any, card))
    return Recall(known.due, float(_SCHEDULER.get_card_retrievability(known, now)), level)
