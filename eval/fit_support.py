"""Fits the support check on the train and dev sentences. `python -m eval fit-support` writes tutor/answering/support.json.

Logistic regression with ridge, by the features alone and with the local model's second opinion; figures are
cross-validated by question, so that no two sentences about one are on both sides. Knows labels and features, nothing
of answers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.gold import Row, rows
from eval.intervals import auroc
from eval.linear import alike, logistic, probability
from tutor.answering.agreement import NAMES
from tutor.answering.evidence import EvidenceRoom
from tutor.answering.second_opinion import SYSTEM, opinion_of
from tutor.answering.support import bare_of_list, calibration
from tutor.llm import Model

OUT = Path(__file__).parent.parent / "tutor" / "answering" / "support.json"
FOLDS, REPEATS = 8, 6
# Balanced accuracy that a narrower band of doubt may cost: every sentence in it is a call of the model, two seconds each.
SLACK = 0.005
Array = NDArray[np.float64]


def fit(room: EvidenceRoom, model: Model) -> dict[str, Any]:
    """Learn weights and thresholds; write them; return the cross-validated figures."""
    found = [*rows("support", "train"), *rows("support", "dev")]
    x = np.asarray([_features(row, room) for row in found])
    odds = np.asarray([0.0 if one is None else one for one in opinions(found, room, model)])
    y = np.asarray([float(row["label"] != "unsupported") for row in found])
    whole = np.asarray([row["label"] == "supported" for row in found])
    questions = [min(row["questions"]) for row in found]
    first, held = _fitted(x, y, whole, questions, NAMES)
    second, held_again = _fitted(np.column_stack([x, odds]), y, whole, questions, (*NAMES, "log-odds"))
    limits = first["thresholds"]["partial"], second["thresholds"]["partial"]
    doubt, joined = _doubt(y, held, held_again, limits)
    asked = (held >= doubt) & (held < limits[0])
    written = {**first, "second": {"model": model.name, "doubt": doubt, **second}}
    OUT.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    calibration.cache_clear()
    return {
        **written,
        "cv_balanced_accuracy": round(_balanced(y, held, first["thresholds"]["partial"]), 4),
        "cv_balanced_accuracy_with_second": round(joined, 4),
        "cv_auroc": round(auroc(held[y == 1].tolist(), held[y == 0].tolist()), 4),
        "cv_auroc_second": round(auroc(held_again[y == 1].tolist(), held_again[y == 0].tolist()), 4),
        "in_doubt": round(float(asked.mean()), 4),
        "in_doubt_said": round(float(asked[[generated(row) for row in found]].mean()), 4),
    }


def opinions(found: Sequence[Row], room: EvidenceRoom, model: Model) -> list[float | None]:
    """The model's log-odds for each labelled sentence, None for all where there is no model."""
    if not model.state.ready:
        return [None] * len(found)
    if not model.reads_at_once(SYSTEM):
        model.read_ahead(SYSTEM)
    with model.line.enter("eval") as ticket:
        while not ticket.wait(1.0):
            pass
        ask = opinion_of(model, ticket, room)
        return [ask(row["sentence"], [room.sentences_of(n) for n in row["questions"]]) for row in found]


def _fitted(
    x: Array, y: Array, whole: NDArray[np.bool_], questions: list[int], names: Sequence[str]
) -> tuple[dict[str, Any], Array]:
    """Weights and thresholds, and what each row scores when its question was not learned from."""
    held = np.mean([_held_out(x, y, questions, seed) for seed in range(REPEATS)], axis=0)
    limits = np.arange(0.2, 0.8, 0.01)
    partial = float(limits[int(np.argmax([_balanced(y, held, limit) for limit in limits]))])
    supported = max(float(np.quantile(held[whole], 0.25)), partial + 0.05)
    w, bias = logistic(x, y, alike(y), ridge=1.0)
    weights = {**{n: round(float(v), 3) for n, v in zip(names, w, strict=True)}, "bias": round(bias, 3)}
    return {
        "weights": weights,
        "thresholds": {"partial": round(partial, 3), "supported": round(supported, 3)},
    }, np.asarray(held)


def _doubt(y: Array, held: Array, again: Array, limits: tuple[float, float]) -> tuple[float, float]:
    """The first score from which a sentence that would go is worth a second opinion, and the balanced accuracy with it.

    The highest that is nearly the best. Sentences that stand are not asked about: on what a model says itself it gains
    nothing (docs/log.md).
    """
    tried = []
    for low in np.arange(0.0, limits[0], 0.02):
        asked = (held >= low) & (held < limits[0])
        right = np.where(asked, again >= limits[1], held >= limits[0])
        tried.append((float(right[y == 1].mean() + (1 - right[y == 0]).mean()) / 2, round(float(low), 2)))
    best = max(both for both, _ in tried)
    both, low = max((t for t in tried if t[0] >= best - SLACK), key=lambda t: t[1])
    return low, both


def _features(row: Row, room: EvidenceRoom) -> list[float]:
    plain = bare_of_list(row["sentence"])
    vector = room.embed([plain])[0]
    found = [room.agreement.features(plain, vector, room.sentences_of(n), row["query"]) for n in row["questions"]]
    best = max(found, key=lambda f: f["semantic"])
    return [best[name] for name in NAMES]


def _held_out(x: Array, y: Array, questions: list[int], seed: int) -> Array:
    generator = np.random.default_rng(seed)
    fold_of = {number: int(generator.integers(FOLDS)) for number in dict.fromkeys(questions)}
    folds = np.asarray([fold_of[number] for number in questions])
    held = np.full(len(y), y.mean())
    for fold in set(folds.tolist()):
        inside = folds != fold
        model = logistic(x[inside], y[inside], alike(y[inside]), ridge=1.0)
        held[~inside] = probability(model, x[~inside])
    return held


def generated(row: Row) -> bool:
    """Whether a model said the sentence; the others were written by hand."""
    return row["id"][0] not in "hi"


def _balanced(y: Array, p: Array, limit: float) -> float:
    return float(((p[y == 1] >= limit).mean() + (p[y == 0] < limit).mean()) / 2)
