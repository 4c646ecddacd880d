"""Sentences and script in a stream."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutor.answering.language import reply_language
from tutor.answering.script import ScriptStream, convert
from tutor.answering.sentences import SentenceStream
from tutor.retrieval.result import Turn


def sentences_of(text: str, size: int) -> list[str]:
    stream = SentenceStream()
    pieces = [p for i in range(0, len(text), size) for p in stream.feed(text[i : i + size])] + stream.flush()
    assert "".join(p.text + p.mark for p in pieces) == text
    return [p.sentence for p in pieces if p.sentence]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("甲是乙。丙是丁！", ["甲是乙", "丙是丁"]),
        ("1. **快**：很快\n2. 慢", ["1. **快**：很快", "2. 慢"]),
        ("It uses 3.5 GB. Next one!", ["It uses 3.5 GB", "Next one"]),
        ("See e.g. this one. End", ["See e.g. this one", "End"]),
        ("前\n```\na. b\nc\n```\n後", ["前", "後"]),
        ("", []),
    ],
)
def test_sentences_wherever_the_stream_is_cut(text, expected):
    for size in range(1, max(2, len(text))):
        assert sentences_of(text, size) == expected


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="甲乙。！.!? \n`1a「」", max_size=60), st.integers(1, 7))
def test_nothing_is_lost_between_the_sentences(text, size):
    assert sentences_of(text, size) == sentences_of(text, max(1, len(text)))


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("内存占用大，用`内存`。", "zh-Hant", "內存佔用大，用`内存`。"),
        ("訓練資料", "zh-Hans", "训练资料"),
        ("模型参数", "zh-Hant", "模型參數"),
        ("内存", "en", "内存"),
    ],
)
def test_script_is_converted_outside_code(text, language, expected):
    assert convert(text, language) == expected


def test_a_quote_of_the_source_stays_as_it_is():
    assert convert("他說「記憶體」，訓練", "zh-Hans", evidence="記憶體") == "他说「記憶體」，训练"


@given(
    st.lists(
        st.sampled_from(
            ["說明了", "说明了", "皇后", "理发", "頭髮", "只", "在面里", "，", "。", "「引文」", "`码`", "KV", "\n"]
        )
    ),
    st.integers(1, 4),
    st.sampled_from(["zh-Hant", "zh-Hans"]),
)
def test_script_is_the_same_wherever_the_stream_is_cut(parts, size, language):
    text = "".join(parts)
    stream = ScriptStream(language, "引文")
    out = "".join(stream.feed(text[i : i + size]) for i in range(0, len(text), size)) + stream.flush()
    assert out == convert(text, language, "引文")


def test_what_cannot_change_is_not_held_up():
    stream = ScriptStream("zh-Hant", "")
    assert stream.feed("模型算") == "模型算"
    assert stream.feed("理发师说") == "理"
    assert stream.feed("。") == "髮師說。"


def test_streamed_script_equals_the_whole():
    text = "内存里，「模型」说：`内存` 是内存。\n训练数据 and more"
    for size in (1, 3, 50):
        stream = ScriptStream("zh-Hant", "")
        out = "".join(stream.feed(text[i : i + size]) for i in range(0, len(text), size)) + stream.flush()
        assert out == convert(text, "zh-Hant")


@pytest.mark.parametrize(
    ("query", "language"),
    [
        ("KV Cache 為什麼能加速推理？", "zh-Hant"), ("显存不够怎么办", "zh-Hans"), ("what is LoRA", "en"),
        ("LoRA 用英文解釋", "en"), ("Explain LoRA in Chinese", "zh-Hant"), ("？？", "zh-Hant"),
        ("用中文再说一次", "zh-Hans"), ("以英文為主的語料有什麼問題？", "zh-Hant"),
    ],
)  # fmt: skip
def test_reply_language(query, language):
    assert reply_language(query) == language


def test_a_query_without_letters_keeps_the_conversation_language():
    assert reply_language("?", [Turn("user", "What is LoRA?"), Turn("assistant", "好")]) == "en"


def test_asked_for_chinese_the_reply_is_in_the_script_that_the_user_writes():
    assert reply_language("用中文", [Turn("user", "显存不够怎么办"), Turn("assistant", "OK")]) == "zh-Hans"
