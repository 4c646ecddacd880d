"""Answers: required facts, forbidden claims, citations, language. `python -m eval answers [--part dev|test]`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from eval.baselines.replies import Recipe
from eval.facts import score
from eval.gold import Part, Row, rows, some
from eval.intervals import mean_interval, share_interval
from eval.stopwatch import spread
from ingest.text import language_of
from tutor.answering.sentences import SentenceStream
from tutor.answering.tutor import Ask, Tutor

LETTERS = 6


def measure(
    tutor: Tutor, part: Part, limit: int | None, advance: Callable[[str], None], beside: int = 0
) -> dict[str, Any]:
    """All answer figures of one part.

    Args:
        beside: rows that the usual recipe answers, too, with the same model.
    """
    recipe = Recipe.of(tutor) if beside else None
    outcomes = []
    for row in rows("answers", part)[:limit]:
        answer = tutor.answer(Ask(row["query"]))
        outcomes.append((row, answer, *score(answer.answer, row)))
        advance(row["id"])
    source = tutor.searcher.index.content.source
    right = [[c.question in row["relevant"] for c in a.citations] for row, a, _, _ in outcomes]
    exact = [[source[c.start : c.end] == c.quote for c in a.citations] for _, a, _, _ in outcomes]
    return {
        "part": part,
        "rows": len(outcomes),
        "facts_present": by_answer([facts for _, _, facts, _ in outcomes]),
        "forbidden_asserted": sum(sum(b) for _, _, _, b in outcomes),
        "citation_precision": by_answer(right),
        "sentence_recall": by_answer([cited_sentences(a.answer) for _, a, _, _ in outcomes]),
        "exact_quotes": by_answer(exact),
        "refused": mean_interval([a.refused for _, a, _, _ in outcomes]),
        "language_kept": mean_interval([language_kept(row, a.answer) for row, a, _, _ in outcomes]),
        "characters": round(float(np.mean([len(a.answer) for _, a, _, _ in outcomes])), 1),
        "model_calls": spread([a.usage["model_calls"] for _, a, _, _ in outcomes if a.usage["model_calls"]]),
        "first_token_ms": _median([a.timings.get("first_token_ms") for _, a, _, _ in outcomes]),
        "total_ms": _median([a.timings.get("total_ms") for _, a, _, _ in outcomes]),
        **({"usual_recipe": _usual(recipe, tutor, [o[:2] for o in outcomes], beside, advance)} if recipe else {}),
        "answers": [_transcript(*outcome) for outcome in outcomes],
    }


def _usual(
    recipe: Recipe, tutor: Tutor, outcomes: list[tuple[Row, Any]], count: int, advance: Callable[[str], None]
) -> dict[str, Any]:
    """The usual recipe on some of the rows, ours on the same ones; it cites nothing, so only what it says is judged."""
    replies, theirs, own = [], [], []
    for row, answer in some(outcomes, count):
        replies.append((row, recipe.reply(tutor, row["query"])))
        theirs.append(score(replies[-1][1], row))
        own.append(score(answer.answer, row))
        advance(f"{row['id']} by the usual recipe")
    return {
        "rows": len(replies),
        "chunks_by": recipe.chunks_by,
        "facts_present": by_answer([present for present, _ in theirs]),
        "facts_present_ours": by_answer([present for present, _ in own]),
        "forbidden_asserted": sum(sum(claims) for _, claims in theirs),
        "language_kept": mean_interval([language_kept(row, reply) for row, reply in replies]),
        "replies": [{"id": row["id"], "query": row["query"], "reply": reply} for row, reply in replies],
    }


def by_answer(found: Sequence[Sequence[bool]]) -> dict[str, float]:
    """A share of facts, citations or sentences; those of one answer are resampled together, and `n` is answers."""
    return share_interval([(sum(one), len(one)) for one in found])


def cited_sentences(answer: str) -> list[bool]:
    """For each factual sentence of an answer, whether it carries a citation. Headings state nothing."""
    stream = SentenceStream()
    found = []
    for line in answer.split("\n"):
        bare = line.strip()
        if not bare or (bare.startswith(("**", "#")) and bare.endswith("**")):
            continue
        if bare.startswith("- "):  # a point is one statement, cited at its end
            found.append("【" in bare)
            continue
        pieces = [*stream.feed(line + "\n"), *stream.flush()]
        found += ["【" in p.sentence for p in pieces if p.sentence and sum(c.isalnum() for c in p.sentence) >= LETTERS]
    return found


def language_kept(row: Row, answer: str) -> bool:
    """Whether the reply is in the language and script of the question; mixed questions want Chinese."""
    asked, got = row["language"], language_of(answer)
    if asked == "mixed":
        return got != "en"
    return got == asked or (asked.startswith("zh") and got == "mixed")


def _median(values: list[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return round(float(np.median(known)), 1) if known else None


def _transcript(row: Row, answer: Any, facts: list[bool], forbidden: list[bool]) -> Row:
    return {
        "id": row["id"], "query": row["query"], "answer": answer.answer, "flags": answer.flags,
        "cited": [c.question for c in answer.citations], "relevant": row["relevant"],
        "missing": [f["fact"] for f, ok in zip(row["facts"], facts, strict=True) if not ok],
        "forbidden": [f["claim"] for f, bad in zip(row.get("forbidden", ()), forbidden, strict=True) if bad],
    }  # fmt: skip
