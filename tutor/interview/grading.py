"""Grading: an answer against the key points of a question. No language model: fast, the same every time.

screen -> pieces -> features -> probabilities -> verdicts with verbatim quotes -> score, level, feedback. Knows
rubrics and texts, nothing of files, corpora or the command line.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.rubrics import KeyPoint, Rubric
from ingest.text import terms
from tutor.answering.language import reply_language
from tutor.interview.clauses import Piece, pieces
from tutor.interview.features import PointSet, frequencies
from tutor.interview.feedback import feedback
from tutor.interview.reference import grade_value, points_of, reference_features
from tutor.interview.rules import Screening, screen
from tutor.interview.score import (
    TOP,
    Judged,
    Verdict,
    coefficients,
    judge,
    level,
    near_border,
    score,
    verdict,
)

MODEL = "key-points-1"
# Flags that decide the grade before any key point does.
NOTHING = frozenset({"blank", "dont-know", "pasted-question", "off-topic"})
CAPPED = frozenset({"injection", "stuffing"})
_CAP = 1
# What is left beside an attack or a term list must be said clearly to count at all.
CLEAR = 0.7
# So many clear core points beside an attack are an answer; so many terms of its own make a point more than an echo.
_ANSWERED, _OWN_TERMS = 2, 2
_REMEMBERED = 128


@dataclass(frozen=True)
class GradedPoint:
    """A key point with its verdict; `quote` is a verbatim slice of the answer, "" where the point is missing."""

    point: KeyPoint
    verdict: Verdict
    quote: str
    probability: float

    def as_dict(self) -> dict[str, Any]:
        """The contract's form."""
        p = self.point
        return {
            "id": p.id, "statement": p.statement, "kind": p.kind, "weight": p.weight,
            "verdict": self.verdict, "quote": self.quote,
        }  # fmt: skip


@dataclass(frozen=True)
class Grade:
    """The result for one answer. `score` and `level` are None where the material has nothing to grade with."""

    score: float | None
    level: int | None
    points: tuple[GradedPoint, ...]
    flags: tuple[str, ...]
    uncertain: bool
    feedback: str

    def as_dict(self) -> dict[str, Any]:
        """The contract's form, without an id."""
        return {
            "score": self.score, "level": self.level, "points": [p.as_dict() for p in self.points],
            "flags": list(self.flags), "uncertain": self.uncertain, "feedback": self.feedback, "model": MODEL,
        }  # fmt: skip


class Grader:
    """Grades answers to the questions of one document.

    Args:
        rubrics: by question number.
        titles: the questions themselves, by number.
    """

    def __init__(self, rubrics: Mapping[int, Rubric], titles: Mapping[int, str]) -> None:
        self.rubrics = dict(rubrics)
        self.titles = dict(titles)
        self._counts, self._wordings = frequencies([r.points for r in rubrics.values()])
        self._ready: OrderedDict[int, PointSet] = OrderedDict()

    def grade(self, question: int, answer: str, wording: str = "") -> Grade:
        """Grade an answer to a question that has a rubric.

        Args:
            wording: how the question was asked, where that was not its title; saying it back is no answer either.

        Raises:
            KeyError: it has none.
        """
        learned = coefficients()
        points = self._points(question)
        screening = self.screened(question, answer, wording)
        found = pieces(answer, screening.kept)
        judged = judge(points.measure(found), points.points, learned)
        graded = _graded_all(points.points, judged.probability, judged.piece, answer, found)
        value = score(points.points, judged.probability, learned)
        cuts = learned["cuts"]
        flags = _admitting(screening, graded)
        said = any(g.verdict != "missing" for g in graded)
        if not NOTHING & set(flags) and not said and not CAPPED & set(flags):
            flags.append("off-topic")
        return _finished(value, flags, graded, cuts, answer, self.titles.get(question, ""))

    def screened(self, question: int, answer: str, wording: str = "") -> Screening:
        """What of an answer is graded. A sentence that says a core point beyond doubt is no attack, unless it is sure to be one.

        Raises:
            KeyError: the question has no rubric.
        """
        title, points = self.titles.get(question, ""), self._points(question).points

        def says(sentence: Piece) -> bool:
            quote = answer[sentence.start : sentence.end]
            chances = self.judge_pieces(question, [sentence]).probability
            return any(
                said_clearly(p.kind, float(chance), p.texts, quote, title)
                for p, chance in zip(points, chances, strict=True)
            )

        said_back = screen(answer, wording, says) if wording else None
        return said_back if said_back and "pasted-question" in said_back.flags else screen(answer, title, says)

    def grade_reference(self, question: str, reference: str, answer: str) -> Grade:
        """Grade an answer against a bare reference answer, any material. Unscored where the reference says nothing."""
        points = points_of(reference)
        if not points:
            return Grade(None, None, (), ("no-reference",), True, "")
        learned = coefficients()
        screening = screen(
            answer, question, lambda s: _own_terms(answer[s.start : s.end], [reference], question) >= _OWN_TERMS
        )
        found = pieces(answer, screening.kept)
        features, chances, best = reference_features(question, reference, points, answer, found)
        graded = _graded_all(points, chances, best, answer, found)
        cuts = learned["generic"]["cuts"]
        flags = _admitting(screening, graded)
        value = grade_value(features, learned["generic"], reference) if found else 0.0
        return _finished(value, flags, graded, cuts, answer, question)

    def judge_pieces(self, question: int, found: Sequence[Piece]) -> Judged:
        """How likely each key point was said by the best of these pieces of an answer.

        Raises:
            KeyError: the question has no rubric.
        """
        points = self._points(question)
        return judge(points.measure(found), points.points, coefficients())

    def _points(self, question: int) -> PointSet:
        found = self._ready.pop(question, None) or PointSet(
            self.rubrics[question].points, self.titles.get(question, ""), self._counts, self._wordings
        )
        self._ready[question] = found
        if len(self._ready) > _REMEMBERED:
            self._ready.popitem(last=False)
        return found


