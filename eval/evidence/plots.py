"""Plots as inline SVG: bars with their intervals and baselines, and the reliability curve.

Written by hand: a page that stands alone should not carry a chart library, and these are rectangles and lines. Colours
come from the page's style sheet. Knows figures, nothing of where they come from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from eval.evidence.figures import shown

_WIDTH, _LABEL, _ROW, _TOP = 760, 330, 26, 8
_PLOT = _WIDTH - _LABEL - 60
_SIDE = 260


def bars(
    figures: Sequence[Mapping[str, Any]], baselines: Mapping[str, Mapping[str, Any]], title: str, top: float = 1.0
) -> str:
    """One row for each figure: a bar, its 95 % interval, and a mark where the baseline stands.

    Args:
        top: the value at the right edge; 1 for shares.
    """
    height = _TOP * 2 + _ROW * len(figures) + 18
    parts = [f'<svg class="plot" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}">']
    for tick in (0.0, 0.25 * top, 0.5 * top, 0.75 * top, top):
        x = _LABEL + tick / top * _PLOT
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{height - 20}"/>')
        parts.append(
            f'<text class="tick" x="{x:.1f}" y="{height - 6}" text-anchor="middle">{f"{tick:g}" if top <= 1 else f"{round(tick):,}"}</text>'
        )
    for row, figure in enumerate(figures):
        parts.append(_bar(figure, baselines.get(figure["id"]), _TOP + row * _ROW, top))
    return "".join([*parts, "</svg>"])


def _bar(figure: Mapping[str, Any], baseline: Mapping[str, Any] | None, y: float, top: float) -> str:
    value, low, high = (_within(figure[key] / top) for key in ("value", "low", "high"))
    middle = y + _ROW / 2
    said = f"{figure['label']}: {shown(figure['value'])} [{shown(figure['low'])}, {shown(figure['high'])}], n = {figure['n']}"
    worse = " lower" if figure["better"] == "lower" else ""
    parts = [
        f"<g><title>{escape(said)}</title>",
        f'<text class="label" x="{_LABEL - 8}" y="{middle + 4:.1f}" text-anchor="end">{escape(_short(figure["label"]))}</text>',
        f'<rect class="bar{worse}" x="{_LABEL}" y="{y + 6:.1f}" width="{max(1.0, value * _PLOT):.1f}" height="{_ROW - 12}" rx="2"/>',
        f'<line class="whisker" x1="{_LABEL + low * _PLOT:.1f}" x2="{_LABEL + high * _PLOT:.1f}" y1="{middle:.1f}" y2="{middle:.1f}"/>',
        f'<text class="value" x="{_LABEL + _PLOT + 8}" y="{middle + 4:.1f}">{shown(figure["value"])}</text>',
    ]
    if baseline is not None and not math.isnan(baseline["value"]):
        x = _LABEL + _within(baseline["value"] / top) * _PLOT
        parts.append(f'<line class="baseline" x1="{x:.1f}" x2="{x:.1f}" y1="{y + 3:.1f}" y2="{y + _ROW - 3:.1f}"/>')
    return "".join([*parts, "</g>"])


def reliability(bins: Sequence[Mapping[str, float]], title: str) -> str:
    """Confidence against the share that is answerable; the diagonal is a confidence that can be believed."""
    margin = 30
    inner = _SIDE - 2 * margin

    def at(x: float, y: float) -> tuple[float, float]:
        return margin + x * inner, _SIDE - margin - y * inner

    (x0, y0), (x1, y1) = at(0, 0), at(1, 1)
    points = [(*at(b["confidence"], b["answerable"]), b) for b in bins]
    parts = [
        f'<svg class="plot small" viewBox="0 0 {_SIDE} {_SIDE}" role="img" aria-label="{escape(title)}">',
        f'<rect class="frame" x="{x0}" y="{y1}" width="{inner}" height="{inner}"/>',
        f'<line class="baseline" x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}"/>',
        f'<polyline class="curve" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y, _ in points)}"/>',
    ]
    for x, y, one in points:
        said = f"confidence {one['confidence']}: {one['answerable']} answerable, n = {one['n']}"
        parts.append(f'<circle class="point" cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{escape(said)}</title></circle>')
    parts.append(f'<text class="tick" x="{_SIDE / 2}" y="{_SIDE - 8}" text-anchor="middle">confidence</text>')
    parts.append(
        f'<text class="tick" transform="translate(12 {_SIDE / 2}) rotate(-90)" text-anchor="middle">answerable</text>'
    )
    return "".join([*parts, "</svg>"])


def _within(value: float) -> float:
    return 0.0 if math.isnan(value) else min(1.0, max(0.0, float(value)))


def _short(label: str) -> str:
    return label if len(label) <= 52 else label[:51] + "…"
