"""Ranking within a conversation: the query's own words against what was talked about."""

import numpy as np
import pytest

from tutor.retrieval.context import Context, features, rank
from tutor.retrieval.fusion import learned

COUNT = 30


def context(query, own, around, carried=0, lacked=0.0):
    """`own` is the favourite of the query by itself, `around` that of everything the conversation adds."""

    def favour(position):
        scores = np.linspace(0.3, 0.0, COUNT)
        scores[position] = 1.0
        return scores

    related = np.zeros(COUNT)
    related[carried] = 1.0
    views = {name: favour(around) for name in ("with_title", "with_asked", "with_reply")}
    return Context(query=query, own=favour(own), legs={}, carried=[carried], related=related, lacked=lacked, **views)


@pytest.mark.parametrize("expanded", [True, False])
def test_what_is_learned_is_what_is_measured(expanded):
    assert set(learned("conversation", expanded)) == set(features(context("why?", 1, 2)))


def test_what_all_views_agree_on_comes_first():
    ranked = rank(context("那 LayerNorm 呢？", 7, 7), expanded=True)
    assert np.argmax(ranked) == 7
    assert 0 <= ranked.min() <= ranked.max() <= 1


def test_the_conversation_decides_where_the_query_says_nothing():
    assert np.argmax(rank(context("那它呢？", 20, 7, carried=7), expanded=True)) == 7


def test_a_carried_question_counts_less_the_more_the_query_says():
    bare, rich = (
        features(context(q, 1, 2)) for q in ("why?", "how do gated cross attention layers mix images and text")
    )
    weights = learned("conversation", True)
    assert bare["carried, rich"][0] == 0 < rich["carried, rich"][0] <= 1
    assert weights["carried, rich"] < 0


def test_a_corpus_without_the_packaged_legs_is_ranked_too():
    found = features(context("and the price?", 1, 2))
    assert not found["use-ask"].any()
    assert np.isfinite(rank(context("and the price?", 1, 2), expanded=False)).all()


def test_a_carried_question_that_lacks_the_names_of_the_query_holds_it_less():
    held = rank(context("VLM 用什麼資料訓練？", 20, 7, carried=7), expanded=True)
    let_go = rank(context("VLM 用什麼資料訓練？", 20, 7, carried=7, lacked=1.0), expanded=True)
    assert let_go[7] - let_go[20] < held[7] - held[20]
