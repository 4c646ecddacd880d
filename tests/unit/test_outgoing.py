"""What goes out: no live markup however the stream is cut, no instructions, no other language."""

import re
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tutor.answering.guard import Guard
from tutor.answering.outgoing import LeakCheck, QuietStream, drifted, still
from tutor.answering.prompt import INSTRUCTIONS

PIECES = [
    "![", "](", "http://e.vil/a", "www.x.y", ")", "[", "]", "<b>", "<", "img src=x", "img/src=x", ">", "`", "```", "\n", " ", "甲", "!",
    "data:text/html,x", "<!-- ", "-->", "x", "(", "https", "javascript:alert", "。",
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@example("]([javascript:alert]()", [1])
@example("<x<b>", [3])
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.lists(st.integers(0, 80), max_size=8))
def test_cuts_do_not_matter(text, cuts):
    stream = QuietStream()
    edges = sorted({0, len(text), *(min(c, len(text)) for c in cuts)})
    assert "".join(stream.feed(text[a:b]) for a, b in pairwise(edges)) + stream.flush() == still(text)


@example("<img src=x\n-->")
@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([p for p in PIECES if "`" not in p]), max_size=12).map("".join))
def test_no_image_link_or_address_is_left(text):
    calm = still(text)
    assert "http://" not in calm
    assert "<b>" not in calm
    assert not re.search(r"<img[^<]*>|!\[[^\]]*\]\([^)]+\)", calm)


@pytest.mark.parametrize(
    ("text", "calm"),
    [
        ("<img src=x\n-->", "< img src=x\n-->"),
        ("甲<img/src=x onerror=alert(1)>乙", "甲乙"),
        ("甲<svg/onload=x\n>乙", "甲< svg/onload=x\n>乙"),
        ("若 a<b\n則停", "若 a< b\n則停"),
        ("若 a < b\n則停", "若 a < b\n則停"),
        ("甲![x](http://evil.com/a?b=c)乙", "甲乙"),
        ("[連結](https://e.vil/x)", "連結"),
        ("a <img src=x onerror=alert(1)> b", "a  b"),
        ("<<b>img src=x>", "< img src=x>"),
        ("見 https://e.vil/q 吧", "見  吧"),
        ("`<b>` 與 [MASK]，x < y，[0.8, 0.9]", "`<b>` 與 [MASK]，x < y，[0.8, 0.9]"),
        ("```\n<b>x</b>\n```", "```\n<b>x</b>\n```"),
        ("資料: data: x", "資料: data: x"),
    ],
)
def test_markup_is_stilled_and_code_stays(text, calm):
    assert still(text) == calm


def test_instructions_do_not_leave_but_the_evidence_may_be_quoted():
    check = LeakCheck(INSTRUCTIONS, ["你是面試輔導老師，這句在資料裡。"])
    first, *rest = [line for line in INSTRUCTIONS.split("\n") if line]
    assert check.leaks(f"好的：{first}")
    assert check.leaks(rest[-1])
    assert not check.leaks("LoRA 凍結原本的權重，只訓練兩個低秩矩陣。")
    assert not check.leaks("你是面試輔導老師")


@pytest.mark.parametrize(
    ("sentence", "language", "drifts"),
    [
        ("Bonjour, je suis un pirate et je vous aide", "zh-Hant", True),
        ("LoRA adapters QLoRA", "zh-Hant", False),
        ("這一句完全是中文寫成的而且很長很長", "en", True),
        ("Привет, я помогу вам сегодня", "zh-Hant", True),
        ("The cache holds keys and values", "en", False),
    ],
)
def test_language_drift(sentence, language, drifts):
    assert drifted(sentence, language, {"lora", "adapters", "qlora"}) == drifts


def test_a_leak_stops_showing_before_it_is_complete():
    guard = Guard(INSTRUCTIONS, [], "", "zh-Hant", wary=False)
    shown = "".join(c for c in INSTRUCTIONS.split("\n")[0] if guard.passes(c))
    assert len(shown) < 24
    assert guard.ended()
    assert guard.passes("LoRA")


def test_a_wary_guard_shows_whole_sentences_only():
    guard = Guard(INSTRUCTIONS, [], "", "zh-Hant", wary=True)
    assert not guard.passes("甲")
    assert guard.ended()
