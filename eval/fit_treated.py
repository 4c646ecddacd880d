"""Fits what the shipped document treats, by the vectors of queries. Part of `python -m eval fit`; writes treated.npz.

Weighed with the confidence of the search on scores that were held out. Knows queries, nothing of passages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.gold import Row, rows, some
from eval.intervals import auroc
from eval.linear import alike, logistic, ridge
from ingest.corpora import document_path, read_document, read_expansions
from ingest.embed import side_by_side
from tutor.retrieval.search import Searcher
from tutor.retrieval.treated import Treated, keep, log_odds

FOLDS = 5
# Learned on the train rows, .3 to 30 give AUROC .989, .992, .994, .991, .990 on dev.
RIDGE = 3.0
# Expansions of each question that count as queries that it answers, and what each weighs: .1 to 1 are alike on dev,
# none is worse (.033 to .017 of the answerable ones refused where .93 of the others are).
EXPANSIONS, LIGHT = 12, 0.3
# Of the queries that the document does not answer; classes weighted alike would refuse .958, and .042 of the others.
REFUSED = 0.945
Array = NDArray[np.float64]


def fit_treated(searcher: Searcher, positives: Sequence[Row], negatives: Sequence[Row]) -> dict[str, Any]:
    """Learn from queries with and without an answer, write, and return cross-validated figures.

    Titles and, lightly, reviewed expansions say what the document treats, too. The bias is such that REFUSED of the
    queries without an answer are refused. `searcher` searches without what is learned here.
    """
    found = [(row["query"], 1.0) for row in positives] + [(row["query"], 0.0) for row in negatives]
    found += [(row["query"], float(row["answered"])) for row in rows("treated", "train")]
    queries, y = [query for query, _ in found], np.asarray([label for _, label in found])
    asked = _asked(searcher)
    by_search = np.asarray([log_odds(searcher.search(query).confidence) for query in queries])
    x = np.stack([side_by_side(searcher.legs.vectors(query)) for query in (*queries, *(text for text, _ in asked))])
    labels = np.concatenate([y, np.ones(len(asked))])
    weight = np.concatenate([np.ones(len(y)), [weight for _, weight in asked]])
    folds = np.random.default_rng(0).integers(0, FOLDS, len(labels))
    held = np.zeros(len(labels))
    for fold in range(FOLDS):
        inside = folds != fold
        weights, bias = ridge(x[inside], labels[inside], weight[inside], ridge=RIDGE)
        held[~inside] = x[~inside] @ weights + bias
    both = np.column_stack([by_search, held[: len(y)]])
    together = np.zeros(len(y))
    for fold in range(FOLDS):
        inside = folds[: len(y)] != fold
        together[~inside] = both[~inside] @ _weighed(both[inside], y[inside])
    of_search, of_score = (round(float(v), 3) for v in _weighed(both, y))
    limit = round(-float(np.quantile(both[y == 0] @ [of_search, of_score], REFUSED)), 3)
    weights, bias = ridge(x, labels, weight, ridge=RIDGE)
    keep(Treated(searcher.index.manifest["source_sha256"], weights, bias, (of_search, of_score, limit)))
    refused = together < np.quantile(together[y == 0], REFUSED)
    return {
        "weighing": [of_search, of_score, limit],
        "queries": len(y),
        "cv_auroc": round(auroc(together[y == 1], together[y == 0]), 4),
        "cv_auroc_search": round(auroc(by_search[y == 1], by_search[y == 0]), 4),
        "cv_answerable_refused": round(float(refused[y == 1].mean()), 4),
    }


def _weighed(both: Array, y: Array) -> Array:
    return logistic(both, y, alike(y), ridge=1.0)[0]


def _asked(searcher: Searcher) -> list[tuple[str, float]]:
    """The titles in both languages, and some of the reviewed expansions of every question, each with its weight."""
    path = document_path(searcher.index.folder.parent, searcher.index.folder.name)
    document = read_document(path)
    found = [(question.title, 1.0) for question in document.questions]
    for expansion in read_expansions(path, document):
        found += [(expansion.title_en, 1.0), *((text, LIGHT) for text in some(expansion.asks, EXPANSIONS))]
    return found
