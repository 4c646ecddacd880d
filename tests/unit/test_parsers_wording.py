"""Small judgements that parsers rest on: who asks, which label, what announces an answer."""

from __future__ import annotations

import pytest

from ingest.markup import is_placeholder, prepare
from ingest.parsers.asking import asks
from ingest.parsers.sequence import chosen, runs_on
from ingest.parsers.wording import (
    answer_lead,
    is_answer_name,
    is_appendix,
    is_contents,
    is_group,
    label_of,
    title_of,
    value_of,
)


@pytest.mark.parametrize(
    "title",
    [
        "What is RAG?", "What is RAG", "Explain ACID.", "Difference between TCP and UDP", "AMD vs. CommonJS?",
        "喜歡咖啡嗎?", "什麼是閉包", "說說 Promise 的狀態", "HashMap 的原理", "請描述下列 headers：",
        "描述 event delegation。",
        "使用 preprocessors 的優點是什麼？ (Sass, Less)", "True or False? A branch is a pointer",
        "True or False. A branch is a pointer",
    ],
)  # fmt: skip
def test_asks(title: str) -> None:
    assert asks(title)


@pytest.mark.parametrize(
    "title",
    [
        "Event loop", "解釋", "具體舉例", "CSS 問題：", "Table of contents", "", "?", "Design patterns",
        "List comprehension",
        "這是什麼都能做的模型。", "LLM 的思考過程：",
        "When variance is high, the model changes a lot between samples.",
        "捕捉語意關聯：模型會將詞語轉換成向量，這使得它能理解如何推論出國王和女王之間的關係" * 3,
    ],
)  # fmt: skip
def test_does_not_ask(title: str) -> None:
    assert not asks(title)


@pytest.mark.parametrize(
    ("text", "number", "title"),
    [
        ("問題 7：什麼是 RLHF？", "7", "什麼是 RLHF？"), ("1. What?", "1", "What?"), ("Q12: What?", "12",
        "What?"),
        ("Question 3 - What?", "3", "What?"), ("1、什么是闭包？", "1", "什么是闭包？"), ("第3題：如何？",
        "3", "如何？"),
        ("(4) How?", "4", "How?"), ("【5】如何？", "5", "如何？"), ("1.2 What is it?", "1.2", "What is it?"),
        ("一、基礎", "一", "基礎"), ("Q: What?", "", "What?"), ("題目：如何？", "", "如何？"),
        ("Question 9", "9", ""),
        ("3 ways to sort", "", "3 ways to sort"), ("2-tier architecture", "", "2-tier architecture"),
        ("HTML5 的特點", "", "HTML5 的特點"), ("Quality of service", "", "Quality of service"),
        ("第 3 章 訓練", "", "第 3 章 訓練"), ("Queue: what is it?", "", "Queue: what is it?"),
    ],
)  # fmt: skip
def test_labels(text: str, number: str, title: str) -> None:
    label = label_of(text)
    assert (label.number, label.title) == (number, title)


@pytest.mark.parametrize(
    ("number", "value"),
    [("7", 7), ("十", 10), ("十二", 12), ("二十一", 21), ("一百零三", 103), ("1.2", None)],
)
def test_values_of_printed_numbers(number: str, value: int | None) -> None:
    assert value_of(number) == value


@pytest.mark.parametrize(
    ("markdown", "title"),
    [
        ("**What is X?** 👶", "What is X?"), ("⭐️ What? 🚀", "What?"), ("`<script>` vs `<link>`",
        "<script> vs <link>"),
        ("Explain <code>git branch <NAME></code>", "Explain git branch <NAME>"),
        ("What is [X](http://x.y)?", "What is X?"),
        ("![easy](badge.svg) What?", "What?"), ("<a name='x'>常見問題：</a>", "常見問題："), ("1️⃣ What?",
        "1. What?"),
        (r"1\. What is a\_b?", "1. What is a_b?"), ("A &amp; B", "A & B"), ("C++ 與 C# 的差異",
        "C++ 與 C# 的差異"),
    ],
)  # fmt: skip
def test_titles_read_as_a_reader_reads_them(markdown: str, title: str) -> None:
    assert title_of(markdown) == title


