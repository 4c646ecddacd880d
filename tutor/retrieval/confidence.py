"""How probable it is that the corpus answers a query: a logistic model over what the legs found.

Coefficients are learned by `python -m eval fit` on the train and dev parts, answerable and not counting alike. Knows scores, nothing of documents.
"""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

from ingest.text import terms
from tutor.retrieval.conversation import content_terms
from tutor.retrieval.fusion import best_first, comparable, learned
from tutor.retrieval.legs import Legs, LegScores

THRESHOLD = 0.5
# A query has at most this many right questions.
FIELD = 5
_LEAST = 1e-4
_LATIN_WORD = re.compile(r"[A-Za-z][A-Za-z0-9.+-]*")
_HAN = "\u2e80"
_NAME = re.compile(r"[A-Z0-9]")


def log_odds(probability: float) -> float:
    """Log-odds of a probability that was rounded to four digits."""
    inside = min(1 - _LEAST, max(_LEAST, probability))
    return math.log(inside / (1 - inside))


def from_log_odds(logit: float) -> float:
    """The probability of log-odds."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


def features(query: str, legs: Legs, scored: LegScores, fused: NDArray[np.float64]) -> dict[str, float]:
    """What the confidence is computed from, each about 0..1.

    Cosines are comparable between queries as they are; BM25 is divided by the number of terms, which makes it a
    mean term weight. A near miss usually names something that the corpus, or at least its best question, never does.
    """
    count = max(1, len(terms(query)))
    order = best_first(fused, 2)
    content = set(content_terms(query))
    latin = {t for t in content if t.isascii()}
    han = content - latin
    missed = {t for t in content if not (len(order) and legs.mentions(int(order[0]), t))}
    found = {
        "fused": float(fused[order[0]]) if len(order) else 0.0,
        "margin": float(fused[order[0]] - fused[order[1]]) if len(order) > 1 else 0.0,
        "topic": min(1.0, len(content) / 4),
        "length": min(1.0, count / 20),
        "unknown-latin": _share(latin & scored.unknown, latin),
        "names-unknown": float(bool(named_terms(query) & scored.unknown)),
        "unknown-han": _share(han & scored.unknown, han),
        "missed-latin": _share(latin & missed, latin),
        "missed-han": _share(han & missed, han),
        "digits": float(any(c.isdigit() for c in query)),
        "english": float(not any(c > _HAN for c in query)),
        "latin": float(bool(latin)),
        "han": float(bool(han)),
    }
    passages = scored.legs.get("keyword-passage")
    # Words that meet in one passage of the best question say more than words scattered over it.
    found["passage"] = float(comparable(passages)[order[0]]) if passages is not None and len(order) else 0.0
    for name, scores in scored.legs.items():
        best = float(scores.max(initial=0.0))
        found[name] = best / count / 5 if name.startswith("keyword") else best
        # An answered query has one or a few questions ahead of all others; a stranger meets many that are alike.
        found[f"lead, {name}"] = _lead(scores)
    return found


def _lead(scores: NDArray[np.float32]) -> float:
    """How far the best score lies before the one `FIELD` places behind it, as a share of the best."""
    if len(scores) <= FIELD:
        return 0.0
    best = float(scores.max())
    behind = float(np.partition(scores, -FIELD - 1)[-FIELD - 1])
    return (best - behind) / (abs(best) + 1e-6)


def named_terms(query: str) -> frozenset[str]:
    """Terms that look like proper names: capitals or digits inside, or Latin words in a Chinese query.

    An unknown ordinary word is a way of putting things; an unknown name is something the corpus does not treat.
    """
    chinese = any(c > _HAN for c in query)
    words = _LATIN_WORD.findall(query)
    named = [w for i, w in enumerate(words) if chinese or _NAME.search(w if i else w[1:])]
    return frozenset(t for w in named for t in terms(w) if len(t) >= 3)


def _share(part: set[str], whole: set[str]) -> float:
    return len(part) / len(whole) if whole else 0.0


def confidence(found: dict[str, float], expanded: bool = True) -> float:
    """Probability in 0..1 that one of the questions answers the query."""
    weights = learned("confidence", expanded)
    # A leg that is not there says neither yes nor no.
    usual = learned("usual", expanded)
    given = {name: found.get(name, usual.get(name, 0.0)) for name in weights if name != "bias"}
    logit = weights["bias"] + sum(weights[name] * value for name, value in given.items())
    return from_log_odds(logit)
