"""Waiting as a user feels it: milliseconds to the first word and to the end, to search, to refuse, to grade.

Questions are asked in turn, each followed by one that leans on it, as people do; the first answer of all is left out,
since it waits for things to be loaded, and is to another question, so that none is measured the second time. Figures
hold for the machine and the model they were taken on, nothing else; `eval.speed` looks closer, beside the bare engine and
the usual recipe.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from eval.fit_grading import shipped_rubrics
from eval.gold import Part, Row, rows, sampled
from eval.intervals import mean_interval
from tutor.answering.answer import Answer, Done, Event, Rechecking, Text
from tutor.answering.tutor import Ask, Tutor
from tutor.interview.grading import Grader
from tutor.retrieval.result import Turn

FOLLOW_UPS = {"en": "Why is that?"}
ROWS = 12


def measure(tutor: Tutor, part: Part, limit: int | None, advance: Callable[[str], None]) -> dict[str, Any]:
    """Means with intervals over rows, milliseconds; tokens a second as the model server counted them."""
    asked, refused = _some("answers", part, limit), _some("unanswerable", part, limit)
    _timed(tutor, Ask(_other(asked, part)["query"]))
    first: list[_Timed] = []
    second: list[_Timed] = []
    for row in asked:
        first.append(_timed(tutor, Ask(row["query"])))
        turns = (Turn("user", row["query"]), Turn("assistant", first[-1].answer.answer))
        second.append(_timed(tutor, Ask(FOLLOW_UPS.get(row["language"], "為什麼？"), turns)))
        advance(row["id"])
    refusals = [_timed(tutor, Ask(row["query"])) for row in refused]
    return {
        "part": part,
        "rows": len(asked),
        "sample": f"{len(asked)} questions and {len(refused)} that are refused, spread over the sets",
        "search_ms": mean_interval([t.answer.timings["retrieval_ms"] or 0.0 for t in first]),
        "first_word_ms": mean_interval([t.word for t in first]),
        "answer_ms": mean_interval([t.total for t in first]),
        "follow_up_first_word_ms": mean_interval([t.word for t in second]),
        "follow_up_answer_ms": mean_interval([t.total for t in second]),
        "refusal_ms": mean_interval([t.total for t in refusals if t.answer.refused]),
        "grading_ms": mean_interval(_gradings(part, limit)),
        "tokens_per_second": mean_interval(_rates(first)),
        "prompt_tokens": mean_interval([n for t in first if (n := t.answer.usage.get("prompt_tokens"))]),
        "worded": sum(t.answer.model != "none" for t in first),
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


class _Timed(NamedTuple):
    """Milliseconds to the first shown word, to the model's last one (what is in doubt is judged after it) and to the end."""

    word: float
    written: float
    total: float
    answer: Answer


def _timed(tutor: Tutor, ask: Ask) -> _Timed:
    begun = time.perf_counter()
    word: float | None = None
    written: float | None = None
    last: Event | None = None
    for last in tutor.stream(ask):
        if word is None and isinstance(last, Text) and last.text.strip():
            word = (time.perf_counter() - begun) * 1000
        if written is None and isinstance(last, Rechecking):
            written = (time.perf_counter() - begun) * 1000
    assert isinstance(last, Done), "the stream ended without an answer"
    total = (time.perf_counter() - begun) * 1000
    return _Timed(total if word is None else word, total if written is None else written, total, last.answer)


def _rates(timed: Sequence[_Timed]) -> list[float]:
    """Tokens a second from the first to the last one, of each reply that a model worded."""
    found = []
    for one in timed:
        tokens, begun = one.answer.usage.get("completion_tokens", 0), one.answer.timings.get("first_token_ms")
        if tokens > 1 and begun is not None and one.written > begun:
            found.append((tokens - 1) / (one.written - begun) * 1000)
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
