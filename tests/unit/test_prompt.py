"""The prompt: its order, what queries share of it, and the rule by which it is made to fit."""

from dataclasses import replace

import numpy as np
import pytest

from tutor.answering.evidence import QuestionSentences, Sentence, Statement
from tutor.answering.keypoints import Chosen, KeyPoint
from tutor.answering.prompt import INSTRUCTIONS, LONGEST_TEXT, build, compact, user_message, whole
from tutor.retrieval.result import Turn


def chosen(number: int, count: int) -> Chosen:
    points = tuple(
        KeyPoint(f"第 {number} 題的第 {i} 點", Sentence(number, "解釋", "", 0, 1), np.zeros(2, dtype=np.float32), True)
        for i in range(count)
    )
    return Chosen(number, f"題目 {number}", points)


def question(texts, digest=()):
    sentences = tuple(Sentence(19, "解釋", text, i, i + 1) for i, text in enumerate(texts))
    vectors = np.asarray([[1, 1], [1, 0], [-1, 0]], dtype=np.float32)[: len(texts)]
    return QuestionSentences(19, "KV Cache", sentences, vectors, tuple(digest), vectors[: len(digest)])


HISTORY = [Turn("user", "問一"), Turn("assistant", "答一"), Turn("user", "問二"), Turn("assistant", "答二")]
COMMON = {"estimate": len, "limit": 10_000}


def test_what_is_stable_comes_first_and_the_question_last():
    parts = [chosen(19, 2), chosen(20, 1)]
    messages = build("為什麼？", whole(question(["甲。"]), "zh-Hant"), parts, "zh-Hant", history=HISTORY,
                     beside=parts[1:], **COMMON)  # fmt: skip
    (_, system), (role, user) = messages
    assert role == "user"
    assert system.startswith(INSTRUCTIONS)
    assert "【第19題】KV Cache" in system
    assert user.index("【第20題】") < user.index("問二") < user.index("為什麼？")


def test_queries_about_one_question_share_the_system_message():
    system = whole(question(["甲。", "乙。"]), "zh-Hant")
    one, other = (
        build(q, system, [chosen(19, 3)], "zh-Hant", history=h, **COMMON) for q, h in (("甲", ()), ("乙", HISTORY))
    )
    assert one[0] == other[0]
    assert whole(question(["甲。", "乙。"]), "zh-Hans") == system


def test_english_replies_read_the_digest_of_a_chinese_answer():
    both = question(["快取鍵與值。"], ["Keys and values are cached."])
    assert "Keys and values" in whole(both, "en")
    assert "快取" not in whole(both, "en")
    assert "快取" in whole(both, "zh-Hant")
    assert "快取" in whole(question(["快取鍵與值。"]), "en")


def test_a_long_answer_keeps_what_is_nearest_to_its_middle_in_order():
    text = whole(question(["甲" * 400, "乙" * 400, "丙" * 400]), "zh-Hant")
    assert text.index("甲甲") < text.index("乙乙")
    assert "丙丙" not in text
    assert "乙" not in whole(question(["甲" * 30, "乙" * (LONGEST_TEXT + 1)]), "zh-Hant")


def test_of_a_single_sentence_longer_than_all_the_room_the_beginning_is_read():
    text = whole(question(["始" + "甲" * (LONGEST_TEXT + 1)]), "zh-Hant")
    assert "- 始" + "甲" * (LONGEST_TEXT - 1) + "\n" in text


def test_reviewed_statements_come_before_other_sentences():
    sentence = Sentence(19, "解釋", "點", 1, 2)
    plain = question(["甲" * 500, "乙" * 500])
    reviewed = replace(plain, statements=(Statement("重點" * 200, "the point", sentence, core=True),))
    assert "重點" in whole(reviewed, "zh-Hant")
    assert "甲甲" not in whole(reviewed, "zh-Hant")
    assert "the point" in whole(reviewed, "en")


def test_what_was_said_is_repeated_only_to_go_on_from_it():
    assert "答二" not in user_message("那缺點呢？", "zh-Hant", HISTORY)
    assert "答二" in user_message("再多說一點", "zh-Hant", HISTORY)
    assert "問二" in user_message("那缺點呢？", "zh-Hant", HISTORY)
    assert "問二" not in user_message("那缺點呢？", "zh-Hant")


@pytest.mark.parametrize(("language", "says"), [("zh-Hant", "繁體中文"), ("en", "in English")])
def test_the_language_is_asked_for_in_what_can_be_read_ahead(language, says):
    assert says in whole(question(["甲。"]), language)[-20:]
    assert says in compact([chosen(1, 1)], language, len)[-20:]
    assert user_message("q", language) == "q"


def test_simplified_shares_what_was_read_and_is_asked_for_last():
    assert whole(question(["甲。"]), "zh-Hans") == whole(question(["甲。"]), "zh-Hant")
    assert user_message("q", "zh-Hans").endswith("（请用简体中文回答。）")


def test_the_conversation_goes_first_then_further_questions_then_points_never_the_query():
    parts = [chosen(1, 6), chosen(2, 6)]

    def built(limit):
        return build("問題", compact(parts, "zh-Hant", len), parts, "zh-Hant", history=HISTORY, beside=[chosen(3, 2)], estimate=len,
                     limit=limit)  # fmt: skip

    everything = built(10_000)
    full = sum(len(t) + 16 for _, t in everything)
    without_turns = built(full - 1)
    assert "問二" not in without_turns[1][1]
    assert "【第3題】" in without_turns[1][1]
    small = built(len(INSTRUCTIONS) + 130)
    assert "第 1 題的第 0 點" in small[0][1]
    assert "【第2題】" not in small[0][1]
    assert small[-1][1].startswith("問題")


def test_what_matters_least_goes_first_where_the_window_is_small():
    part = chosen(1, 4)
    ranked = replace(part, points=tuple(replace(p, rank=r) for p, r in zip(part.points, (3, 0, 2, 1), strict=True)))
    system = compact([ranked], "zh-Hant", lambda text: 1)  # all four fit into what is read at once
    one_too_many = len(system) + len("問題") + 31
    built = build("問題", system, [ranked], "zh-Hant", estimate=len, limit=one_too_many)[0][1]
    assert [f"第 {i} 點" in built for i in range(4)] == [False, True, False, True]


def test_a_query_longer_than_the_window_is_cut_at_its_end():
    messages = build(
        "長" * 5000, compact([chosen(1, 1)], "zh-Hant", len), [chosen(1, 1)], "zh-Hant", estimate=len, limit=1000
    )
    assert sum(len(t) + 16 for _, t in messages) <= 1000
    assert messages[-1][1].startswith("長")


def test_what_is_read_for_one_query_is_what_matters_most_in_the_documents_order():
    texts = [(2, "丙" * 80), (0, "甲" * 100), (3, "丁" * 400), (1, "乙" * 60)]
    vector = np.zeros(2, dtype=np.float32)
    sentence = Sentence(19, "解釋", "", 0, 1)
    points = tuple(KeyPoint(text, sentence, vector, True, rank) for rank, text in texts)
    text = compact([Chosen(19, "KV Cache", points)], "zh-Hant", len)
    assert "丙" not in text
    assert "丁" not in text
    assert text.index("甲甲") < text.index("乙乙")
    long = compact([Chosen(19, "KV Cache", points[:1] + points[2:3])], "zh-Hant", len)
    assert {"丙", "丁"} <= set(long), "two points are read however long they are"
