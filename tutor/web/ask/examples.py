"""Example questions for an empty conversation, taken from the document itself, from all its topics.

Knows documents, nothing of components.
"""

from __future__ import annotations

from collections.abc import Sequence

from ingest.document import Document, Expansion, Question
from tutor.web.strings import Tongue

COUNT = 6
# Titles longer than this do not fit a button on a phone.
FITTING = {"zh-TW": 34, "zh-CN": 34, "en": 84}


def examples(document: Document, expansions: Sequence[Expansion], tongue: Tongue) -> list[str]:
    """Up to `COUNT` titles of answered questions: one of each category in turn, those that fit first.

    In English the reviewed English titles, where there are any.
    """
    english = {e.question: e.title_en for e in expansions if e.title_en} if tongue == "en" else {}
    groups: dict[str, list[str]] = {}
    for question in document.questions:
        if question.answered:
            groups.setdefault(question.category, []).append(_title(question, english))
    for titles in groups.values():
        titles.sort(key=lambda t: len(t) > FITTING[tongue])  # stable: the document's order otherwise
    taken: list[str] = []
    for rank in range(max((len(t) for t in groups.values()), default=0)):
        taken += [titles[rank] for titles in groups.values() if rank < len(titles)]
    return list(dict.fromkeys(taken))[:COUNT]


def _title(question: Question, english: dict[int, str]) -> str:
    return english.get(question.number, question.title)
