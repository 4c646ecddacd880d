"""Fixed workloads: first questions and five-turn conversations over the shipped document. Knows no engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tutor.retrieval.result import Turn

# What people say after a first answer; the last one asks for the neighbour of the question.
FOLLOW_UPS = ("那它的缺點呢？", "可以舉個例子嗎？", "再多說一點", "為什麼會這樣？")


def first_questions(titles: Mapping[int, str], count: int) -> list[tuple[int, str]]:
    """`count` titles spread evenly over the document, with their numbers."""
    numbers = sorted(titles)
    step = max(1, len(numbers) // max(1, count))
    return [(n, titles[n]) for n in numbers[::step][:count]]


def conversations(titles: Mapping[int, str], count: int) -> list[list[str]]:
    """`count` conversations of five turns each: a first question and four elliptical follow-ups."""
    return [[title, *FOLLOW_UPS] for _, title in first_questions(titles, count)]


def history(queries: Sequence[str], answers: Sequence[str]) -> tuple[Turn, ...]:
    """The turns so far."""
    turns = []
    for query, answer in zip(queries, answers, strict=False):
        turns += [Turn("user", query), Turn("assistant", answer)]
    return tuple(turns)
