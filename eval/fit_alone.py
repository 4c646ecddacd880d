"""Fits when a query behind a conversation means what it says by itself. Part of `python -m eval fit`; writes alone.npz.

The words are learned from known follow-ups and from reviewed expansions, which stand alone. What they weigh beside both
readings is learned from gold conversations and changes of topic, and from queries that the document answers, each put
behind a conversation about another question: only from rows of which one reading is right and the other is not.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.fit_conversation import held_out, measured
from eval.fit_grading import shipped_rubrics
from eval.gold import Row, rows
from eval.linear import logistic
from ingest.corpora import document_path, read_document, read_expansions
from ingest.embed import side_by_side
from tutor.retrieval.alone import Alone
from tutor.retrieval.learned import keep
from tutor.retrieval.search import Searcher

# Changes of topic that are made up, and what each weighs: they are many, and none is an elliptical one.
MADE_UP, LIGHT = 800, 0.5
# Learned on follow-ups and expansions; of 800 stand-alone queries and 392 follow-ups 1 to 100 give AUROC .981, .978, .966.
RIDGE = 1.0
FOLDS = 5
Array = NDArray[np.float64]


def fit_alone(searcher: Searcher, answered: list[Row]) -> tuple[Alone, dict[str, Any]]:
    """Learn, write, and return cross-validated hit@1 with and without what is learned.

    Args:
        answered: queries that the document answers.
    """
    x, y = _worded(searcher)
    weights, bias = logistic(x, y, ridge=RIDGE, standardised=False)
    model = Alone(searcher.index.manifest["source_sha256"], weights, bias, (0.0,) * 8)
    found = measured(searcher, made_up(answered, answered, MADE_UP))
    total, hits = held_out(found)
    own, kinds = np.stack([m.own for m in found]), np.asarray([m.row["kind"] for m in found])
    every = range(len(found))
    signs = np.stack([
        model.signs(m.row["query"], searcher.legs.vectors(m.row["query"]), m.own, within)
        for m, within in zip(found, total, strict=True)
    ])  # fmt: skip
    right_alone, right_within = hits[every, own.argmax(axis=1)], hits[every, total.argmax(axis=1)]
    tells = (own.argmax(axis=1) != total.argmax(axis=1)) & (right_alone != right_within)
    weight = np.where(kinds == "made-up", LIGHT, 1.0)

    def learned(which: NDArray[np.bool_]) -> tuple[Array, float]:
        return logistic(signs[which], right_alone[which], weight[which], ridge=1.0)

    folds, alone = np.random.default_rng(1).integers(0, FOLDS, len(found)), np.zeros(len(found), dtype=bool)
    for fold in range(FOLDS):
        w, b = learned(tells & (folds != fold))
        alone[folds == fold] = signs[folds == fold] @ w + b > 0
    w, b = learned(tells)
    model = Alone(model.source_sha256, weights, bias, (*(round(float(v), 3) for v in w), round(b, 3)))
    keep(model)
    together = np.where(alone, right_alone, right_within)
    figures: dict[str, Any] = {"learned_from": int(tells.sum()), "weighing": model.weighing}
    for name, which in (("changes_made_up", kinds == "made-up"), ("changes", kinds == "switch")):
        figures[name] = _compared(which, right_within, together)
    figures["follow_ups"] = _compared(~np.isin(kinds, ["made-up", "switch"]), right_within, together)
    return model, figures


def _compared(which: NDArray[np.bool_], before: Array, after: Array) -> dict[str, float]:
    return {"in_context": round(float(before[which].mean()), 4), "hit@1": round(float(after[which].mean()), 4)}


def _worded(searcher: Searcher) -> tuple[Array, Array]:
    """Vectors of expansions and of known follow-ups, and which of them stand alone."""
    path = document_path(searcher.index.folder.parent, searcher.index.folder.name)
    stand = [ask for expansion in read_expansions(path, read_document(path)) for ask in expansion.asks]
    lean = [row["query"] for row in rows("follow_ups", "train")]
    x = np.stack([side_by_side(searcher.legs.vectors(text)) for text in (*stand, *lean)])
    return x, np.repeat([1.0, 0.0], [len(stand), len(lean)])


def made_up(queries: list[Row], answered: list[Row], count: int) -> list[Row]:
    """Some of these queries, each behind one that the document answers and a reviewed statement about its question."""
    chance, (rubrics, _) = random.Random(7), shipped_rubrics()
    asked: dict[int, list[str]] = {}
    for row in answered:
        asked.setdefault(row["relevant"][0], []).append(row["query"])
    found = []
    for row in chance.sample(queries, count):
        before = chance.choice([number for number in asked if number not in row.get("relevant", ())])
        said = chance.choice([p for p in rubrics[before].points if p.kind != "misconception"]).statement
        history = [
            {"role": "user", "content": chance.choice(asked[before])},
            {"role": "assistant", "content": f"{said}【第{before}題】"},
        ]
        found.append({**row, "history": history, "kind": "made-up"})
    return found
