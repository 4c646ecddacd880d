"""A grade in the terminal: score, level with its borders, verdicts, in the language of the answer."""

from __future__ import annotations

import re

import pytest

from ingest.rubrics import KeyPoint
from tutor.interview.feedback import feedback
from tutor.interview.grade_text import grade_lines
from tutor.interview.grading import Grade, GradedPoint
from tutor.interview.score import level_ranges

POINT = KeyPoint(
    id="1.1", kind="core", weight=3.0, statement="快取省去重複計算", statement_en="A cache saves work", quote="快取"
)


def grade(score, level, **fields):
    graded = GradedPoint(POINT, "met", "saves work", 0.9)
    return Grade(score, level, (graded,), **{"flags": (), "uncertain": False, "feedback": "All there.", **fields})


@pytest.mark.parametrize("level", range(5))
def test_the_level_is_shown_with_the_score_it_begins_at_and_the_next_one(level):
    begins, ends = level_ranges()[level]
    (english, *_) = grade_lines(grade(round((begins + ends) / 2, 2), level), "en")
    assert f"level {level} of 4 (from {begins:.1f}" in english
    assert (f"{ends:.1f} is level {level + 1}" in english) == (level < 4)
    (chinese, *_) = grade_lines(grade(round((begins + ends) / 2, 2), level), "zh-Hant")
    assert f"等級 {level}／4 ({begins:.1f} 分起" in chinese


def test_every_line_is_in_the_language_of_the_answer():
    english = "\n".join(grade_lines(grade(6.0, 2, flags=("injection",)), "en"))
    assert "A cache saves work" in english
    assert not re.search(r"[\u4e00-\u9fff]", english)
    assert "重複" in "\n".join(grade_lines(grade(6.0, 2), "zh-Hant"))
    assert "重复" in "\n".join(grade_lines(grade(6.0, 2), "zh-Hans"))


def test_feedback_says_a_simplified_document_in_the_script_of_the_answer():
    graded = GradedPoint(POINT.model_copy(update={"statement": "快取省去重复计算"}), "met", "省去計算", 0.9)
    assert "重複計算" in feedback([graded], (), "zh-Hant")
    assert "重复计算" in feedback([graded], (), "zh-Hans")


def test_what_is_not_scored_and_what_is_uncertain_says_so():
    assert grade_lines(grade(None, None), "en")[0] == "not graded"
    assert grade_lines(grade(None, None), "zh-Hant")[0] == "未評分"
    assert "grading uncertain" in grade_lines(grade(5.0, 2, uncertain=True), "en")[0]
    assert "不太確定" in grade_lines(grade(5.0, 2, uncertain=True), "zh-Hant")[0]
