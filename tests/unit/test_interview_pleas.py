"""Attempts on the grader earn nothing; what is said beside a plea is graded as if the plea were not there."""

from __future__ import annotations

import pytest

from eval.fit_grading import shipped_rubrics
from eval.gold import rows
from tutor.interview.clauses import sentences
from tutor.interview.grading import Grader, capped, said_clearly
from tutor.interview.pleas import attack_spans

ROWS = rows("pleas", "dev")


@pytest.fixture(scope="module")
def grader() -> Grader:
    return Grader(*shipped_rubrics())


def of(kind: str) -> list[dict]:
    return [row for row in ROWS if row["kind"] == kind]


def test_there_are_attacks_in_three_languages():
    assert len(of("attack")) >= 30
    assert {row["language"] for row in of("attack")} == {"zh-Hant", "zh-Hans", "en"}


@pytest.mark.parametrize("row", of("attack"), ids=lambda row: row["id"])
def test_an_answer_that_only_asks_for_a_grade_earns_nothing(grader, row):
    assert grader.grade(row["question"], row["answer"]).level == 0


@pytest.mark.parametrize("row", of("content-and-plea"), ids=lambda row: row["id"])
def test_a_good_answer_with_a_plea_is_graded_for_what_it_says(grader, row):
    grade, alone = (grader.grade(row["question"], row[name]) for name in ("answer", "content"))
    assert "injection" in grade.flags
    assert grade.score == pytest.approx(alone.score, abs=0.6)


@pytest.mark.parametrize("row", of("honest"), ids=lambda row: row["id"])
def test_an_answer_about_grades_or_instructions_is_no_attack(row):
    assert attack_spans(row["answer"]) == []


def test_what_only_repeats_the_question_is_not_said_clearly():
    wordings, asked = ("檢索外部知識庫，再讓模型根據資料回答。",), "什麼是檢索？"
    assert said_clearly("core", 0.9, wordings, "先檢索外部知識庫", asked)
    assert not said_clearly("core", 0.9, wordings, "檢索", asked)
    assert not said_clearly("core", 0.4, wordings, "先檢索外部知識庫", asked)


@pytest.mark.parametrize("number", [5, 34, 40, 41, 44, 57, 72])
@pytest.mark.parametrize("about", ["{}嘛，就是大家說的那些。", "{}", "As for {}, everybody knows."])
def test_words_of_the_question_say_no_point(grader, number, about):
    for piece in sentences(grader.titles[number]):
        grade = grader.grade(number, about.format(piece.text))
        assert not [p for p in grade.points if p.verdict in {"met", "partial"}]


def test_words_of_the_question_count_beside_words_of_the_point(grader):
    grade = grader.grade(41, "自動評估指標快速又低成本，但分數常和人類的感受有差距。")
    assert any(p.verdict == "met" for p in grade.points)


def test_a_plea_neither_lifts_a_thin_answer_nor_lowers_a_full_one():
    cuts = [1.0, 3.0, 6.0, 8.0]
    assert capped(7.0, ("injection",), 0, cuts) == 0.0
    assert capped(7.0, ("injection",), 1, cuts) == 2.0
    assert capped(7.0, ("injection",), 2, cuts) == 7.0
    assert capped(7.0, ("stuffing",), 2, cuts) == 2.0
