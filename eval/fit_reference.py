"""Fits the grading of bare references: ridge regression on half of the questions of two public sets.

python -m eval fit-reference   writes the "generic" part of tutor/interview/coefficients.json, coefficients only

English answers are weighed by what English rows taught (cross-validated by question on the learning half: Pearson .51 to
.56, right/wrong .76 to .79); all others by both sets together, for two Chinese questions in that half are too few alone.
The questions are halved by a hash of their text; figures are for the half that was not learned from. ADS (Chinese,
7 questions) and Beetle (English, 36) are not part of the project and are read from shared/data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.gold import Row
from tutor.interview import score
from tutor.interview.clauses import pieces
from tutor.interview.reference import NAMES, points_of, reference_features
from tutor.interview.rules import screen

RIDGE = 30.0
# Neither set has levels (most grades are right or wrong), so nothing can be learned of them: equal steps.
CUTS = [1.25, 3.75, 6.25, 8.75]
Array = NDArray[np.float64]
# Which weights the rows of a set are graded with.
_SIDE = {"ads_zh": "weights", "beetle_en": "weights_en"}


def read(path: Path) -> list[Row]:
    """Rows `{"question", "reference", "answer", "human", "max"}`."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def half_of(question: str) -> int:
    """0 or 1, the same on every machine."""
    return hashlib.sha256(question.encode()).digest()[0] % 2


def features(rows: Sequence[Row]) -> Array:
    """`(rows, features)`; zeros where screening left nothing."""
    found = []
    for row in rows:
        kept = screen(row["answer"], row["question"]).kept
        split = pieces(row["answer"], kept)
        found.append(
            reference_features(row["question"], row["reference"], points_of(row["reference"]), row["answer"], split)[0]
        )
    return np.asarray(found)


def ridge(x: Array, y: Array, weight: Array) -> tuple[Array, float]:
    """Weighted ridge on standardised features; weights and bias on the raw scale."""
    mean = np.average(x, axis=0, weights=weight)
    spread = np.sqrt(np.average((x - mean) ** 2, axis=0, weights=weight)) + 1e-9
    z, middle = (x - mean) / spread, np.average(y, weights=weight)
    w = np.linalg.solve(
        (z * weight[:, None]).T @ z + RIDGE * np.eye(x.shape[1]), (z * weight[:, None]).T @ (y - middle)
    )
    return w / spread, float(middle - (w / spread) @ mean)


def fit(folder: Path) -> dict[str, Any]:
    """Learn on one half of the questions, report the other, write the coefficients of the first."""
    sets = {name: read(folder / f"{name}.jsonl") for name in ("ads_zh", "beetle_en")}
    x = {name: features(rows) for name, rows in sets.items()}
    y = {name: np.asarray([r["human"] / r["max"] for r in rows]) for name, rows in sets.items()}
    side = {name: np.asarray([half_of(r["question"]) for r in rows]) for name, rows in sets.items()}
    learned, held = _learn(x, y, side, 0), {}
    for name in sets:
        out = side[name] == 1
        held[name] = {"n": int(out.sum()), **_figures(x[name][out], y[name][out], learned[_SIDE[name]])}
    other = _learn(x, y, side, 1)
    for name in sets:
        out = side[name] == 0
        held[f"{name}, halves swapped"] = {
            "n": int(out.sum()),
            **_figures(x[name][out], y[name][out], other[_SIDE[name]]),
        }
    whole = json.loads(score.FILE.read_text(encoding="utf-8"))
    whole["generic"] = learned
    score.FILE.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    score.coefficients.cache_clear()
    return {"held_out": held, "generic": learned}


def _learn(x: dict[str, Array], y: dict[str, Array], side: dict[str, Any], half: int) -> dict[str, Any]:
    inside = {name: side[name] == half for name in x}
    xs = np.concatenate([x[n][inside[n]] for n in x])
    ys = np.concatenate([y[n][inside[n]] for n in x])
    # Both sets count alike, however many rows fell into this half.
    total = len(xs) / len(x)
    weight = np.concatenate([np.full(int(inside[n].sum()), total / max(1, inside[n].sum())) for n in x])
    w, bias = ridge(xs, ys, weight)
    english = x["beetle_en"][inside["beetle_en"]]
    own = ridge(english, y["beetle_en"][inside["beetle_en"]], np.ones(len(english)))
    return {"weights": _named(w, bias), "weights_en": _named(*own), "cuts": CUTS}


def _named(w: Array, bias: float) -> dict[str, float]:
    return {"bias": round(bias, 4), **{n: round(float(v), 4) for n, v in zip(NAMES, w, strict=True)}}


def _figures(x: Array, y: Array, weights: dict[str, float]) -> dict[str, float]:
    p = np.clip(x @ np.asarray([weights[n] for n in NAMES]) + weights["bias"], 0, 1)
    return {
        "pearson": round(float(np.corrcoef(p, y)[0, 1]), 4),
        "right_wrong": round(float(((p >= 0.5) == (y >= 0.5)).mean()), 4),
        "majority": round(float(max((y >= 0.5).mean(), (y < 0.5).mean())), 4),
        "mae": round(float(abs(p - y).mean()), 4),
        "mae_constant": round(float(abs(y - y.mean()).mean()), 4),
    }
