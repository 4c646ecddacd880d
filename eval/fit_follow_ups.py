"""Writes the follow-ups that are known for the shipped document. Part of `python -m eval fit`; writes follow_ups.npz.

The rows of `follow_ups_train.jsonl` are embedded, Chinese ones in both scripts: the embedders find the two less alike than
people do. What they weigh beside everything else is learned elsewhere: where a follow-up leads, with the conversations,
which other people wrote; whether it leads anywhere, here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eval.fit_asked import asked_points, spans_of_points
from eval.gold import Part, Row, rows, some
from eval.linear import adjustment
from eval.retrieval import behind, turns
from ingest.embed import side_by_side
from ingest.text import converter
from tutor.retrieval.confidence import log_odds
from tutor.retrieval.conversation import continues, refers_back
from tutor.retrieval.follow_ups import READINGS, FollowUps, Reading
from tutor.retrieval.learned import keep
from tutor.retrieval.remembered import Remembered
from tutor.retrieval.result import SearchResult, Turn
from tutor.retrieval.search import Searcher

# Rows of the known follow-ups that some question answers, of each ten questions, to learn the weighing from.
ANSWERED = 250
# Say of what the weighing is learned from, shared alike between rows with an answer and without: known follow-ups; the last
# queries of conversations, all answered; and queries about something else behind an answer.
SAY = {"known": 1.0, "talk": 0.5, "change": 1.0}
# Of the last queries of conversations, which the document answers, so many may be taken for ones that it does not (.04
# by the search alone).
REFUSED = 0.055
RIDGE = 1.0
Array = NDArray[np.float64]


def fit_follow_ups(searcher: Searcher) -> FollowUps:
    """Embed the follow-ups, write them, and return them."""
    found = _both_scripts()
    vectors = np.stack([side_by_side(searcher.legs.vectors(row["query"])) for row in found])
    known = FollowUps(
        searcher.index.manifest["source_sha256"],
        Remembered.of(vectors),
        np.asarray([row["after"] for row in found]),
        np.asarray([(row["targets"] * 2 or (0, 0))[:2] for row in found]),
        asked_points([((row["targets"] or [0])[0], row["points"]) for row in found], spans_of_points(searcher)),
    )
    keep(known)
    return known


@dataclass(frozen=True)
class Asked:
    """A query behind a conversation.

    Args:
        sort: a key of `SAY`.
        signs: what is added to the log-odds of the search by weight (`FollowUps.confidence`), `(3,)`; the last says how familiar it is.
    """

    sort: str
    reading: Reading
    answered: bool
    search: float
    signs: Array


def fit_unanswered(searcher: Searcher, known: FollowUps, changes: Sequence[Row]) -> tuple[FollowUps, dict[str, float]]:
    """Learn what it weighs that a query is like follow-ups that the document answers, or does not; write, and return figures.

    Each known follow-up is judged without itself.

    Args:
        searcher: knows the follow-ups, and gives them no weight in the confidence.
        changes: queries about something else, each behind a conversation; `answered` says whether the document does.
    """
    found = list(_measured(searcher, known, changes))
    weighing = {reading: _learned([one for one in found if one.reading == reading]) for reading in READINGS}
    talk = [one for one in found if one.sort == "talk"]
    # One constant more for all, so that no more conversations are cut off than may be.
    for more in np.arange(0.0, 4.0, 0.05):
        kept = {reading: (a, b, round(c + float(more), 3)) for reading, (a, b, c) in weighing.items()}
        if np.mean([_judged(one, kept) < 0 for one in talk]) <= REFUSED:
            break
    known = replace(known, weighing=kept)
    keep(known)
    sorts = {f"{sort}_{'answered' if yes else 'unanswered'}": (sort, yes) for sort in SAY for yes in (True, False)}
    figures = {}
    for name, (sort, yes) in sorts.items():
        own = [one for one in found if (one.sort, one.answered) == (sort, yes)]
        if own:
            figures[f"{name}_refused"] = round(float(np.mean([_judged(one, kept) < 0 for one in own])), 4)
            figures[f"{name}_familiar"] = round(float(np.mean([one.signs[2] for one in own])), 4)
            figures[f"{name}_refused_before"] = round(float(np.mean([one.search < 0 for one in own])), 4)
    return known, figures


def _learned(found: Sequence[Asked]) -> tuple[float, float, float]:
    answered = np.asarray([float(one.answered) for one in found])
    weight = np.zeros(len(found))
    for sort, say in SAY.items():
        for yes in (0.0, 1.0):
            those = (answered == yes) & np.asarray([one.sort == sort for one in found])
            weight[those] = say / max(1, those.sum())
    weight *= len(found) / weight.sum()
    given = np.asarray([one.search for one in found])
    a, b, c = adjustment(np.stack([one.signs for one in found]), answered, weight, given, ridge=RIDGE)
    return round(float(a), 3), round(float(b), 3), round(float(c), 3)


def _judged(one: Asked, weighing: Mapping[Reading, tuple[float, float, float]]) -> float:
    return float(one.search + one.signs @ weighing[one.reading])


def _measured(searcher: Searcher, known: FollowUps, changes: Sequence[Row]) -> Iterator[Asked]:
    ids = np.asarray([row["id"] for row in _both_scripts()])
    for sort, row, history in _asked(searcher, changes):
        carried, found = searcher.ranker.carried(history), searcher.search(row["query"], history)
        if not carried or found.addressed or continues(row["query"]):
            continue
        likeness = known.likeness(searcher.legs.vectors(row["query"]))
        others = ids != row["id"] if sort == "known" else np.ones(len(ids), dtype=bool)
        familiar = known.familiar(likeness, carried[0], others)
        search = log_odds(found.confidence)
        signs = familiar * np.asarray([search, known.unanswered(likeness, carried[0], others), 1.0])
        yield Asked(sort, _reading(found), row.get("answered", bool(row.get("targets", True))), search, signs)


def _both_scripts() -> list[Row]:
    """The known follow-ups, each Chinese one also as it is written in the other script."""
    found = rows("follow_ups", "train")
    other = []
    for row in found:
        written = converter("s2twp" if row["language"] == "zh-Hans" else "tw2sp").convert(row["query"])
        if row["language"] != "en" and written != row["query"]:
            other.append({**row, "query": written})
    return [*found, *other]


def _reading(found: SearchResult) -> Reading:
    if found.rewritten is None:
        return "by itself"
    return "refers back" if refers_back(found.query) else "own topic"


def _asked(searcher: Searcher, changes: Sequence[Row]) -> Iterator[tuple[str, Row, tuple[Turn, ...]]]:
    """Rows with the conversation before them: known follow-ups behind a bare citation, gold conversations, changes of topic."""
    known = rows("follow_ups", "train")
    for ten in sorted({(row["after"] - 1) // 10 for row in known}):
        own = [row for row in known if (row["after"] - 1) // 10 == ten]
        for row in [*(r for r in own if not r["targets"]), *some([r for r in own if r["targets"]], ANSWERED)]:
            yield "known", row, turns(behind(row, searcher.titles[row["after"]]))
    parts: tuple[Part, Part] = ("train", "dev")
    talks = [row for name in ("conversations", "switches") for part in parts for row in rows(name, part)]
    for sort, found in (("talk", talks), ("change", changes)):
        for row in found:
            yield sort, row, turns(row)
