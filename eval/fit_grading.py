"""Fits what grading learns: the metric from the shipped rubrics, the coefficients from the dev answers.

python -m eval fit-grading   writes tutor/interview/metric.npz and coefficients.json, prints cross-validated figures

Held-out figures leave out one question at a time: nothing is judged by answers to the same question.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.agreement import kappa
from eval.gold import Row, rows
from eval.intervals import auroc
from eval.linear import logistic
from ingest.corpora import read_document, shipped_document
from ingest.embed import load_embedder
from ingest.rubrics import KeyPoint, Rubric, read_rubrics, rubrics_path
from tutor.interview import metric, score
from tutor.interview.clauses import pieces, plain
from tutor.interview.features import NAMES, Measured, PointSet, frequencies
from tutor.interview.metric import key_of, unit
from tutor.interview.rules import screen

Array = NDArray[np.float64]
DIMENSIONS, SHRINKAGE = 128, 0.6
RIDGE = 10.0
ROUNDS = 4
CONTENT = {"normal", "wrong", "padded"}
# What the score is made of; chosen once by held-out agreement, flat around these values.
RULE = {"ramp": [0.3, 0.7], "wrong-ramp": [0.3, 0.7], "detail": 0.03, "misconception": 0.2}


@dataclass(frozen=True)
class Answer:
    """A dev answer, measured."""

    row: Row
    points: tuple[KeyPoint, ...]
    measured: Measured


def shipped_rubrics() -> tuple[dict[int, Rubric], dict[int, str]]:
    """The rubrics of the shipped document, and its titles."""
    path = shipped_document("llm-vlm-80")
    assert path is not None
    document = read_document(path)
    return read_rubrics(rubrics_path(path), document), {q.number: q.title for q in document.questions}


def fit_metric() -> dict[str, Any]:
    """Fisher's discriminant over all wordings of all key points, by embedder; written to metric.npz."""
    rubrics, _ = shipped_rubrics()
    points = [p for r in rubrics.values() for p in r.points]
    texts = [plain(t) for p in points for t in p.texts]
    owner = np.asarray([i for i, p in enumerate(points) for _ in p.texts])
    data: dict[str, Any] = {}
    for name in metric.EMBEDDERS:
        vectors = load_embedder(name).passages(texts)
        mean, projection = discriminant(vectors, owner)
        data |= {f"{name}-mean": mean, f"{name}-projection": projection}
        if name == "e5":  # 50 ms a text: the centres of shipped points travel with the program
            near = unit((vectors - mean.astype(np.float32)) @ projection.astype(np.float32))
            data["e5-centres"] = unit(np.stack([near[owner == i].mean(axis=0) for i in range(len(points))])).astype(
                np.float16
            )
            data["e5-keys"] = np.asarray([key_of(p.texts) for p in points])
    np.savez_compressed(metric.FILE, **data)
    metric.load_metrics.cache_clear()
    return {"wordings": len(texts), "points": len(points), "bytes": metric.FILE.stat().st_size}


def discriminant(vectors: NDArray[np.float32], owner: NDArray[np.int64]) -> tuple[Any, Any]:
    """Mean `(d,)` and projection `(d, 128)`, float16: directions between owners after whitening those within."""
    mean = vectors.mean(axis=0)
    x = vectors - mean
    centres = np.stack([x[owner == i].mean(axis=0) for i in range(owner.max() + 1)])
    inner = x - centres[owner]
    within = inner.T @ inner / (len(x) - len(centres))
    within = (1 - SHRINKAGE) * within + SHRINKAGE * np.trace(within) / len(within) * np.eye(len(within))
    values, axes = np.linalg.eigh(within)
    whiten = axes / np.sqrt(values)
    _, main = np.linalg.eigh(np.cov((centres @ whiten).T))
    return mean.astype(np.float16), (whiten @ main[:, ::-1][:, :DIMENSIONS]).astype(np.float16)


def measured_answers() -> list[Answer]:
    """Answers of the dev part with the features of what is left after screening."""
    rubrics, titles = shipped_rubrics()
    counts, wordings = frequencies([r.points for r in rubrics.values()])
    sets: dict[int, PointSet] = {}
    found = []
    for row in rows("grading", "dev"):
        number = row["question"]
        if number not in sets:
            sets[number] = PointSet(rubrics[number].points, titles[number], counts, wordings)
        kept = screen(row["answer"], titles[number]).kept
        found.append(Answer(row, rubrics[number].points, sets[number].measure(pieces(row["answer"], kept))))
    return found


