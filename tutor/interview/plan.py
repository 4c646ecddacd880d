"""Which questions are asked, and why: due ones first, then weak, then new, then those that are known well.

Pure: what is remembered comes in, numbers and reasons go out. Knows no store and no texts.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ingest.rubrics import Rubric
from tutor.interview.memory import Recall
from tutor.interview.setup import Difficulty, Setup

Reason = Literal["chosen", "due", "weak", "new", "known"]
# The last attempt at a weak question stayed below this level.
WEAK_LEVEL = 3
_ORDER: tuple[Reason, ...] = ("due", "weak", "new", "known")
_GRADES: tuple[Difficulty, ...] = ("easy", "medium", "hard")


@dataclass(frozen=True)
class Candidate:
    """A question that could be asked."""

    number: int
    category: str
    difficulty: Difficulty = "medium"


def difficulties(rubrics: Mapping[int, Rubric]) -> dict[int, Difficulty]:
    """How much a full answer takes, in three equal parts of the corpus: by weight of core points, then of details."""

    def effort(number: int) -> tuple[float, float, int]:
        points = rubrics[number].points
        core = sum(p.weight for p in points if p.kind == "core")
        return core, sum(p.weight for p in points if p.kind == "detail"), number

    ranked = sorted(rubrics, key=effort)
    return {number: _GRADES[3 * i // len(ranked)] for i, number in enumerate(ranked)}


def choose(
    setup: Setup, candidates: Sequence[Candidate], memory: Mapping[int, Recall], now: datetime
) -> list[tuple[int, Reason]]:
    """Numbers in the order of asking, none twice, with the reason for each.

    New questions are taken from the categories in turn, so that a short interview is not all from one.
    """
    known = {c.number for c in candidates}
    if setup.questions:
        return [(n, "chosen") for n in dict.fromkeys(setup.questions) if n in known]
    fitting = [
        c
        for c in candidates
        if (not setup.categories or c.category in setup.categories)
        and (setup.difficulty == "any" or c.difficulty == setup.difficulty)
    ]
    reasons = {c.number: reason(memory.get(c.number, Recall()), now) for c in fitting}
    if setup.order == "random":
        random.Random(setup.seed).shuffle(fitting)
    elif setup.order == "memory":
        fitting = _by_memory(fitting, reasons, memory, now, setup.seed)
    return [(c.number, reasons[c.number]) for c in fitting[: setup.number]]


def reason(known: Recall, now: datetime) -> Reason:
    """Where a question stands for its user."""
    if known.due is not None and known.due <= now:
        return "due"
    if known.level is not None and known.level < WEAK_LEVEL:
        return "weak"
    return "new" if known.due is None and known.level is None else "known"


def _by_memory(
    candidates: Sequence[Candidate],
    reasons: Mapping[int, Reason],
    memory: Mapping[int, Recall],
    now: datetime,
    seed: int,
) -> list[Candidate]:
    groups: dict[Reason, list[Candidate]] = {name: [] for name in _ORDER}
    for candidate in candidates:
        groups[reasons[candidate.number]].append(candidate)

    def least_known(candidate: Candidate) -> tuple[float, int]:
        return memory.get(candidate.number, Recall()).recall, candidate.number

    for name in ("due", "known"):
        groups[name].sort(key=least_known)
    groups["weak"].sort(key=lambda c: (memory[c.number].level or 0, c.number))
    groups["new"] = _in_turn(groups["new"], seed)
    return [c for name in _ORDER for c in groups[name]]


def _in_turn(candidates: Sequence[Candidate], seed: int) -> list[Candidate]:
    """One of each category in turn; which comes first within a category is drawn by seed, 0 keeps the order."""
    by_category: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        by_category.setdefault(candidate.category, []).append(candidate)
    if seed:
        for group in by_category.values():
            random.Random(seed).shuffle(group)
    longest = max((len(g) for g in by_category.values()), default=0)
    return [group[i] for i in range(longest) for group in by_category.values() if i < len(group)]
