"""Writes the follow-ups that are known for the shipped document. Part of `python -m eval fit`; writes follow_ups.npz.

The rows of `follow_ups_train.jsonl` are embedded, Chinese ones in both scripts: the embedders find the two less alike than
people do. What they weigh beside everything else is learned elsewhere: where a follow-up leads, with the conversations,
which other people wrote; whether it leads anywhere, here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from eval.gold import Part, Row, rows, some
from eval.linear import alike, logistic
from ingest.embed import side_by_side
from ingest.text import converter
from tutor.retrieval.confidence import log_odds
from tutor.retrieval.conversation import refers_back
from tutor.retrieval.follow_ups import FollowUps, keep, weighed
from tutor.retrieval.remembered import Remembered
from tutor.retrieval.result import Turn
from tutor.retrieval.search import Searcher

# Rows of the known follow-ups that some question answers, of each ten questions, to learn the weighing from.
ANSWERED = 60
# Of the last queries of conversations that lean on them, which the document answers, so many may be taken for ones that it
# does not (.035 by the search alone).
REFUSED = 0.055
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
    )
    keep(known)
    return known


def fit_unanswered(searcher: Searcher, known: FollowUps) -> tuple[FollowUps, dict[str, float]]:
    """Learn what it weighs that a follow-up is like others that the document does not answer; write, and return figures.

    Each known follow-up is judged without itself. `searcher` knows the follow-ups, and gives them no weight in the confidence.
    """
    signs, answered, talked, names_its_own = [], [], [], []
    numbers = np.asarray([row["id"] for row in _both_scripts()])
    for row, history in _asked(searcher):
        found = searcher.search(row["query"], history)
        carried = searcher.carried(history)
        if found.rewritten is None or not carried:
            continue
        likeness = known.likeness(searcher.legs.vectors(row["query"]))
        others = numbers != row["id"]
        signs.append((log_odds(found.confidence), known.unanswered(likeness, carried[0], others)))
        answered.append(float(bool(row.get("targets", True))))
        talked.append("after" not in row)
        names_its_own.append(not refers_back(row["query"]))
    x, y, talk = np.asarray(signs), np.asarray(answered), np.asarray(talked)
    named = np.asarray(names_its_own)
    of_search, of_known = (round(float(w), 3) for w in logistic(x, y, alike(y), ridge=1.0)[0])

    def judged(bias: float) -> Array:
        return weighed((of_search, of_known, bias), x[:, 0], x[:, 1], named)

    biases = (round(float(bias), 3) for bias in np.arange(-6.0, 6.0, 0.05))
    bias = next(b for b in biases if (judged(b)[talk] < 0).mean() <= REFUSED)
    known = replace(known, weighing=(of_search, of_known, bias))
    keep(known)
    after, hard = judged(bias), (y == 1) & ~talk
    return known, {
        f"{name}_refused{when}": round(float((values[which] < 0).mean()), 4)
        for name, which in (("unanswered", y == 0), ("answered", hard), ("conversations", talk))
        for when, values in (("", after), ("_before", x[:, 0]))
    }


def _both_scripts() -> list[Row]:
    """The known follow-ups, each Chinese one also as it is written in the other script."""
    found = rows("follow_ups", "train")
    other = []
    for row in found:
        written = converter("s2twp" if row["language"] == "zh-Hans" else "tw2sp").convert(row["query"])
        if row["language"] != "en" and written != row["query"]:
            other.append({**row, "query": written})
    return [*found, *other]


def _asked(searcher: Searcher) -> Iterator[tuple[Row, tuple[Turn, ...]]]:
    """Rows with the conversation before them: known follow-ups behind a bare citation, and gold conversations."""
    known = rows("follow_ups", "train")
    for ten in sorted({(row["after"] - 1) // 10 for row in known}):
        own = [row for row in known if (row["after"] - 1) // 10 == ten]
        for row in [*(r for r in own if not r["targets"]), *some([r for r in own if r["targets"]], ANSWERED)]:
            title = searcher.titles[row["after"]]
            yield row, (Turn("user", title), Turn("assistant", f"【第{row['after']}題】"))
    parts: tuple[Part, Part] = ("train", "dev")
    for name in ("conversations", "switches"):
        for part in parts:
            for row in rows(name, part):
                yield row, tuple(Turn(t["role"], t["content"]) for t in row["history"])
