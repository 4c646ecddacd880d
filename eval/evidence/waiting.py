"""Waiting as a user feels it: milliseconds to the first word and to the end, to search, to refuse, to grade.

Questions are asked in turn, each followed by one that leans on it, as people do; the first answer of all is left out,
since it waits for things to be loaded, and is to another question, so that none is measured the second time. Figures
hold for the machine and the model they were taken on, nothing else; `eval.speed` looks closer, beside the bare engine and
the usual recipe.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from eval.fit_grading import shipped_rubrics
from eval.gold import Part, Row, rows, sampled
from eval.intervals import mean_interval
from tutor.answering.answer import Answer, Done, Event, Text
from tutor.answering.tutor import Ask, Tutor
from tutor.interview.grading import Grader
from tutor.retrieval.result import Turn

FOLLOW_UPS = {"en": "Why is that?"}
ROWS = 12


def measure(tutor: Tutor, part: Part, limit: int | None, advance: Callable[[str], None]) -> dict[str, Any]:
    """Means with intervals over rows, milliseconds; tokens a second as the model server counted them."""
    asked, refused = _some("answers", part, limit), _some("unanswerable", part, limit)
    _timed(tutor, Ask(_other(asked, part)["query"]))
    first: list[tuple[float, float, Answer]] = []
    second: list[tuple[float, float, Answer]] = []
    for row in asked:
        first.append(_timed(tutor, Ask(row["query"])))
        turns = (Turn("user", row["query"]), Turn("assistant", first[-1][2].answer))
        second.append(_timed(tutor, Ask(FOLLOW_UPS.get(row["language"], "為什麼？"), turns)))
        advance(row["id"])
    refusals = [_timed(tutor, Ask(row["query"])) for row in refused]
    return {
        "part": part,
        "rows": len(asked),
        "sample": f"{len(asked)} questions and {len(refused)} that are refused, spread over the sets",
        "search_ms": mean_interval([a.timings["retrieval_ms"] or 0.0 for _, _, a in first]),
        "first_word_ms": mean_interval([w for w, _, _ in first]),
        "answer_ms": mean_interval([t for _, t, _ in first]),
        "follow_up_first_word_ms": mean_interval([w for w, _, _ in second]),
        "follow_up_answer_ms": mean_interval([t for _, t, _ in second]),
        "refusal_ms": mean_interval([t for _, t, a in refusals if a.refused]),
        "grading_ms": mean_interval(_gradings(part, limit)),
        "tokens_per_second": mean_interval(_rates(first)),
        "prompt_tokens": mean_interval([a.usage.get("prompt_tokens", 0) for _, _, a in first if a.usage]),
        "worded": sum(a.model != "none" for _, _, a in first),
    }


def _some(name: str, part: Part, limit: int | None) -> list[Row]:
    """As many rows as are measured, of every kind and language: the sets are ordered by them."""
    with sampled(limit or ROWS):
        return rows(name, part)


def _other(asked: Sequence[Row], part: Part) -> Row:
    """A row that is not among these; the first of them where there is no other."""
    with sampled(None):
        everything = rows("answers", part)
    return next((row for row in everything if row not in asked), asked[0])


def _timed(tutor: Tutor, ask: Ask) -> tuple[float, float, Answer]:
    """Milliseconds to the first shown word and to the end, and the answer."""
    begun = time.perf_counter()
    word: float | None = None
    last: Event | None = None
    for last in tutor.stream(ask):
        if word is None and isinstance(last, Text) and last.text.strip():
            word = (time.perf_counter() - begun) * 1000
    assert isinstance(last, Done), "the stream ended without an answer"
    total = (time.perf_counter() - begun) * 1000
    return word if word is not None else total, total, last.answer


def _rates(timed: Sequence[tuple[float, float, Answer]]) -> list[float]:
    found = []
    for _, _, answer in timed:
        tokens, begun, total = answer.usage.get("completion_tokens", 0), answer.timings.get("first_token_ms"), answer.timings.get("total_ms")  # fmt: skip
        if tokens > 1 and begun is not None and total is not None and total > begun:
            found.append((tokens - 1) / (total - begun) * 1000)
    return found


def _gradings(part: Part, limit: int | None) -> list[float]:
    rubrics, titles = shipped_rubrics()
    grader = Grader(rubrics, titles)
    found = []
    for row in _some("grading", part, limit):
        grader.grade(row["question"], "warm")
        begun = time.perf_counter()
        grader.grade(row["question"], row["answer"])
        found.append((time.perf_counter() - begun) * 1000)
    return found
