"""Fits what retrieval learns from data: leg weights and the confidence, on the train and dev parts only.

python -m eval fit        writes calibration.json and alone.npz, asked.npz, follow_ups.npz and treated.npz in tutor/retrieval, prints cross-validated figures
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.fit_alone import MADE_UP, fit_alone, made_up
from eval.fit_asked import fit_asked
from eval.fit_conversation import PRIOR, fit_conversation
from eval.fit_follow_ups import fit_follow_ups, fit_unanswered
from eval.fit_treated import fit_treated
from eval.gold import Row, rows
from eval.intervals import auroc
from eval.linear import alike, logistic, probability
from ingest.corpora import document_path, read_document
from ingest.index import build
from tutor.retrieval.confidence import features
from tutor.retrieval.fusion import calibration, comparable, fuse
from tutor.retrieval.learned import learned_for
from tutor.retrieval.search import Searcher
from tutor.retrieval.treated import Treated

Array = NDArray[np.float64]
FOLDS = 5
# The comparable scores run from 0 to 1; the softmax wants a steeper scale to tell questions apart.
STEEPNESS = 5.0
# Of the leg weights, with 2,563 queries; .05 and .002 find one to three of them more or fewer.
ROUNDS, RATE, RIDGE = 300, 0.3, 0.01
# Weights without expansions, set by hand: what the learning gives on this one document (text .72 of keywords .90) costs
# 2 points of hit@1 on DRCD, while on this document .3 to .7 differ by one point (.718 to .728 of 316 rows).
PLAIN_WEIGHTS = {"keyword-question": 0.5, "keyword-passage": 0.4, "use-text": 0.3, "use-ask": 0.0, "e5-ask": 0.1}
OUT = Path(__file__).parent.parent / "tutor" / "retrieval" / "calibration.json"


def fit(searcher: Searcher) -> dict[str, Any]:
    """Learn weights and confidence, with and without expansions; write them; return the cross-validated figures."""
    # What was learned before must not reach what is learned now.
    searcher.ranker.treated = searcher.ranker.follow_ups = searcher.ranker.alone = searcher.ranker.known_queries = None
    weights, hit_at_1 = _fit_weights(searcher)
    unknown: dict[str, dict[str, float]] = {"conversation": PRIOR, "confidence": {"bias": 0.0}, "usual": {}}
    plain_form = {"weights": PLAIN_WEIGHTS, **unknown}
    written: dict[str, Any] = {"weights": weights, **unknown, "foreseen": PRIOR, "plain": plain_form}
    # Each step ranks with what the steps before it have learned.
    _write(written)
    written["confidence"], written["usual"], area = _fit_confidence(searcher)
    written["conversation"], talk = fit_conversation(searcher)
    searcher.ranker.follow_ups = fit_follow_ups(searcher)
    written["foreseen"], foreseen = fit_conversation(searcher)
    _write(written)
    treated = fit_treated(searcher, positives(), negatives())
    searcher.ranker.alone, alone = fit_alone(searcher, answered())
    searcher.ranker.treated = learned_for(Treated, searcher.index.manifest["source_sha256"], searcher.legs.embedders)
    changes = [
        *({**row, "answered": True} for row in made_up(answered(), answered(), MADE_UP)),
        *({**row, "answered": False} for row in made_up(negatives(), answered(), len(negatives()))),
    ]
    searcher.ranker.follow_ups, unanswered = fit_unanswered(searcher, searcher.ranker.follow_ups, changes)
    searcher.ranker.known_queries = fit_asked(searcher)
    with tempfile.TemporaryDirectory(prefix="tutor-fit-") as folder:
        plain = _without_expansions(searcher, Path(folder))
        written["plain"]["confidence"], written["plain"]["usual"], plain_area = _fit_confidence(plain)
        written["plain"]["conversation"], plain_talk = fit_conversation(plain)
    _write(written)
    return {
        **written, "treated": treated,
        "cv_hit@1": hit_at_1, "cv_auroc": area, "cv_conversation": talk, "cv_foreseen": foreseen, "alone": alone, "unanswered": unanswered,
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


def positives() -> list[Row]:
    """Queries that the document answers, of the train and dev parts."""
    return [*rows("retrieval", "dev"), *rows("answerable_hard", "dev"), *rows("answerable", "train")]


def answered() -> list[Row]:
    """Queries that the document answers, those of `treated_train.jsonl`, which were written to be hard, among them."""
    return [*positives(), *(row for row in rows("treated", "train") if row["answered"])]


def negatives() -> list[Row]:
    """Queries that it does not answer; false premises are about things that it treats, and left out."""
    return [
        *rows("unanswerable", "train"),
        *(r for r in rows("unanswerable", "dev") if r["kind"] != "false-premise"),
    ]


def _fit_weights(searcher: Searcher) -> tuple[dict[str, float], float]:
    """Conditional logit over the questions: the right one should score highest. And the cross-validated hit@1."""
    found = answered()
    legs = searcher.legs
    position = {number: i for i, number in enumerate(searcher.titles)}
    scored = [legs.score(row["query"]).legs for row in found]
    names = list(scored[0])
    x = np.stack([np.stack([comparable(s[name]) for name in names], axis=1) for s in scored]) * STEEPNESS
    y = np.zeros(x.shape[:2])
    for i, row in enumerate(found):
        y[i, [position[number] for number in row["relevant"]]] = 1.0
    folds, hits = np.random.default_rng(0).integers(0, FOLDS, len(y)), np.zeros(len(y))
    for fold in range(FOLDS):
        held = np.flatnonzero(folds == fold)
        learned = _logit(x[folds != fold], y[folds != fold])
        hits[held] = y[held, np.argmax(x[held] @ learned, axis=1)]
    final = _logit(x, y)
    usual = slice(0, len(positives()))
    return {name: round(float(w), 3) for name, w in zip(names, final, strict=True)}, round(float(hits[usual].mean()), 4)


def _logit(x: Array, y: Array) -> Array:
    """Non-negative weights `(legs,)` by gradient ascent with a little ridge, of `(rows, questions, legs)`."""
    w = np.full(x.shape[2], 0.3)
    for _ in range(ROUNDS):
        logits = x @ w
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        right = p * y
        right /= right.sum(axis=1, keepdims=True)
        w = np.maximum(w + RATE * (np.einsum("nj,njk->k", right - p, x) / len(x) - RIDGE * w), 0.0)
    return w


def _fit_confidence(searcher: Searcher) -> tuple[dict[str, float], dict[str, float], float]:
    """Logistic regression with ridge, classes weighted alike; and the mean of what each leg says, over both."""
    legs = searcher.legs
    data = [(row, 1.0) for row in positives()] + [(row, 0.0) for row in negatives()]
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
        inside = folds != fold
        model = logistic(x[inside], y[inside], alike(y[inside]), ridge=1.0)
        held[~inside] = probability(model, x[~inside])
    w, bias = logistic(x, y, alike(y), ridge=1.0)
    learned = {"bias": round(bias, 3), **{n: round(float(v), 3) for n, v in zip(names, w, strict=True)}}
    middle = (x[y == 1].mean(axis=0) + x[y == 0].mean(axis=0)) / 2
    of_legs = {*scored.legs, *(f"lead, {name}" for name in scored.legs)}
    usual = {n: round(float(v), 4) for n, v in zip(names, middle, strict=True) if n in of_legs}
    return learned, usual, round(auroc(held[y == 1], held[y == 0]), 4)