def learn(answers: Sequence[Answer]) -> dict[str, Any]:
    """Two logistic models on best pieces: a point said, a misconception asserted (multiple-instance learning)."""
    content = [a for a in answers if a.row["kind"] in CONTENT and len(a.measured.features)]
    learned: dict[str, Any] = {"score": RULE}
    for name, label, wanted in (("covered", "covered", False), ("asserted", "contradicted", True)):
        bags = [
            (a.measured.features[:, i], float(p.id in a.row[label]))
            for a in content
            for i, p in enumerate(a.points)
            if (p.kind == "misconception") == wanted
        ]
        chosen = np.stack([bag[bag[:, -1].argmax()] for bag, _ in bags])
        y = np.asarray([label for _, label in bags])
        for _ in range(ROUNDS):
            weights, bias = logistic(chosen, y, ridge=RIDGE)
            chosen = np.stack([bag[(bag @ weights).argmax()] for bag, _ in bags])
        learned[name] = {
            "bias": round(bias, 4),
            **{n: round(float(w), 4) for n, w in zip(NAMES, weights, strict=True)},
        }
    return learned


def scores(answers: Sequence[Answer], learned: dict[str, Any]) -> Array:
    """The score of each answer, before any cap."""
    return np.asarray(
        [score.score(a.points, score.judge(a.measured, a.points, learned).probability, learned) for a in answers]
    )


def fit_cuts(values: Array, grades: NDArray[np.int64]) -> list[float]:
    """Four borders that maximise agreement (QWK and exact) without bias, by coordinate search.

    Among equally good borders the middle one is taken.
    """
    cuts = np.asarray([1.0, 3.0, 6.0, 8.5])
    candidates = np.arange(0.3, 10.0, 0.1)

    def worth(borders: Array) -> float:
        levels = (values[:, None] >= np.sort(borders)).sum(axis=1)
        bias = abs(float((levels - grades).mean()))
        return kappa(levels, grades) + 0.5 * float((levels == grades).mean()) - 0.3 * bias

    for _ in range(4):
        for i in range(4):
            found = [worth(np.r_[cuts[:i], c, cuts[i + 1 :]]) for c in candidates]
            cuts[i] = float(np.median(candidates[np.asarray(found) >= max(found) - 1e-9]))
    return [round(float(c), 2) for c in np.sort(cuts)]


def held_out(answers: Sequence[Answer]) -> dict[str, Any]:
    """Figures with everything learned anew without the question at hand."""
    content = [a for a in answers if a.row["kind"] in CONTENT]
    levels, grades, said, wrong = [], [], [], []
    for question in sorted({a.row["question"] for a in content}):
        rest = [a for a in content if a.row["question"] != question]
        learned = learn(rest)
        cuts = fit_cuts(scores(rest, learned), np.asarray([a.row["grade"] for a in rest]))
        for a in (a for a in content if a.row["question"] == question):
            judged = score.judge(a.measured, a.points, learned)
            levels.append(score.level(score.score(a.points, judged.probability, learned), cuts))
            grades.append(a.row["grade"])
            for p, probability in zip(a.points, judged.probability, strict=True):
                if p.kind == "misconception":
                    wrong.append((probability, p.id in a.row["contradicted"]))
                else:
                    said.append((probability, p.id in a.row["covered"]))
    got, gold = np.asarray(levels), np.asarray(grades)
    return {
        "answers": len(got),
        "qwk": round(kappa(got, gold), 4),
        "exact": round(float((got == gold).mean()), 4),
        "within_one": round(float((abs(got - gold) <= 1).mean()), 4),
        "bias": round(float((got - gold).mean()), 4),
        "covered": _detection(said, score.PARTIAL),
        "contradicted": _detection(wrong, score.CONTRADICTED),
    }


def _detection(pairs: Sequence[tuple[float, bool]], bar: float) -> dict[str, float]:
    p, y = np.asarray([a for a, _ in pairs]), np.asarray([b for _, b in pairs])
    hit = (p >= bar) & y
    return {
        "auroc": round(auroc(p[y], p[~y]), 4),
        "precision": round(float(hit.sum() / max(1, (p >= bar).sum())), 4),
        "recall": round(float(hit.sum() / max(1, y.sum())), 4),
    }


def fit(with_metric: bool = True) -> dict[str, Any]:
    """Learn everything, write it, return held-out figures."""
    report: dict[str, Any] = {"metric": fit_metric()} if with_metric else {}
    answers = measured_answers()
    content = [a for a in answers if a.row["kind"] in CONTENT]
    learned = learn(answers)
    learned["cuts"] = fit_cuts(scores(content, learned), np.asarray([a.row["grade"] for a in content]))
    before = json.loads(score.FILE.read_text(encoding="utf-8")) if score.FILE.exists() else {}
    if "generic" in before:
        learned["generic"] = before["generic"]
    score.FILE.write_text(json.dumps(learned, indent=1) + "\n", encoding="utf-8")
    score.coefficients.cache_clear()
    return {**report, "held_out": held_out(answers), "learned": learned}
