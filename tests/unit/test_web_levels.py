"""Levels on the page: which scores each stands for, in words, by the borders that grade."""

from __future__ import annotations

import pytest

from tutor.interview.score import coefficients, level, level_ranges
from tutor.web.practise.verdicts import level_reach, levels_html, score_html
from tutor.web.strings import TONGUES, Tongue


def test_the_ranges_are_those_that_grade() -> None:
    cuts = coefficients()["cuts"]
    for number, (low, high) in enumerate(level_ranges()):
        assert level((low + high) / 2, cuts) == number
    assert level_ranges([1, 2]) == [(0.0, 1), (1, 2), (2, 10.0)]


@pytest.mark.parametrize("tongue", TONGUES)
def test_a_low_score_explains_why_it_is_that_level(tongue: Tongue) -> None:
    shown = score_html(1.8, level(1.8, coefficients()["cuts"]), tongue)
    reach = level_reach(level(1.8, coefficients()["cuts"]), tongue)
    assert f'title="{reach}"' in shown
    assert all(level_reach(n, tongue) in levels_html(tongue) for n in range(5))
