"""Fits what retrieval learns from data: leg weights and the confidence, on the train and dev parts only.

python -m eval fit        writes tutor/retrieval/calibration.json and treated.npz, prints cross-validated figures
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.fit_conversation import fit_conversation
from eval.gold import Row, rows, some
from eval.intervals import auroc
from ingest.corpora import document_path, read_document, read_expansions
from ingest.index import build
from tutor.retrieval.confidence import features
from tutor.retrieval.fusion import calibration, comparable, fuse
from tutor.retrieval.search import Searcher
from tutor.retrieval.treated import Treated, joined, keep, log_odds

Array = NDArray[np.float64]
FOLDS = 5
# The comparable scores run from 0 to 1; the softmax wants a steeper scale to tell questions apart.
STEEPNESS = 5.0
# Weights without expansions, set by hand: what the learning gives on this one document (text .72 of keywords .90) costs
# 2 points of hit@1 on DRCD, while on this document .3 to .7 differ by one point (.718 to .728 of 316 rows).
PLAIN_WEIGHTS = {"keyword-question": 0.5, "keyword-passage": 0.4, "use-text": 0.3, "use-ask": 0.0, "e5-ask": 0.1}
OUT = Path(__file__).parent.parent / "tutor" / "retrieval" / "calibration.json"
# Of what a document treats: learned on the train rows, .3 to 30 give AUROC .989, .992, .994, .991, .990 on dev.
RIDGE = 3.0
# Expansions of each question that count as queries that it answers, and what each weighs: .1 to 1 are alike on dev,
# none is worse (.033 to .017 of the answerable ones refused where .93 of the others are).
EXPANSIONS, LIGHT = 12, 0.3
# Of the queries that the document does not answer; classes weighted alike would refuse .958, and .042 of the others.
REFUSED = 0.945


def fit(searcher: Searcher) -> dict[str, Any]:
    """Learn weights and confidence, with and without expansions; write them; return the cross-validated figures."""
    weights, hit_at_1 = _fit_weights(searcher)
    unknown: dict[str, dict[str, float]] = {"conversation": {}, "confidence": {"bias": 0.0}, "usual": {}}
    written: dict[str, Any] = {"weights": weights, **unknown, "plain": {"weights": PLAIN_WEIGHTS, **unknown}}
    # Each step ranks with what the steps before it have learned.
    _write(written)
    written["confidence"], written["usual"], area = _fit_confidence(searcher)
    written["conversation"], talk = fit_conversation(searcher)
    with tempfile.TemporaryDirectory(prefix="tutor-fit-") as folder:
        plain = _without_expansions(searcher, Path(folder))
        written["plain"]["confidence"], written["plain"]["usual"], plain_area = _fit_confidence(plain)
        written["plain"]["conversation"], plain_talk = fit_conversation(plain)
    _write(written)
    treated = fit_treated(searcher)
    return {
        **written, "treated": treated,
        "cv_hit@1": hit_at_1, "cv_auroc": area, "cv_conversation": talk,
        "cv_auroc_plain": plain_area, "cv_conversation_plain": plain_talk,
    }  # fmt: skip


def _write(written: dict[str, Any]) -> None:
    OUT.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    calibration.cache_clear()


def _without_expansions(searcher: Searcher, folder: Path) -> Searcher:
    """The same document, indexed as a user's own would be: without reviewed expansions."""
    name = searcher.index.folder.name
    document = read_document(document_path(searcher.index.folder.parent, name))
    (folder / name).mkdir()
    # Its vectors are a part of those already computed.
    with (
        closing(sqlite3.connect(searcher.index.folder / "vectors.sqlite")) as known,
        closing(sqlite3.connect(folder / name / "vectors.sqlite")) as copy,
    ):
        known.backup(copy)
    build(folder / name, name, document, embedders=searcher.embedders)
    return Searcher(folder, name, searcher.embedders)


