"""The report of an interview: what was covered, what was not, where it stands in the document, what to review when.

A pure function of the interview's state and the review cards; `exports.py` knows the forms it is rendered in. Every
figure is arithmetic over verdicts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tutor.answering.answer import Language
from tutor.interview.memory import due_at
from tutor.interview.setup import PASS_LEVEL
from tutor.interview.state import Asked, Ended, Item, Outcome, PointRecord, Source, State

WEAKEST = 3


@dataclass(frozen=True)
class PointReport:
    """One key point: what the document says beside what the candidate said.

    Args:
        said: the point in the language of the interview.
        source: the document's sentence, with its offsets; None where the rubric names none.
        quote: the candidate's words, verbatim; "" where nothing was said to it.
        disputed: "", "upheld" or "kept".
    """

    id: str
    kind: str
    weight: float
    said: str
    verdict: str
    quote: str
    source: Source | None
    disputed: str


@dataclass(frozen=True)
class QuestionReport:
    """One question. `score` is None where it was skipped, not answered, or could not be graded.

    Args:
        first_score: before any follow-up.
        covered, partly, missed, wrong: its key points by verdict; misconceptions that were not said are left out.
        model_answer: the document's own words, in its order.
    """

    number: int
    title: str
    category: str
    asked: str
    outcome: Outcome
    score: float | None
    first_score: float | None
    level: int | None
    passed: bool
    uncertain: bool
    flags: tuple[str, ...]
    seconds: float
    hints: int
    answer: str
    follow_ups: tuple[tuple[str, str], ...]
    covered: tuple[PointReport, ...]
    partly: tuple[PointReport, ...]
    missed: tuple[PointReport, ...]
    wrong: tuple[PointReport, ...]
    feedback: str
    model_answer: tuple[Source, ...]


@dataclass(frozen=True)
class CategoryScore:
    """Mean score of one category over its graded and skipped questions; a skipped one counts 0."""

    category: str
    questions: int
    score: float | None


@dataclass(frozen=True)
class WeakPoint:
    """A key point to work on."""

    question: int
    title: str
    verdict: str
    said: str
    source: Source | None


@dataclass(frozen=True)
class Review:
    """A question and when it should be asked again (ISO 8601, UTC); "" is as soon as possible."""

    question: int
    title: str
    due: str


@dataclass(frozen=True)
class Report:
    """The whole report.

    Args:
        score: mean over graded and skipped questions, a skipped one counting 0; None where there is none.
        answered_score: mean over the graded ones only.
        planned: questions that were planned; those that were never asked are not reported.
    """

    id: str
    corpus: str
    language: Language
    exam: bool
    strictness: str
    ended: Ended
    planned: int
    score: float | None
    answered_score: float | None
    passed: int
    skipped: int
    seconds: float
    limit: float | None
    questions: tuple[QuestionReport, ...]
    categories: tuple[CategoryScore, ...]
    weakest: tuple[WeakPoint, ...]
    review: tuple[Review, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return _plain(asdict(self))  # type: ignore[no-any-return]


def make_report(identifier: str, state: State, cards: Mapping[int, Mapping[str, Any]]) -> Report:
    """The report of the questions that are done.

    Args:
        cards: review cards by question number, as the store keeps them.
    """
    pass_level = PASS_LEVEL[state.setup.strictness]
    closed = [a for a in state.asked if a.outcome != "open"]
    questions = tuple(_question(a, state.item(a.number), pass_level) for a in closed)
    return Report(
        id=identifier, corpus=state.setup.corpus, language=state.setup.language, exam=state.setup.exam,
        strictness=state.setup.strictness, ended=state.ended, planned=len(state.plan),
        score=_mean(questions), answered_score=_mean([q for q in questions if q.score is not None]),
        passed=sum(q.passed for q in questions), skipped=sum(q.outcome == "skipped" for q in questions),
        seconds=round(state.used, 1), limit=None if state.setup.minutes is None else state.setup.minutes * 60,
        questions=questions, categories=_categories(questions), weakest=_weakest(questions),
        review=_review(questions, cards),
    )  # fmt: skip


def _question(asked: Asked, item: Item, pass_level: int) -> QuestionReport:
    grade = asked.grade
    points = [_point(p) for p in grade.points] if grade else []

    def of(verdict: str) -> tuple[PointReport, ...]:
        said = [p for p in points if p.verdict == verdict and (p.kind != "misconception" or verdict == "contradicted")]
        return tuple(sorted(said, key=lambda p: (p.kind != "core", -p.weight)))

    return QuestionReport(
        number=item.number, title=item.title, category=item.category, asked=item.ask, outcome=asked.outcome,
        score=grade.score if grade else None, first_score=asked.first.score if asked.first else None,
        level=grade.level if grade else None,
        passed=grade is not None and grade.level is not None and grade.level >= pass_level,
        uncertain=grade is not None and grade.uncertain, flags=grade.flags if grade else (),
        seconds=round(asked.seconds, 1), hints=asked.hints, answer=asked.answer or "",
        follow_ups=tuple((f.text, f.answer or "") for f in asked.follow_ups),
        covered=of("met"), partly=of("partial"), missed=of("missing"), wrong=of("contradicted"),
        feedback=grade.feedback if grade else "", model_answer=item.answer,
    )  # fmt: skip


def _point(point: PointRecord) -> PointReport:
    return PointReport(
        point.id, point.kind, point.weight, point.said, point.verdict, point.quote, point.source, point.disputed
    )


def _mean(questions: Sequence[QuestionReport]) -> float | None:
    values = [
        q.score if q.score is not None else 0.0 for q in questions if q.score is not None or q.outcome == "skipped"
    ]
    return round(sum(values) / len(values), 2) if values else None


def _categories(questions: Sequence[QuestionReport]) -> tuple[CategoryScore, ...]:
    names = dict.fromkeys(q.category for q in questions)
    groups = {name: [q for q in questions if q.category == name] for name in names}
    return tuple(CategoryScore(name, len(group), _mean(group)) for name, group in groups.items())


def _weakest(questions: Sequence[QuestionReport]) -> tuple[WeakPoint, ...]:
    """What was wrong first, then missing core points, then partial ones; the heaviest of the worst question first."""
    ranked = [
        ((rank, -point.weight, question.score or 0.0, question.number), question, point)
        for question in questions
        for rank, points in enumerate((question.wrong, question.missed, question.partly))
        for point in points
        if point.kind != "detail"
    ]
    ranked.sort(key=lambda row: row[0])
    return tuple(WeakPoint(q.number, q.title, p.verdict, p.said, p.source) for _, q, p in ranked[:WEAKEST])


def _review(questions: Sequence[QuestionReport], cards: Mapping[int, Mapping[str, Any]]) -> tuple[Review, ...]:
    found = []
    for question in questions:
        card = cards.get(question.number)
        due = due_at(card).isoformat() if card and question.outcome not in {"skipped", "unanswered"} else ""
        found.append(Review(question.number, question.title, due))
    return tuple(sorted(found, key=lambda r: (r.due, r.question)))


def _plain(value: Any) -> Any:
    """Nested models as plain JSON values."""
    if isinstance(value, Source):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
