"""Fusing: the profile follows what the index holds, and the best come first without a full sort."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.corpora import ingest
from tutor.retrieval.fusion import best_first, calibration, fuse, learned
from tutor.retrieval.search import Searcher


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), max_size=40), st.integers(1, 50))
def test_best_first_is_the_head_of_the_stable_sort(scores, count):
    fused = np.asarray(scores, dtype=np.float64)
    assert best_first(fused, count).tolist() == np.argsort(-fused, kind="stable")[:count].tolist()


def test_titles_alone_do_not_decide_without_expansions():
    legs = {
        "keyword-question": np.asarray([1.0, 0.6, 0.0], dtype=np.float32),
        "use-ask": np.asarray([0.0, 1.0, 0.9], dtype=np.float32),
        "e5-ask": np.asarray([0.0, 1.0, 0.9], dtype=np.float32),
    }
    assert np.argmax(fuse(legs, expanded=False)) == 0
    assert np.argmax(fuse(legs, expanded=True)) == 1


@pytest.mark.parametrize("part", ["weights", "confidence"])
def test_both_profiles_know_the_same_names(part):
    assert set(learned(part, True)) == set(learned(part, False))
    assert min(calibration()["plain"]["weights"].values()) >= 0


def test_a_users_document_has_no_expansions(tmp_path, tiny_bank, searcher):
    ingest(tmp_path, "tiny", tiny_bank, embedders=["use"])
    assert not Searcher(tmp_path, "tiny", ["use"]).index.expanded
    assert searcher.index.expanded
