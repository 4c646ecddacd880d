"""What the source says of one thing is not to be said of another."""

import numpy as np
import pytest

from tutor.answering.evidence import EvidenceRoom
from tutor.answering.subjects import Subjects
from tutor.answering.support import check

TEXTS = [
    "Encoder-only 能同時看到前後雙向的上下文",
    "Decoder-only 只能看到前面的內容",
    "LN 不受 padding 影響",
    "Layer Norm 沿特徵維度",
    "BN 沿 batch 維度",
]


def subjects() -> Subjects:
    return Subjects.of(TEXTS, np.eye(len(TEXTS), dtype=np.float32))


def like(row: int) -> np.ndarray:
    return np.eye(len(TEXTS), dtype=np.float32)[row]


def test_the_things_are_what_statements_begin_with():
    assert subjects().leads == ("encoder only", "decoder only", "ln", "layer norm", "bn")


@pytest.mark.parametrize(
    ("sentence", "row", "wrong"),
    [
        ("因為 decoder only 能同時看到前後雙向的上下文", 0, True),
        ("Encoder-only 能同時看到前後雙向的上下文", 0, False),
        ("雙向的上下文 Encoder-only 看得到，Decoder-only 不行", 0, False),  # both are named
        ("它能同時看到前後雙向的上下文", 0, False),  # nothing is named
        ("Layer Norm 不受 padding 影響", 2, False),  # LN is short for it
        ("BN 不受 padding 影響", 2, True),
    ],
)
def test_a_name_in_place_of_another(sentence, row, wrong):
    assert subjects().exchanged(sentence, like(row)) is wrong


def test_what_is_no_repetition_is_left_to_the_other_signs():
    assert not subjects().exchanged("decoder only 能同時看到前後", like(0) * 0.7)
    assert not Subjects.of([], np.zeros((0, 5), dtype=np.float32)).exchanged("decoder only", like(0))


@pytest.mark.parametrize(
    ("sentence", "number", "kept"),
    [
        ("因為 decoder only 能同時看到前後雙向的上下文，適合自然語言理解任務（如情感分析、分類）", 5, False),
        ("Encoder-only 能同時看到前後雙向的上下文，適合自然語言理解任務（如情感分析、分類）", 5, True),
        ("ROUGE 看的是精確率：模型生成的 n-gram 有多少也出現在參考答案中", 41, False),
        ("BLEU 看的是精確率：模型生成的 n-gram 有多少也出現在參考答案中", 41, True),
    ],
)
def test_an_exchanged_thing_is_not_supported(searcher, sentence, number, kept):
    room = EvidenceRoom(searcher)
    assert (check(sentence, [room.sentences_of(number)], room).status != "unsupported") is kept
