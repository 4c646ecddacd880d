"""Conversations over the shipped corpus: what carries over, what does not, and what it costs."""

from collections import Counter

import numpy as np
import pytest

from tutor.retrieval import legs as legs_module
from tutor.retrieval.legs import Legs
from tutor.retrieval.result import Turn

BATCH_NORM = (
    Turn("user", "BatchNorm 是沿著哪個維度標準化？"),
    Turn("assistant", "它對一個批次裡所有樣本的同一個特徵做標準化，也就是縱向的。【第14題】"),
)


def test_the_same_is_asked_of_another_thing(searcher):
    alone, within = searcher.search("那 LayerNorm 呢？"), searcher.search("那 LayerNorm 呢？", BATCH_NORM)
    assert alone.rewritten is None
    assert within.hits[0].question == 14
    assert "LayerNorm" in within.rewritten
    assert within.in_corpus


def test_a_query_that_stands_alone_is_searched_as_it_stands(searcher):
    within, alone = searcher.search("什麼是 RAG？", BATCH_NORM), searcher.search("什麼是 RAG？")
    assert within.rewritten is None
    assert [hit.question for hit in within.hits] == [hit.question for hit in alone.hits]
    assert within.hits[0].question == 63


@pytest.mark.parametrize(
    "query", ["明天台北會下雨嗎", "How long do I boil an egg?", "那高鐵票呢？", "how about a beer?"]
)
def test_a_conversation_does_not_vouch_for_a_foreign_topic(searcher, query):
    found, alone = searcher.search(query, BATCH_NORM), searcher.search(query)
    assert not found.in_corpus
    assert found.rewritten is None or list(found.near) == [
        hit.question for hit in alone.hits
    ]  # what is offered instead


def test_a_glance_leaves_the_slow_legs_out_and_leaning_adds_them(searcher):
    legs = searcher.legs
    full, quick, leaning = legs.score("KV Cache"), legs.glance("KV Cache"), legs.leaning("KV Cache", 19)
    assert set(quick.legs) | set(leaning) == set(full.legs)
    assert set(leaning) == {"e5-ask"}
    for name, scores in quick.legs.items():
        assert np.allclose(scores, full.legs[name])
    assert np.argmax(leaning["e5-ask"]) == list(searcher.titles).index(19)


def test_a_query_is_embedded_once(searcher, monkeypatch):
    asked = Counter()
    load = legs_module.load_embedder

    class Counting:
        def __init__(self, name):
            self.name = name

        def queries(self, texts):
            asked.update((self.name, text) for text in texts)
            return load(self.name).queries(texts)

    monkeypatch.setattr(legs_module, "load_embedder", Counting)
    legs = Legs(searcher.index)
    legs.prepare("量化有什麼好處")
    first, second = legs.score("量化有什麼好處"), legs.score("量化有什麼好處")
    assert asked == {("use", "量化有什麼好處"): 1, ("e5", "量化有什麼好處"): 1}
    assert all(np.array_equal(first.legs[name], second.legs[name]) for name in first.legs)


REFUSED = (
    *BATCH_NORM,
    Turn("user", "Kubernetes 的 pod 怎麼做滾動更新？"),
    Turn("assistant", "這份文件沒有談到這個問題，所以我不回答，以免憑空編造。"),
)


@pytest.mark.parametrize("query", ["它的缺點呢？", "再多說一點", "為什麼會這樣？"])
def test_what_was_refused_is_not_unlocked_by_an_earlier_answer(searcher, query):
    assert searcher.search(query, BATCH_NORM).in_corpus
    found = searcher.search(query, REFUSED)
    assert not found.in_corpus
    assert found.rewritten is None


def test_a_courtesy_leaves_the_topic_as_it_was(searcher):
    thanked = (*BATCH_NORM, Turn("user", "謝謝！"), Turn("assistant", "這份文件沒有談到這個問題。"))
    found = [searcher.search("那它的缺點呢？", history).hits[0].question for history in (thanked, BATCH_NORM)]
    assert found == [14, 14]


