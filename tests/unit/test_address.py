"""Direct address of questions."""

import pytest

from tutor.retrieval.address import cited_numbers, parse_address

KNOWN = list(range(1, 81))


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("第 17 題", (17,)), ("第17题", (17,)), ("第十七題在講什麼", (17,)), ("Q17", (17,)), ("question 17", (17,)),
        ("what does question 5 say?", (5,)), ("上一題", (18,)), ("下一題", (20,)), ("next question please", (20,)),
        ("the previous question", (18,)), ("第12題和第19題的差別", (12, 19)), ("第八十題", (80,)), ("問題 3", (3,)),
    ],
)  # fmt: skip
def test_names_questions(query, numbers):
    assert parse_address(query, KNOWN, last=19) == numbers


@pytest.mark.parametrize(
    "query", ["GPT-4 70B", "第三步", "第 99 題", "Q2B", "10 個問題", "QLoRA 4-bit", "top 5 models"]
)
def test_does_not_see_questions_that_are_not_named(query):
    assert parse_address(query, KNOWN, last=None) == ()


def test_the_ends_have_no_neighbour():
    assert parse_address("上一題", KNOWN, last=1) == ()
    assert parse_address("下一題", KNOWN, last=80) == ()
    assert parse_address("下一題", KNOWN, last=None) == ()


def test_neighbours_follow_the_document_order():
    assert parse_address("下一題", [3, 7, 5], last=7) == (5,)


def test_cited_numbers_in_all_written_forms():
    assert cited_numbers("甲【第19題】乙【第3题】【Q7】丙【第19題】") == [19, 3, 7]


def test_numbers_of_a_large_document_are_known_too():
    known = range(1, 100_001)
    for query in ("第 12345 題", "Q12345", "問題 12345"):
        assert parse_address(query, known, last=None) == (12345,)
    assert cited_numbers("甲【第12345題】乙【Q100000】") == [12345, 100_000]


@pytest.mark.parametrize(
    "query",
    ["好，下一題：什麼是模型對齊？", "next question: what is LoRA?", "下一題，RAG 怎麼運作？", "Next question, how big is it?", "上一題——我想問的是量化"],
)  # fmt: skip
def test_a_question_of_one_s_own_that_is_only_announced_is_no_address(query: str) -> None:
    assert parse_address(query, KNOWN, last=19) == ()


@pytest.mark.parametrize(
    "query", ["下一題，謝謝", "next question, please", "下一題是什麼？", "好，下一題。", "下一題:"]
)
def test_a_bare_wish_for_the_next_question_still_is_one(query: str) -> None:
    assert parse_address(query, KNOWN, last=19) == (20,)
