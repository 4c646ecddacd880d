"""Charts as text: every score stands where it belongs, is said in words, and nothing in a name becomes markup."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from tutor.interview.charts import bars, line, radar, two_lines


def points(chart: str, kind: str) -> list[tuple[float, float]]:
    found = next(e for e in ElementTree.fromstring(chart).iter() if e.get("class") == kind)
    return [tuple(map(float, pair.split(","))) for pair in found.get("points", "").split()]


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("B. 模型架構與組件", ["B. 模型架", "構與組件"]), ("Deployment", ["Deployment"]), ("訓練", ["訓練"]),
        ("A. Fundamental Concepts", ["A. Fundamental", "Concepts"]),
    ],
)  # fmt: skip
def test_names_beside_a_radar_break_where_they_may(name: str, lines: list[str]) -> None:
    assert two_lines(name) == lines


def test_a_radar_reaches_as_far_as_its_scores() -> None:
    chart = radar(["a", "b", "c", "d"], [10, 5, 0, 5])
    rim = points(chart.replace('class="web"', "", 3), "web")  # the last ring is the rim
    top, right, centre, left = points(chart, "shape")
    assert top == rim[0]
    assert right[0] - centre[0] == pytest.approx((rim[1][0] - centre[0]) / 2)
    assert centre[0] == top[0]
    assert left[1] == right[1] == centre[1]
    assert 'aria-label="a: 10.0; b: 5.0; c: 0.0; d: 5.0"' in chart


def test_a_line_rises_with_the_score_and_one_day_is_enough() -> None:
    heights = [y for _, y in points(line(["11-01", "11-02", "11-03"], [2, 9, 5]), "line")]
    assert heights[1] < heights[2] < heights[0]
    assert len(points(line(["11-01"], [3]), "line")) == 1


def test_what_has_no_score_has_no_bar() -> None:
    assert re.findall(r"width:(\d+)%", bars(["1", "2"], [None, 7.5])) == ["0", "75"]
    assert "<b>–</b>" in bars(["1"], [None])


@pytest.mark.parametrize("chart", [radar, line, bars])
def test_a_name_is_never_markup(chart) -> None:
    drawn = chart(['<img src=x onerror="1">'] * 3, [1, 2, 3])
    assert "<img" not in drawn
    ElementTree.fromstring(drawn)