def test_a_topic_of_its_own_is_found_behind_a_refusal(searcher):
    found = searcher.search("LoRA 為什麼省記憶體？", REFUSED)
    assert found.in_corpus


def test_what_the_document_leaves_out_weighs_on_the_confidence(searcher, monkeypatch):
    query = "PPO 的 clipping epsilon 一般設多少？"
    with_it = searcher.search(query).confidence
    monkeypatch.setattr(searcher.ranker, "treated", None)
    assert with_it < searcher.search(query).confidence


@pytest.mark.parametrize(("query", "about"), [("它要多少錢？", 19), ("who invented it?", 37), ("多少錢", 19)])
def test_the_question_talked_about_vouches_for_nothing_that_the_document_leaves_out(searcher, query, about):
    history = (Turn("user", searcher.titles[about]), Turn("assistant", f"……【第{about}題】"))
    found = searcher.search(query, history)
    assert not found.in_corpus
    assert found.near[0] == about  # offered first
    assert searcher.search("那有什麼好處？", history).in_corpus


def test_what_is_asked_next_is_known_for_this_document(searcher, monkeypatch):
    history = (
        Turn("user", "What does the retriever do in RAG?"),
        Turn(
            "assistant",
            "It turns the query into a vector and fetches the closest chunks from the vector database.【第64題】",
        ),
    )
    query = "how do we know it is grounded?"  # metrics are elsewhere in the document
    assert searcher.search(query, history).hits[0].question in {49, 68}
    monkeypatch.setattr(searcher.ranker, "follow_ups", None)
    assert searcher.search(query, history).hits[0].question not in {49, 68}


@pytest.mark.parametrize(
    ("query", "about"), [("那有什麼缺點？", 65), ("那有什麼缺點？", 36), ("坏处呢？", 62), ("any drawbacks?", 20)]
)
def test_a_short_follow_up_is_answered_in_either_script_where_the_document_does(searcher, query, about):
    found = searcher.search(query, (Turn("user", searcher.titles[about]), Turn("assistant", f"……【第{about}題】")))
    assert found.in_corpus
    assert found.hits[0].question == about


def test_a_reply_without_citations_says_what_was_talked_about(searcher):
    asked = Turn("user", "How does ROUGE work?")
    assert {43, 41} <= {hit.question for hit in searcher.search(asked.content).hits[:3]}
    said = "It checks how much of the reference is covered by the output: recall over n-grams."
    assert searcher.ranker.carried((asked, Turn("assistant", said))) == [41]
    assert searcher.ranker.carried((Turn("user", "question 43"), Turn("assistant", said))) == [43]


def test_a_query_that_stands_alone_by_its_wording_changes_the_topic(searcher, monkeypatch):
    history = (
        Turn("user", "看圖會講出圖裡沒有的東西，用什麼基準測"),
        Turn("assistant", "TextVQA 要求模型讀懂圖中文字才能回答，證明 OCR 能力【第60題】"),
    )
    query = "欸可以用白話跟完全外行的人講，LLM 到底是啥嗎"
    assert searcher.search(query, history).hits[0].question == 1
    monkeypatch.setattr(searcher.ranker, "alone", None)
    assert searcher.search(query, history).hits[0].question != 1


def test_known_queries_change_the_order_and_not_the_confidence(searcher, monkeypatch):
    queries = ["QLoRA为什么能省显存", "大規模去重用什麼演算法", "drawbacks of transformers"]
    known = [searcher.search(query) for query in queries]
    monkeypatch.setattr(searcher.ranker, "known_queries", None)
    alone = [searcher.search(query) for query in queries]
    assert [one.confidence for one in known] == [one.confidence for one in alone]
    assert [[h.question for h in one.hits] for one in known] != [[h.question for h in one.hits] for one in alone]
    assert [one.known for one in known] == [True] * 3
    assert not any(one.known or one.asked for one in alone)
