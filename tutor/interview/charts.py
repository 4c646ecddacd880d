"""Charts as SVG and HTML text, for a report's file and for the page; colours come from the style sheet around them.

Knows numbers and names. Every chart says the same in words, for those who do not see it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from tutor.interview.score import TOP

# Fewer axes make no area.
FEWEST_AXES = 3
_WIDTH, _HEIGHT, _RADIUS, _RINGS = 356, 250, 80, 4
_LINE_HEIGHT = 14
# Characters of a name that stand beside a radar in one line, and those of its longer part in two.
_ONE_LINE, _LONGEST = 7, 18
# A line's area: left, top, right, bottom.
_AREA = (28.0, 12.0, 344.0, 160.0)
_DAYS = 3


def radar(names: Sequence[str], scores: Sequence[float]) -> str:
    """Scores 0 to 10 by category, a closed shape around the centre; wants at least FEWEST_AXES."""
    angles = [2 * math.pi * i / len(names) - math.pi / 2 for i in range(len(names))]
    rings = "".join(
        f'<polygon class="web" points="{_polygon(angles, [ring / _RINGS] * len(angles))}"/>'
        for ring in range(1, _RINGS + 1)
    )
    corners = "".join(
        f'<circle class="dot" cx="{x}" cy="{y}" r="3"><title>{escape(f"{name}: {score:.1f}")}</title></circle>'
        for name, score, (x, y) in zip(
            names, scores, (_corner(a, s / TOP) for a, s in zip(angles, scores, strict=True)), strict=True
        )
    )
    shape = f'<polygon class="shape" points="{_polygon(angles, [score / TOP for score in scores])}"/>'
    labels = "".join(_label(name, angle) for name, angle in zip(names, angles, strict=True))
    return _svg(_WIDTH, _HEIGHT, _said(names, scores), rings + shape + corners + labels)


def line(days: Sequence[str], scores: Sequence[float]) -> str:
    """A score 0 to 10 for each day, in order; wants at least one."""
    left, top, right, bottom = _AREA
    step = (right - left) / max(1, len(days) - 1)
    points = [
        (round(left + i * step, 1), round(bottom - (bottom - top) * score / TOP, 1)) for i, score in enumerate(scores)
    ]
    grid = "".join(
        f'<line class="web" x1="{left}" x2="{right}" y1="{(y := bottom - (bottom - top) * tick / TOP)}" y2="{y}"/>'
        f'<text x="{left - 6}" y="{y + 4}" text-anchor="end">{tick}</text>'
        for tick in (0, 5, 10)
    )
    shown = sorted({round(i * (len(days) - 1) / (_DAYS - 1)) for i in range(_DAYS)})
    anchors = {shown[0]: "start", shown[-1]: "end"} if len(days) > 1 else {}
    axis = "".join(
        f'<text x="{points[i][0]}" y="{bottom + 18}" text-anchor="{anchors.get(i, "middle")}">{escape(days[i])}</text>'
        for i in shown
    )
    dots = "".join(
        f'<circle class="dot" cx="{x}" cy="{y}" r="3.5"><title>{escape(f"{day}: {score:.1f}")}</title></circle>'
        for day, score, (x, y) in zip(days, scores, points, strict=True)
    )
    drawn = f'<polyline class="line" points="{" ".join(f"{x},{y}" for x, y in points)}"/>'
    return _svg(_WIDTH, int(bottom) + 26, _said(days, scores), grid + axis + drawn + dots)


def bars(names: Sequence[str], scores: Sequence[float | None]) -> str:
    """One lying bar for each name, its score 0 to 10 beside it; what has no score has no bar."""
    rows = "".join(
        f'<li><span>{escape(name)}</span><span class="meter" aria-hidden="true">'
        f'<span style="width:{100 * (score or 0.0) / TOP:.0f}%"></span></span><b>{_score(score)}</b></li>'
        for name, score in zip(names, scores, strict=True)
    )
    return f'<ul class="chart bars">{rows}</ul>'


def without_brackets(name: str) -> str:
    """A category without what stands in brackets, for the rim of a chart."""
    return name.split("(")[0].split("（")[0].strip() or name


def _svg(width: int, height: int, label: str, inside: str) -> str:
    return f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">{inside}</svg>'


def _said(names: Sequence[str], scores: Sequence[float]) -> str:
    return "; ".join(f"{name}: {_score(score)}" for name, score in zip(names, scores, strict=True))


def _score(score: float | None) -> str:
    return "–" if score is None else f"{score:.1f}"


def _corner(angle: float, share: float) -> tuple[float, float]:
    x, y = _WIDTH / 2 + _RADIUS * share * math.cos(angle), _HEIGHT / 2 + _RADIUS * share * math.sin(angle)
    return round(x, 1), round(y, 1)


def _polygon(angles: Sequence[float], shares: Sequence[float]) -> str:
    return " ".join("{},{}".format(*_corner(a, s)) for a, s in zip(angles, shares, strict=True))


def _label(name: str, angle: float) -> str:
    lines = [part if len(part) <= _LONGEST else part[: _LONGEST - 1] + "…" for part in two_lines(name)]
    x, y = _corner(angle, 1.16)
    side = math.cos(angle)
    anchor = "middle" if abs(side) < 0.3 else "start" if side > 0 else "end"
    # Above the centre the last line stands on the rim, below it the first one hangs from it.
    y += 4 - (len(lines) - 1) * _LINE_HEIGHT * (1 - math.sin(angle)) / 2
    spans = "".join(
        f'<tspan x="{x}" y="{round(y + i * _LINE_HEIGHT, 1)}">{escape(part)}</tspan>' for i, part in enumerate(lines)
    )
    return f'<text text-anchor="{anchor}">{spans}</text>'


def two_lines(name: str) -> list[str]:
    """A long name in two lines, broken at a space or between Chinese characters: the rim has little room."""
    if len(name) <= _ONE_LINE:
        return [name]
    space = name.rfind(" ", 3, len(name) // 2 + 4)
    at = space if space > 0 else len(name) // 2 + 1
    if space <= 0 and not all(c > "\u2e80" for c in name[at - 1 : at + 1]):
        return [name]  # no place in the middle of a word
    return [name[:at].rstrip(), name[at:].lstrip()]
