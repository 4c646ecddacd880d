"""Citations in a stream, cut at every possible place."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutor.answering.citations import CitationStream

CASES = [
    ("重算【第19題】。", "重算【第19題】。", [19]),
    ("重算 [第 19 題]。", "重算【第19題】。", [19]),
    ("重算［Q19］。", "重算【第19題】。", [19]),
    ("重算[19]。", "重算【第19題】。", [19]),
    ("重算〔問題 19〕。", "重算【第19題】。", [19]),
    ("甲【第19題、第20題】。", "甲【第19題】【第20題】。", [19, 20]),
    ("甲[19, 20]。", "甲【第19題】【第20題】。", [19, 20]),
    ("甲【第19題】【第19題】。", "甲【第19題】。", [19]),
    ("甲【第19題】。乙【第19題】。", "甲【第19題】。乙【第19題】。", [19]),
    ("甲【第999題】。", "甲。", []),
    ("甲[999]。", "甲。", []),
    ("甲【第19題、第999題】。", "甲【第19題】。", [19]),
    ("x = [0.8, 0.9]", "x = [0.8, 0.9]", []),
    ("[MASK] 是", "[MASK] 是", []),
    ("[3, 5]", "[3, 5]", []),
    ("`a[19]` 與 a", "`a[19]` 與 a", []),
    ("```\na[19]\n```\n甲[19]", "```\na[19]\n```\n甲【第19題】", [19]),
    ("未完【第1", "未完", []),
    ("「[人名] 是 [公司] 的 [職位]」", "「[人名] 是 [公司] 的 [職位]」", []),
    ("[" + "長" * 60 + "]", "[" + "長" * 60 + "]", []),
]


@pytest.mark.parametrize(("text", "expected", "cited"), CASES)
def test_every_way_to_cut_the_stream_gives_the_same(text, expected, cited):
    for size in range(1, len(text) + 1):
        stream = CitationStream([19, 20], "zh-Hant")
        out = "".join(stream.feed(text[i : i + size]) for i in range(0, len(text), size)) + stream.flush()
        assert out == expected
        assert stream.cited == cited


@settings(max_examples=400, deadline=None)
@given(st.text(alphabet="甲 【】[]［］第題Q19290,、`\n", max_size=40), st.lists(st.integers(0, 40), max_size=6))
def test_no_unknown_id_ever_renders_and_cuts_do_not_matter(text, cuts):
    whole = CitationStream([19], "zh-Hant")
    expected = whole.feed(text) + whole.flush()
    parts = CitationStream([19], "zh-Hant")
    edges = sorted({0, len(text), *(min(c, len(text)) for c in cuts)})
    out = "".join(parts.feed(text[a:b]) for a, b in pairwise(edges)) + parts.flush()
    assert out == expected
    assert set(parts.cited) <= {19}


@pytest.mark.parametrize(("language", "mark"), [("zh-Hans", "【第19题】"), ("en", "【Q19】")])
def test_the_form_follows_the_language(language, mark):
    stream = CitationStream([19], language)
    assert stream.feed("a [19]") + stream.flush() == f"a{mark}"
