"""Charts as Plotly figures in JSON, drawn by the browser with the page's own colours (`look/practise.js`).

Knows numbers and words; every chart has a text beside it that says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go

TOP = 10
# Characters of a name that stand beside a radar in one line.
ONE_LINE = 7


def radar(names: Sequence[str], scores: Sequence[float]) -> Any:
    """Scores 0 to 10 by category, as a closed line around the centre; wants at least three."""
    names, closed = [_two_lines(n) for n in names], [*scores, scores[0]]
    figure = go.Figure(
        go.Scatterpolar(
            r=closed, theta=[*names, names[0]], fill="toself", hovertemplate="%{theta}: %{r}<extra></extra>"
        )
    )
    figure.update_layout(
        polar={"radialaxis": {"range": [0, TOP], "tickvals": [0, 5, 10], "angle": 90}, "angularaxis": {"rotation": 90, "direction": "clockwise"}},
        showlegend=False,
        margin={"l": 84, "r": 84, "t": 44, "b": 44}, height=340,
    )  # fmt: skip
    return figure


def _two_lines(name: str) -> str:
    """A long name in two lines, broken at a space or between Chinese characters: the rim has little room."""
    if len(name) <= ONE_LINE:
        return name
    space = name.rfind(" ", 3, len(name) // 2 + 4)
    at = space if space > 0 else len(name) // 2 + 1
    if space <= 0 and not all(c > "\u2e80" for c in name[at - 1 : at + 1]):
        return name  # no place in the middle of a word
    return f"{name[:at].rstrip()}<br>{name[at:].lstrip()}"


def bars(names: Sequence[str], scores: Sequence[float | None]) -> Any:
    """One lying bar for each name; what has no score has no bar."""
    figure = go.Figure(
        go.Bar(
            x=[s or 0 for s in scores], y=list(names), orientation="h",
            text=["–" if s is None else f"{s:.1f}" for s in scores], textposition="auto",
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_layout(
        xaxis={"range": [0, TOP]}, yaxis={"autorange": "reversed", "automargin": True, "type": "category"},
        margin={"l": 10, "r": 20, "t": 10, "b": 30}, height=max(120, 60 + 34 * len(names)), bargap=0.4,
    )  # fmt: skip
    return figure


def line(days: Sequence[str], scores: Sequence[float | None]) -> Any:
    """A score for each day."""
    figure = go.Figure(
        go.Scatter(x=list(days), y=list(scores), mode="lines+markers", hovertemplate="%{x}: %{y}<extra></extra>")
    )
    figure.update_layout(
        yaxis={"range": [0, TOP]}, xaxis={"type": "category"}, margin={"l": 30, "r": 20, "t": 10, "b": 40}, height=240
    )
    return figure


def chart_html(figure: Any, label: str) -> str:
    """The place of a chart; `label` is what it says, for those who do not see it."""
    figure.update_layout(template=None)
    height = int(figure.layout.height)
    return (
        f'<div class="chart" role="img" aria-label="{escape(label)}" style="height:{height}px" '
        f'data-figure="{escape(figure.to_json())}"></div>'
    )
