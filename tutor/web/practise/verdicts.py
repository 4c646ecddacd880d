"""Verdicts point by point: what the document says beside what the candidate said. HTML for interview and report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Protocol

from tutor.interview.score import level_ranges
from tutor.interview.state import Source
from tutor.web.markup import passage_html
from tutor.web.strings import Tongue, say

ORDER = {"contradicted": 0, "missing": 1, "partial": 2, "met": 3}
FLAGS = {"blank", "dont-know", "pasted-question", "off-topic", "stuffing", "injection"}


class Point(Protocol):
    """A key point with its verdict, of a running interview or of a report."""

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def verdict(self) -> str: ...
    @property
    def said(self) -> str: ...
    @property
    def quote(self) -> str: ...
    @property
    def source(self) -> Source | None: ...
    @property
    def disputed(self) -> str: ...


def score_html(score: float | None, level: int | None, tongue: Tongue, *, uncertain: bool = False) -> str:
    """A score with its level in words; what could not be scored says so."""
    if score is None or level is None:
        return f'<span class="score none">{escape(say("unscored", tongue))}</span>'
    words, reach = say(f"level-{level}", tongue), escape(level_reach(level, tongue))
    doubt = f' <span class="hint">{escape(say("uncertain", tongue))}</span>' if uncertain else ""
    return (
        f'<span class="score level-{level}">{escape(say("score", tongue, score=f"{score:.1f}"))}</span> '
        f'<span class="level" title="{reach}">{escape(words)}</span>{doubt}'
    )


def level_reach(level: int, tongue: Tongue) -> str:
    """A level in words, and from which score to which it reaches."""
    low, high = level_ranges()[level]
    return say(
        "level-of", tongue, level=say(f"level-{level}", tongue), low=f"{round(low, 1):g}", high=f"{round(high, 1):g}"
    )


def levels_html(tongue: Tongue) -> str:
    """All levels with their reach, and why they are not equally wide."""
    ranges = say("and", tongue).join(level_reach(level, tongue) for level in range(len(level_ranges())))
    return f'<p class="hint levels">{escape(say("levels-how", tongue, ranges=ranges))}</p>'


def flags_html(flags: Iterable[str], tongue: Tongue) -> str:
    """What was noticed about an answer, in words."""
    words = [say(f"flag-{flag}", tongue) for flag in flags if flag in FLAGS]
    return f'<p class="flags">{escape(" · ".join(words))}</p>' if words else ""


def points_html(points: Sequence[Point], number: int, tongue: Tongue, *, disputes: bool) -> str:
    """The points, worst first; misconceptions only where they were said.

    Args:
        disputes: whether a verdict can be disputed now.
    """
    shown = [p for p in points if p.kind != "misconception" or p.verdict == "contradicted"]
    rows = "".join(
        _point(p, number, tongue, disputes)
        for p in sorted(shown, key=lambda p: (ORDER.get(p.verdict, 9), p.kind != "core"))
    )
    return f'<ul class="verdicts">{rows}</ul>' if rows else ""


def _point(point: Point, number: int, tongue: Tongue, disputes: bool) -> str:
    quote = (
        f"<blockquote>{escape(point.quote)}</blockquote>"
        if point.quote
        else f'<p class="hint">{escape(say("no-words", tongue))}</p>'
    )
    source = ""
    if point.source is not None:
        source = (
            f'<div><p class="label">{escape(say("document-says", tongue))} '
            f'<a href="#library/{number}">{escape(say("question", tongue, number=number))}</a></p>'
            f'<blockquote class="document" lang="zh">{passage_html(point.source.text)}</blockquote></div>'
        )
    return (
        f'<li class="verdict {point.verdict}"><p class="verdict-head"><span class="mark">{escape(say(f"verdict-{point.verdict}", tongue))}</span>'
        f'<span class="kind">{escape(say(f"rubric-kind-{point.kind}", tongue))}</span> {escape(point.said)}</p>'
        f'<div class="evidence"><div><p class="label">{escape(say("your-words", tongue))}</p>{quote}</div>{source}</div>'
        f"{_dispute(point, number, tongue) if disputes else _disputed(point, tongue)}</li>"
    )


def _disputed(point: Point, tongue: Tongue) -> str:
    return f'<p class="hint">{escape(say(f"disputed-{point.disputed}", tongue))}</p>' if point.disputed else ""


def _dispute(point: Point, number: int, tongue: Tongue) -> str:
    if point.disputed or point.verdict == "met":
        return _disputed(point, tongue)
    how = escape(say("dispute-how", tongue))
    return (
        f'<details class="dispute"><summary>{escape(say("did-say", tongue))}</summary>'
        f'<form data-do="dispute" data-value="{number}" data-event="click"><input type="hidden" name="point" value="{escape(point.id)}">'
        f'<input name="words" placeholder="{how}" aria-label="{how}" class="wide">'
        f'<button type="submit" class="small">{escape(say("dispute-send", tongue))}</button></form></details>'
    )
