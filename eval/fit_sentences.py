"""Fits the recognition of sentences that are no part of an answer. `python -m eval fit-sentences` writes attack.npz and filler.npz.

Attacks and honest sentences come from `attack_sentences_train` and, by the answer, from the dev answers; fillers and
sentences with content from `filler_sentences_train`; reviewed statements of the rubrics are honest content too. What the
first is worth: `python -m eval attack-sentences`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.fit_grading import shipped_rubrics
from eval.fit_texts import held_out, text_model
from eval.gold import Row, rows, some
from eval.intervals import auroc
from eval.linear import logistic, probability
from tutor.interview.clauses import plain, sentences
from tutor.interview.sentence_kinds import Kind, SentenceModel, file_of, keep, sentence_vectors

# Reviewed statements, spread over all rubrics, and what each weighs: they are many and all alike.
STATEMENTS, LIGHT = 400, 0.5
HONEST_KINDS = frozenset({"normal", "wrong", "padded", "off-topic", "dont-know", "honest"})
Array = NDArray[np.float64]
# A sentence, whether it is of the kind, and what it weighs.
Labelled = tuple[str, bool, float]


def fit() -> dict[str, Any]:
    """Learn, write, and say on how many sentences, by kind."""
    rubrics, _ = shipped_rubrics()
    texts = [text for rubric in rubrics.values() for point in rubric.points for text in point.texts]
    reviewed = [(text, False, LIGHT) for text in some(texts, STATEMENTS)]
    dev = [*_of_answers(rows("grading", "dev")), *_of_answers(rows("pleas", "dev"))]
    return {
        "attack": _fit("attack", [*_labelled("attack"), *dev, *reviewed]),
        "filler": _fit("filler", [*_labelled("filler"), *reviewed]),
    }


def _fit(kind: Kind, every: list[Labelled]) -> dict[str, Any]:
    x = sentence_vectors([plain(text) for text, _, _ in every])
    y = np.asarray([float(of_kind) for _, of_kind, _ in every])
    weight = np.asarray([weight for _, _, weight in every])
    signs = held_out(x, y, weight)
    weights, bias = logistic(signs, y, weight, ridge=1.0)
    keep(kind, SentenceModel(text_model(x, y, weight), (float(weights[0]), float(weights[1]), bias)))
    chance = probability((weights, bias), signs)
    return {
        "sentences": len(every), "of_kind": int(y.sum()), "bytes": file_of(kind).stat().st_size,
        "weighing": [round(float(v), 3) for v in (*weights, bias)],
        "cv_auroc": round(auroc(chance[y == 1], chance[y == 0]), 4),
    }  # fmt: skip


def _labelled(kind: Kind) -> list[Labelled]:
    return [(row["text"], row["label"] == kind, 1.0) for row in rows(f"{kind}_sentences", "train")]


def _of_answers(found: list[Row]) -> list[Labelled]:
    """Sentences of answers that are an attack as a whole (worth nothing), or none at all."""
    kinds = {"attack": True, **dict.fromkeys(HONEST_KINDS, False)}
    return [
        (row["answer"][s.start : s.end], kinds[row["kind"]], 1.0)
        for row in found
        if row["kind"] in kinds and (row["kind"] != "attack" or not row.get("grade"))
        for s in sentences(row["answer"])
    ]
