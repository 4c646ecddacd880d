"""Ranking a query that leans on the conversation: its own words and what was talked about, weighted together.

The weights are learned by `python -m eval fit` from the train and dev conversations; a change of topic among them
teaches how much the query's own words must count. Knows scores and positions, nothing of indexes or texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tutor.retrieval.conversation import content_terms, has_pronoun
from tutor.retrieval.fusion import comparable, learned

Fused = NDArray[np.float64]
# Content terms from which a query counts as rich.
RICH = 8
# Cosines of e5 lie between .7 and 1, others between 0 and 1.
_E5_FLOOR, _E5_SPAN = 0.8, 0.1
# A share weighs as much as this many of the others: the ridge pulls all weights alike.
NEAREST_SPAN = 3.0


@dataclass(frozen=True)
class Context:
    """What is known about a query within its conversation; every array is `(questions,)` in ranking order.

    Args:
        own: fused score of the query by itself.
        with_title, with_asked, with_reply: the same with the carried title, the last query, the last reply before it.
        legs: raw scores of the query by itself, by leg.
        carried: positions of the questions talked about, most recent first.
        related: 1 where a question is of the category of the first carried one.
        lacked: share of the names in the query that the first carried question never mentions, 0 to 1.
        expected: how much each question is expected next, None where no follow-ups are known.
        led_to: share of the known follow-ups nearest to the query that lead to each question, None where none are known.
    """

    query: str
    own: Fused
    with_title: Fused
    with_asked: Fused
    with_reply: Fused
    legs: Mapping[str, NDArray[np.float32]]
    carried: Sequence[int]
    related: Fused
    lacked: float
    expected: Fused | None = None
    led_to: Fused | None = None


def features(context: Context) -> dict[str, Fused]:
    """What the ranking weighs, by name; each `(questions,)`, about 0 to 1, what is expected 0 to 5.8 and 0 to 3."""
    first = np.zeros(len(context.own))
    first[context.carried[0]] = 1.0
    near = np.zeros(len(context.own))
    for position in (context.carried[0] - 1, context.carried[0] + 1):
        if 0 <= position < len(near):
            near[position] = 1.0
    content = content_terms(context.query)
    known = {}
    if context.expected is not None and context.led_to is not None:
        known = {"expected": context.expected, "expected by the nearest": NEAREST_SPAN * context.led_to}
    return {
        "own": context.own,
        "with title": context.with_title,
        "with asked": context.with_asked,
        "with reply": context.with_reply,
        "carried": first,
        "carried, rich": first * min(1.0, len(content) / RICH),
        "carried, pronoun": first * has_pronoun(context.query),
        "carried, lacks names": first * context.lacked,
        "related": context.related,
        "near": near,
        # A share of the best says nothing where the best is poor; a cosine does.
        "use-ask": _raw(context, "use-ask"),
        "e5-ask": (_raw(context, "e5-ask") - _E5_FLOOR) / _E5_SPAN,
        **known,
    }


def _raw(context: Context, leg: str) -> Fused:
    return np.asarray(context.legs.get(leg, np.zeros(len(context.own))), dtype=np.float64)


def weighted_sum(context: Context, expanded: bool) -> Fused:
    """Sum of what the ranking weighs, per question: differences are log-odds of being meant."""
    weights = learned("conversation" if context.expected is None else "foreseen", expanded)
    return np.asarray(np.sum([weights.get(name, 0.0) * values for name, values in features(context).items()], axis=0))


def rank(context: Context, expanded: bool) -> Fused:
    """Score per question, at most 1, comparable with the fused score of a query by itself."""
    total = weighted_sum(context, expanded)
    ranked = comparable(total - total.min())
    best = int(np.argmax(ranked))
    # How good the best one is, is said by the best search that found it.
    views = (context.own, context.with_title, context.with_asked, context.with_reply)
    return np.asarray(ranked * max(float(view[best]) for view in views), dtype=np.float64)