@pytest.mark.parametrize(
    "text",
    ["答案", "Answer: B", "答案：D", "Show answer", "點擊查看答案", "Solution", "參考答案", "解答與說明"],
)
def test_names_of_answers(text: str) -> None:
    assert is_answer_name(text)


@pytest.mark.parametrize("text", ["What is the answer?", "解釋", "Solution architecture", "具體舉例", "Example"])
def test_no_names_of_answers(text: str) -> None:
    assert not is_answer_name(text)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Answer: it is.", "it is."), ("**Answer:** it is.", "it is."), ("**答案**：這個", "這個"),
        ("Ans: 4", "4"),
        ("(A) BERT\n答案：(A)", "(A)"), ("> **解答：** 如此", "如此"),
    ],
)  # fmt: skip
def test_words_that_announce_an_answer(text: str, rest: str) -> None:
    lead = answer_lead(text, 0, len(text))
    assert lead is not None
    assert text[lead[1] :] == rest


@pytest.mark.parametrize("text", ["Answering takes time: be patient", "A: `x`", "An answer is: this"])
def test_words_that_announce_none(text: str) -> None:
    assert answer_lead(text, 0, len(text)) is None


def test_headings_of_contents_appendices_and_groups() -> None:
    assert all(map(is_contents, ("Table of Contents", "目錄", "TOC", "📖 Contents")))
    assert all(map(is_appendix, ("License", "How to contribute", "貢獻作者群:", "參考資料")))
    assert not any(map(is_appendix, ("What is a license?", "References and pointers in C++")))
    assert all(map(is_group, ("6-10", "11 ~ 20", "(1–5)")))


@pytest.mark.parametrize("text", ["Answer here", "TODO", "待補", "_[To be filled]_", "**TBD**", "Coming soon..."])
def test_placeholders_are_no_answers(text: str) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize("text", ["Answer", "True", "Do this first", "略過不看的話會出錯", "no"])
def test_short_answers_are_no_placeholders(text: str) -> None:
    assert not is_placeholder(text)


def test_lines_that_fill_a_gap_between_questions_are_questions() -> None:
    assert chosen([1, 2, 3, 4], [True, True, False, True]) == ([True] * 4, True)


def test_lists_inside_answers_are_no_questions() -> None:
    numbers = [1, 1, 2, 2, 1, 2, 3, 3]
    asking = [True, False, False, True, False, False, False, True]
    assert chosen(numbers, asking)[0] == asking


def test_questions_inside_answers_break_the_chain_of_numbers() -> None:
    numbers = [1, None, 2, 3, None, 4, 5, 6, 7, 8]
    assert chosen(numbers, [True] * 10)[0] == [n is not None for n in numbers]


def test_titles_that_do_not_ask_count_if_their_numbers_run_through() -> None:
    assert chosen([1, 2, 3], [False] * 3) == ([True] * 3, False)
    assert chosen([1, 2, 1], [False] * 3)[0] == [False] * 3


def test_numbers_may_start_again_in_every_category() -> None:
    assert runs_on([1, 2, 3, 1, 2, 3])
    assert not runs_on([1, 5, 2, 9])


def test_layout_is_blanked_without_moving_anything() -> None:
    source = "---\nlang: zh\n---\n<p align='center'>\n# T <!-- c -->\n\n[Back to top](#top)\n\n`<details>` stays\n"
    prepared = prepare(source)
    assert len(prepared.shadow) == len(source)
    assert prepared.text.count("\n") == source.count("\n")
    assert [mark.line for mark in prepared.marks] == [1, 4, 5, 7]
    assert "stays" in prepared.shadow
    assert "lang" not in prepared.text
