"""The pieces of an answer that are compared with key points."""

import pytest

from tutor.interview.clauses import pieces, sentences


def cut(answer: str) -> list[str]:
    found = pieces(answer, sentences(answer))
    assert all(answer[p.start : p.end].strip() for p in found)
    return [answer[p.start : p.end] for p in found]


@pytest.mark.parametrize(
    ("answer", "among"),
    [
        ("LoRA freezes the original weights and learns two small matrices.", ["LoRA freezes the original weights", "and learns two small matrices."]),
        ("You can merge it afterwards so there is no extra latency", ["You can merge it afterwards", "so there is no extra latency"]),
        ("先把原本的權重整個凍結起來，再訓練兩個小的低秩矩陣", ["先把原本的權重整個凍結起來", "再訓練兩個小的低秩矩陣"]),
    ],
)  # fmt: skip
def test_two_thoughts_of_one_sentence_are_two_pieces(answer, among):
    assert [text.rstrip(".") for text in cut(answer)][:-1] == [text.rstrip(".") for text in among]
    assert cut(answer)[-1].rstrip(".") == answer.rstrip(".")


@pytest.mark.parametrize("answer", ["Q and K", "sand and gravel", "它用 Q and K 相乘", "which is it"])
def test_words_between_words_cut_nothing(answer):
    assert cut(answer) == [answer]
