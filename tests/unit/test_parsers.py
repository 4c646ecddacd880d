"""The ways question banks are written: each small bank in data/banks against what a reader finds in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.document import Document
from ingest.parsers import parse

BANKS = sorted((Path(__file__).parent / "data" / "banks").glob("*.md"))
SHARED = Path(__file__).parents[3] / "shared" / "data" / "banks"
CORPUS = Path(__file__).parents[2] / "corpus" / "llm-vlm-80.md"


@pytest.mark.parametrize("path", BANKS, ids=lambda path: path.stem)
def test_a_bank_is_read_as_a_reader_reads_it(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    document = parse(path.read_text(encoding="utf-8"))
    assert _as_table(document) == expected["questions"]
    assert document.parser == expected["parser"]
    assert [skip.line for skip in document.skipped] == expected["skipped"]


def _as_table(document: Document) -> list[dict[str, object]]:
    return [
        {
            "number": q.number,
            "label": q.label,
            "line": q.line,
            "category": q.category,
            "title": q.title,
            "answered": q.answered,
            "sections": [[s.role, s.name, document.source[s.start : s.end]] for s in q.sections],
        }
        for q in document.questions
    ]


@pytest.mark.parametrize(
    ("name", "answered"),
    [
        ("alexeygrigorev_ds-interviews_theory", 152),
        ("lydiahallie_javascript-questions_zh-TW", 155),
        ("h5bp_frontend_zh-TW", 0),
    ],
)
def test_real_banks_are_read_unit_by_unit(name: str, answered: int) -> None:
    if not SHARED.exists():
        pytest.skip("needs the question banks of ../shared/data")
    measure = pytest.importorskip("eval.banks").measure
    figures = measure(SHARED / f"{name}.md", SHARED / f"{name}.gold.jsonl")
    assert figures["f1"] >= 0.98, figures
    assert figures["answered"] == answered


def test_the_shipped_corpus_is_whole() -> None:
    document = parse(CORPUS.read_text(encoding="utf-8"))
    assert [q.number for q in document.questions] == list(range(1, 81))
    assert all(q.answered for q in document.questions)
    assert sum(len(q.sections) for q in document.questions) == 182
    assert document.skipped == ()
    assert len(document.categories) == 8


def test_the_reason_says_how_it_was_read_and_that_answers_are_missing() -> None:
    document = parse("- What is a process?\n- What is a thread?\n- Describe a mutex.\n")
    assert document.reason == (
        "3 list items are questions without answers; they hold 100% of the text, and none has an answer"
    )


def test_a_contents_list_with_the_same_questions_adds_none() -> None:
    questions = [f"What is thing {i}?" for i in range(1, 6)]
    listed = "\n".join(f"{i}. {q}" for i, q in enumerate(questions, 1))
    answers = "\n\n".join(f"### {q}\n\nIt is this." for q in questions)
    document = parse(f"# Bank\n\n## Questions\n\n{listed}\n\n## Answers\n\n{answers}\n")
    assert [q.title for q in document.questions] == questions
    assert all(q.answered for q in document.questions)


def test_a_question_without_its_number_among_numbered_ones_comes_last() -> None:
    numbered = [f"## {i}. What is {i}?\n\nIt is {i}." for i in range(1, 13)]
    document = parse("\n\n".join([*numbered[:6], "## Why?\n\nBecause.", *numbered[7:]]))
    assert [q.number for q in document.questions] == [1, 2, 3, 4, 5, 6, 13, 8, 9, 10, 11, 12]


def test_an_answer_cut_by_a_rule_without_a_blank_line_stays_an_answer() -> None:
    document = parse("## What is X?\n\nIt is a long story that ends here.\n---\n\n## What is Y?\n\nShort.\n")
    assert [q.title for q in document.questions] == ["What is X?", "What is Y?"]
    assert document.questions[0].answered


def test_code_is_never_taken_for_layout() -> None:
    code = "```html\n<div>\n<details><summary>no</summary>\n# no heading\n</div>\n```"
    source = f"## What prints?\n\n{code}\n\n## Why?\n\nX.\n"
    document = parse(source)
    assert [q.title for q in document.questions] == ["What prints?", "Why?"]
    block = document.questions[0].sections[0].blocks[0]
    assert source[block.start : block.end] == code


def test_two_ways_of_writing_in_one_document_are_both_read() -> None:
    lists = "## General\n\n- What is a page?\n- What is a tag?\n- How do you test?\n"
    code = "```js\nfoo()\n```"
    marked = f"## Coding\n\nQuestion: What is `foo`?\n\n{code}\n\nQuestion: What is `bar`?\n\n{code}\n"
    document = parse(f"{lists}\n{marked}")
    assert [q.title for q in document.questions][3:] == ["What is foo?", "What is bar?"]
    assert set(document.parser.split(", ")) == {"list items", "marked questions and answers"}
    assert not any(q.answered for q in document.questions)
    assert [s.role for s in document.questions[3].sections] == ["stem"]


def test_tags_of_folds_may_be_written_in_capitals() -> None:
    fold = "<DETAILS><SUMMARY>What is {0}?</SUMMARY >\n\n{0} is a letter.\n\n</DETAILS>\n\n"
    document = parse(fold.format("X") + fold.format("Y"))
    assert (document.parser, [q.title for q in document.questions]) == ("folded answers", ["What is X?", "What is Y?"])
