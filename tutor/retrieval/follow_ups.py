"""What people ask next: follow-ups that are known beforehand for each question, and where they lead, if anywhere.

They belong to one source text, as what it treats does: `python -m eval fit` writes `follow_ups.npz` for the shipped
document, and for every other document, or an edited one, there are none. Knows vectors and question numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ingest.embed import Vectors, side_by_side
from tutor.retrieval.asked import AskedPoints
from tutor.retrieval.confidence import from_log_odds, log_odds
from tutor.retrieval.remembered import Remembered, shares
from tutor.retrieval.result import Span

Array = NDArray[np.float64]
# Sharpness of the likeness, and say of a follow-up known behind another question than the one talked about: that a drawback
# is given elsewhere says little of this question. Cross-validated on train and dev conversations: .01 and .02 .913, .05 and
# .001 .911, .003 .908; changes of topic .975 with .01, .967 with .05, .950 with less. Sharpness 4 to 6 are alike.
SHARPNESS, ELSEWHERE = 5.0, 0.01
# Share below which a question counts as not expected.
LEAST = 0.003
# Sharpness where only the nearest are to have a say. As one more sign: follow-ups of the train and dev conversations, cross-validated, .9235 to .9388
# with 12, .9311 with 8 and 16, .926 with 20; short ones on dev, not learned from, .894 to .920; changes of topic .967 as before.
SHARPNESS_NEAREST = 12.0
# Sharpness where it is asked whether the document answers: 8 to 12 are alike.
SHARPNESS_UNANSWERED = 10.0
_LEAST_UNANSWERED = 1e-3
# Sharpness where it is asked which key points answer (5 to 12 are alike), and the least share of the known ones that a point answers
# to be one of them, and of all alike that lead to its question at all. Of the points listed for short follow-ups on dev .73 answer
# what is asked, and .78 of those that do are listed (`python -m eval points --part dev`).
SHARPNESS_POINTS, LEAST_POINT = 8.0, 0.2
# The nearest of them must be so much alike; of 2,500 known ones, each asked without itself, all but one are.
ALIKE_POINTS = 3.6
# Likeness to the nearest one behind the same question from which a query counts as a follow-up of a known kind, and how steeply:
# `python -m eval fit` says how familiar what people ask next is by this, and what else is asked behind the same answers.
FAMILIAR, STEEP = 3.9, 8.0
# How a query behind a conversation is read: as one that names nothing of its own, as one that does, or without what came before.
Reading = Literal["refers back", "own topic", "by itself"]
READINGS: tuple[Reading, ...] = get_args(Reading)
_AS_IT_IS = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class FollowUps:
    """Follow-ups of one document, each in both scripts of Chinese.

    Args:
        after: `(n,)`, the question that was talked about.
        leads_to: `(n, 2)`, the questions that answer; the same twice where there is one, 0 where there is none.
        points: the key points of the first of these that answer.
        weighing: by reading, what is added to the confidence's log-odds for a query of a known kind: weights of those log-odds
            and of `unanswered`, and a constant.
    """

    FILE: ClassVar[Path] = Path(__file__).parent / "follow_ups.npz"
    source_sha256: str
    queries: Remembered
    after: NDArray[np.int64]
    leads_to: NDArray[np.int64]
    points: AskedPoints
    weighing: Mapping[Reading, tuple[float, float, float]] = field(
        default_factory=lambda: dict.fromkeys(READINGS, _AS_IT_IS)
    )

    def likeness(self, vectors: Mapping[str, Vectors]) -> Array:
        """How alike a query is to each of those known, `(n,)`, of its unit vectors by embedder."""
        return self.queries.likeness(side_by_side(vectors))

    def expected(self, likeness: Array, carried: int, numbers: Sequence[int]) -> Array:
        """How much each question is expected next, `(questions,)` in the order of `numbers`; 0 where not, at most 5.8.

        Log of the share that follow-ups like this one lead to it.
        """
        return np.asarray(np.log1p(self.led_to(likeness, carried, numbers, SHARPNESS) / LEAST))

    def led_to(
        self, likeness: Array, carried: int, numbers: Sequence[int], sharpness: float = SHARPNESS_NEAREST
    ) -> Array:
        """Share of the known follow-ups like this one that lead to each question, `(questions,)`, of those that lead anywhere."""
        weight = np.where(self.after == carried, 1.0, ELSEWHERE) * self.answers
        say = shares(likeness, weight, sharpness)
        by_number = np.zeros(max(int(self.leads_to.max()), *numbers) + 1)
        np.add.at(by_number, self.leads_to[:, 0], say)
        second = self.leads_to[:, 1] != self.leads_to[:, 0]
        np.add.at(by_number, self.leads_to[second, 1], say[second])
        return np.asarray(by_number[list(numbers)])

    def points_for(self, likeness: Array, carried: int, number: int) -> tuple[Span, ...]:
        """Where the key points of question `number` stand that answer a query, best first; none where that is not known.

        Those that a good part of the known follow-ups like this one ask for, of those that lead to the question; none where
        nearly all of those alike lead elsewhere.
        """
        leading = self.leads_to[:, 0] == number
        if likeness[leading].max(initial=0.0) < ALIKE_POINTS:
            return ()
        say = shares(likeness, np.where(self.after == carried, 1.0, ELSEWHERE), SHARPNESS_POINTS)[leading]
        if say.sum() < LEAST_POINT:  # those alike lead elsewhere: what they ask for there is no point of this question
            return ()
        return self.points.named(say, leading, number, LEAST_POINT)

    @property
    def answers(self) -> NDArray[np.bool_]:
        """`(n,)`, whether some question answers."""
        return self.leads_to[:, 0] > 0

    def confidence(self, confidence: float, likeness: Array, carried: int, reading: Reading) -> float:
        """The probability that the document answers a query behind a conversation, given what the search found and what is known."""
        familiar, unanswered = self.familiar(likeness, carried), self.unanswered(likeness, carried)
        of_search, of_known, constant = self.weighing[reading]
        found = log_odds(confidence)
        return from_log_odds(found + familiar * (of_search * found + of_known * unanswered + constant))

    def familiar(self, likeness: Array, carried: int, known: NDArray[np.bool_] | None = None) -> float:
        """How sure it is that a query is a follow-up of a known kind to this question, 0 to 1.

        Args:
            known: `(n,)`, those that count; all by default.
        """
        inside = self.after == carried if known is None else (self.after == carried) & known
        nearest = float(likeness[inside].max(initial=0.0))
        return 1 / (1 + math.exp(-STEEP * (nearest - FAMILIAR)))

    def unanswered(self, likeness: Array, carried: int, known: NDArray[np.bool_] | None = None) -> float:
        """Log-odds, by the follow-ups most alike, that the document does not answer: -6.9 to 6.9.

        Args:
            known: `(n,)`, those that count; all by default.
        """
        weight = np.where(self.after == carried, 1.0, ELSEWHERE)
        if known is not None:
            weight = weight * known
        share = float(shares(likeness, weight, SHARPNESS_UNANSWERED)[~self.answers].sum())
        inside = min(1 - _LEAST_UNANSWERED, max(_LEAST_UNANSWERED, share))
        return math.log(inside / (1 - inside))

    def arrays(self) -> dict[str, Any]:
        """What has to be kept, by name."""
        return {
            "after": self.after.astype(np.int16), "leads_to": self.leads_to.astype(np.int16),
            "weighing": np.asarray([self.weighing[reading] for reading in READINGS]),
            **self.points.arrays(), **self.queries.arrays(),
        }  # fmt: skip

    @classmethod
    def from_arrays(cls, source_sha256: str, arrays: Mapping[str, Any]) -> FollowUps:
        """What `arrays` gave, read back."""
        weighing = {r: (a, b, c) for r, (a, b, c) in zip(READINGS, arrays["weighing"].tolist(), strict=True)}
        return cls(
            source_sha256, Remembered.from_arrays(arrays), arrays["after"].astype(np.int64),
            arrays["leads_to"].astype(np.int64), AskedPoints.from_arrays(arrays), weighing,
        )  # fmt: skip


@dataclass(frozen=True)
class Behind:
    """What is known of one query behind a question that was talked about: nothing where no follow-ups are known.

    Args:
        known: the follow-ups of the document, if any are.
        likeness: of the query to each of them, `(n,)`.
        carried: the question that was talked about.
    """

    known: FollowUps | None
    likeness: Array
    carried: int

    @classmethod
    def of(cls, known: FollowUps | None, vectors: Mapping[str, Vectors], carried: int) -> Behind:
        """What is known of a query with these unit vectors."""
        return cls(known, np.zeros(0) if known is None else known.likeness(vectors), carried)

    def expected(self, numbers: Sequence[int]) -> Array | None:
        """How much each question is expected to answer it, `(questions,)`."""
        return None if self.known is None else self.known.expected(self.likeness, self.carried, numbers)

    def led_to(self, numbers: Sequence[int]) -> Array | None:
        """The share of the nearest known ones that lead to each question."""
        return None if self.known is None else self.known.led_to(self.likeness, self.carried, numbers)

    def confidence(self, confidence: float, reading: Reading) -> float:
        """The confidence of a search with what is known."""
        if self.known is None:
            return confidence
        return self.known.confidence(confidence, self.likeness, self.carried, reading)

    def unlike(self, familiar: float) -> bool:
        """Whether follow-ups are known and the query is no such `familiar` one."""
        return self.known is not None and self.known.familiar(self.likeness, self.carried) < familiar

    def points(self, number: int, familiar: float = 0.0) -> tuple[Span, ...]:
        """Spans of the key points of a question that it asks for, where it is at least so `familiar` a follow-up; best first."""
        if self.known is None or (familiar and self.unlike(familiar)):
            return ()
        return self.known.points_for(self.likeness, self.carried, number)
