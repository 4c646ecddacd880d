"""Folding and keyword terms."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import snowballstemmer

from ingest import text as module
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


def test_words_are_stemmed_alike_in_many_threads():
    words = [
        f"{stem}{end}"
        for stem in ("generaliz", "normaliz", "quantiz", "optimiz", "tokeniz")
        for end in ("ation", "ations", "ed", "ing", "er")
    ]
    alone = {word: snowballstemmer.stemmer("english").stemWord(word) for word in words}
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda word: module._stem.__wrapped__(word), words * 40))
    finally:
        sys.setswitchinterval(switch)
    assert found == [alone[word] for word in words * 40]
