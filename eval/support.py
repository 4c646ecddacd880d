"""The support check against sentences labelled by hand. `python -m eval support [--part dev|test]`.

A sentence counts as held where it is supported or partly supported; kappa is Cohen's, on that binary decision.
Resampled by question.
Knows labels, nothing of answers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.fit_support import generated, opinions
from eval.gold import Part, Row, rows
from eval.intervals import interval
from tutor.answering.evidence import EvidenceRoom
from tutor.answering.support import Support, calibration, check, weighed
from tutor.llm import Model

Pairs = NDArray[np.int64]
SHORT = ("balanced_accuracy", "kappa")


def measure(room: EvidenceRoom, part: Part, model: Model) -> dict[str, Any]:
    """Figures of one part, with what was judged wrongly; the model is the second opinion where it is calibrated."""
    found = rows("support", part)
    first = [check(r["sentence"], [room.sentences_of(n) for n in r["questions"]], room, r["query"]) for r in found]
    asked = model.name == calibration()["second"]["model"]
    doubtful = [i for i, verdict in enumerate(first) if asked and verdict.doubtful]
    verdicts = list(first)
    for i, odds in zip(doubtful, opinions([found[i] for i in doubtful], room, model), strict=True):
        verdicts[i] = first[i] if odds is None else weighed(first[i], odds)
    return {
        "part": part,
        "second_opinion": f"{len(doubtful)} of {len(found)} sentences" if asked else "none: another model",
        **_figures(found, verdicts),
        "without_second_opinion": {k: v for k, v in _figures(found, first).items() if k in SHORT} if asked else {},
    }


def _figures(found: list[Row], verdicts: list[Support]) -> dict[str, Any]:
    pairs = np.asarray(
        [(r["label"] != "unsupported", v.status != "unsupported") for r, v in zip(found, verdicts, strict=True)]
    ).astype(np.int64)
    said = np.asarray([generated(row) for row in found])
    about = np.asarray([min(row["questions"]) for row in found])  # sentences about one question rise and fall together
    return {
        "balanced_accuracy": interval(pairs, balanced_accuracy, about),
        "kappa": interval(pairs, cohen, about),
        "precision": interval(pairs, lambda x: float(x[x[:, 1] == 1, 0].mean()), about),
        "recall": interval(pairs, lambda x: float(x[x[:, 0] == 1, 1].mean()), about),
        "wrong_caught": interval(pairs, lambda x: float(1 - x[x[:, 0] == 0, 1].mean()), about),
        "balanced_accuracy_written": interval(pairs[~said], balanced_accuracy, about[~said]),
        "balanced_accuracy_generated": interval(pairs[said], balanced_accuracy, about[said]),
        "errors": [
            _error(r, v.status, v.score)
            for r, v in zip(found, verdicts, strict=True)
            if (r["label"] != "unsupported") != (v.status != "unsupported")
        ],
    }


def balanced_accuracy(pairs: Pairs) -> float:
    """Mean of the recalls of both classes; rows are (label, verdict) as 0 or 1."""
    true, said = pairs[:, 0], pairs[:, 1]
    return float((said[true == 1].mean() + (1 - said[true == 0]).mean()) / 2)


def cohen(pairs: Pairs) -> float:
    """Cohen's kappa of two binary columns."""
    true, said = pairs[:, 0], pairs[:, 1]
    agreed = float((true == said).mean())
    chance = float(true.mean() * said.mean() + (1 - true.mean()) * (1 - said.mean()))
    return (agreed - chance) / (1 - chance) if chance < 1 else float("nan")


def _error(row: Row, status: str, score: float) -> Row:
    return {**{k: row[k] for k in ("id", "sentence", "label", "reason")}, "judged": status, "score": round(score, 3)}
