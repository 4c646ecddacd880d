"""Writes the queries that are known for the shipped document: which question answers each, and which points it asks for. Part of `python -m eval fit`.

The rows of `asked_train.jsonl` are embedded; where the key points stand in the source is kept beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from eval.gold import Row, rows
from ingest.corpora import document_path, read_document
from ingest.embed import side_by_side
from ingest.rubrics import quote_span, read_rubrics, rubrics_path
from tutor.retrieval.asked import AskedPoints, KnownQueries
from tutor.retrieval.learned import keep
from tutor.retrieval.remembered import Remembered
from tutor.retrieval.result import Span
from tutor.retrieval.search import Searcher


def fit_asked(searcher: Searcher) -> KnownQueries:
    """Embed the queries, write them, and return them."""
    found = [(row, number) for row in rows("asked", "train") for number in row["relevant"]]
    vectors = np.stack([side_by_side(searcher.legs.vectors(row["query"])) for row, _ in found])
    known = KnownQueries(
        searcher.index.manifest["source_sha256"],
        Remembered.of(vectors),
        np.asarray([number for _, number in found]),
        asked_points([(number, points_of(row, number)) for row, number in found], spans_of_points(searcher)),
    )
    keep(known)
    return known


def points_of(row: Row, number: int) -> list[str]:
    """Ids of the key points of a question that a row asks for."""
    return [identifier for identifier in row["points"] if question_of(identifier) == number]


def question_of(identifier: str) -> int:
    """The question that a key point belongs to: 37 of "37.2"."""
    return int(identifier.partition(".")[0])


def asked_points(found: Sequence[tuple[int, Iterable[str]]], spans: Mapping[str, Span]) -> AskedPoints:
    """Which key points are asked for, one row for each question with ids of points of it.

    Args:
        spans: of each key point, by its id.
    """
    of_question: dict[int, list[str]] = {}
    for identifier in spans:
        of_question.setdefault(question_of(identifier), []).append(identifier)
    most = max(map(len, of_question.values()))
    asked = np.zeros((len(found), most), dtype=bool)
    for (number, identifiers), own in zip(found, asked, strict=True):
        for identifier in identifiers:
            own[of_question[number].index(identifier)] = True
    where = np.zeros((max(of_question) + 1, most, 2), dtype=np.int64)
    for number, own_ids in of_question.items():
        where[number, : len(own_ids)] = [spans[identifier] for identifier in own_ids]
    return AskedPoints(asked, where)


def spans_of_points(searcher: Searcher) -> dict[str, Span]:
    """Where the key points of the shipped rubrics stand in the source, by id."""
    path = document_path(searcher.folder.parent, searcher.folder.name)
    document = read_document(path)
    rubrics = read_rubrics(rubrics_path(path), document)
    questions = {question.number: question for question in document.questions}
    found = {
        point.id: quote_span(point, questions[number], document.source)
        for number, rubric in rubrics.items()
        for point in rubric.points
        if point.kind != "misconception"
    }
    return {identifier: span for identifier, span in found.items() if span is not None}
