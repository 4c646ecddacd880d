"""A report as one HTML page that asks nothing of anybody: styles and chart inside, no script, everything escaped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import Environment, PackageLoader, Template

from tutor.interview.report import CategoryScore, Report
from tutor.interview.report_markdown import document_text, facts_of, notes_of, points_of
from tutor.interview.report_words import Words
from tutor.interview.score import TOP

# Fewer axes make no area.
FEWEST_AXES = 3
_WIDTH, _HEIGHT, _RADIUS, _RINGS = 560, 300, 110, 4
_LABEL_LENGTH = 16


@dataclass(frozen=True)
class Label:
    """A text beside the chart."""

    x: float
    y: float
    anchor: str
    text: str


@dataclass(frozen=True)
class Radar:
    """A radar chart: corner points as SVG wants them."""

    width: int
    height: int
    rings: tuple[str, ...]
    shape: str
    labels: tuple[Label, ...]


def report_html(report: Report) -> str:
    """The whole page."""
    words = Words(report.language)
    return _template().render(
        report=report, words=words, notes=notes_of(report, words), radar=radar(report.categories),
        facts=facts_of, points=points_of, document=document_text,
    )  # fmt: skip


def radar(categories: Sequence[CategoryScore]) -> Radar | None:
    """Score by category as a radar chart, None for fewer than three scored categories."""
    scored = [(c.category, c.score) for c in categories if c.score is not None]
    if len(scored) < FEWEST_AXES:
        return None
    angles = [2 * math.pi * i / len(scored) - math.pi / 2 for i in range(len(scored))]

    def corner(angle: float, share: float) -> tuple[float, float]:
        x, y = _WIDTH / 2 + _RADIUS * share * math.cos(angle), _HEIGHT / 2 + _RADIUS * share * math.sin(angle)
        return round(x, 1), round(y, 1)

    def polygon(shares: Sequence[float]) -> str:
        return " ".join("{},{}".format(*corner(a, s)) for a, s in zip(angles, shares, strict=True))

    labels = []
    for angle, (name, _) in zip(angles, scored, strict=True):
        x, y = corner(angle, 1.15)
        side = math.cos(angle)
        anchor = "middle" if abs(side) < 0.3 else "start" if side > 0 else "end"
        short = name.split("(")[0].strip() or name
        labels.append(Label(x, y, anchor, short if len(short) <= _LABEL_LENGTH else short[: _LABEL_LENGTH - 1] + "…"))
    rings = tuple(polygon([ring / _RINGS] * len(scored)) for ring in range(1, _RINGS + 1))
    return Radar(_WIDTH, _HEIGHT, rings, polygon([score / TOP for _, score in scored]), tuple(labels))


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("tutor.interview", "."), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("report.html.j2")
