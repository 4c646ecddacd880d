"""What becomes of a short follow-up on the whole road: `python -m eval follow-ups [--part dev|test]`.

「那有什麼限制嗎？」 is answered by points that are known to be asked for, by the model's words, or not at all: before the model
is asked, or when nothing of what it wrote stands. Rows are the short follow-ups, answered or not, and the follow-ups that
the document does not answer. Knows answers, nothing of how they are made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from eval.fit_asked import spans_of_points
from eval.gold import Part, Row, rows
from eval.intervals import mean_interval
from eval.retrieval import behind, turns
from eval.stopwatch import spread
from tutor.answering.answer import Answer
from tutor.answering.tutor import Ask, Tutor
from tutor.retrieval.result import Span


def measure(tutor: Tutor, part: Part, advance: Callable[[str], None]) -> dict[str, Any]:
    """All figures of one part; without a model nothing is refused after the search, and extracts count as told without it."""
    titles, spans = tutor.searcher.titles, spans_of_points(tutor.searcher)
    found = [behind(row, titles[row["after"]]) for row in rows("short_follow_ups", part)]
    replies = []
    for row in [*found, *rows("unanswerable_follow_ups", part)]:
        replies.append((row, tutor.answer(Ask(row["query"], turns(row)))))
        advance(str(row["id"]))
    answered = [(row, reply) for row, reply in replies if row.get("relevant")]
    silent = [(row, reply) for row, reply in replies if not row.get("relevant")]
    told = [(row, reply) for row, reply in answered if not reply.refused]
    cited = [_cites(reply, [spans[identifier] for identifier in row["points"]]) for row, reply in told if row["points"]]
    return {
        "part": part,
        "unanswered_refused": mean_interval([reply.refused for _, reply in silent]),
        "unanswered_refused_by_the_search": mean_interval([reply.refused and not _asked(reply) for _, reply in silent]),
        "answered_refused": mean_interval([reply.refused for _, reply in answered]),
        "told_without_the_model": mean_interval([not _asked(reply) for _, reply in told]),
        "told_citing_what_answers": mean_interval(cited),
        "answered_ms": spread([reply.timings["total_ms"] or 0.0 for _, reply in told]),
        "wrongly_refused": _queries(answered, refused=True),
        "wrongly_answered": _queries(silent, refused=False),
    }


def _cites(reply: Answer, spans: Iterable[Span]) -> bool:
    """Whether some citation lies on one of these places."""
    return any(c.start < end and start < c.end for c in reply.citations for start, end in spans)


def _asked(reply: Answer) -> bool:
    """Whether the model was asked."""
    return bool(reply.usage["model_calls"])


def _queries(replies: list[tuple[Row, Answer]], *, refused: bool) -> list[str]:
    return [row["query"] for row, reply in replies if reply.refused is refused]
