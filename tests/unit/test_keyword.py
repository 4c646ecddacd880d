"""The keyword index: weights of terms, mapped files, empty corpora."""

import numpy as np
import pytest

from ingest.keyword import CHARACTER_WEIGHT, GRAMMAR_WEIGHT, KeywordIndex, weight_of
from ingest.text import search_terms

ROWS = ["臺灣的人口數量在二十世紀增加", "KV cache 加速推理", "東德的經濟政策與國際貨幣基金", ""]


@pytest.fixture
def index(tmp_path):
    KeywordIndex.build(ROWS, tmp_path / "k")
    return KeywordIndex.open(tmp_path / "k", len(ROWS))


def best(index, query):
    return int(np.argmax(index.scores(search_terms(query))))


def test_finds_across_scripts_and_by_single_characters(index):
    assert best(index, "台湾人口数") == 0
    assert best(index, "德國的經濟") == 2
    assert best(index, "KV-Cache") == 1


def test_an_unknown_query_scores_nothing(index):
    assert not index.scores(search_terms("zebra 鱷魚")).any()
    assert not index.scores([]).any()
    assert not index.scores([""]).any()


def test_lies_on_disk_until_it_is_touched(index):
    assert index.mapped


@pytest.mark.parametrize("rows", [[], [""], ["，。", ""]])
def test_a_corpus_without_terms_has_an_index_too(tmp_path, rows):
    KeywordIndex.build(rows, tmp_path / "k")
    assert KeywordIndex.open(tmp_path / "k", len(rows)).scores(["快取"]).tolist() == [0.0] * len(rows)


@pytest.mark.parametrize(
    ("term", "weight"),
    [
        ("kv-cache", 1.0),
        ("c", 1.0),
        ("人口", 1.0),
        ("的人", GRAMMAR_WEIGHT),
        ("是在", GRAMMAR_WEIGHT**2),
        ("人", CHARACTER_WEIGHT),
        ("的", 0.0),
    ],
)
def test_grammar_counts_less_than_topic(term, weight):
    assert weight_of(term) == weight


def test_characters_stand_beside_bigrams_without_grammar():
    assert search_terms("臺灣的人") == ["台湾", "湾的", "的人", "台", "湾", "人"]


def test_knows_which_row_holds_a_term(index):
    (term,) = search_terms("caching")
    assert [index.holds(row, term) for row in range(len(ROWS))] == [False, True, False, False]
    assert not index.holds(1, "zebra")
