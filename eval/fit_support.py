"""Fits the support check on the dev sentences. `python -m eval fit-support` writes tutor/answering/support.json.

Logistic regression with ridge; figures are cross-validated by query, so that no two sentences of one answer are on
both sides. Knows labels and features, nothing of answers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.fit import _logistic, _predict
from eval.gold import Row, rows
from eval.intervals import auroc
from tutor.answering.agreement import NAMES
from tutor.answering.evidence import EvidenceRoom
from tutor.answering.support import _LIST_NUMBER, calibration

OUT = Path(__file__).parent.parent / "tutor" / "answering" / "support.json"
FOLDS, REPEATS = 8, 6
Array = NDArray[np.float64]


def fit(room: EvidenceRoom) -> dict[str, Any]:
    """Learn weights and thresholds; write them; return the cross-validated figures."""
    found = rows("support", "dev")
    x = np.asarray([_features(row, room) for row in found])
    y = np.asarray([float(row["label"] != "unsupported") for row in found])
    held = np.mean([_held_out(x, y, [row["query"] for row in found], seed) for seed in range(REPEATS)], axis=0)
    limits = np.arange(0.2, 0.8, 0.01)
    partial = float(limits[int(np.argmax([_balanced(y, held, limit) for limit in limits]))])
    whole = [row["label"] == "supported" for row in found]
    supported = float(np.quantile(held[np.asarray(whole)], 0.25))
    w = _logistic(x, y)
    written = {
        "weights": {**{n: round(float(v), 3) for n, v in zip(NAMES, w, strict=False)}, "bias": round(float(w[-1]), 3)},
        "thresholds": {"partial": round(partial, 3), "supported": round(max(supported, partial + 0.05), 3)},
    }
    OUT.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    calibration.cache_clear()
    return {**written, "cv_balanced_accuracy": round(_balanced(y, held, partial), 4),
            "cv_auroc": round(auroc(held[y == 1].tolist(), held[y == 0].tolist()), 4)}  # fmt: skip


def _features(row: Row, room: EvidenceRoom) -> list[float]:
    plain = _LIST_NUMBER.sub("", row["sentence"]).strip()
    vector = room.embed([plain])[0]
    found = [room.agreement.features(plain, vector, room.sentences_of(n), row["query"]) for n in row["questions"]]
    best = max(found, key=lambda f: f["semantic"])
    return [best[name] for name in NAMES]


def _held_out(x: Array, y: Array, queries: list[str], seed: int) -> Array:
    generator = np.random.default_rng(seed)
    fold_of = {query: int(generator.integers(FOLDS)) for query in dict.fromkeys(queries)}
    folds = np.asarray([fold_of[query] for query in queries])
    held = np.full(len(y), y.mean())
    for fold in set(folds.tolist()):
        held[folds == fold] = _predict(_logistic(x[folds != fold], y[folds != fold]), x[folds == fold])
    return held


def _balanced(y: Array, p: Array, limit: float) -> float:
    return float(((p[y == 1] >= limit).mean() + (p[y == 0] < limit).mean()) / 2)
