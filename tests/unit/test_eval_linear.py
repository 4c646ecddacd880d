"""The linear models that the fits share, on rows whose answer is known."""

import numpy as np
import pytest

from eval.linear import alike, logistic, probability, ridge

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


def test_ridge_regression_finds_the_line_where_nothing_holds_it_back():
    x = np.random.default_rng(0).normal(size=(4, 9))
    y = x @ np.arange(9.0) + 3.0
    weights, bias = ridge(x, y, np.ones(4), ridge=1e-9)
    assert np.allclose(x @ weights + bias, y)


def test_a_light_row_pulls_less():
    x, y = np.asarray([[1.0, 0.0, 0.0], [1.0, 0.0, 0.1]]), np.asarray([0.0, 1.0])
    low = ridge(x, y, np.asarray([1.0, 0.1]), ridge=1.0)
    high = ridge(x, y, np.asarray([0.1, 1.0]), ridge=1.0)
    assert (x @ low[0] + low[1]).mean() < (x @ high[0] + high[1]).mean()
