"""What is listed for a query, and for a short follow-up: whether it answers what was asked, beside the choice by topic alone.

「那有什麼缺點？」 wants the drawbacks, not seven points of the topic. Rows are queries and short follow-ups that the document answers;
their labels are the key points that answer exactly this, and the words of the text: those behind the points of a query, and those
that answer a follow-up. No model is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

from eval.fit_asked import spans_of_points
from eval.gold import SINGLE_QUERIES, Part, Row, rows
from eval.intervals import mean_interval
from eval.retrieval import behind, turns
from tutor.answering.evidence import EvidenceRoom
from tutor.answering.keypoints import KeyPoint, choose
from tutor.answering.language import reply_language
from tutor.retrieval.result import SearchResult, Span, Turn
from tutor.retrieval.search import Searcher


@dataclass(frozen=True)
class Labels:
    """Spans of the source behind a row's labels: key points that answer, that may be said beside, all others; words of the text."""

    points: frozenset[Span]
    beside: frozenset[Span]
    reviewed: frozenset[Span]
    words: tuple[Span, ...]

    def answers(self, point: KeyPoint) -> float:
        """1 for a point that answers what was asked, .5 for one that may be said beside it, else 0."""
        span = (point.sentence.start, point.sentence.end)
        if span in self.points:
            return 1.0
        if span in self.beside:
            return 0.5
        if span in self.reviewed:
            return 0.0
        return float(any(start < span[1] and span[0] < end for start, end in self.words))


def measure(searcher: Searcher, part: Part) -> dict[str, Any]:
    """Figures of rows that are answered, with what is known of those alike, and by the topic alone.

    Rows are follow-ups, queries, and the kinds of `SINGLE_QUERIES`.
    """
    follow_ups = [
        (row, turns(behind(row, searcher.titles[row["after"]])))
        for row in rows("short_follow_ups", part)
        if row["relevant"]
    ]
    queries: list[tuple[Row, tuple[Turn, ...]]] = [(row, ()) for row in rows("asked", part)]
    return {
        "part": part,
        **_both_choices(follow_ups, searcher),
        "queries": _both_choices(queries, searcher),
        **{
            name: _both_choices([(row, ()) for row in rows(name, part) if row["relevant"]], searcher)
            for name in SINGLE_QUERIES
        },
    }


def _both_choices(found: Sequence[tuple[Row, Sequence[Turn]]], searcher: Searcher) -> dict[str, Any]:
    room, spans = EvidenceRoom(searcher), spans_of_points(searcher)
    by_topic = copy(searcher)
    by_topic.ranker = copy(searcher.ranker)
    by_topic.ranker.known_queries = None
    figures: dict[str, list[tuple[float, ...]]] = {"known": [], "topic": []}
    refused = []
    for row, history in found:
        result = searcher.search(row["query"], history)
        refused.append(not result.in_corpus)
        if result.in_corpus:
            labels = _labels(row, searcher, spans)
            topical = replace(by_topic.search(row["query"], history), points=())
            for name, seen in (("known", result), ("topic", topical)):
                figures[name].append(_figures(seen, history, labels, room))
    names = ("listed", "of_them_answering", "or_beside_the_point_asked", "answering_that_are_listed")
    report: dict[str, Any] = {"refused": mean_interval(refused)}
    for name, values in figures.items():
        columns = list(zip(*values, strict=True))
        report[name] = {
            key: mean_interval([v for v in column if v >= 0]) for key, column in zip(names, columns, strict=True)
        }
    return report


def _figures(
    result: SearchResult, history: Sequence[Turn], labels: Labels, room: EvidenceRoom
) -> tuple[float, float, float, float]:
    """Points listed; the shares that answer, and that answer or may be said; the share of those that answer (-1: none does)."""
    chosen = choose(result, room, reply_language(result.query, history))
    points = [point for part in chosen for point in part.points]
    marks = [labels.answers(point) for point in points]
    listed = {(p.sentence.start, p.sentence.end) for p in points}
    found = len(labels.points & listed) / len(labels.points) if labels.points else -1.0
    count = max(1, len(points))
    return len(points), sum(m == 1 for m in marks) / count, sum(m > 0 for m in marks) / count, found


def _labels(row: Row, searcher: Searcher, spans: Mapping[str, Span]) -> Labels:
    content = searcher.index.content
    words = [] if "quotes" in row else [spans[i] for i in row["points"]]
    for quote in row.get("quotes", ()):
        for number in row["relevant"]:
            question = content.questions[number]
            start = content.source.find(quote, question.start, question.end)
            if start >= 0:
                words.append((start, start + len(quote)))
    return Labels(
        frozenset(spans[i] for i in row["points"]),
        frozenset(spans[i] for i in row["partly"]),
        frozenset(spans.values()),
        tuple(words),
    )
