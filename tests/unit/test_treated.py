"""What a document treats, by the vectors of queries: learned for one source text, and for no other."""

import numpy as np
import pytest

from ingest.embed import side_by_side
from tutor.retrieval.confidence import log_odds
from tutor.retrieval.learned import keep, learned_for
from tutor.retrieval.remembered import Remembered
from tutor.retrieval.text_model import TextModel
from tutor.retrieval.treated import Treated

VECTORS = {"use": np.eye(512, dtype=np.float32)[0], "e5": np.eye(384, dtype=np.float32)[1]}

OTHER = {"use": np.eye(512, dtype=np.float32)[2], "e5": np.eye(384, dtype=np.float32)[3]}


def model(source="abc", weight=1.0, near=0.0):
    vectors = np.stack([side_by_side(VECTORS), side_by_side(OTHER)])
    queries = TextModel(Remembered.of(vectors), np.array([weight, 0.0]), 0.0, np.array([True, False]), np.ones(2))
    return Treated(source, queries, (1.0, 2.0, near, 0.0))


def test_both_embedders_stand_one_after_the_other():
    found = side_by_side(VECTORS)
    assert found.shape == (896,)
    assert (found[0], found[513]) == (1.0, 2.0)


def test_the_score_moves_the_confidence_of_the_search():
    assert model(weight=0.0).confidence(0.3, VECTORS) == pytest.approx(0.3)
    assert model(weight=1.0).confidence(0.3, VECTORS) > 0.7
    assert model(weight=-1.0).confidence(0.3, VECTORS) < 0.1


def test_queries_that_are_alike_move_it_too():
    assert model(weight=0.0, near=1.0).confidence(0.5, VECTORS) > 0.9
    assert model(weight=0.0, near=1.0).confidence(0.5, OTHER) < 0.1
    between = {name: (VECTORS[name] + OTHER[name]) / np.sqrt(2) for name in VECTORS}
    assert model(weight=0.0, near=1.0).confidence(0.5, between) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("confidence", [0.0, 1.0])
def test_a_rounded_certainty_stays_finite(confidence):
    assert np.isfinite(log_odds(confidence))


def test_it_belongs_to_one_source_and_wants_both_embedders(tmp_path, monkeypatch):
    monkeypatch.setattr(Treated, "FILE", tmp_path / "treated.npz")
    assert learned_for(Treated, "abc", ("use", "e5")) is None
    keep(model(near=1.0))
    kept = learned_for(Treated, "abc", ("use", "e5"))
    assert kept.confidence(0.3, VECTORS) == pytest.approx(model(near=1.0).confidence(0.3, VECTORS), abs=1e-3)
    assert learned_for(Treated, "another", ("use", "e5")) is None
    assert learned_for(Treated, "abc", ("use",)) is None
