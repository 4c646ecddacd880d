"""What an interviewer must not say before a question is answered, and whether a text says it.

A text gives a key point away if it has one of the point's own terms, or a run of words of its source or statement,
that neither the question nor the candidate has said. Knows rubrics and texts, nothing of who speaks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ingest.rubrics import KeyPoint, Rubric
from ingest.text import GRAMMAR, fold, terms

# So many words, a Han character being one, in a row of the document are a quotation.
RUN = 6
# A term that the rubrics of more than this share of the questions use belongs to the field, not to one point.
COMMON_SHARE = 0.10
# Words of grammar and of everyday talk that are no stop words of the index: English stemmed, Chinese folded.
_PLAIN = frozenset({
    "their", "them", "while", "also", "only", "even", "just", "more", "most", "much", "other", "such", "same", "still",
    "over", "under", "after", "befor", "between", "both", "each", "everi", "ani", "all", "some", "one", "two", "our",
    "his", "her", "have", "had", "been", "becaus", "whether", "rather", "without", "within", "through", "per", "via",
    "caus", "later", "goe", "happen", "place", "know", "along", "take", "anoth", "given", "kind", "peopl", "way", "never",
    "prepar", "hold", "back", "fast", "week",
    "原因", "发生", "换成", "准备", "具体", "影响", "两者", "同样", "定义", "目前", "开始", "每张", "每一", "地方", "情况", "况下",
    "彻底", "额外", "保持", "根本", "最常", "再多", "做什", "一致", "变化", "研究",
})  # fmt: skip
_UNITS = re.compile(r"[\u3400-\u9fff]|[a-z0-9]+")


@dataclass(frozen=True)
class Leak:
    """A key point that a text gives away, and by which words."""

    point: str
    words: str


def common_terms(rubrics: Mapping[int, Rubric], titles: Iterable[str] = ()) -> frozenset[str]:
    """Terms of the field: in the rubrics of many questions, three at least, or in three titles."""
    used: Counter[str] = Counter()
    for rubric in rubrics.values():
        used.update({t for p in rubric.points for text in p.texts for t in terms(text)})
    asked = Counter(t for title in titles for t in set(terms(title)))
    most = max(2.0, COMMON_SHARE * len(rubrics))
    return frozenset(t for t, n in used.items() if n > most) | frozenset(t for t, n in asked.items() if n >= 3)


class Guard:
    """The key points of one question, watched.

    Args:
        points: of the question; misconceptions are watched, too: their denial gives the truth away.
        question: every wording of the question; what it says is no secret.
        common: terms of the field (`common_terms`).
    """

    def __init__(self, points: Sequence[KeyPoint], question: Sequence[str], common: frozenset[str]) -> None:
        self._question = tuple(question)
        given = {t for text in question for t in terms(text)}
        self._terms: dict[str, frozenset[str]] = {}
        self._runs: dict[str, frozenset[tuple[str, ...]]] = {}
        for point in points:
            own = {t for text in (point.statement, point.statement_en) for t in terms(text)}
            self._terms[point.id] = frozenset(
                t for t in own - given - common - _PLAIN if not GRAMMAR & set(t) and len(t) > 1
            )
            texts = (point.quote, point.statement, point.statement_en)
            self._runs[point.id] = frozenset(run for text in texts for run in _runs(text))

    def leaks(self, text: str, said: str = "") -> list[Leak]:
        """Key points that `text` gives away; `said` is what the candidate has said so far."""
        open_terms, open_runs = set(terms(text)), set(_runs(text))
        if said:
            open_terms -= set(terms(said))
            open_runs -= set(_runs(said))
        for question in self._question:
            open_runs -= set(_runs(question))
        found = []
        for point, secret in self._terms.items():
            words = sorted(secret & open_terms) or [" ".join(r) for r in sorted(self._runs[point] & open_runs)][:1]
            if words:
                found.append(Leak(point, ", ".join(words)))
        return found


def _runs(text: str) -> list[tuple[str, ...]]:
    units = _UNITS.findall(fold(text))
    return [tuple(units[i : i + RUN]) for i in range(len(units) - RUN + 1)]
