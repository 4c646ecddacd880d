"""Opposites, false premises, and the rubric's misconceptions."""

import pytest

from ingest.rubrics import Aliases, KeyPoint
from ingest.text import fold
from tutor.answering.evidence import EvidenceRoom
from tutor.answering.misconceptions import known
from tutor.answering.opposites import clash
from tutor.answering.premise import claim_of, correction


@pytest.mark.parametrize(
    ("one", "other", "against"),
    [
        ("RMSNorm is slower than LayerNorm", "RMSNorm is faster", True),
        ("參數增加，成本上升", "參數增加，成本上升", False),
        ("PEFT 的風險更高", "PEFT 的風險較低", True),
        ("需要訓練獎勵模型", "不需要訓練獎勵模型", True),
        ("GPT 是單向的", "BERT 是雙向的", True),
        ("LoRA 凍結權重", "什麼都沒說", False),
    ],
)
def test_opposites(one, other, against):
    assert (clash(fold(one), fold(other))[0] > 0) == against


@pytest.mark.parametrize(
    ("query", "claim"),
    [
        ("Why does a higher perplexity mean a better model?", "a higher perplexity mean a better model"),
        ("為什麼 DPO 一定要先訓練獎勵模型？", "dpo 一定要先训练奖励模型"),
        ("請問 LoRA 為什麼會增加延遲？", "lora 会增加延迟"),
        ("既然 FlashAttention 是近似的，誤差有多大？", "flashattention 是近似的"),
        ("LoRA 會增加延遲，對吧？", "lora 会增加延迟"),
        ("什麼是 LoRA？", None),
        ("How does LoRA work?", None),
    ],
)
def test_what_a_question_takes_for_granted(query, claim):
    found = claim_of(query)
    assert (found.replace("  ", " ") if found else found) == claim


def test_misconceptions_keep_what_mends_them():
    points = [
        KeyPoint(id="a", kind="core", weight=1, statement="對的話", quote="原文"),
        KeyPoint(
            id="b", kind="misconception", weight=1, statement="錯的話", statement_en="wrong", aliases=Aliases(zh=("也錯",)),
            quote="其實",
        ),
    ]  # fmt: skip
    found = known(points)
    assert found.right == ("對的話",)
    assert found.wrong == ("錯的話", "wrong", "也錯")
    assert found.mended == ("其實", "其實", "其實")
    assert known(()).wrong == ()


@pytest.mark.parametrize(
    ("sentence", "foreign"),
    [
        ("GQA shares keys and values among groups of query heads", False),
        ("Splitting the heads into groups saves memory", False),
        ("**Better memory**: GQA shares keys and values", False),
        ("使用 Kubernetes 的滾動更新來降低風險", True),
        ("Kubernetes 會把請求分到各個節點", True),
        ("It was introduced by the team of Mistral and ZeRO-9", True),
    ],
)
def test_a_name_that_the_question_lacks_is_foreign(searcher, sentence, foreign):
    room = EvidenceRoom(searcher)
    found = room.agreement.features(sentence, room.embed([sentence])[0], room.sentences_of(16), "")
    assert found["foreign"] == foreign


@pytest.mark.parametrize(
    ("query", "number", "wrong"),
    [
        ("為什麼訓練大模型時顯存會爆掉？", 29, False),  # true, and near to "what fits into memory can be trained"
        ("為什麼困惑度越高代表模型越有把握？", 42, True),
        ("Why does attention cost grow only linearly with length?", 12, True),
    ],
)
def test_what_a_misconception_does_not_say_is_not_corrected(searcher, query, number, wrong):
    room = EvidenceRoom(searcher)
    found = [correction(query, [n], room, searcher.index.content.source) for n in (number, *searcher.titles)]
    assert any(found) == wrong
