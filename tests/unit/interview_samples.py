"""Interviews over made-up questions, for tests of the pure parts."""

from __future__ import annotations

from typing import Any

from tutor.interview.score import Verdict
from tutor.interview.setup import Setup
from tutor.interview.state import GradeRecord, Item, PointRecord, State


def item(number: int, hints: int = 2) -> Item:
    """A question with three core points, one detail and one misconception."""
    return Item(
        number=number, title=f"Question {number}?", category="A" if number % 2 else "B", reason="new", ask=f"Ask {number}?",
        hints=tuple(f"hint {number}.{i}" for i in range(hints)),
        probes={f"{number}.1": "why?", f"{number}.2": "how?", f"{number}.3": "when?", f"{number}.4": "example?", f"{number}.9": ""},
        teaching=f"• teaching of {number}",
    )  # fmt: skip


def point(identifier: str, verdict: Verdict, kind: str = "core", weight: float = 1.0, quote: str = "") -> PointRecord:
    """A judged key point."""
    said = quote or ("" if verdict == "missing" else "words of the candidate")
    return PointRecord(
        id=identifier, kind=kind, weight=weight, statement=f"statement {identifier}", said=f"said {identifier}",
        verdict=verdict, quote=said, probability={"met": 0.9, "partial": 0.6, "missing": 0.1, "contradicted": 0.9}[verdict],
    )  # type: ignore[arg-type]  # fmt: skip


def grade(number: int, level: int | None = 2, flags: tuple[str, ...] = (), **verdicts: Verdict) -> GradeRecord:
    """A grade; `p1="met"` sets the verdict of point 1, `p9` that of the misconception."""
    points = [
        point(f"{number}.{i}", verdicts.get(f"p{i}", "missing"), kind, weight)
        for i, kind, weight in ((1, "core", 3.0), (2, "core", 2.0), (3, "core", 1.0), (4, "detail", 1.0), (9, "misconception", 2.0))
    ]  # fmt: skip
    score = None if level is None else level * 2.5
    return GradeRecord(score=score, level=level, points=tuple(points), flags=flags, feedback=f"feedback on {number}")


def state(questions: int = 3, **choices: Any) -> State:
    """A fresh interview."""
    return State(
        setup=Setup(corpus="sample", language="en", **choices), plan=tuple(item(n) for n in range(1, questions + 1))
    )
