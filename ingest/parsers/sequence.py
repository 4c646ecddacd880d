"""Which of many numbered lines are questions: those that ask, and those that fill a gap in the numbers.

Answers are full of numbered lists too. Knows numbers and who asks; knows no Markdown.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def chosen(numbers: Sequence[int | None], asking: Sequence[bool]) -> tuple[list[bool], bool]:
    """For each line whether it is a question, and whether that rests on lines that ask.

    Lines that ask are. Between two of them whose numbers leave a gap, lines that count through the gap are
    too. Where hardly a line asks, all are questions if their numbers run from first to last without a break.

    Args:
        numbers: printed number of each line, None where it is no plain number.
        asking: whether each line reads as a question.
    """
    if sum(asking) * 4 < len(numbers):
        runs = len(numbers) > 2 and all(a is not None and b == a + 1 for a, b in pairwise(numbers))
        return ([True] * len(numbers), False) if runs else (list(asking), True)
    result = list(asking)
    last: int | None = None
    pending: list[int] = []  # lines that go on counting from the last question
    for index, (number, asks) in enumerate(zip(numbers, asking, strict=True)):
        if last is not None and number is not None and not asks and number == _next(numbers, last, pending):
            pending.append(index)
        if asks:
            if pending and number is not None and numbers[pending[-1]] == number - 1:
                for filler in pending:
                    result[filler] = True
            last, pending = index, []
    return result, True


def _next(numbers: Sequence[int | None], last: int, pending: list[int]) -> int | None:
    number = numbers[pending[-1] if pending else last]
    return None if number is None else number + 1
