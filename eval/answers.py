"""Answers: required facts, forbidden claims, citations, language. `python -m eval answers [--part dev|test]`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from eval.baselines.replies import Recipe, some
from eval.facts import score
from eval.gold import Part, Row, rows
from eval.intervals import interval, mean_interval
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
    facts = np.asarray([(sum(f), len(f)) for _, _, f, _ in outcomes])
    cited = [(row, c) for row, a, _, _ in outcomes for c in a.citations]
    return {
        "part": part,
        "rows": len(outcomes),
        "facts_present": interval(facts, lambda x: float(x[:, 0].sum() / x[:, 1].sum())),
        "forbidden_asserted": sum(sum(b) for _, _, _, b in outcomes),
        "citation_precision": mean_interval([c.question in row["relevant"] for row, c in cited]),
        "sentence_recall": mean_interval([x for _, a, _, _ in outcomes for x in cited_sentences(a.answer)]),
        "exact_quotes": mean_interval([source[c.start : c.end] == c.quote for _, c in cited]),
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

    def facts(scored: list[tuple[list[bool], list[bool]]]) -> dict[str, float]:
        counts = np.asarray([(sum(present), len(present)) for present, _ in scored])
        return interval(counts, lambda x: float(x[:, 0].sum() / x[:, 1].sum()))

    return {
        "rows": len(replies),
        "chunks_by": recipe.chunks_by,
        "facts_present": facts(theirs),
        "facts_present_ours": facts(own),
        "forbidden_asserted": sum(sum(claims) for _, claims in theirs),
        "language_kept": mean_interval([language_kept(row, reply) for row, reply in replies]),
        "replies": [{"id": row["id"], "query": row["query"], "reply": reply} for row, reply in replies],
    }


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
