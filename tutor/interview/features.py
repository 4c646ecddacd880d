"""How near each piece of an answer is to each key point: cosines, terms, and which point claims the piece.

The key points of a question compete: a piece belongs to the point that explains it best, or to none. This
competition (a softmax over the points and "none") tells more than any similarity alone: area under the ROC curve
of one packaged embedder .82 alone, .92 with it (dev answers, held-out questions). Knows nothing of verdicts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.rubrics import KeyPoint
from ingest.text import terms
from tutor.interview.clauses import Piece, plain
from tutor.interview.metric import load_metrics, unit

Scores = NDArray[np.float64]
NAMES = (
    "cosine", "use", "use-centre", "e5-centre", "terms-odds", "terms-weight", "terms-best",
    "use-claim", "e5-claim", "odds-claim", "weight-claim", "best-claim", "claim",
)  # fmt: skip
# Steepness of each competition, and how much a piece must bring to belong to a point at all. Chosen on the dev part
# by area under the curve; flat around these values.
_COMPETITION = {
    "use": (12.0, 0.35), "e5-centre": (12.0, 0.35), "terms-odds": (1.0, 0.7), "terms-weight": (0.25, 6.4),
    "terms-best": (8.0, 0.14),
}  # fmt: skip
_NEAREST = 4


@dataclass(frozen=True)
class Measured:
    """The pieces of an answer beside the key points of its question.

    Args:
        features: `(pieces, points, features)` in the order of NAMES.
        own: `(pieces, points)`, whether a piece shares a term with a wording of the point that the question does not
            give away. To say the question back says no point, however near it is to one.
    """

    features: Scores
    own: NDArray[np.bool_]


class PointSet:
    """The key points of one question, ready to be compared with.

    Args:
        points: at least one.
        asked: the question itself.
        document_frequency: in how many wordings of all rubrics a term occurs; makes common terms count less.
        wordings: how many wordings there are in all rubrics.
    """

    def __init__(self, points: Sequence[KeyPoint], asked: str, document_frequency: Counter[str], wordings: int) -> None:
        self.points = tuple(points)
        metrics = load_metrics()
        self._use, self._e5 = metrics["use"], metrics["e5"]
        texts = [plain(t) for p in points for t in p.texts]
        owner = np.asarray([i for i, p in enumerate(points) for _ in p.texts])
        self._raw = self._use.embed(texts)
        self._near = self._use.project(self._raw)
        self._members = [np.flatnonzero(owner == i) for i in range(len(points))]
        self._use_centres = unit(np.stack([self._near[m].mean(axis=0) for m in self._members]))
        self._e5_centres = np.stack([self._e5.centre(p.texts) for p in points])
        self._lexicon(texts, set(terms(asked)), document_frequency, wordings)

    def _lexicon(self, texts: Sequence[str], asked: set[str], frequency: Counter[str], wordings: int) -> None:
        term_sets = [frozenset(terms(t)) for t in texts]
        vocabulary = sorted(frozenset[str]().union(*term_sets))
        self._column = {term: i for i, term in enumerate(vocabulary)}
        present = np.zeros((len(texts), len(vocabulary)))
        for row, found in enumerate(term_sets):
            present[row, [self._column[t] for t in found]] = 1
        rarity = np.log((wordings + 1) / (np.asarray([frequency.get(t, 0) for t in vocabulary]) + 0.5))
        counts = np.stack([present[m].sum(axis=0) for m in self._members])
        sizes = np.asarray([[len(m)] for m in self._members])
        total = counts.sum(axis=0)
        inside = (counts + 0.3) / (sizes + 1)
        outside = (total - counts + 0.3) / (len(texts) - sizes + 1)
        # Naive Bayes: how much likelier a term is in this point's wordings than in those of the other points.
        self._odds = np.log(inside / outside)
        self._weight = rarity * np.minimum(1.0, np.sqrt(counts / 2))
        self._new = counts * [t not in asked for t in vocabulary]
        self._present = present * rarity
        self._full = self._present.sum(axis=1) + 2.0

    def measure(self, pieces: Sequence[Piece]) -> Measured:
        """Each piece beside each key point."""
        if not pieces:
            return Measured(np.zeros((0, len(self.points), len(NAMES))), np.zeros((0, len(self.points)), dtype=bool))
        texts = [p.text for p in pieces]
        raw = self._use.embed(texts)
        near = self._use.project(raw)
        seen = np.zeros((len(texts), len(self._column)))
        for row, text in enumerate(texts):
            seen[row, [self._column[t] for t in set(terms(text)) if t in self._column]] = 1
        best = seen @ self._present.T / self._full
        found: dict[str, Any] = {
            "cosine": _by_point(raw @ self._raw.T, self._members, 1),
            "use": _by_point(near @ self._near.T, self._members, _NEAREST),
            "use-centre": near @ self._use_centres.T,
            "e5-centre": self._e5.project(self._e5.embed(texts)) @ self._e5_centres.T,
            "terms-odds": seen @ self._odds.T,
            "terms-weight": seen @ self._weight.T,
            "terms-best": _by_point(best, self._members, 1),
        }
        joint = 8 * found["use"] + 0.6 * found["terms-odds"] + 6 * found["e5-centre"]
        claims = {name: _claim(steep * found[name], steep * bar) for name, (steep, bar) in _COMPETITION.items()}
        found |= {
            "use-claim": claims["use"], "e5-claim": claims["e5-centre"], "odds-claim": claims["terms-odds"],
            "weight-claim": claims["terms-weight"], "best-claim": claims["terms-best"], "claim": _claim(joint, 5.6),
        }  # fmt: skip
        features = np.stack([np.asarray(found[name], dtype=np.float64) for name in NAMES], axis=2)
        return Measured(features, seen @ self._new.T > 0)


def _by_point(similarity: Any, members: Sequence[NDArray[Any]], nearest: int) -> Scores:
    """Mean of the nearest wordings of each point: one odd alias does not decide."""
    return np.stack([np.sort(similarity[:, m], axis=1)[:, -nearest:].mean(axis=1) for m in members], axis=1)


def _claim(logits: Any, none: float) -> Scores:
    """Softmax over the points and "none of them", without the latter."""
    top = np.maximum(logits.max(axis=1, keepdims=True), none)
    raised = np.exp(logits - top)
    return np.asarray(raised / (raised.sum(axis=1, keepdims=True) + np.exp(none - top)))


def frequencies(point_lists: Sequence[Sequence[KeyPoint]]) -> tuple[Counter[str], int]:
    """In how many wordings each term occurs, and how many wordings there are."""
    texts = [t for points in point_lists for p in points for t in p.texts]
    return Counter(term for t in texts for term in set(terms(t))), len(texts)
