"""The prompt: its order, and the rule by which it is made to fit."""

import numpy as np
import pytest

from tutor.answering.evidence import Sentence
from tutor.answering.keypoints import Chosen, KeyPoint
from tutor.answering.prompt import INSTRUCTIONS, TURNS_KEPT, build, fit
from tutor.retrieval.result import Turn


def chosen(number: int, count: int) -> Chosen:
    points = tuple(
        KeyPoint(f"第 {number} 題的第 {i} 點", Sentence(number, "解釋", "", 0, 1), np.zeros(2, dtype=np.float32), True)
        for i in range(count)
    )
    return Chosen(number, f"題目 {number}", points)


HISTORY = [Turn("user", "問一"), Turn("assistant", "答一"), Turn("user", "問二"), Turn("assistant", "答二")]


def test_what_is_stable_comes_first_and_the_question_last():
    messages = build("為什麼？", [chosen(19, 2)], HISTORY, "zh-Hant")
    assert messages[0][0] == "system"
    assert messages[0][1].startswith(INSTRUCTIONS)
    assert "【第19題】題目 19" in messages[0][1]
    assert [text for _, text in messages[1:5]] == ["問一", "答一", "問二", "答二"]
    assert messages[-1][0] == "user"
    assert messages[-1][1].startswith("為什麼？")


def test_two_queries_about_the_same_evidence_share_their_beginning():
    one, other = (build(q, [chosen(19, 3)], (), "zh-Hant") for q in ("甲", "乙"))
    assert one[0] == other[0]


@pytest.mark.parametrize(("language", "says"), [("zh-Hant", "繁體"), ("zh-Hans", "简体"), ("en", "English")])
def test_the_language_is_asked_for_last(language, says):
    assert says in build("q", [chosen(1, 1)], (), language)[-1][1]


def test_oldest_turns_go_first_then_points_of_the_last_question_never_the_query():
    parts = [chosen(1, 6), chosen(2, 6)]
    full = sum(len(t) + 8 for _, t in build("問題", parts, HISTORY, "zh-Hant"))

    without_turns = fit("問題", parts, HISTORY, "zh-Hant", count=len, limit=full - 1)
    assert len(without_turns) == 2 + TURNS_KEPT - 1
    assert "問一" not in [t for _, t in without_turns]

    small = fit("問題", parts, HISTORY, "zh-Hant", count=len, limit=len(INSTRUCTIONS) + 160)
    assert len(small) == 2
    assert "第 1 題的第 0 點" in small[0][1]
    assert small[-1][1].startswith("問題")


def test_a_query_longer_than_the_window_is_cut_at_its_end():
    messages = fit("長" * 5000, [chosen(1, 1)], (), "zh-Hant", count=len, limit=1000)
    assert sum(len(t) + 8 for _, t in messages) <= 1000
    assert messages[-1][1].startswith("長")
