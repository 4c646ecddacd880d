"""Other people's Markdown: spans are marked exactly, and nothing live gets through."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tutor.web.markup import Span, answer_html, citation_marks, narrowed, passage_html, quiet

# A renderer that makes everything live that it can.
LIVE = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


HARMLESS = set(
    "div p strong em s code pre ul ol li blockquote hr br table thead tbody tr th td h1 h2 h3 h4 h5 h6".split()  # noqa: SIM905
)


def marked(text: str, target: str, **context: str) -> str:
    start = text.index(target)
    span = narrowed(text, start, start + len(target))
    found = re.findall(r"<mark[^>]*>(.*?)</mark>", passage_html(text, [Span(*span, "supported")]), re.DOTALL)
    return html.unescape("".join(found))


@pytest.mark.parametrize(
    ("text", "target", "expected"),
    [
        ("前一句。要標的一句。後一句。", "要標的一句。", "要標的一句。"),
        ("- **RMSNorm**：更快。\n- 其他", "- **RMSNorm**：更快。", "RMSNorm：更快。"),
        ("**甲（乙）**丙", "**甲（乙）**", "甲（乙）"),
        ("**第一句。第二句。**", "第二句。", "第二句。"),
        ("1. 一\n2. 二\n", "2. 二", "二"),
        ("> 引文一句", "> 引文一句", "引文一句"),
        ("|a|b|\n|---|---|\n|甲|**乙**|\n", "|甲|**乙**|", "甲乙"),
        ("用 `kv_cache[i]` 取出", "`kv_cache[i]` 取", "kv_cache[i] 取"),
        ("```python\nx = 1 < 2\n```\n後", "```python\nx = 1 < 2\n```", "x = 1 < 2"),
        ("a < b && c", "< b", "< b"),
    ],
)
def test_the_marked_text_is_the_text_of_the_span(text: str, target: str, expected: str) -> None:
    assert marked(text, target) == expected


def test_a_mark_does_not_change_how_the_rest_is_rendered() -> None:
    text = "- 甲\n    - **乙**：丙\n    - 丁\n\n|a|b|\n|---|---|\n|1|2|"
    spans = [
        Span(*narrowed(text, text.index("- **乙"), text.index("- 丁")), "partial"),
        Span(*narrowed(text, text.index("|1|"), len(text)), "supported"),
    ]
    assert re.sub(r"</?mark[^>]*>", "", passage_html(text, spans)) == passage_html(text)


def test_overlapping_spans_become_one_and_kinds_are_kept() -> None:
    found = passage_html(
        "零一二三四五六七八九", [Span(1, 4, "partial"), Span(3, 6, "partial"), Span(8, 9, "supported")]
    )
    assert found == ('<p>零<mark class="partial">一二三四五</mark>六七<mark class="supported">八</mark>九</p>\n')


def test_shared_indentation_is_dropped() -> None:
    assert "<pre>" not in passage_html("        - 甲\n            - 乙")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "![a](https://evil.example/x.png)",
        "[a](javascript:alert(1))", "[a]: https://evil.example\n\n[a]", "<https://evil.example>",
        "<b onclick=x>a</b>",
        "<!-- a -->", '"><svg onload=x>', "&lt;script&gt;", "`<b>`",
        "```\n<b>\n```", "```html\n<b>", "    <b>x",
        "|<b>|\n|---|\n|<i>|",
    ],
)  # fmt: skip
def test_nothing_live_is_rendered(text: str) -> None:
    for rendered in (passage_html(text), LIVE.render(quiet(text))):
        assert set(re.findall(r"</?([a-zA-Z]+)", rendered)) <= HARMLESS


@given(st.text(alphabet="<>[]()!`*|\\&;:#/ \nab文~-_1.@", max_size=60))
def test_no_text_makes_tags_links_or_images(text: str) -> None:
    for rendered in (passage_html(text), LIVE.render(quiet(text))):
        assert set(re.findall(r"<\s*/?([a-zA-Z]+\d?)", rendered)) <= HARMLESS


@given(
    st.text(alphabet="甲乙。a *`|->#\n1.", max_size=40),
    st.integers(0, 40),
    st.integers(0, 40),
)
def test_marks_only_add_marks(text: str, a: int, b: int) -> None:
    start, end = sorted((min(a, len(text)), min(b, len(text))))
    found = passage_html(text, [Span(*narrowed(text, start, end), "supported")])
    assert found.count("<mark") == found.count("</mark>")
    words = re.sub(r"\W", "", html.unescape(re.sub(r"<[^>]+>", "", found)))
    assert words == re.sub(r"\W", "", html.unescape(re.sub(r"<[^>]+>", "", passage_html(text))))


@pytest.mark.parametrize(
    "text",
    ["**粗** 和 *斜*", "- a\n- b", "| a | b |\n|---|---|\n| 1 | 2 |", "`a[i] < b`", "```py\nx[0] < 1 # https://a.b\n```",
     "第一句【第19題】。", "3 > 2"],
)  # fmt: skip
def test_harmless_markdown_is_left_as_it_is(text: str) -> None:
    assert quiet(text) == text


@pytest.mark.parametrize(
    ("text", "bold"),
    [
        ("在**「等待」**資料", "等待"),
        ("**重點：**內容", "重點"),
        ("**結論。**然後", "結論"),
        ("**a**", "a"),
        ("**甲：** 乙", "甲："),
    ],
)
def test_bold_works_beside_chinese_punctuation(text: str, bold: str) -> None:
    for rendered in (passage_html(text), LIVE.render(quiet(text))):
        assert f"<strong>{bold}</strong>" in rendered
        assert re.sub(r"<[^>]+>", "", rendered).strip() == text.replace("**", "")


def test_addresses_and_brackets_read_the_same() -> None:
    text = "見 https://example.com、www.example.com、a@b.c，<div> 與 [1] 與 ![圖](x)"
    rendered = LIVE.render(quiet(text))
    assert html.unescape(re.sub(r"<[^>]+>", "", rendered)).strip() == text


def test_citation_marks_come_with_the_words_before_them_and_not_from_code() -> None:
    text = "甲說了一件事【第19題】。\n`【第7題】` 乙也說了【Q3】"
    assert citation_marks(text) == [(19, "甲說了一件事"), (3, "`【第7題】` 乙也說了")]


def test_every_mark_of_an_answer_becomes_its_chip_and_code_keeps_its_text() -> None:
    found = answer_html("一【第1題】\n\n- 二【第2題】\n\n`【第9題】`", ["<b>A</b>", "<b>B</b>"])
    assert "一<b>A</b>" in found
    assert "二<b>B</b>" in found
    assert "<code>【第9題】</code>" in found
    assert "三【第1題】" in answer_html("三【第1題】", [])


@pytest.mark.parametrize("hidden", ["\n\n    碼【第2題】\n\n", "【第2\n題】", "\n\n|a|\n|-|\n|b|c【第2題】|\n\n"])
def test_a_mark_that_is_no_text_takes_no_chip_from_the_next(hidden: str) -> None:
    text = f"甲【第1題】{hidden}乙【第3題】"
    found = answer_html(text, [f"<b>{number}</b>" for number, _ in citation_marks(text)])
    assert "甲<b>1</b>" in found
    assert "乙<b>3</b>" in found


def test_references_in_the_text_lead_to_questions_that_are_there() -> None:
    found = passage_html("詳見第 3 題與第 99 題。", links={3})
    assert '<a href="#library/3">第 3 題</a>' in found
    assert "99 題" in found
    assert "library/99" not in found


@pytest.mark.parametrize("render", [lambda text: answer_html(text, ()), passage_html])
def test_a_product_is_no_emphasis(render: Callable[[str], str]) -> None:
    assert "<em>" not in render("after training B*A is merged, W_new = W + B*A")
    assert "<em>低秩</em>" in render("這是 *低秩* 矩陣")
