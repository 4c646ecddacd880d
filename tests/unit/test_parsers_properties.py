"""Whatever text comes in: a Document with true, ordered spans, or a DocumentError; nothing else."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.document import Block, Document
from ingest.errors import DocumentError
from ingest.markdown import Element, Heading, elements
from ingest.parsers import parse
from ingest.parsers.wording import title_of
from ingest.passages import entries, passages

# Pieces that question banks are made of, to be put together in every possible wrong way.
PIECES = (
    "# Title", "## What is X?", "### 1. What is X?", "### **問題 2：什麼是 Y？**", "#### 6-10",
    "34. ### Why?", "### Question 3", "#### Answer: B", "#### Example", "What is Z?\n---", "text\n===",
    "**What is regression? 👶**", "**2. 事件迴圈**\n答案在此", "Q: What?", "A: That.",
    "Q1. Why?\nA1: Because.\nQ2. How?", "問：甚麼？\n答：這個。", "**Answer:** 42", "答案：(A)",
    "- A: `a`\n- B: `b`", "- What is it?\n  - This.\n    - Deep.", "* Describe it.",
    "1. What?\n\n   text", "2) How?", "3、为什么？\n因为。", "（4）如何？",
    "| Q | A |\n| - | - |\n| What? | That |\n| How? |  |", "| a |\n| - |", "|||\n|-|-|\n|1. x<br>2. y|z|",
    "<details><summary>What?</summary>", "</details>", "<details>\n<summary>Answer</summary>\n<p>\n",
    "</p>\n</details>", "<summary>", "</summary>", "<details>",
    "- x <details><summary>Why?</summary> y </details> z", "<!-- comment -->", "<!-- open", "-->",
    "```js\n<details>\n# no heading\n```", "~~~", "```", "    indented code?", "> quote?\n> Q: what?",
    "**[⬆ Back to Top](#top)**", "[a](#a)", "* [What?](#what)", "<br/>", "<h3>What?</h3>",
    "<table>\n<tr><td>x</td></tr>\n</table>", "---", "***", "![](x.png)", "Answer here", "TODO",
    "---\ntitle: x\n---", "一、基礎", "JSON", "匯出到試算表", "\t", " ", "\u3000", "\r", "\x0b", "\x0c",
    "\x85", "\u2028", "\x00", "<h1>a</h1>\n---", "1️⃣ What?", "\\|", "plain words", "解釋一下", "&amp;",
    "``", "`<script>`", "[", "](", "**", "***", "__",
)  # fmt: skip

documents = st.lists(st.sampled_from(PIECES) | st.text(max_size=20), max_size=14).flatmap(
    lambda pieces: st.sampled_from(("\n", "\n\n", "\n   ", "\n\n    ", " ")).map(lambda glue: glue.join(pieces))
)


def check(document: Document) -> None:
    """Spans lie inside the source, in order, without overlap; every question has a title and a line."""
    source = document.source
    cursor = 0
    numbers = [question.number for question in document.questions]
    assert len(set(numbers)) == len(numbers)
    for question in document.questions:
        assert cursor <= question.start <= question.end <= len(source)
        assert question.title.strip()
        assert question.line == source.count("\n", 0, question.start) + 1
        inside = question.start
        for section in question.sections:
            assert inside <= section.start <= section.end <= question.end
            position = section.start
            for block in section.blocks:
                assert position <= block.start < block.end <= section.end
                assert source[block.start : block.end].strip() == source[block.start : block.end]
                position = block.end
            inside = section.end
        cursor = question.end
    for skip in document.skipped:
        assert 1 <= skip.line <= source.count("\n") + 1
    assert document.parser
    assert document.reason


@settings(max_examples=300, deadline=None)
@given(documents)
@example("---\ntitle: x\n---\n# T\n\n## What is X?\n\ny")
@example("Q: a?\nA: b\nQ: c?\r\nA: d")
@example("- x <details><summary>Why?</summary> y </details> z")
@example("</details>\n一、基礎")
@example("\r# What is X?\r\ry")
@example("| Q | A |\n| - | - |\n| What? | That |\n| How? |  |\n\x85\n")
def test_any_text_gives_true_spans_or_a_document_error(source: str) -> None:
    try:
        document = parse(source)
    except DocumentError:
        found = elements(source)
        only_contents = "](#" in source or any(isinstance(element, Heading) for element in found)
        assert only_contents or not any(has_words(source, element) for element in found)
        return
    assert document.source == source
    check(document)
    cut = passages(document)
    for passage in cut:
        assert source[passage.start : passage.end] == passage.text
    assert all(0 <= entry.start <= entry.end <= len(source) for entry in entries(document, cut))


def has_words(source: str, element: Element) -> bool:
    """Whether an element is a paragraph with words in it."""
    if not isinstance(element, Block) or element.kind != "text":
        return False
    return any(c.isalnum() for c in title_of(source[element.start : element.end][:200]))


@settings(max_examples=200, deadline=None)
@given(documents)
def test_elements_come_in_order_without_overlap(source: str) -> None:
    cursor = 0
    for element in elements(source):
        assert cursor <= element.start <= element.end <= len(source)
        assert element.line == source.count("\n", 0, element.start) + 1
        cursor = element.end


@pytest.mark.parametrize("source", ["", " \n ", "---\n", "<br/>\n<!-- x -->", "\0", "# Title\n\n[a](#a)"])
def test_nothing_to_read_is_a_document_error(source: str) -> None:
    with pytest.raises(DocumentError, match="No questions"):
        parse(source)
