"""The things that a query compares, and the questions that these have of their own."""

from __future__ import annotations

import pytest

from tutor.answering.evidence import EvidenceRoom
from tutor.answering.keypoints import choose
from tutor.retrieval.compared import things_compared
from tutor.retrieval.result import Turn


@pytest.mark.parametrize(
    ("query", "things"),
    [
        ("LoRA 和 QLoRA 差在哪裡？", ["LoRA", "QLoRA"]),
        ("PPO vs DPO", ["PPO", "DPO"]),
        ("What's the difference between PPO and DPO?", ["PPO", "DPO"]),
        ("預訓練和SFT差別", ["預訓練", "SFT"]),
        ("请问量化跟剪枝有什么不同", ["量化", "剪枝"]),
        ("剪枝、蒸馏、量化之间有什么不同", ["剪枝", "蒸馏", "量化"]),
        ("DPO 比 PPO 穩定在哪，差別是什麼", ["DPO", "PPO"]),
        ("Which is better: PPO or DPO?", ["PPO", "DPO"]),
        ("Tell me the difference between PPO and DPO", ["PPO", "DPO"]),
        ("In terms of memory, how do LoRA and QLoRA compare?", ["LoRA", "QLoRA"]),
        ("LoRA/QLoRA 差在哪", ["LoRA", "QLoRA"]),
        ("在線學習和離線學習的差別", ["在線學習", "離線學習"]),
        ("KV cache 跟 FlashAttention 都在加速，那兩者有何不同", ["KV cache", "FlashAttention"]),
        ("KV cache 還是 FlashAttention", ["KV cache", "FlashAttention"]),
        ("compare CLIP and BLIP", ["CLIP", "BLIP"]),
    ],
)
def test_things_are_named_in_the_query_s_own_words(query, things):
    assert things_compared(query) == things


@pytest.mark.parametrize(
    "query",
    [
        "",
        "什麼是 LoRA？",
        "LoRA 和它的用途",
        "差在哪裡？",
        "LoRA 跟 LoRA 差在哪",
        "哪個比較好",
        "vs",
        "or",
        "why is it better",
        "RAG 還是會幻覺，哪個方法有效",
        "馴獸師的韁繩在比喻什麼",
        "softmax 總和為 1，跟 sigmoid 差在哪",
        "模型參與訓練有何不同",
        "one or more GPUs",
        "How do I reduce hallucinations or wrong answers?",
        "比較 A1、B1、C1、D1 和 E1",
    ],
)
def test_a_query_that_does_not_compare_two_things_names_none(query):
    assert things_compared(query) == []


@pytest.mark.parametrize(
    ("query", "both"),
    [("LoRA 和 QLoRA 差在哪裡？", {37, 38}), ("PPO 跟 DPO 差在哪", {34, 40}), ("PPO vs DPO", {34, 40})],
)
def test_both_sides_of_a_comparison_are_told(searcher, query, both):
    found = searcher.search(query)
    assert {c.question for c in found.compared} == both <= {hit.question for hit in found.hits}
    assert len(found.hits) == 5
    assert len(searcher.search(query, top=1).hits) == 1
    told = {part.number: part.points for part in choose(found, EvidenceRoom(searcher), "zh-Hant")}
    assert set(told) == both
    assert all(told.values())


def test_both_sides_are_told_behind_a_conversation_too(searcher):
    talk = [Turn("user", "LoRA 的原理是什麼？"), Turn("assistant", "凍結原始權重【第37題】")]
    found = searcher.search("LoRA 和 QLoRA 差在哪裡？", talk)
    assert {part.number for part in choose(found, EvidenceRoom(searcher), "zh-Hant")} == {37, 38}


def test_both_sides_are_told_where_no_queries_are_known(searcher, monkeypatch):
    monkeypatch.setattr(searcher.ranker, "known_queries", None)
    found = searcher.search("預訓練和SFT差別")
    assert {21, 31} <= {part.number for part in choose(found, EvidenceRoom(searcher), "zh-Hant")}


@pytest.mark.parametrize(
    "query",
    [
        "GPTQ vs AWQ",
        "CLIP 跟 SigLIP 的 loss function 差在哪",
        "資料清洗與去重有什麼不一樣",
        "Image Captioning 和 VQA 有什麼不同",
        "Redis cache 跟 LoRA 差在哪",
    ],
)
def test_what_has_no_question_of_its_own_joins_nothing(searcher, query):
    assert things_compared(query)
    assert searcher.search(query).compared == ()
