"""Grading against a bare reference answer, any material: its statements become key points, one model weighs all.

Without a rubric there are no other wordings to learn from: nearness of meaning, shared terms that the question does
not give away, symbols and numbers, order, and agreement in negation are all there is. Learned by
`python -m eval fit-reference`; knows nothing of rubrics files.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.embed import load_embedder
from ingest.rubrics import KeyPoint
from ingest.text import fold, language_of, terms
from tutor.interview.clauses import Piece, pieces, plain, sentences
from tutor.interview.metric import load_metrics
from tutor.interview.score import TOP

NAMES = (
    "use", "e5", "new-terms", "symbols", "overlap", "order", "weakest-sentence",
    "part-meaning", "part-terms", "part-symbols", "part-both", "weakest-part", "part-agreeing",
)  # fmt: skip
_NEGATION = re.compile(
    r"[不没无非]|\bnot\b|n't\b|\bno\b|\bnever\b|\bwithout\b|\bneither\b|\bnor\b|\bcannot\b|\b(?:is|does|do)nt\b"
)
_SYMBOLS = re.compile(r"[a-z0-9^()+\-*/]+")
_LONGEST = 40


def points_of(reference: str) -> tuple[KeyPoint, ...]:
    """The statements of a reference answer as key points of equal weight."""
    return tuple(
        KeyPoint(
            id=f"r{i}", kind="core", weight=1.0, statement=reference[s.start : s.end], quote=reference[s.start : s.end]
        )
        for i, s in enumerate(sentences(reference)[:_LONGEST], 1)
        if s.end - s.start >= 2
    )


def reference_features(
    question: str, reference: str, points: Sequence[KeyPoint], answer: str, found: Sequence[Piece]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """What an answer shares with a reference.

    Returns:
        Features in the order of NAMES; for each point how far its best piece says it, 0..1; the index of that piece.
    """
    if not found:
        return np.zeros(len(NAMES)), np.zeros(len(points)), np.full(len(points), -1)
    said = "\n".join(dict.fromkeys(answer[p.start : p.end] for p in found))
    given = set(terms(question))
    said_terms, full_terms = set(terms(said)), set(terms(reference))
    use = load_embedder("use")
    parts = [p for s in sentences(reference) for p in (pieces(reference, [s])[:-1] or [s])][:_LONGEST]
    piece_vectors = use.passages([p.text for p in found])
    wholes = use.passages([plain(p.statement) for p in points]) @ piece_vectors.T
    near = use.passages([p.text for p in parts]) @ piece_vectors.T
    piece_terms = [set(terms(p.text)) for p in found]
    rows = np.asarray([_part(part, near[i], found, piece_terms, given) for i, part in enumerate(parts)])
    new = full_terms - given
    symbols = _symbols(reference) - _symbols(question)
    values = np.asarray([
        _whole("use", said, reference), _whole("e5", said, reference), _share(said_terms & new, new),
        _share(_symbols(said) & symbols, symbols), 2 * len(said_terms & full_terms) / max(1, len(said_terms) + len(full_terms)),
        _order(said, reference), float(wholes.max(axis=1).min()),
        *rows[:, :4].mean(axis=0), rows[:, 3].min(), rows[:, 4].mean(),
    ])  # fmt: skip
    strength = wholes + np.asarray([[_share(t & (set(terms(p.statement)) - given), set(terms(p.statement)) - given) for t in piece_terms] for p in points])  # fmt: skip
    return values, np.clip(strength.max(axis=1) / 1.2, 0.0, 1.0), strength.argmax(axis=1)


def _part(
    part: Piece, near: NDArray[Any], found: Sequence[Piece], piece_terms: Sequence[set[str]], given: set[str]
) -> tuple[float, float, float, float, float]:
    """One clause of the reference: meaning, terms, symbols, both, and both where the negation agrees."""
    own = set(terms(part.text))
    own = own - given or own
    shared = np.asarray([_share(own & t, own) for t in piece_terms])
    both = (near + shared) / 2
    best = int(both.argmax())
    negated = [bool(_NEGATION.search(fold(text))) for text in (part.text, found[best].text)]
    symbols = _symbols(part.text)
    matched = _share(symbols & _symbols(found[best].text), symbols) if symbols else 0.5
    agreeing = float(both[best]) * (1.0 if negated[0] == negated[1] else 0.5)
    return float(near.max()), float(shared[best]), matched, float(both[best]), agreeing


def _whole(name: str, answer: str, reference: str) -> float:
    metric = load_metrics()[name]
    one, other = metric.project(metric.embed([plain(answer), plain(reference)]))
    return float(one @ other)


def _share(part: set[str], whole: set[str]) -> float:
    return len(part) / len(whole) if whole else 0.0


def _symbols(text: str) -> set[str]:
    return set(_SYMBOLS.findall(fold(text)))


def _order(answer: str, reference: str) -> float:
    """Share of pairs of shared terms that stand in the same order; .5 where there are none."""
    place: dict[str, int] = {}
    for i, term in enumerate(terms(reference)):
        place.setdefault(term, i)
    said = np.asarray([place[t] for t in dict.fromkeys(terms(answer)) if t in place][:200])
    if len(said) < 2:
        return 0.5
    later = np.triu(np.ones((len(said), len(said)), dtype=bool), 1)
    return float((said[:, None] < said[None])[later].mean())


def grade_value(features: NDArray[np.float64], learned: dict[str, Any], reference: str) -> float:
    """0..10, by the weights for the language of the reference."""
    weights = learned["weights_en" if language_of(reference) == "en" else "weights"]
    raw = float(features @ np.asarray([weights[n] for n in NAMES]) + weights["bias"])
    return round(float(np.clip(raw, 0.0, 1.0)) * TOP, 2)
