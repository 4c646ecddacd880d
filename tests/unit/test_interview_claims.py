"""What stands in the sentence of a misconception earns nothing; how many wrong claims earn their point."""

from __future__ import annotations

import pytest

from eval.fit_grading import shipped_rubrics
from eval.gold import rows
from eval.grading import claims
from ingest.rubrics import KeyPoint
from tutor.interview.clauses import pieces, sentence_of, sentences
from tutor.interview.grading import Grade, GradedPoint, Grader

WRONG = "老實說 Adam 跟 AdamW 沒什麼差，mathematically L2 regularization 和 weight decay 就是同一件事。"
RIGHT = "AdamW 把權重衰減從梯度更新裡拿出來，直接對權重做。"


@pytest.fixture(scope="module")
def grader() -> Grader:
    return Grader(*shipped_rubrics())


def verdicts(grade: Grade) -> dict[str, str]:
    return {p.point.id: p.verdict for p in grade.points if p.verdict != "missing"}


def test_pieces_of_one_sentence_belong_together() -> None:
    answer = "它把鍵和值存起來，每一步就不用再重算一次。代價是多佔記憶體。"
    found = pieces(answer, sentences(answer))
    groups = sentence_of(found)
    first = {g for piece, g in zip(found, groups, strict=True) if piece.start < answer.index("代價")}
    assert len(first) == 1
    assert len(set(groups.tolist())) == 2
    assert sentence_of([]).tolist() == []


def test_the_sentence_of_a_misconception_earns_no_point(grader: Grader) -> None:
    assert verdicts(grader.grade(26, WRONG)) == {"26.7": "contradicted"}
    assert verdicts(grader.grade(26, WRONG + RIGHT)) == {"26.1": "met", "26.7": "contradicted"}
    assert verdicts(grader.grade(26, RIGHT)) == {"26.1": "met"}


def test_whoever_insists_is_read_generously(grader: Grader) -> None:
    judged = grader.judge_pieces(26, pieces(WRONG, sentences(WRONG)))
    said = dict(zip([p.id for p in grader.rubrics[26].points], judged.probability, strict=True))
    assert said["26.4"] > 0.5


class OfOneMind:
    """Grants the point named in the answer; calls wrong what says so."""

    def grade(self, number: int, answer: str) -> Grade:
        point = KeyPoint(
            id=f"{number}.1",
            kind="core",
            weight=1,
            statement="a point",
            statement_en="a point",
            aliases={},
            quote="a point",
        )
        verdict = "contradicted" if "wrong" in answer else "met" if "met" in answer else "missing"
        return Grade(1.0, 1, (GradedPoint(point, verdict, "x", 0.9),), (), False, "")


def test_claims_are_counted_by_what_they_say() -> None:
    found = [
        {"question": 1, "point": "1.1", "answer": answer, "says": says, **({"how": how} if how else {})}
        for answer, says, how in (
            ("met", "right", ""), ("none", "right", ""), ("wrong", "right", ""), ("met", "right", ""),
            ("met", "wrong", "roles"), ("wrong", "wrong", "roles"), ("wrong", "wrong", "number"), ("none", "wrong", "number"),
        )
    ]  # fmt: skip
    counted = claims(OfOneMind(), found)  # type: ignore[arg-type]
    assert [counted[name]["value"] for name in ("right_credited", "right_called_wrong")] == [0.5, 0.25]
    assert [counted[name]["value"] for name in ("wrong_credited", "wrong_called_wrong")] == [0.25, 0.5]
    assert counted["credited_by_how"] == {"number": "0 of 2", "roles": "1 of 2"}


@pytest.mark.parametrize("part", ["dev", "test"])
def test_every_claim_is_about_a_point_of_its_question(grader: Grader, part: str) -> None:
    found = rows("claims", part)  # type: ignore[arg-type]
    for row in found:
        assert row["point"] in {p.id for p in grader.rubrics[row["question"]].points}
        assert (row["says"] == "wrong") == ("how" in row)
    assert len({row["answer"] for row in found}) == len(found)
    graded = {row["question"] for row in rows("grading", part)}  # type: ignore[arg-type]
    assert {row["question"] for row in found} == graded
