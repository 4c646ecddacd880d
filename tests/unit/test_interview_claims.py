"""The measure of claims that are turned round: how many earn their point, and how many are called wrong."""

from __future__ import annotations

import pytest

from eval.fit_grading import shipped_rubrics
from eval.gold import rows
from eval.grading import claims
from ingest.rubrics import KeyPoint
from tutor.interview.grading import Grade, GradedPoint, Grader


@pytest.fixture(scope="module")
def grader() -> Grader:
    return Grader(*shipped_rubrics())


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
    assert [counted[name]["value"] for name in ("right_claims_credited", "right_claims_called_wrong")] == [0.5, 0.25]
    assert [counted[name]["value"] for name in ("wrong_claims_credited", "wrong_claims_called_wrong")] == [0.25, 0.5]
    assert counted["wrong_claims_credited_by_how"] == {"number": "0 of 2", "roles": "1 of 2"}


@pytest.mark.parametrize("part", ["dev", "test"])
def test_every_claim_is_about_a_point_of_its_question(grader: Grader, part: str) -> None:
    found = rows("claims", part)  # type: ignore[arg-type]
    for row in found:
        assert row["point"] in {p.id for p in grader.rubrics[row["question"]].points}
        assert (row["says"] == "wrong") == ("how" in row)
    assert len({row["answer"] for row in found}) == len(found)
    graded = {row["question"] for row in rows("grading", part)}  # type: ignore[arg-type]
    assert {row["question"] for row in found} == graded
