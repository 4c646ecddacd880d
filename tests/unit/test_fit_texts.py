"""A model of texts: what is learned from labelled vectors, kept small, and what it says of others."""

from __future__ import annotations

import numpy as np
import pytest

from eval.fit_texts import held_out, text_model
from tutor.retrieval.remembered import Remembered
from tutor.retrieval.text_model import TextModel


def texts(count, seed=0):
    """Vectors as of two embedders side by side, of the kind where the first two directions point the same way: no line parts them."""
    found = np.random.default_rng(seed).normal(size=(count, 6))
    x = np.zeros((count, 896))
    x[:, :6] = np.sqrt(5) * found / np.linalg.norm(found, axis=1, keepdims=True)
    return x, (found[:, 0] * found[:, 1] > 0).astype(float)


def right(score, labels):
    return ((score > 0.5) == (labels == 1)).mean()


def test_it_tells_a_kind_apart_that_no_line_does():
    x, labels = texts(600)
    new, theirs = texts(200, seed=1)
    model = text_model(x, labels, np.ones(600))
    assert right(model.signs(x)[:, 0], labels) > 0.97
    assert right(model.signs(new)[:, 0], theirs) > 0.85
    line = np.linalg.lstsq(np.column_stack([x, np.ones(600)]), labels, rcond=None)[0]
    assert right(np.column_stack([new, np.ones(200)]) @ line, theirs) < 0.65


def test_rows_are_held_out_from_what_judges_them():
    x, labels = texts(600)
    signs = held_out(x, labels, np.ones(600))
    assert 0.8 < right(signs[:, 0], labels) < right(text_model(x, labels, np.ones(600)).signs(x)[:, 0], labels)
    noise = np.random.default_rng(2).integers(0, 2, 600).astype(float)
    assert right(held_out(x, noise, np.ones(600))[:, 0], noise) < 0.58


def test_a_light_row_pulls_less():
    x, labels = texts(40)
    x[1], labels[:2] = x[0], (0.0, 1.0)
    low, high = (text_model(x, labels, np.r_[first, second, np.ones(38)]) for first, second in ((1, 0.1), (0.1, 1)))
    assert low.signs(x[:1])[0, 0] < 0.4 < 0.6 < high.signs(x[:1])[0, 0]


def test_what_is_kept_says_the_same():
    x, labels = texts(50)
    model = text_model(x, labels, np.ones(50))
    kept = TextModel.from_arrays(model.arrays())
    assert kept.signs(x) == pytest.approx(model.signs(x), abs=1e-2)


def test_texts_are_most_alike_to_themselves():
    x, _ = texts(50)
    among = Remembered.of(x).among()
    assert (among.argmax(axis=1) == np.arange(50)).all()
    assert np.diag(among) == pytest.approx(np.full(50, 5.0), abs=0.1)
