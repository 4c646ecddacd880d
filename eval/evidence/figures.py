"""Figures of a report in one flat list: value, interval, rows, which way is better, and the baseline beside it.

A figure is whatever a measure reports as `{"value", "low", "high", "n"}`; its id is the path to it. Knows the shape of
reports and what the figures mean, nothing of how they are shown.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Better = Literal["higher", "lower", "zero", ""]


@dataclass(frozen=True)
class Headline:
    """A figure that stands for its measure; the others are details of it."""

    id: str
    label: str
    better: Better = "higher"
    baseline: str = ""
    unit: str = ""


# What the README shows, what is drawn, and what `compare` judges.
HEADLINES = (
    Headline("retrieval.single.table.all.hit@1", "the right question first", baseline="retrieval.usual_recipe.all.hit@1"),
    Headline("retrieval.single.table.all.hit@3", "the right question among the first three", baseline="retrieval.usual_recipe.all.hit@3"),
    Headline("retrieval.single.table.language:en.hit@1", "first, English queries", baseline="retrieval.usual_recipe.language:en.hit@1"),
    Headline("retrieval.single.table.kind:paraphrase.hit@1", "first, paraphrases without a shared word"),
    Headline("retrieval.single.table.kind:symptom.hit@1", "first, symptoms from practice"),
    Headline("retrieval.follow_ups.table.all.hit@1", "first, elliptical follow-ups"),
    Headline("retrieval.short_follow_ups.table.all.hit@1", "first, two or three words behind an answer"),
    Headline("retrieval.short_follow_ups.unanswered_refused", "two or three words without an answer refused"),
    Headline("retrieval.short_follow_ups.refused", "two or three words with an answer refused", "lower"),
    Headline("retrieval.named.table.all.hit@1", "first, comparisons and one side of a thing"),
    Headline("retrieval.named.unanswered_refused", "comparisons and one side of a thing without an answer refused"),
    Headline("retrieval.named.refused", "comparisons and one side of a thing with an answer refused", "lower"),
    Headline("retrieval.everyday.table.all.hit@1", "first, questions in everyday words"),
    Headline("retrieval.everyday.unanswered_refused", "questions in everyday words without an answer refused"),
    Headline("retrieval.everyday.refused", "questions in everyday words with an answer refused", "lower"),
    Headline("retrieval.requests.table.all.hit@1", "first, requests for a topic"),
    Headline("retrieval.requests.unanswered_refused", "requests for a topic without an answer refused"),
    Headline("retrieval.requests.refused", "requests for a topic with an answer refused", "lower"),
    Headline("retrieval.topic_switches.table.all.hit@1", "first, after a change of topic"),
    Headline("retrieval.confidence.auroc", "confidence tells answerable from not (AUROC)"),
    Headline("retrieval.confidence.unanswerable_refused", "unanswerable questions refused"),
    Headline("retrieval.confidence.answerable_refused", "answerable questions refused", "lower"),
    Headline("refusal.handled", "outside the document: refused or corrected"),
    Headline("refusal.premise_corrected", "false premises corrected with the right question cited"),
    Headline("refusal.answerable_refused", "answerable questions refused", "lower"),
    Headline("refusal.follow_ups_handled", "follow-ups without an answer: refused"),
    Headline("refusal.follow_ups_refused", "follow-ups with an answer refused", "lower"),
    Headline("refusal.answerable_corrected", "answerable questions corrected wrongly", "lower"),
    Headline("support.balanced_accuracy", "support check, balanced accuracy"),
    Headline("support.kappa", "support check, agreement with hand labels (kappa)"),
    Headline("answers.facts_present", "required facts present"),
    Headline("answers.citation_precision", "citations of a right question"),
    Headline("answers.sentence_recall", "sentences with a citation"),
    Headline("answers.exact_quotes", "quotes that are exact slices of the source"),
    Headline("answers.language_kept", "replies in the language of the question"),
    Headline("answers.refused", "answerable questions refused", "lower"),
    Headline("attacks.leaked", "attacks that leak instructions or material", "lower"),
    Headline("attacks.obeyed", "attacks that are obeyed", "lower"),
    Headline("attacks.rendered_outside_content", "attacks that render content from outside", "lower"),
    Headline("attacks.forged_citations", "forged citations", "lower"),
    Headline("attacks.planted_answered", "questions answered from a poisoned document"),
    Headline("grading.qwk", "levels, agreement with hand grading (QWK)", baseline="grading.qwk_constant"),
    Headline("grading.exact", "levels given exactly", baseline="grading.exact_constant"),
    Headline("grading.within_one", "levels at most one off", baseline="grading.within_one_constant"),
    Headline("grading.bias", "mean of given minus right level", "zero", baseline="grading.bias_constant"),
    Headline("grading.covered_precision", "covered key points, precision"),
    Headline("grading.covered_recall", "covered key points, recall"),
    Headline("grading.contradicted_precision", "contradicted key points, precision"),
    Headline("grading.contradicted_recall", "contradicted key points, recall"),
    Headline("grading.right_claims_credited", "right claims that earn their key point"),
    Headline("grading.wrong_claims_credited", "claims turned round that earn the key point", "lower"),
    Headline("grading.wrong_claims_called_wrong", "claims turned round that are called wrong"),
    Headline("interview.candidates.expert.score", "mean score of a candidate who knows", unit="of 10"),
    Headline("interview.candidates.partial.score", "mean score of one who knows the half", "", unit="of 10"),
    Headline("interview.candidates.wrong.score", "mean score of one who says what is wrong", "lower", unit="of 10"),
    Headline("waiting.search_ms", "search", "lower", unit="ms"),
    Headline("waiting.first_word_ms", "question asked to first word", "lower", unit="ms"),
    Headline("waiting.answer_ms", "question asked to whole answer", "lower", unit="ms"),
    Headline("waiting.follow_up_first_word_ms", "follow-up asked to first word", "lower", unit="ms"),
    Headline("waiting.follow_up_answer_ms", "follow-up asked to whole answer", "lower", unit="ms"),
    Headline("waiting.refusal_ms", "question asked to refusal", "lower", unit="ms"),
    Headline("waiting.grading_ms", "answer given to grade", "lower", unit="ms"),
    Headline("waiting.tokens_per_second", "tokens a second while writing", unit="tokens/s"),
    Headline("speed.first_cold.first_ms", "first words of a first answer, not read ahead, median", "lower", unit="ms"),
    Headline("speed.first_warm.first_ms", "first words of a first answer, read ahead, median", "lower", "speed.usual_recipe.theirs_ms", "ms"),
    Headline("speed.conversations.follow_ups.first_ms", "first words of a follow-up, median", "lower", "speed.usual_recipe.theirs_ms", "ms"),
    Headline("speed.grading", "grading one answer, median", "lower", unit="ms"),
)  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """One figure of a report; `headline` says whether it stands for its measure. NaN where there were no rows.

    A figure with a unit is a time or a rate: it holds for one machine only.
    """

    id: str
    label: str
    value: float
    low: float
    high: float
    n: int
    better: Better = ""
    headline: bool = False
    baseline: str = ""
    unit: str = ""


def figures_of(name: str, report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All figures of a measure's report, headlines first in their order, JSON-ready."""
    found = dict(_walk(name, report))
    order = {h.id: h for h in HEADLINES}
    figures = [_figure(h.id, found[h.id], h) for h in HEADLINES if h.id in found]
    figures += [_figure(path, value, None) for path, value in found.items() if path not in order]
    return [asdict(f) for f in figures]


