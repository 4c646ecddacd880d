"""Folding and keyword terms."""

import pytest

from ingest.text import fold, language_of, script_of, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("KV-Cache 加速", ["kv-cache", "kv", "cach", "加速"]),
        ("顯存不夠", ["显存", "存不", "不够"]),
        ("ＫＶ快取", ["kv", "快取"]),
        ("字", ["字"]),
        ("what are LoRA's drawbacks", ["lora's", "lora", "drawback"]),
        ("LLaMA-2 GPT-3.5", ["llama-2", "llama", "gpt-3.5", "gpt"]),
        ("", []),
        ("？！", []),
    ],
)
def test_terms(text, expected):
    assert terms(text) == expected


def test_both_scripts_and_widths_fold_alike():
    assert fold("訓練資料　ＡＢＣ") == fold("训练资料 abc")


def test_invisible_characters_do_not_hide_a_word():
    assert terms("Lo\u200bRA") == terms("LoRA")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("KV Cache 為什麼能加速推理？", "zh-Hant"),
        ("显存不够怎么办", "zh-Hans"),
        ("What is LoRA?", "en"),
        ("what does 幻覺 mean in an LLM and why does it happen", "en"),
        ("LoRA 的 rank 怎麼選", "zh-Hant"),
        ("fine-tune 7B OOM out of memory 怎麼辦", "mixed"),
    ],
)
def test_language_of(text, expected):
    assert language_of(text) == expected


def test_script_of_ambiguous_text_is_traditional():
    assert script_of("你好") == "zh-Hant"
