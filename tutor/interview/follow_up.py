"""Which key point a follow-up aims at, and how it is asked. Never says what the point is.

What may be said is the prepared probe of a point (checked for leaks when the interview was planned) and the
candidate's own words. Knows grades and phrases, no model.
"""

from __future__ import annotations

from collections.abc import Collection

from tutor.interview.phrases import Line, say, shortened
from tutor.interview.setup import PASS_LEVEL, Setup
from tutor.interview.state import GradeRecord, PointRecord

# Nothing was said that one could follow up: the question is closed and taught instead.
_SILENT = frozenset({"blank", "dont-know"})
_TOP_LEVEL = 4


def target(grade: GradeRecord, asked: Collection[str], setup: Setup) -> PointRecord | None:
    """The point to ask about: what was wrong first, then the heaviest core point that is missing, then partial ones.

    Args:
        asked: ids of the points that were asked about already; no point is asked about twice.

    Returns:
        None where nothing is left worth asking. Strict also asks for details; lenient stops once passed.
    """
    if grade.level is None or _SILENT & set(grade.flags):
        return None
    if setup.strictness == "lenient" and grade.level >= PASS_LEVEL["lenient"]:
        return None
    open_points = [p for p in grade.points if p.id not in asked]
    ranked = [
        [p for p in open_points if p.verdict == "contradicted"],
        [p for p in open_points if p.kind == "core" and p.verdict == "missing"],
        [p for p in open_points if p.kind == "core" and p.verdict == "partial"],
    ]
    if setup.strictness == "strict":
        ranked.append([p for p in open_points if p.kind == "detail" and p.verdict in {"missing", "partial"}])
    elif grade.level >= _TOP_LEVEL:
        ranked = ranked[:1]
    for points in ranked:
        if points:
            return max(points, key=lambda p: p.weight)
    return None


def wording(point: PointRecord, grade: GradeRecord, probe: str, setup: Setup, turn: int) -> str:
    """The follow-up itself."""
    line: Line
    if point.verdict == "contradicted" and point.quote:
        line = "contradicted"
    elif "stuffing" in grade.flags:
        line = "stuffing"
    elif {"off-topic", "pasted-question", "injection"} & set(grade.flags):
        line = "off-topic"
    else:
        line = "partial" if point.verdict == "partial" and point.quote else "follow-up"
    return say(setup, line, turn, probe=probe, quote=shortened(point.quote))
