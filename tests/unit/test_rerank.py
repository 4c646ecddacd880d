"""How a cross-encoder's second look changes the order."""

import numpy as np
import pytest

from ingest.errors import UsageError
from tutor.retrieval.rerank import Reranker, reranked


def test_a_second_look_reorders_those_that_it_saw():
    both = reranked(np.asarray([0.9, 0.8, 0.2, 0.1]), [0, 1], np.asarray([0.1, 0.9]))
    assert np.argsort(-both).tolist() == [1, 0, 2, 3]
    assert 0 <= both.min() <= both.max() <= 1


def test_who_was_not_looked_at_stays_behind():
    both = reranked(np.asarray([0.9, 0.88, 0.87]), [0, 1], np.asarray([0.0, 0.0]))
    assert both[2] <= both[:2].min()


def test_a_model_that_is_not_there_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(UsageError, match=r"cannot be loaded|not installed") as caught:
        Reranker(str(tmp_path / "nothing"))
    assert caught.value.mend
