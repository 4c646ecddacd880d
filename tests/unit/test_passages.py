"""Passages and entries are verbatim slices, whatever the document looks like."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.document import Document
from ingest.errors import DocumentError
from ingest.parsers import parse
from ingest.passages import LIMIT, entries, passages, sentences

LINES = st.sampled_from([
    "### 問題 1：甲？", "### 問題 2：乙？", "### **3. 丙**", "#### 解釋", "#### 1-3", "- **重點**：說明。第二句！",
    "    - 內層項目 with English. And more.", "1. 第一步", "| a | b |", "|---|---|", "| 1 | 2 |", "```", "print(1)",
    "JSON", "匯出到試算表", "> 引用一句。", "", "   ", "很長的一段話，" * 120 + "。", "text", "---", "<details>", "\tcode",
])  # fmt: skip


def document_of(lines: list[str]) -> Document | None:
    try:
        return parse("\n".join(["### 問題 90：首？", "", *lines, "", "### 問題 91：尾？", "答。"]))
    except DocumentError:
        return None


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, max_size=30))
def test_passages_are_ordered_verbatim_slices_of_one_section(lines):
    document = document_of(lines)
    if document is None:
        return
    cursor = 0
    for passage in passages(document):
        assert passage.text == document.source[passage.start : passage.end]
        assert passage.text.strip() == passage.text != ""
        assert passage.start >= cursor
        cursor = passage.end
        question = next(q for q in document.questions if q.number == passage.question)
        assert any(
            s.name == passage.section and s.start <= passage.start <= passage.end <= s.end for s in question.sections
        )


@settings(max_examples=200, deadline=None)
@given(st.lists(LINES, max_size=30))
def test_entries_lie_inside_their_passage(lines):
    document = document_of(lines)
    if document is None:
        return
    found = passages(document)
    for entry in entries(document, found):
        if entry.passage is not None:
            assert found[entry.passage].start <= entry.start < entry.end <= found[entry.passage].end
            assert entry.question == found[entry.passage].question


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="甲乙。！？.!? \nAbz「」*`1", max_size=80))
def test_sentences_cover_all_letters_in_order(text):
    spans = sentences(text, 0, len(text))
    assert all(a < b for a, b in spans)
    assert all(spans[i][1] <= spans[i + 1][0] for i in range(len(spans) - 1))
    covered = "".join(text[a:b] for a, b in spans)
    assert [c for c in text if c.isalnum()] == [c for c in covered if c.isalnum()]


def test_a_very_long_paragraph_is_split_at_sentence_ends():
    long = "這是一句話，講一件事。" * 300
    document = parse(f"### 問題 1：甲？\n{long}\n### 問題 2：乙？\n答。")
    found = [p for p in passages(document) if p.question == 1]
    assert len(found) > 2
    assert all(p.text.endswith("。") and len(p.text) <= 2 * LIMIT for p in found)
    assert "".join(p.text for p in found) == long


def test_residue_separates_passages():
    document = parse("### 問題 1：甲？\n前文。\n\nJSON\n\n```\n{}\n```\n\n### 問題 2：乙？\n答。")
    assert [p.text for p in passages(document) if p.question == 1] == ["前文。", "```\n{}\n```"]


def test_the_end_of_a_split_paragraph_is_searched_with_the_paragraph_below_it():
    long = "".join(f"第{i}句話講一件事情。" for i in range(130))
    document = parse(f"### 問題 1：甲？\n{long}\n\n後面還有一段。\n\n### 問題 2：乙？\n答。")
    found = passages(document)
    assert any("第129句" in p.text and "後面還有一段" in p.text for p in found)
    searched = [e.text for e in entries(document, found) if e.kind == "sentence" and e.question == 1]
    assert searched == [*(f"第{i}句話講一件事情。" for i in range(130)), "後面還有一段。"]


def test_a_table_without_a_name_for_its_first_column_keeps_its_columns():
    document = parse("## 1. 甲？\n\n||快|小|\n|---|---|---|\n|BERT|是|否|\n\n## 2. 乙？\n\n答。")
    rows = [e.text for e in entries(document, passages(document)) if e.kind == "row"]
    assert rows == ["BERT；快：是；小：否"]
