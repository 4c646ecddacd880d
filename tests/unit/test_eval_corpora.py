"""Corpora made for measuring: the outside benchmark and the synthetic one."""

import json

import pytest

from eval.drcd import document_of, load, measure
from eval.scale import synthesise
from ingest.errors import DocumentError
from ingest.passages import passages

PARAGRAPHS = [
    {"id": "1-1", "title": "梵文", "text": "梵語的學術研究由德國學者開創。"},
    {"id": "1-2", "title": "梵文", "text": "亞洲協會在加爾各答舉行會議。"},
    {"id": "2-1", "title": "臺灣", "text": "臺灣的面積約為三萬六千平方公里。"},
]
QUERIES = [
    {"id": "a", "query": "誰開創了梵語的研究？", "gold": ["1-1"]},
    {"id": "b", "query": "亞洲協會在哪裡舉行？", "gold": ["1-2"]},
    {"id": "c", "query": "臺灣的面積是多少？", "gold": ["2-1"]},
]


@pytest.fixture
def benchmark(tmp_path):
    for name, rows in (("corpus", PARAGRAPHS), ("queries", QUERIES)):
        text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        (tmp_path / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return tmp_path


def test_every_paragraph_is_one_question_with_its_text(benchmark):
    document = document_of(load(benchmark)[0])
    assert [(q.number, q.label, q.title) for q in document.questions] == [
        (1, "1-1", "梵文"),
        (2, "1-2", "梵文"),
        (3, "2-1", "臺灣"),
    ]
    assert [p.text for p in passages(document)] == [row["text"] for row in PARAGRAPHS]


def test_measures_every_leg_in_both_scripts(benchmark):
    report = measure(benchmark, ["use"])
    for script in ("as written", "simplified"):
        assert set(report[script]) == {"fused", "keyword-question", "keyword-passage", "use-text", "use-ask"}
        assert report[script]["fused"]["hit@1"]["value"] == 1.0


def test_a_folder_without_a_benchmark_is_said(tmp_path):
    with pytest.raises(DocumentError, match="no benchmark folder"):
        load(tmp_path)


@pytest.mark.parametrize("size", [1, 10, 37])
def test_a_synthetic_corpus_has_the_passages_asked_for_and_none_twice(size):
    material = [f"第{n}句話說明了一件獨一無二的事情，而且把{n}件事說得很清楚。" for n in range(20)]
    document = synthesise(size, material)
    found = passages(document)
    assert len(found) == size
    assert len({p.text for p in found}) == size
    assert all(document.source[p.start : p.end] == p.text for p in found)
    assert synthesise(size, material) == document


def test_too_little_material_is_a_bug():
    with pytest.raises(ValueError, match="too few"):
        synthesise(10, ["一句話而已。"])
