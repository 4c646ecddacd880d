"""Grades inside an interview: answer and follow-up answers together, and disputed verdicts once more.

"I did say that" is judged by another, more generous reading of the same words: neighbouring sentences together, and
a lower bar for "partly". Only words of the answer count, so nothing can be added afterwards. Knows grader and state.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ingest.document import Question
from ingest.rubrics import Rubric
from ingest.text import fold, terms
from tutor.answering.answer import Language
from tutor.interview.clauses import Piece, pieces, plain
from tutor.interview.feedback import feedback
from tutor.interview.grading import NOTHING, Grade, GradedPoint, Grader, capped, said_clearly
from tutor.interview.items import Material, point_source, statement_in
from tutor.interview.rules import is_pasted
from tutor.interview.score import MET, PARTIAL, Verdict, coefficients, level, near_border, score
from tutor.interview.state import Asked, FollowUp, GradeRecord, PointRecord

# On second reading less is enough for "partly", and more is needed for "wrong".
GENEROUS_PARTIAL, SURE_CONTRADICTED = 0.35, 0.75
_NEIGHBOURS = 3
# Words shared with what was said before that make a short correction one of it.
_SHARED = 1
_INSISTS = re.compile(
    r"^\W*(?:是的|对|没错|确定|当然|我确定|yes|sure|correct|right|of course|i am sure|i'm sure|certain)"
)


class Judge:
    """Grades questions of one corpus for one interview language."""

    def __init__(self, grader: Grader, material: Material, language: Language) -> None:
        self._grader = grader
        self._material = material
        self._language = language

    def grade(self, asked: Asked, wording: str = "") -> GradeRecord:
        """The joint grade of everything said to a question; unscored where it has no key points.

        Args:
            wording: the question as it was asked.
        """
        if asked.number not in self._grader.rubrics:
            return GradeRecord(score=None, level=None, uncertain=True)
        return self._record(asked.number, self._grader.grade(asked.number, self._joint(asked, wording), wording))

    def _joint(self, asked: Asked, wording: str) -> str:
        """All answers, without what the candidate took back when asked about it, and without what was said back."""
        first = asked.answer or ""
        more = [f.answer for f in asked.follow_ups if f.answer is not None]
        echo = any(is_pasted(first, text) for text in (self._grader.titles.get(asked.number, ""), wording) if text)
        kept = [] if echo and more else [first]
        for follow_up in asked.follow_ups:
            if follow_up.answer is None or is_pasted(follow_up.answer, follow_up.text):
                continue
            if follow_up.quote and self._takes_back(asked.number, follow_up):
                kept = [text.replace(follow_up.quote, " ") for text in kept]
            kept.append(follow_up.answer)
        return "\n".join(kept)

    def _takes_back(self, number: int, follow_up: FollowUp) -> bool:
        point, quote, answer = follow_up.point, follow_up.quote, follow_up.answer or ""
        misconceptions = {p.id for p in self._grader.rubrics[number].points if p.kind == "misconception"}
        if point not in misconceptions:
            return False
        alone = self._grader.grade(number, answer)
        again = any(g.point.id == point and g.verdict == "contradicted" for g in alone.points)
        if again or _INSISTS.search(fold(answer)):
            return False
        if alone.flags == ("off-topic",):
            # Too short to say a key point, but it speaks of the very thing: "in fact they can be merged".
            return len(set(terms(answer)) & set(terms(quote))) >= _SHARED
        return not NOTHING & set(alone.flags)

    def _record(self, number: int, grade: Grade) -> GradeRecord:
        question = self._material.question(number)
        return GradeRecord(
            score=grade.score, level=grade.level, flags=grade.flags,
            uncertain=grade.uncertain or self._grader.rubrics[number].drafted,
            points=tuple(self._point(g, question) for g in grade.points),
            feedback=feedback(grade.points, grade.flags, self._language),
        )  # fmt: skip

    def _point(self, graded: GradedPoint, question: Question) -> PointRecord:
        p = graded.point
        return PointRecord(
            id=p.id, kind=p.kind, weight=p.weight, statement=p.statement, said=statement_in(p, self._language),
            verdict=graded.verdict, quote=graded.quote, probability=round(graded.probability, 4),
            source=point_source(p, question, self._material.document.source),
        )  # fmt: skip

    def rejudge(self, asked: Asked, point: str, words: str = "") -> GradeRecord:
        """The grade after a dispute about one point; the same grade where the verdict stands.

        Args:
            words: what the candidate points at; only what is found in the answer counts, "" means all of it.

        Raises:
            KeyError: the question is not graded, or has no such point.
        """
        grade = asked.grade
        if grade is None or grade.level is None:
            raise KeyError(point)
        before = next((p for p in grade.points if p.id == point), None)
        if before is None:
            raise KeyError(point)
        if NOTHING & set(grade.flags):
            return grade
        rubric = self._grader.rubrics[asked.number]
        identifiers = [p.id for p in rubric.points]
        windows = self._windows(asked, words)
        if not windows or point not in identifiers:
            return grade
        judged = self._grader.judge_pieces(asked.number, [piece for piece, _ in windows])
        place = identifiers.index(point)
        probability = float(judged.probability[place])
        verdict = _second_verdict(before, probability)
        if verdict == before.verdict:
            return grade
        if before.kind == "misconception":
            change = {"verdict": verdict, "quote": "", "probability": 0.0}
        else:
            earned = max(MET if verdict == "met" else PARTIAL, probability)
            change = {
                "verdict": verdict,
                "quote": windows[int(judged.piece[place])][1],
                "probability": round(earned, 4),
            }
        after = _rescored(grade, before.model_copy(update=change), self._grader.titles.get(asked.number, ""))
        return after.model_copy(
            update={"uncertain": after.uncertain or rubric.drafted, "feedback": self._feedback(after, rubric)}
        )

    def _feedback(self, grade: GradeRecord, rubric: Rubric) -> str:
        """The feedback anew, of the points that the rubric still has."""
        known = {p.id: p for p in rubric.points}
        graded = [GradedPoint(known[p.id], p.verdict, p.quote, p.probability) for p in grade.points if p.id in known]
        return feedback(graded, grade.flags, self._language)

    def _windows(self, asked: Asked, words: str) -> list[tuple[Piece, str]]:
        """Sentences, clauses, and up to three sentences in a row, each with its verbatim text.

        Only those that hold the words pointed at, where the answer has these words at all.
        """
        found: list[tuple[Piece, str]] = []
        for answer in asked.answers:
            kept = self._grader.screened(asked.number, answer).kept
            spans = [(p.start, p.end) for p in pieces(answer, kept)]
            for size in range(2, _NEIGHBOURS + 1):
                windows = (kept[i : i + size] for i in range(len(kept) - size + 1))
                spans += [(w[0].start, w[-1].end) for w in windows if _together(w, answer)]
            found += [(Piece(start, end, plain(answer[start:end])), answer[start:end]) for start, end in spans]
        wanted = plain(words).lower()
        pointed = [w for w in found if wanted and (wanted in w[0].text.lower() or w[0].text.lower() in wanted)]
        return pointed or found


def _together(found: Sequence[Piece], answer: str) -> bool:
    """Whether nothing that was cut stands between pieces that follow each other."""
    between = (answer[a.end : b.start] for a, b in pairwise(found))
    return not any(c.isalnum() for text in between for c in text)


def _second_verdict(before: PointRecord, probability: float) -> Verdict:
    """At best one step up for a point, or from "wrong" to nothing for a misconception."""
    if before.kind == "misconception":
        return "missing" if before.verdict == "contradicted" and probability < SURE_CONTRADICTED else before.verdict
    if before.verdict == "missing":
        return "met" if probability >= MET else "partial" if probability >= GENEROUS_PARTIAL else "missing"
    if before.verdict == "partial":
        return "met" if probability >= MET else "partial"
    return before.verdict


def _rescored(grade: GradeRecord, after: PointRecord, asked: str) -> GradeRecord:
    points = tuple(after if p.id == after.id else p for p in grade.points)
    learned = coefficients()
    value = score(points, np.asarray([p.probability for p in points]), learned)
    clear = sum(said_clearly(p.kind, p.probability, (p.statement,), p.quote, asked) for p in points)
    value = capped(value, grade.flags, clear, learned["cuts"])
    return grade.model_copy(
        update={
            "points": points, "score": value, "level": level(value, learned["cuts"]),
            "uncertain": not grade.flags and near_border(value, learned["cuts"]),
        }
    )  # fmt: skip
