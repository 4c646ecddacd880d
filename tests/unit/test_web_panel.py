"""The side panel: cited sentences marked in their passages, by question, with all text escaped."""

from __future__ import annotations

import re

from ingest.document import Passage
from tutor.answering.answer import Citation
from tutor.web.ask.passages import joined, question_html

SOURCE = (
    "#### 解釋\n\n快取<script>存</script>起先前的向量。省下重複計算。\n\n第二段。\n\n"
    "#### 舉例\n\n- 甲：一步\n    - 乙：兩步\n"
)


def passage(text: str, section: str = "解釋") -> Passage:
    start = SOURCE.index(text)
    return Passage(7, section, (section,), start, start + len(text), text, "text")


def cite(quote: str, status: str = "supported") -> Citation:
    start = SOURCE.index(quote)
    return Citation(7, "解釋", quote, start, start + len(quote), status)  # type: ignore[arg-type]


FIRST = passage("快取<script>存</script>起先前的向量。省下重複計算。")
SECOND = passage("第二段。")
EXAMPLE = passage("- 甲：一步\n    - 乙：兩步", "舉例")


def render(*passages: Passage, citations: tuple[Citation, ...] = (), title: str = "題目", finished: bool = True) -> str:
    return question_html(
        7,
        title,
        shown=passages,
        citations=citations,
        source=SOURCE,
        tongue="zh-TW",
        is_open=True,
        finished=finished,
    )


def test_the_cited_span_is_marked_and_escaped() -> None:
    found = render(FIRST, citations=(cite("快取<script>存</script>起先前的向量。"),))
    assert '<mark class="supported">快取&lt;script&gt;存&lt;/script&gt;起先前的向量。</mark>省下' in found
    assert "<script" not in found


def test_partial_support_looks_different() -> None:
    found = render(FIRST, citations=(cite("省下重複計算。", "partial"),))
    assert '<mark class="partial">省下重複計算。</mark>' in found


def test_cited_passages_come_first_and_the_others_are_folded_away() -> None:
    found = render(FIRST, EXAMPLE, citations=(cite("省下重複計算。"),))
    head, _, folded = found.partition('<details class="source-more">')
    assert "解釋" in head
    assert "舉例" not in head
    assert "舉例" in folded
    assert "引用 1 處" in head


def test_without_citations_all_is_in_sight() -> None:
    found = render(FIRST, EXAMPLE)
    assert "source-more" not in found
    assert "未引用" in found
    assert "未引用" not in render(FIRST, finished=False)


def test_neighbouring_passages_of_a_section_become_one() -> None:
    parts = joined([SECOND, FIRST, EXAMPLE], SOURCE)
    assert [p.section for p in parts] == ["解釋", "舉例"]
    assert all(SOURCE[p.start : p.end] == p.text for p in parts)


def test_a_citation_reaching_over_two_sections_marks_both_parts() -> None:
    start, end = SOURCE.index("第二段"), SOURCE.index("一步") + 2
    whole = Citation(7, "解釋", SOURCE[start:end], start, end, "supported")
    found = render(FIRST, SECOND, EXAMPLE, citations=(whole,))
    assert re.findall(r"<mark[^>]*>(.*?)</mark>", found) == ["第二段。", "甲：一步"]


def test_titles_and_sections_are_escaped() -> None:
    odd = Passage(7, "<i>節</i>", (), SECOND.start, SECOND.end, SECOND.text, "text")
    found = render(odd, title='<b title="x">題</b>')
    assert "<b" not in found
    assert "<i>" not in found
