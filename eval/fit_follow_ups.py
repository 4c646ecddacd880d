"""Writes the follow-ups that are known for the shipped document. Part of `python -m eval fit`; writes follow_ups.npz.

Nothing is learned here: the rows of `follow_ups_train.jsonl` are embedded. What they weigh beside everything else is
learned with the conversations, which other people wrote.
"""

from __future__ import annotations

import numpy as np

from eval.gold import rows
from ingest.embed import side_by_side
from tutor.retrieval.follow_ups import FollowUps, keep
from tutor.retrieval.remembered import Remembered
from tutor.retrieval.search import Searcher


def fit_follow_ups(searcher: Searcher) -> FollowUps:
    """Embed the follow-ups, write them, and return them."""
    found = [row for row in rows("follow_ups", "train") if row["targets"]]
    vectors = np.stack([side_by_side(searcher.legs.vectors(row["query"])) for row in found])
    known = FollowUps(
        searcher.index.manifest["source_sha256"],
        Remembered.of(vectors),
        np.asarray([row["after"] for row in found]),
        np.asarray([(row["targets"] * 2)[:2] for row in found]),
    )
    keep(known)
    return known
