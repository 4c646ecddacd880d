"""The shipped document and its quirks: every one of them must come out right."""

import re

import pytest

from ingest.corpora import read_document, read_expansions, shipped_document
from ingest.document import Document
from ingest.markdown import Residue, elements
from ingest.passages import entries, passages


@pytest.fixture(scope="module")
def document() -> Document:
    path = shipped_document("llm-vlm-80")
    assert path is not None
    return read_document(path)


def question(document: Document, number: int):
    return next(q for q in document.questions if q.number == number)


def test_has_80_answered_questions_numbered_as_printed(document):
    assert [q.number for q in document.questions] == list(range(1, 81))
    assert all(q.answered and q.label == str(q.number) for q in document.questions)
    assert document.skipped == ()


def test_says_how_it_was_read(document):
    assert document.parser == "numbered headings"
    assert "80" in document.reason


def test_categories_hold_ten_questions_each_in_order(document):
    assert [c[0] for c in document.categories] == list("ABCDEFGH")
    for index, q in enumerate(document.questions):
        assert q.category == document.categories[index // 10]


def test_titles_come_from_the_body_and_the_contents_gives_aliases(document):
    assert question(document, 2).title.endswith("請解釋 Self-Attention (自注意力) 機制。")
    assert "自註意力" in question(document, 2).alias
    assert "Prefix-Tuning" in question(document, 38).alias
    assert question(document, 1).alias == ""


def test_contents_and_introduction_are_in_no_passage(document):
    first = document.questions[0].start
    assert all(p.start >= first for p in passages(document))
    assert not any("[[####" in p.text for p in passages(document))


def test_group_headings_are_no_sections_and_in_no_passage(document):
    names = [s.name for q in document.questions for s in q.sections]
    assert not any(re.fullmatch(r"\d+-\d+", name) for name in names)
    assert not any(re.search(r"^#### \d+-\d+", p.text, re.MULTILINE) for p in passages(document))


@pytest.mark.parametrize(
    ("number", "sections"),
    [
        (1, ["解釋", "具體舉例"]),
        (36, ["解釋", "優缺點比較", "具體舉例"]),
        (47, ["解釋"]),
        (55, ["解釋", "1. Flamingo (Google/DeepMind)", "2. BLIP / BLIP-2 (Salesforce)"]),
    ],
)
def test_sections(document, number, sections):
    assert [s.name for s in question(document, number).sections] == sections


def test_export_residue_is_in_no_passage(document):
    residue = [e for e in elements(document.source) if isinstance(e, Residue)]
    assert len(residue) == 10
    for passage in passages(document):
        assert "匯出到試算表" not in passage.text
        assert not re.search(r"^\s*(?:JSON|XML)\s*$", passage.text, re.MULTILINE)


def test_text_around_residue_is_kept(document):
    texts = [p.text for p in passages(document) if p.question == 67]
    assert any("<system_instructions>" in t for t in texts)
    assert any("一些經過專門訓練的模型能更好地理解並尊重這種結構邊界" in t for t in texts)


def test_last_text_of_a_group_belongs_to_its_question(document):
    assert any("BERT 是一個**理解者**" in p.text for p in passages(document) if p.question == 15)
    assert any("全方位地展示其綜合實力" in p.text for p in passages(document) if p.question == 45)


def test_last_line_without_a_newline_is_kept(document):
    assert not document.source.endswith("\n")
    assert passages(document)[-1].text.endswith("三大基石是否穩固。」")


@pytest.mark.parametrize(
    ("number", "links"),
    [
        (16, (12, 19)),
        (20, (12,)),
        (21, (23, 24)),
        (32, (31,)),
        (66, (65,)),
        (70, (68,)),
        (73, (48,)),
        (75, (50,)),
        (57, ()),
    ],
)
def test_cross_references_become_links(document, number, links):
    assert question(document, number).links == links


def test_code_is_never_cut(document):
    whole = {b.start: b.end for q in document.questions for s in q.sections for b in s.blocks if b.kind == "code"}
    assert len(whole) == 4
    for start, end in whole.items():
        assert any(p.start <= start and end <= p.end for p in passages(document))


def test_every_word_of_every_answer_is_in_a_passage(document):
    found = passages(document)
    for q in document.questions:
        for section in q.sections:
            for block in section.blocks:
                covered = [p for p in found if p.start < block.end and p.end > block.start]
                assert covered
                assert covered[0].start <= block.start
                assert covered[-1].end >= block.end


def test_table_rows_carry_their_header(document):
    rows = [e for e in entries(document, passages(document)) if e.kind == "row" and e.question == 9]
    assert (
        rows[0].text
        == "特性：模型權重；In-Context Learning (ICL)：凍結不變；Fine-tuning (微調)：會被更新，模型本身被永久改變"
    )
    assert document.source[rows[0].start : rows[0].end].startswith("|**模型權重**|")


def test_list_items_carry_their_lead(document):
    entry = next(e for e in entries(document, passages(document)) if e.text.startswith("優點：計算上更簡單"))
    assert entry.lead == "RMSNorm (Root Mean Square Normalization)"
    assert entry.heading.startswith("LLaMA/Llama 2 架構")


def test_expansions_cover_every_question_and_only_those(document):
    path = shipped_document("llm-vlm-80")
    found = read_expansions(path, document)
    assert [e.question for e in found] == list(range(1, 81))
    assert all(len(e.asks) >= 20 and e.title_en and e.digest for e in found)
