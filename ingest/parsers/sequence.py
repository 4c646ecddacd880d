"""Which of many numbered lines are questions: those that ask, and those that fill a gap in the numbers.

Answers are full of numbered lists too. Knows numbers and who asks; knows no Markdown.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

# From this share of the asking lines on, a chain of numbers 1, 2, 3 ... is the list of questions.
_CHAIN = 0.8


def chosen(numbers: Sequence[int | None], asking: Sequence[bool]) -> tuple[list[bool], bool]:
    """For each line whether it is a question, and whether that rests on lines that ask.

    Lines that ask are. Where most of those count 1, 2, 3 ... through the document, the others are not: they
    ask inside an answer. Lines that count through a gap between two questions are questions too. Where hardly
    a line asks, all are if their numbers run from first to last without a break.

    Args:
        numbers: printed number of each line, None where it is no plain number.
        asking: whether each line reads as a question.
    """
    if sum(asking) * 4 < len(numbers):
        runs = len(numbers) > 2 and all(a is not None and b == a + 1 for a, b in pairwise(numbers))
        return ([True] * len(numbers), False) if runs else (list(asking), True)
    result = _chain(numbers, asking)
    last: int | None = None
    pending: list[int] = []  # lines that go on counting from the last question
    for index, (number, asks) in enumerate(zip(numbers, list(result), strict=True)):
        if asks:
            if pending and number is not None and numbers[pending[-1]] == number - 1:
                for filler in pending:
                    result[filler] = True
            last, pending = index, []
        elif last is not None and number is not None and number == _next(numbers, last, pending):
            pending.append(index)
    return result, True


def runs_on(numbers: Sequence[int | None]) -> bool:
    """Whether numbers count through a document: nine in ten steps are by one, or back to 1."""
    if len(numbers) < 3 or any(number is None for number in numbers):
        return False
    steps = sum(b == 1 or (a is not None and b == a + 1) for a, b in pairwise(numbers))
    return steps >= 0.9 * (len(numbers) - 1)


def _chain(numbers: Sequence[int | None], asking: Sequence[bool]) -> list[bool]:
    """The asking lines, without those that break a chain of numbers that holds nearly all of them."""
    chain = [False] * len(numbers)
    last: int | None = None
    for index, (number, asks) in enumerate(zip(numbers, asking, strict=True)):
        # A gap of up to three: questions whose wording does not show that they ask.
        if asks and number is not None and (last is None or last < number <= last + 4):
            chain[index] = True
            last = number
    return chain if sum(chain) > 2 and sum(chain) >= _CHAIN * sum(asking) else list(asking)


def _next(numbers: Sequence[int | None], last: int, pending: list[int]) -> int | None:
    number = numbers[pending[-1] if pending else last]
    return None if number is None else number + 1