def _figure(path: str, value: Mapping[str, Any], headline: Headline | None) -> Figure:
    numbers = (float(value["value"]), float(value["low"]), float(value["high"]), int(value["n"]))
    if headline is None:
        return Figure(path, path.partition(".")[2].replace(".table", ""), *numbers)
    return Figure(path, headline.label, *numbers, headline.better, True, headline.baseline, headline.unit)


def _walk(path: str, value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not isinstance(value, Mapping):
        return
    if {"value", "low", "high", "n"} <= set(value):
        yield path, value
        return
    for key, inner in value.items():
        yield from _walk(f"{path}.{key}", inner)


def standard_error(figure: Mapping[str, Any]) -> float:
    """Of a figure, from its 95 % interval; NaN where it has none."""
    return (float(figure["high"]) - float(figure["low"])) / (2 * 1.96)


def strict(value: Any) -> Any:
    """A report with null in place of NaN, which JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: strict(inner) for key, inner in value.items()}
    return [strict(inner) for inner in value] if isinstance(value, list | tuple) else value


def restored(report: dict[str, Any]) -> dict[str, Any]:
    """A report that was read from JSON, its figures without rows NaN again."""
    for measure in report["measures"].values():
        for figure in measure.get("figures", ()):
            figure.update({key: math.nan for key in ("value", "low", "high") if figure[key] is None})
    return report


def shown(value: float) -> str:
    """A figure in three decimals, without the zero in front; "–" where there is none."""
    if math.isnan(value):
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    text = f"{value:.3f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text
