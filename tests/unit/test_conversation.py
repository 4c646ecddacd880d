"""Which queries lean on the conversation before them."""

import pytest

from tutor.retrieval.conversation import cited_questions, continues, leans, refers_back, stands_alone


@pytest.mark.parametrize(
    "query",
    [
        "再多說一點",
        "繼續",
        "go on",
        "yes",
        "好啊",
        "舉個例子吧",
        "example?",
        "換個方式講",
        "tell me more",
        "explain more",
        "tell me a bit more about it",
        "explain that in more detail",
        "然後呢？",
        "explain like I'm five",
        "不太懂，可以換個說法嗎",
        "I do not get it, explain it again in simple words",
        "例如哪些？",
        "can you elaborate?",
    ],
)
def test_continues(query):
    assert continues(query)


@pytest.mark.parametrize(
    "query",
    [
        "那 RAG 是什麼？",
        "什麼是幻覺",
        "more about LoRA vs DPO please",
        "好的資料集長怎樣",
        "不懂 attention",
        "為什麼要對齊",
    ],
)
def test_does_not_continue(query):
    assert not continues(query)


@pytest.mark.parametrize(
    "query",
    ["那缺點呢？", "為什麼？", "and the drawbacks?", "它有什麼限制", "why does it help?", "這招誰在用"],
)
def test_refers_back(query):
    assert refers_back(query)


@pytest.mark.parametrize(
    "query",
    ["那 BERT 呢？", "what about ROUGE?", "and for common sense?", "那缺點呢？", "ok, how about the other one?"],
)
def test_leans_where_another_thing_is_put_in(query):
    assert leans(query)


@pytest.mark.parametrize(
    "query",
    [
        "什麼是 KV Cache",
        "那 RAG 是什麼？",
        "換個話題，那 BERT 呢",
        "How is perplexity computed?",
        "換個話題，它們的評估怎麼做",
        "different question: what is it that LoRA does",
    ],
)
def test_stands_by_itself(query):
    assert not refers_back(query)
    assert not leans(query)


def test_a_change_of_topic_is_said():
    assert stands_alone("換個話題，紅隊測試怎麼做")


def test_a_reply_says_by_its_citations_what_it_is_about():
    assert cited_questions("丙【第19題】【第16題】【第99題】", {3: "", 16: "", 19: ""}) == [19, 16]
    assert cited_questions("最接近的題目：第 3 題", {3: ""}) == []
