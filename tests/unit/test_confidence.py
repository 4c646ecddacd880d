"""What the confidence sees of the scores."""

import numpy as np
import pytest

from tutor.retrieval.confidence import FIELD, _lead, confidence
from tutor.retrieval.fusion import learned


def test_a_clear_favourite_leads_and_one_of_many_does_not():
    clear = np.asarray([0.9, *[0.2] * 20], dtype=np.float32)
    crowd = np.asarray([0.9, *[0.88] * 20], dtype=np.float32)
    assert _lead(clear) > 0.7 > 0.05 > _lead(crowd)


@pytest.mark.parametrize("count", range(FIELD + 1))
def test_a_handful_of_questions_has_no_field_to_lead(count):
    assert _lead(np.ones(count, dtype=np.float32)) == 0.0


@pytest.mark.parametrize("expanded", [True, False])
def test_a_query_full_of_unknown_names_is_less_probable(expanded):
    known = {"fused": 0.9, "e5-ask": 0.89, "use-ask": 0.6, "use-text": 0.5, "keyword-question": 0.5}
    assert {*known, "names-unknown"} <= set(learned("confidence", expanded))
    stranger = known | {"names-unknown": 1.0, "missed-han": 1.0, "missed-latin": 1.0}
    assert 0.0 < confidence(stranger, expanded) < confidence(known, expanded) < 1.0


@pytest.mark.parametrize("expanded", [True, False])
def test_a_leg_that_is_not_there_decides_nothing(expanded):
    usual = learned("usual", expanded)
    sure = {"fused": 1.0, "margin": 0.5, "topic": 0.5, "length": 0.3, "han": 1.0, **usual, "use-text": 0.8}
    without = {name: value for name, value in sure.items() if "e5" not in name}
    assert confidence(without, expanded) == confidence(sure, expanded)
