"""A query behind a conversation: what it says by itself against what it says in its context."""

import numpy as np
import pytest

from tutor.retrieval.alone import Alone
from tutor.retrieval.learned import keep, learned_for


def query(at):
    return {"use": np.eye(512, dtype=np.float32)[at], "e5": np.eye(384, dtype=np.float32)[at]}


OWN, WITHIN = np.array([0.9, 0.2, 0.5]), np.array([1.0, 4.0, 2.0])


def model(source="abc", weighing=(1.0, *[0.0] * 7)):
    """Queries along the first direction stand alone, along the second they lean."""
    weights = np.zeros(896)
    weights[:2] = 3.0, -3.0
    return Alone(source, weights, 0.5, weighing)


def test_the_signs_say_how_the_query_is_worded_and_how_sure_both_readings_are():
    signs = model().signs("那它在 LoRA 裡呢？", query(1), OWN, WITHIN)
    assert signs == pytest.approx([-2.5, 0.9, 0.7, 3.0, 1 / 8, 1.0, 1.0])
    signs = model().signs("什麼是 LoRA？", query(0), OWN, WITHIN)
    assert signs == pytest.approx([3.5, 0.9, 0.7, 3.0, 1 / 8, 0.0, 0.0])


def test_wording_and_bias_decide_which_reading_is_taken():
    assert model().prefers_own("什麼是 LoRA？", query(0), OWN, WITHIN)
    assert not model().prefers_own("什麼是 LoRA？", query(1), OWN, WITHIN)
    assert not model(weighing=(1.0, *[0.0] * 6, -4.0)).prefers_own("什麼是 LoRA？", query(0), OWN, WITHIN)


def test_it_belongs_to_one_source_and_wants_both_embedders(tmp_path, monkeypatch):
    monkeypatch.setattr(Alone, "FILE", tmp_path / "alone.npz")
    assert learned_for(Alone, "abc", ("use", "e5")) is None
    keep(model())
    kept = learned_for(Alone, "abc", ("use", "e5"))
    assert kept.weighing == model().weighing
    assert kept.signs("什麼是 LoRA？", query(0), OWN, WITHIN) == pytest.approx(
        model().signs("什麼是 LoRA？", query(0), OWN, WITHIN)
    )
    assert learned_for(Alone, "another", ("use", "e5")) is None
    assert learned_for(Alone, "abc", ("use",)) is None
