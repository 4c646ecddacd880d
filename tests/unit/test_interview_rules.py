"""Admitted ignorance: what was said before and after it counts, and nothing said is still "do not know"."""

from __future__ import annotations

import pytest

from tutor.interview.grading import Grader
from tutor.interview.rules import screen


def kept(answer: str) -> list[str]:
    return [answer[piece.start : piece.end] for piece in screen(answer, "請解釋大型語言模型。").kept]


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        ("它用海量資料訓練，參數有上兆個，其他我不記得了。", ["它用海量資料訓練，參數有上兆個"]),
        ("它用海量资料训练，参数有上兆个，但其他我不太记得了。", ["它用海量资料训练，参数有上兆个"]),
        ("It is trained on lots of text, but I don't remember the rest.", ["It is trained on lots of text"]),
        ("It predicts the very next word but I don't know why", ["It predicts the very next word"]),
        ("抱歉，細節我不清楚，它是根據前文的機率預測下一個字詞。", ["它是根據前文的機率預測下一個字詞"]),
    ],
)
def test_what_is_said_beside_an_admission_counts(answer: str, left: list[str]) -> None:
    found = screen(answer, "請解釋大型語言模型。")
    assert kept(answer) == left
    assert found.admitted
    assert "dont-know" not in found.flags


@pytest.mark.parametrize(
    "answer", ["我不知道。", "抱歉，這題我不太清楚。", "I don't know, sorry.", "No idea.", "這題我沒有研究，不好意思。"]
)
def test_an_admission_alone_is_no_answer(answer: str) -> None:
    assert screen(answer, "請解釋大型語言模型。").flags == ("dont-know",)
    assert kept(answer) == []


@pytest.fixture(scope="module")
def grader() -> Grader:
    from ingest.corpora import read_document, shipped_document
    from ingest.rubrics import read_rubrics, rubrics_path

    path = shipped_document("llm-vlm-80")
    assert path is not None
    document = read_document(path)
    return Grader(read_rubrics(rubrics_path(path), document), {q.number: q.title for q in document.questions})


def test_half_an_answer_with_an_admission_is_graded_as_half_an_answer(grader: Grader) -> None:
    with_it = grader.grade(1, "它用海量資料訓練，參數有上兆個，其他我不記得了。")
    without = grader.grade(1, "它用海量資料訓練，參數有上兆個。")
    assert with_it.score == without.score
    assert with_it.level == without.level
    assert with_it.level is not None
    assert with_it.level >= 1
    assert with_it.flags == ()


@pytest.mark.parametrize(
    "answer",
    [
        "我聽過大型語言模型這個名詞，但是細節我不太清楚。",
        "請用自己的話解釋什麼是大型語言模型，這我不知道。",
        "I had pasta for lunch with friends today, but I don't know this one.",
    ],
)
def test_an_admission_beside_nothing_of_use_is_do_not_know(grader: Grader, answer: str) -> None:
    found = grader.grade(1, answer)
    assert found.flags == ("dont-know",)
    assert found.score == 0.0
