"""Hello, thanks, goodbye: said back politely, without search or model; whatever holds a question is a question."""

from __future__ import annotations

import pytest

from tutor.answering.answer import Done, Text
from tutor.answering.tutor import Ask, Tutor
from tutor.retrieval.courtesy import courtesy, without_courtesies
from tutor.retrieval.result import Turn


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("你好", "hello"), ("嗨～", "hello"), ("Hi!", "hello"), ("hello there", "hello"),
        ("謝謝你！", "thanks"), ("好的，谢谢", "thanks"), ("Thank you so much", "thanks"), ("了解了，謝謝", "thanks"),
        ("Got it.", "understood"), ("原來如此", "understood"),
        ("謝謝，先這樣，晚安", "goodbye"), ("Bye! See you tomorrow", "goodbye"),
        ("你是誰？", "about"), ("What can you do?", "about"), ("你好，你能做什麼？", "about"),
        ("你好，什麼是 LoRA？", None), ("謝謝，那缺點呢？", None), ("早停是什麼", None), ("help me understand LoRA", None),
        ("它怎麼用", None), ("這怎麼用？", None), ("好", None), ("為什麼", None), ("go on", None), ("", None), ("？！", None),
    ],
)  # fmt: skip
def test_which_courtesy_a_query_is(query, kind):
    assert courtesy(query) == kind


@pytest.mark.parametrize(
    ("query", "words"),
    [("謝謝", "不客氣"), ("谢谢，再见", "面试顺利"), ("Who are you?", "interview tutor"), ("哈囉", "你好！")],
)
def test_a_courtesy_is_answered_in_its_language_and_refuses_nothing(searcher, fake_model, query, words):
    *said, done = Tutor(searcher, fake_model).stream(Ask(query))
    assert isinstance(done, Done)
    assert words in done.answer.answer
    assert [event.text for event in said if isinstance(event, Text)] == [done.answer.answer]
    assert not done.answer.refused
    assert not done.answer.citations
    assert done.answer.usage["model_calls"] == 0


def test_what_is_said_back_to_a_courtesy_goes_with_it():
    said = [
        Turn("user", "甲"),
        Turn("assistant", "乙"),
        Turn("user", "謝謝"),
        Turn("assistant", "不客氣！"),
        Turn("user", "謝謝，那丙呢？"),
    ]
    assert without_courtesies(said) == (said[0], said[1], said[4])
    assert without_courtesies([]) == ()


def test_a_courtesy_does_not_change_the_topic(searcher, fake_model):
    history = (
        Turn("user", "什麼是 KV Cache？"), Turn("assistant", "它保存先前的 Key 與 Value。【第 19 題】"),
        Turn("user", "謝謝"), Turn("assistant", "不客氣！"),
    )  # fmt: skip
    for query in ("再多說一點", "它的好處是什麼？"):
        answer = Tutor(searcher, fake_model).answer(Ask(query, history))
        assert not answer.refused
        assert answer.citations[0].question == 19
