"""Practice with the shipped document and a clock that the test moves, for tests of interviews as they run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tutor.interview.grading import Grader
from tutor.interview.items import Material
from tutor.interview.practice import Practice
from tutor.interview.session import Session
from tutor.interview.setup import Setup
from tutor.store import Store

WRONG = "LoRA 把原始權重凍結，只訓練兩個小矩陣 A 和 B。推理會變慢因為不能合併。"
CORRECTED = "其實可以合併回原始權重，所以推理不會變慢。"
FULL = (
    "LoRA 假設微調時權重的變化量是低秩的，所以用兩個小矩陣 A 和 B 的乘積來近似。原始權重完全凍結，只訓練 A 和 B。"
    "前向計算變成 h = Wx + BAx。因為 r 很小，可訓練參數和優化器狀態大幅減少，很省顯存。訓練後可以合併回 W，推理沒有額外延遲。"
)


class Clock:
    """Time that only the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.date = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        """The day."""
        return self.date


def again(material: Material, grader: Grader, store: Store, clock: Clock, user: str = "ada") -> Practice:
    """A practice as a process that was just started opens it."""
    return Practice("llm-vlm-80", material, grader, store, user, now=clock.now, clock=clock)


def begin(practice: Practice, *questions: int, **choices: Any) -> Session:
    """An interview over these questions, 37 where none is named."""
    return practice.start(Setup(corpus=practice.corpus, questions=questions or (37,), **choices))
