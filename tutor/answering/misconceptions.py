"""What is right and what is wrong to say about a question, where a reviewed rubric lies beside the document.

Used by the support check and for false premises. Knows wordings, and grades nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.rubrics import KeyPoint

# Wordings of a right point, each language, that stand against those of what is wrong.
ASIDES = 4


@dataclass(frozen=True)
class Known:
    """Wordings of one question.

    Args:
        right: key points, as statement and English statement.
        wrong: misconceptions in every wording.
        mended: for each wrong wording the verbatim quote that says how it is, "" where the rubric gives none.
        asides: further wordings of what is right, a few for each point and language.
    """

    right: tuple[str, ...]
    wrong: tuple[str, ...]
    mended: tuple[str, ...]
    asides: tuple[str, ...] = ()


def known(points: Sequence[KeyPoint]) -> Known:
    """The wordings of one question's reviewed points; all empty for none."""
    right: list[str] = []
    wrong: list[str] = []
    mended: list[str] = []
    asides: list[str] = []
    for point in points:
        if point.kind == "misconception":
            wrong += point.texts
            mended += [point.quote] * len(point.texts)
        else:
            right += [text for text in (point.statement, point.statement_en) if text]
            asides += [*point.aliases.zh[:ASIDES], *point.aliases.en[:ASIDES]]
    return Known(tuple(right), tuple(wrong), tuple(mended), tuple(asides))


def nearest(vectors: NDArray[np.float32], vector: NDArray[np.float32]) -> tuple[float, int]:
    """Best cosine of a vector with rows, and the row; (0, -1) for no rows."""
    if not len(vectors):
        return 0.0, -1
    cosines = vectors @ vector
    best = int(np.argmax(cosines))
    return float(cosines[best]), best
