"""Fits the recognition of sentences that talk to the grader. `python -m eval fit-attacks` writes attack_model.npz.

Attacks and honest sentences come from `attack_sentences_train` and, by the answer, from the dev answers; reviewed
statements of the rubrics are honest too. What it is worth: `python -m eval attack-sentences`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from eval.fit_grading import shipped_rubrics
from eval.gold import Row, rows, some
from eval.linear import logistic
from tutor.interview import attack_model
from tutor.interview.attack_model import attack_vectors
from tutor.interview.clauses import plain, sentences

# Reviewed statements, spread over all rubrics, and what each weighs: they are many and all alike.
STATEMENTS, LIGHT = 400, 0.5
RIDGE = 0.1
HONEST_KINDS = frozenset({"normal", "wrong", "padded", "off-topic", "dont-know", "honest"})


def fit() -> dict[str, Any]:
    """Learn, write, and say on how many sentences."""
    rubrics, _ = shipped_rubrics()
    own = [(r["text"], r["label"] == "attack", 1.0) for r in rows("attack_sentences", "train")]
    dev = [*_of_answers(rows("grading", "dev")), *_of_answers(rows("pleas", "dev"))]
    reviewed = some(
        [text for rubric in rubrics.values() for point in rubric.points for text in point.texts], STATEMENTS
    )
    every = [*own, *dev, *((text, False, LIGHT) for text in reviewed)]
    x = attack_vectors([plain(text) for text, _, _ in every])
    y = np.asarray([float(attack) for _, attack, _ in every])
    weight = np.asarray([weight for _, _, weight in every])
    weights, bias = logistic(x, y, weight, ridge=RIDGE, standardised=False)
    np.savez_compressed(attack_model.FILE, weights=weights.astype(np.float32), bias=np.float32(bias))
    attack_model.forget()
    return {"sentences": len(every), "attacks": int(y.sum()), "bytes": attack_model.FILE.stat().st_size}


def _of_answers(found: list[Row]) -> list[tuple[str, bool, float]]:
    """Sentences of answers that are an attack as a whole (worth nothing), or none at all."""
    kinds = {"attack": True, **dict.fromkeys(HONEST_KINDS, False)}
    return [
        (row["answer"][s.start : s.end], kinds[row["kind"]], 1.0)
        for row in found
        if row["kind"] in kinds and (row["kind"] != "attack" or not row.get("grade"))
        for s in sentences(row["answer"])
    ]
