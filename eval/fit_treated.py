"""Fits what the shipped document treats, by the vectors of queries. Part of `python -m eval fit`; writes treated.npz.

Weighed with the confidence of the search on scores that were held out. Knows queries, nothing of passages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.fit_texts import FOLDS, folds_of, held_out, text_model
from eval.gold import Row, rows, some
from eval.intervals import auroc
from eval.linear import alike, logistic
from ingest.corpora import document_path, read_document, read_expansions
from ingest.embed import side_by_side
from tutor.retrieval.confidence import log_odds
from tutor.retrieval.learned import keep
from tutor.retrieval.search import Searcher
from tutor.retrieval.treated import Treated

# Expansions of each question that count as queries that it answers, and what each weighs: .1 to 1 are alike on dev,
# none is worse (.033 to .017 of the answerable ones refused where .93 of the others are; with a linear model).
EXPANSIONS, LIGHT = 12, 0.3
# Of the queries that the document does not answer. Cross-validated, .945 refuses .016 of the answerable ones, .955 .035, .96 .039 and .965 .045
# (before questions in everyday words were learned from; .955 .029 with them).
REFUSED = 0.955
Array = NDArray[np.float64]


def fit_treated(searcher: Searcher, positives: Sequence[Row], negatives: Sequence[Row]) -> dict[str, Any]:
    """Learn from queries with and without an answer, write, and return cross-validated figures.

    Titles and, lightly, reviewed expansions say what the document treats, too. The bias is such that REFUSED of the
    given queries without an answer are refused: those of `treated_train.jsonl` were written to be hard, and only teach.
    Figures are of the given queries, too. `searcher` searches without what is learned here.
    """
    found = [(row["query"], 1.0) for row in positives] + [(row["query"], 0.0) for row in negatives]
    found += [(row["query"], float(row["answered"])) for row in rows("treated", "train")]
    queries, y = [query for query, _ in found], np.asarray([label for _, label in found])
    asked = _asked(searcher)
    by_search = np.asarray([log_odds(searcher.search(query).confidence) for query in queries])
    x = np.stack([side_by_side(searcher.legs.vectors(query)) for query in (*queries, *(text for text, _ in asked))])
    labels = np.concatenate([y, np.ones(len(asked))])
    weight = np.concatenate([np.ones(len(y)), [weight for _, weight in asked]])
    both = np.column_stack([by_search, held_out(x, labels, weight)[: len(y)]])
    together, folds = np.zeros(len(y)), folds_of(len(labels))[: len(y)]
    for fold in range(FOLDS):
        together[folds == fold] = both[folds == fold] @ _weighed(both[folds != fold], y[folds != fold])
    of_search, of_score, of_near = (round(float(v), 3) for v in _weighed(both, y))
    usual = slice(0, len(positives) + len(negatives))
    refused_at = both[usual][y[usual] == 0] @ [of_search, of_score, of_near]
    weighing = (of_search, of_score, of_near, round(-float(np.quantile(refused_at, REFUSED)), 3))
    keep(Treated(searcher.index.manifest["source_sha256"], text_model(x, labels, weight), weighing))
    together, y = together[usual], y[usual]
    refused = together < np.quantile(together[y == 0], REFUSED)
    return {
        "weighing": weighing,
        "queries": len(queries),
        "cv_auroc": round(auroc(together[y == 1], together[y == 0]), 4),
        "cv_auroc_search": round(auroc(by_search[usual][y == 1], by_search[usual][y == 0]), 4),
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