def _positives() -> list[Row]:
    return [*rows("retrieval", "dev"), *rows("answerable_hard", "dev"), *rows("answerable", "train")]


def _negatives() -> list[Row]:
    return [
        *rows("unanswerable", "train"),
        *(r for r in rows("unanswerable", "dev") if r["kind"] != "false-premise"),
    ]


def _fit_weights(searcher: Searcher) -> tuple[dict[str, float], float]:
    """Conditional logit over the questions: the right one should score highest."""
    found = _positives()
    legs = searcher.legs
    position = {number: i for i, number in enumerate(searcher.titles)}
    scored = [legs.score(row["query"]).legs for row in found]
    names = list(scored[0])
    x = np.stack([np.stack([comparable(s[name]) for name in names], axis=1) for s in scored]) * STEEPNESS
    y = [np.asarray([position[n] for n in row["relevant"]]) for row in found]

    def hits(w: Array, indices: Sequence[int]) -> list[bool]:
        return [int(np.argmax(x[i] @ w)) in y[i] for i in indices]

    folds = np.random.default_rng(0).integers(0, FOLDS, len(found))
    cross: list[bool] = []
    for fold in range(FOLDS):
        cross += hits(_logit(x, y, np.flatnonzero(folds != fold)), np.flatnonzero(folds == fold).tolist())
    final = _logit(x, y, np.arange(len(found)))
    return {name: round(float(w), 3) for name, w in zip(names, final, strict=True)}, round(float(np.mean(cross)), 4)


def _logit(x: Array, y: list[NDArray[np.int64]], indices: NDArray[np.int64]) -> Array:
    """Non-negative weights by gradient ascent with a little ridge."""
    w = np.full(x.shape[2], 0.3)
    for _ in range(300):
        gradient = np.zeros_like(w)
        for i in indices:
            logits = x[i] @ w
            p = np.exp(logits - logits.max())
            p /= p.sum()
            inside = p[y[i]] / p[y[i]].sum()
            gradient += inside @ x[i][y[i]] - p @ x[i]
        w = np.maximum(w + 0.3 * (gradient / len(indices) - 0.05 * w), 0.0)
    return w


def _fit_confidence(searcher: Searcher) -> tuple[dict[str, float], dict[str, float], float]:
    """Logistic regression with ridge, classes weighted alike; and the mean of what each leg says, over both."""
    legs = searcher.legs
    data = [(row, 1.0) for row in _positives()] + [(row, 0.0) for row in _negatives()]
    raw = []
    for row, _ in data:
        scored = legs.score(row["query"])
        raw.append(features(row["query"], legs, scored, fuse(scored.legs, legs.expanded)))
    names = list(raw[0])
    x = np.asarray([[r[name] for name in names] for r in raw])
    y = np.asarray([label for _, label in data])
    folds = np.random.default_rng(0).integers(0, FOLDS, len(y))
    held = np.zeros(len(y))
    for fold in range(FOLDS):
        held[folds == fold] = _predict(_logistic(x[folds != fold], y[folds != fold]), x[folds == fold])
    w = _logistic(x, y)
    learned = {
        "bias": round(float(w[-1]), 3),
        **{n: round(float(v), 3) for n, v in zip(names, w, strict=False)},
    }
    middle = (x[y == 1].mean(axis=0) + x[y == 0].mean(axis=0)) / 2
    of_legs = {*scored.legs, *(f"lead, {name}" for name in scored.legs)}
    usual = {n: round(float(v), 4) for n, v in zip(names, middle, strict=True) if n in of_legs}
    return learned, usual, round(auroc(held[y == 1], held[y == 0]), 4)


