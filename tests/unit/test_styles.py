"""Ways to say it again: recognised, cut from the topic, worded last."""

import pytest

from tutor.answering.prompt import build
from tutor.answering.styles import last_line, quiz, wish


@pytest.mark.parametrize(
    ("query", "style", "topic"),
    [
        ("換個方式講", "another-way", ""),
        ("换个方式讲", "another-way", ""),
        ("請換個方式再說一次", "another-way", ""),
        ("explain that in other words please", "another-way", ""),
        ("explain like I'm five", "simple", ""),
        ("ELI5: what is LoRA?", "simple", "what is LoRA?"),
        ("用白話解釋 KV Cache", "simple", "KV Cache"),
        ("explain LoRA like I'm five", "simple", "explain LoRA"),
        ("give me the interview version", "interview", ""),
        ("給我面試版", "interview", ""),
        ("quiz me on this", "quiz", ""),
        ("考考我", "quiz", ""),
        ("quiz me on LoRA", "quiz", "LoRA"),
        ("公布答案", "reveal", ""),
        ("什麼是 LoRA？", None, "什麼是 LoRA？"),
        ("如何換個角度看可解釋性？", None, "如何換個角度看可解釋性？"),
        ("面試中怎麼評估模型？", None, "面試中怎麼評估模型？"),
        ("有沒有別的例子", None, "有沒有別的例子"),
        ("How do you test memory leaks?", None, "How do you test memory leaks?"),
        ("Why does pre-norm simplify training?", None, "Why does pre-norm simplify training?"),
        ("simplify LoRA please", "simple", "LoRA please"),
        ("explain LoRA, simplified", "simple", "explain LoRA"),
        ("I want to know in simple terms what RoPE is", "simple", "I want to know   what RoPE is"),
        ("簡單說明memory bank", "simple", "memory bank"),
        ("quiz me on it", "quiz", ""),
        ("quiz me on iterative decoding", "quiz", "iterative decoding"),
        ("interview version of iterative pruning", "interview", "iterative pruning"),
    ],
)
def test_wishes(query, style, topic):
    found = wish(query)
    assert (found.style, found.topic) == (style, topic)


@pytest.mark.parametrize("language", ["zh-Hant", "zh-Hans", "en"])
@pytest.mark.parametrize("style", ["another-way", "simple", "interview"])
def test_the_wish_is_the_last_line_and_what_was_read_before_stays(style, language):
    line = last_line(style, language)
    plain, wished = (
        build("什麼是 LoRA？", "資料", [], language, last_line=last, estimate=len, limit=10_000) for last in ("", line)
    )
    assert wished[:-1] == plain[:-1]
    assert wished[-1][1] == f"{plain[-1][1]}\n{line}"


def test_a_quiz_asks_and_does_not_tell():
    text = quiz(19, "什麼是 KV Cache？", ["延遲從 90 毫秒降到 3 毫秒，差了很多倍。", "沒有特別的詞"], "zh-Hant")
    assert "【第19題】" in text
    assert "什麼是 KV Cache？" in text
    assert "90" not in text
    assert "＿＿＿＿" in text
    assert "沒有特別的詞" not in text
