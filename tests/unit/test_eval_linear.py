"""The linear models that the fits share, on rows whose answer is known."""

import numpy as np
import pytest

from eval.linear import alike, logistic, probability

X = np.asarray([[1.0, 0.0], [0.9, 0.1], [0.2, 0.7], [0.1, 0.9], [0.0, 1.0]])
Y = np.asarray([1.0, 1.0, 0.0, 0.0, 0.0])


@pytest.mark.parametrize("standardised", [True, False])
def test_a_logistic_model_separates_what_can_be_separated(standardised):
    model = logistic(X, Y, ridge=0.1, standardised=standardised)
    assert ((probability(model, X) > 0.5) == (Y == 1)).all()


def test_a_row_that_weighs_twice_counts_as_two():
    twice = logistic(X, Y, np.asarray([1.0, 1.0, 1.0, 1.0, 2.0]), ridge=0.1, standardised=False)
    doubled = logistic(np.vstack([X, X[-1:]]), np.append(Y, 0.0), ridge=0.1, standardised=False)
    assert np.allclose(twice[0], doubled[0])
    assert twice[1] == pytest.approx(doubled[1])


def test_classes_weigh_alike():
    weight = alike(Y)
    assert weight[Y == 1].sum() == pytest.approx(weight[Y == 0].sum())