def fit_treated(searcher: Searcher) -> dict[str, Any]:
    """What the document treats, by the vectors of queries; weighed with the confidence on scores that were held out.

    Its titles and, lightly, its reviewed expansions say what it treats, too. The bias is such that REFUSED of the
    queries that it does not answer are refused.
    """
    found = [(row["query"], 1.0) for row in _positives()] + [(row["query"], 0.0) for row in _negatives()]
    found += [(row["query"], float(row["answered"])) for row in rows("treated", "train")]
    queries, y = [query for query, _ in found], np.asarray([label for _, label in found])
    asked = _expansions(searcher)
    searcher.treated = None
    by_search = np.asarray([log_odds(searcher.search(query).confidence) for query in queries])
    x = np.stack([joined(searcher.legs.vectors(query)) for query in (*queries, *(text for text, _ in asked))])
    labels = np.concatenate([y, np.ones(len(asked))])
    weight = np.concatenate([np.ones(len(y)), [weight for _, weight in asked]])
    generator = np.random.default_rng(0)
    folds = generator.integers(0, FOLDS, len(labels))
    held = np.zeros(len(labels))
    for fold in range(FOLDS):
        inside = folds != fold
        weights, middle = _ridge(x[inside], labels[inside], weight[inside])
        held[~inside] = x[~inside] @ weights + middle
    both = np.column_stack([by_search, held[: len(y)]])
    together = np.zeros(len(y))
    for fold in range(FOLDS):
        inside = folds[: len(y)] != fold
        together[~inside] = both[~inside] @ _logistic(both[inside], y[inside])[:-1]
    of_search, of_score, _ = (round(float(v), 3) for v in _logistic(both, y))
    bias = round(-float(np.quantile(both[y == 0] @ [of_search, of_score], REFUSED)), 3)
    weights, middle = _ridge(x, labels, weight)
    weighing = (of_search, of_score, bias)
    keep(Treated(searcher.index.manifest["source_sha256"], weights, middle, weighing))
    return {
        "weighing": weighing,
        "queries": len(y),
        "cv_auroc": round(auroc(together[y == 1], together[y == 0]), 4),
        "cv_auroc_search": round(auroc(by_search[y == 1], by_search[y == 0]), 4),
        "cv_answerable_refused": round(float((together[y == 1] < np.quantile(together[y == 0], REFUSED)).mean()), 4),
    }


def _expansions(searcher: Searcher) -> list[tuple[str, float]]:
    """The titles in both languages, and some of the reviewed expansions of every question, each with its weight."""
    path = document_path(searcher.index.folder.parent, searcher.index.folder.name)
    document = read_document(path)
    found = [(question.title, 1.0) for question in document.questions]
    for expansion in read_expansions(path, document):
        found += [(expansion.title_en, 1.0), *((text, LIGHT) for text in some(expansion.asks, EXPANSIONS))]
    return found


def _ridge(x: Array, y: Array, weight: Array) -> tuple[Array, float]:
    """Weighted ridge regression with fewer rows than features: weights `(d,)` and bias."""
    z = np.column_stack([x, np.ones(len(x))])
    mean = float(np.average(y, weights=weight))
    w = z.T @ np.linalg.solve(z @ z.T + RIDGE * np.diag(1 / weight), y - mean)
    return w[:-1], float(w[-1]) + mean


def _logistic(x: Array, y: Array) -> Array:
    """Newton's method; ridge on standardised features, result on the raw scale; last coefficient is the bias."""
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-9
    z = np.column_stack([(x - mean) / spread, np.ones(len(x))])
    weight = np.where(y == 1, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    penalty = np.diag([1.0] * x.shape[1] + [0.0])
    w = np.zeros(z.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-np.clip(z @ w, -30, 30)))
        gradient = z.T @ (weight * (y - p)) - penalty @ w
        hessian = (z * (weight * p * (1 - p))[:, None]).T @ z + penalty
        w = w + np.linalg.solve(hessian, gradient)
    scale = w[:-1] / spread
    return np.append(scale, w[-1] - scale @ mean)


def _predict(w: Array, x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(x @ w[:-1] + w[-1], -30, 30))))
