"""What is refused: questions the document does not answer, false premises corrected, answerable ones kept.

`python -m eval refusal [--part dev|test]`. No model is needed: refusals and corrections are decided before one speaks.
A false premise counts as handled when it is corrected with a citation of the question it is about, or refused. Queries
behind a conversation stand apart: those that the document does not answer, and those that it does.
Knows answers, nothing of how they are made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eval.baselines.replies import Recipe, refuses
from eval.gold import Part, Row, rows, some
from eval.intervals import mean_interval
from tutor.answering.answer import Answer
from tutor.answering.tutor import Ask, Tutor
from tutor.retrieval.result import Turn


def measure(tutor: Tutor, part: Part, advance: Callable[[str], None]) -> dict[str, Any]:
    """All refusal figures of one part; `tutor` may be without a model."""
    unanswerable = [(row, _asked(tutor, row, advance)) for row in rows("unanswerable", part)]
    positive = [*rows("answers", part), *rows("answerable_hard", part), *rows("retrieval", part)]
    answerable = [(row, _asked(tutor, row, advance)) for row in positive]
    kinds = sorted({row["kind"] for row, _ in unanswerable})
    leaning = [(row, _asked(tutor, row, advance)) for row in rows("unanswerable_follow_ups", part)]
    talked = [(row, _asked(tutor, row, advance)) for row in rows("conversations", part)]
    return {
        "part": part,
        "handled": mean_interval([handled(row, a) for row, a in unanswerable]),
        **{f"handled_{kind}": mean_interval([handled(r, a) for r, a in unanswerable if r["kind"] == kind]) for kind in kinds},
        "premise_corrected": mean_interval([corrected(r, a) for r, a in unanswerable if r["kind"] == "false-premise"]),
        "near_miss_told": mean_interval(["near miss" in a.flags for r, a in unanswerable if r["kind"] == "near-miss"]),
        "suggestions_offered": mean_interval([bool(a.suggestions) for _, a in unanswerable if a.refused]),
        "answerable_refused": mean_interval([a.refused for _, a in answerable]),
        "answerable_corrected": mean_interval([premise(a) for _, a in answerable]),
        "follow_ups_handled": mean_interval([handled(row, a) for row, a in leaning]),
        "follow_ups_refused": mean_interval([a.refused for _, a in talked]),
        "wrongly": [row["query"] for row, a in [*answerable, *talked] if a.refused or premise(a)],
        "missed": [row["query"] for row, a in [*unanswerable, *leaning] if not handled(row, a)],
    }  # fmt: skip


def premises(tutor: Tutor) -> dict[str, Any]:
    """How often a premise is corrected that is false, at the question that it is about, and one that holds; train rows."""
    asked = [(row, tutor.answer(Ask(row["query"]))) for row in rows("premises", "train")]
    false = [premise(a) and a.citations[0].question == r["question"] for r, a in asked if r["kind"] == "false-premise"]
    return {
        "false_corrected_train": mean_interval(false),
        "true_corrected_train": mean_interval([premise(a) for r, a in asked if r["kind"] == "true-premise"]),
    }


def usual(tutor: Tutor, part: Part, count: int, advance: Callable[[str], None]) -> dict[str, Any]:
    """How often the usual recipe with the same model says that it does not know, by words; it corrects nothing.

    Args:
        count: rows of each: what the document does not answer, and what it does.
    """
    recipe = Recipe.of(tutor)

    def refused(found: list[Row]) -> list[bool]:
        said = []
        for row in some(found, count):
            said.append(refuses(recipe.reply(tutor, row["query"])))
            advance(f"{row['id']} by the usual recipe")
        return said

    return {
        "chunks_by": recipe.chunks_by,
        "handled": mean_interval(refused(rows("unanswerable", part))),
        "answerable_refused": mean_interval(refused(rows("answers", part))),
    }


def premise(answer: Answer) -> bool:
    """Whether the answer corrects what the question takes for granted."""
    return any(flag.startswith("false premise: ") for flag in answer.flags)


def corrected(row: Row, answer: Answer) -> bool:
    """Whether a false premise is corrected with a citation of the question that it is about."""
    return premise(answer) and bool(answer.citations) and answer.citations[0].question in row["nearest"]


def handled(row: Row, answer: Answer) -> bool:
    """Whether a question that the document does not answer got what it should; a courtesy claims nothing."""
    return (
        answer.refused
        or ("courtesy" in answer.flags and not answer.citations)
        or (row["kind"] == "false-premise" and corrected(row, answer))
    )


def _asked(tutor: Tutor, row: Row, advance: Callable[[str], None]) -> Answer:
    advance(str(row["id"]))
    history = tuple(Turn(turn["role"], turn["content"]) for turn in row.get("history", ()))
    return tutor.answer(Ask(row["query"], history))
