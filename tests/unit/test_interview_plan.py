"""What is asked when: spaced repetition, planning, progress."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from tutor.interview.memory import Recall, due_at, recall, review
from tutor.interview.plan import Candidate, choose
from tutor.interview.progress import progress
from tutor.interview.setup import Setup

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
SIX = [Candidate(n, "AB"[n % 2], ("easy", "medium", "hard")[n % 3]) for n in range(1, 7)]  # type: ignore[arg-type]


@dataclass(frozen=True)
class Try:
    question: int
    score: float | None
    level: int | None
    at: datetime


def setup(**choices: object) -> Setup:
    return Setup.model_validate({"corpus": "sample", "number": 10, **choices})


def test_better_answers_come_back_later() -> None:
    due = [due_at(review(None, 1, level, 0, NOW)) for level in range(5)]
    assert due == sorted(due)
    assert due[0] >= NOW + timedelta(hours=20)
    assert due[4] > due[0]


def test_a_hint_brings_it_back_sooner() -> None:
    assert due_at(review(None, 1, 4, 1, NOW)) < due_at(review(None, 1, 4, 0, NOW))


def test_recall_fades() -> None:
    card = review(None, 1, 3, 0, NOW)
    chances = [recall(card, 3, NOW + timedelta(days=d)).recall for d in (0, 5, 50)]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] > 0.95
    assert recall(None, None, NOW) == Recall()


def test_due_then_weak_then_new_then_known() -> None:
    memory = {
        1: Recall(NOW + timedelta(days=9), 0.99, 4), 2: Recall(NOW - timedelta(days=1), 0.5, 4),
        3: Recall(NOW + timedelta(days=1), 0.9, 1), 4: Recall(NOW - timedelta(days=9), 0.2, 3),
    }  # fmt: skip
    assert choose(setup(), SIX, memory, NOW) == [
        (4, "due"), (2, "due"), (3, "weak"), (5, "new"), (6, "new"), (1, "known")
    ]  # fmt: skip


def test_new_questions_come_from_the_categories_in_turn() -> None:
    categories = [SIX[n - 1].category for n, _ in choose(setup(number=4), SIX, {}, NOW)]
    assert categories in (["A", "B", "A", "B"], ["B", "A", "B", "A"])


def test_the_users_own_order_wins_over_everything() -> None:
    chosen = choose(setup(questions=(5, 2, 5, 99), number=1, categories=("B",)), SIX, {}, NOW)
    assert chosen == [(5, "chosen"), (2, "chosen")]


def test_categories_and_difficulty_are_kept() -> None:
    assert {n for n, _ in choose(setup(categories=("A",)), SIX, {}, NOW)} == {2, 4, 6}
    assert {n for n, _ in choose(setup(difficulty="easy"), SIX, {}, NOW)} == {3, 6}


@given(
    st.fixed_dictionaries({
        "number": st.integers(1, 20), "order": st.sampled_from(["memory", "document", "random"]), "seed": st.integers(0, 9),
        "difficulty": st.sampled_from(["any", "easy", "hard"]), "questions": st.lists(st.integers(-1, 9)).map(tuple),
    }),
    st.dictionaries(
        st.integers(1, 6),
        st.builds(Recall, st.one_of(st.none(), st.datetimes(timezones=st.just(UTC))), st.floats(0, 1), st.one_of(st.none(), st.integers(0, 4))),
    ),
)  # fmt: skip
def test_no_question_is_planned_twice(choices: dict[str, object], memory: dict[int, Recall]) -> None:
    planned = [n for n, _ in choose(setup(**choices), SIX, memory, NOW)]
    assert len(planned) == len(set(planned))
    assert set(planned) <= {c.number for c in SIX}
    assert planned == [n for n, _ in choose(setup(**choices), SIX, memory, NOW)]


def test_progress_counts_questions_not_attempts() -> None:
    attempts = [Try(1, 2.0, 1, NOW - timedelta(days=1)), Try(1, 8.0, 3, NOW), Try(2, 1.0, 0, NOW), Try(99, 9.0, 4, NOW)]
    found = progress(SIX, attempts, {1: review(None, 1, 3, 0, NOW)}, NOW, UTC)
    assert (found.questions, found.asked, found.passed, found.attempts) == (6, 2, 1, 3)
    assert {c.category: (c.asked, c.passed, c.score) for c in found.categories} == {"A": (1, 0, 1.0), "B": (1, 1, 8.0)}
    assert [(r.question, r.before, r.after) for r in found.retries] == [(1, 2.0, 8.0)]
    assert found.gain == 6.0
    assert [(d.day, d.attempts, d.score) for d in found.trend] == [
        (date(2026, 3, 9), 1, 2.0),
        (date(2026, 3, 10), 2, 4.5),
    ]
    assert not found.due
    assert [d.question for d in found.upcoming] == [1]


def test_an_unscored_attempt_counts_as_asked_and_moves_no_mean() -> None:
    found = progress(SIX, [Try(1, None, None, NOW)], {}, NOW, UTC)
    assert (found.asked, found.passed, found.trend[0].score, found.gain) == (1, 0, None, None)


def test_the_streak_waits_for_today_and_breaks_with_a_gap() -> None:
    def streak(*days_ago: int) -> int:
        attempts = [Try(1, 5.0, 2, NOW - timedelta(days=d)) for d in sorted(days_ago, reverse=True)]
        return progress(SIX, attempts, {}, NOW, UTC).streak

    assert [streak(), streak(0), streak(1), streak(2), streak(0, 1, 2), streak(1, 2, 3), streak(0, 2)] == [
        0, 1, 1, 0, 3, 3, 1
    ]  # fmt: skip


def test_days_are_those_of_the_user() -> None:
    late = datetime(2026, 3, 9, 20, tzinfo=UTC)
    taipei = timezone(timedelta(hours=8))
    assert progress(SIX, [Try(1, 5.0, 2, late)], {}, NOW, taipei).trend[0].day == date(2026, 3, 10)


def test_the_longest_overdue_comes_first() -> None:
    cards = {n: review(None, n, 1, 0, NOW - timedelta(days=10 * n)) for n in (1, 2, 3)}
    assert [d.question for d in progress(SIX, [], cards, NOW, UTC).due] == [3, 2, 1]
