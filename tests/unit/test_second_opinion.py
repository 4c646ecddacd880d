"""Sentences in doubt: kept until a second opinion settles them, and without one the first verdict stands."""

import pytest

from ingest.errors import ModelUnavailable
from tutor.answering import checking
from tutor.answering.checking import Checking
from tutor.answering.draft import Draft
from tutor.answering.evidence import EvidenceRoom
from tutor.answering.second_opinion import SHOWN, _odds, statements
from tutor.answering.support import Support, calibration, weighed
from tutor.retrieval.result import SearchResult

FIRST, SECOND = "KV Cache 讓推理時不必重複計算舊的詞", "代價是要多占用一些記憶體"
WORDS = f"{FIRST}。{SECOND}。"


@pytest.fixture
def room(searcher):
    return EvidenceRoom(searcher)


@pytest.fixture
def doubtful(monkeypatch):
    """The support check would let every sentence go, and is not sure."""

    def check(text, questions, room, query=""):
        return Support("unsupported", calibration()["second"]["doubt"], questions[0].sentences[0], {"semantic": 0.5})

    monkeypatch.setattr(checking, "check", check)


def written(room, searcher):
    draft = Draft("什麼是 KV Cache？", "zh-Hant", "m", SearchResult("q", None, True, 1.0, ()), 0.0)
    checks = Checking(draft, [19], room, searcher.index.content.source)
    "".join(t.text for t in checks.shown(list(WORDS)))
    return draft, checks


def odds_for(monkeypatch, **by_sentence):
    """A model whose odds alone decide: above 0 holds, below does not."""
    monkeypatch.setattr(
        checking,
        "weighed",
        lambda first, odds: Support(
            "supported" if odds > 0 else "unsupported", 0.9 if odds > 0 else 0.1, first.sentence, first.found
        ),
    )
    return lambda sentence, questions: by_sentence["first" if sentence == FIRST else "second"]


def test_without_a_second_opinion_the_first_verdict_stands(room, searcher, doubtful):
    draft, checks = written(room, searcher)
    checks.settle()
    assert not "".join(draft.kept).strip()
    assert (draft.supported, draft.dropped, draft.citations) == (0, 2, [])


def test_what_a_second_opinion_denies_goes_and_the_rest_stays(room, searcher, doubtful, monkeypatch):
    draft, checks = written(room, searcher)
    assert checks.in_doubt
    assert list(checks.reconsider(odds_for(monkeypatch, first=-2.0, second=2.0))) == [2, 1]
    assert "".join(draft.kept) == f"{SECOND}【第19題】。"
    assert draft.said == [SECOND]
    assert len(draft.citations) == 1
    assert "unsupported-dropped" in draft.flags
    assert not checks.in_doubt


def test_what_a_second_opinion_holds_is_cited(room, searcher, doubtful, monkeypatch):
    draft, checks = written(room, searcher)
    assert not draft.citations
    assert list(checks.reconsider(odds_for(monkeypatch, first=2.0, second=-2.0))) == [2, 1]
    assert "".join(draft.kept) == f"{FIRST}【第19題】。"
    assert [c.status for c in draft.citations] == ["supported"]


def test_a_model_lost_in_between_leaves_no_sentence_unsettled(room, searcher, doubtful):
    draft, checks = written(room, searcher)

    def gone(sentence, questions):
        raise ModelUnavailable("gone", "")

    with pytest.raises(ModelUnavailable):
        list(checks.reconsider(gone))
    checks.settle()
    assert not "".join(draft.kept).strip()


def test_the_odds_move_the_score():
    first = Support("partial", 0.5, None, {name: 0.5 for name in calibration()["weights"] if name != "bias"})
    assert weighed(first, 4.0).score > weighed(first, -4.0).score
    assert set(calibration()["second"]["weights"]) == {*calibration()["weights"], "log-odds"}


def test_only_what_would_go_is_in_doubt():
    limits, found = calibration(), {"semantic": 0.5}
    low = limits["second"]["doubt"]
    assert low < limits["thresholds"]["partial"]
    assert Support("unsupported", low, None, found).doubtful
    assert not Support("unsupported", low - 0.01, None, found).doubtful
    assert not Support("unsupported", low, None).doubtful
    assert not Support("partial", limits["thresholds"]["partial"], None, found).doubtful


def test_the_nearest_statements_are_shown_in_the_language_of_the_sentence(room):
    shown = statements("A KV cache trades memory for speed.", [room.sentences_of(19)], room)
    assert 0 < len(shown) <= SHOWN
    assert any(c.isascii() and c.isalpha() for c in shown[0])


@pytest.mark.parametrize(
    ("tokens", "odds"),
    [
        ([("是", -0.1), ("否", -2.3)], 2.2),
        ([("否", -0.1)], -14.9),
        ([(" 是", -0.5), ("不", -1.0)], 14.5),
        ([("A", -0.1)], None),
        ([], None),
    ],
)
def test_odds_are_read_from_the_first_token(tokens, odds):
    top = [{"token": token, "logprob": p} for token, p in tokens]
    found = _odds({"content": [{"top_logprobs": top}]})
    assert found == (pytest.approx(odds) if odds is not None else None)