def plain_grader() -> Grader:
    """A grader without rubrics: for bare references only."""
    return Grader({}, {})


def _admitting(screening: Screening, graded: Sequence[GradedPoint]) -> list[str]:
    """The flags of an answer; one that admits ignorance and says no point is one of somebody who does not know."""
    flags = list(screening.flags)
    if screening.admitted and "dont-know" not in flags and all(g.verdict == "missing" for g in graded):
        flags = ["dont-know", *(flag for flag in flags if flag != "pasted-question")]
    return flags


def _graded_all(
    points: Sequence[KeyPoint], probabilities: Iterable[Any], best: Iterable[Any], answer: str, found: Sequence[Piece]
) -> list[GradedPoint]:
    """Every point with its verdict and the words that decided it; `best` is -1 where no piece belongs to the point."""
    return [
        _graded(point, float(probability), answer, found[i] if i >= 0 else None)
        for point, probability, i in zip(points, probabilities, best, strict=True)
    ]


def _graded(point: KeyPoint, probability: float, answer: str, piece: Piece | None) -> GradedPoint:
    found = verdict(point, probability)
    quote = answer[piece.start : piece.end] if piece is not None and found != "missing" else ""
    return GradedPoint(point, found if quote else "missing", quote, probability)


def _finished(
    value: float, flags: Sequence[str], graded: Sequence[GradedPoint], cuts: Sequence[float], answer: str, asked: str
) -> Grade:
    """The grade of a score, once its flags have had their say."""
    clear = sum(said_clearly(g.point.kind, g.probability, g.point.texts, g.quote, asked) for g in graded)
    value = capped(value, flags, clear, cuts)
    return Grade(
        value, level(value, cuts), tuple(graded), tuple(flags), uncertain=not flags and near_border(value, cuts),
        feedback=feedback(graded, flags, reply_language(answer)),
    )  # fmt: skip


def said_clearly(kind: str, probability: float, wordings: Iterable[str], quote: str, asked: str) -> bool:
    """Whether a core point is said beyond doubt, in words of its own and not only in those of the question."""
    if kind != "core" or probability < CLEAR:
        return False
    return _own_terms(quote, wordings, asked) >= _OWN_TERMS


def _own_terms(quote: str, wordings: Iterable[str], asked: str) -> int:
    """How many terms a quote shares with the wordings of a point that the question does not give away."""
    own = set(terms(quote)) & {t for text in wordings for t in terms(text)}
    return len(own - set(terms(asked)))


def capped(value: float, flags: Sequence[str], clear: int, cuts: Sequence[float]) -> float:
    """The score after the flags: nothing for no answer, at most level 1 beside a term list or a thin answer to an attack.

    Args:
        clear: how many core points were said clearly beside the attack or the list. An attack beside a full answer
            changes nothing: what was said is graded, what was asked for is not heard.
    """
    if NOTHING & set(flags):
        return 0.0
    if not CAPPED & set(flags) or ("stuffing" not in flags and clear >= _ANSWERED):
        return value
    if not clear:
        return 0.0
    return round(min(max(value, cuts[0]), (cuts[0] + cuts[_CAP]) / 2, TOP), 2)
