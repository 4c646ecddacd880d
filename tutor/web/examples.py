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
    """The titles of the example questions; in English the reviewed English ones, where there are any."""
    english = _english(expansions, tongue)
    chosen = example_questions(document, expansions, tongue)
    return list(dict.fromkeys(_title(question, english) for question in chosen))


def example_questions(document: Document, expansions: Sequence[Expansion], tongue: Tongue) -> list[Question]:
    """Up to `COUNT` answered questions: one of each category in turn, those whose titles fit first."""
    english = _english(expansions, tongue)
    groups: dict[str, list[Question]] = {}
    for question in document.questions:
        if question.answered:
            groups.setdefault(question.category, []).append(question)
    for questions in groups.values():
        # Stable: the document's order otherwise.
        questions.sort(key=lambda q: len(_title(q, english)) > FITTING[tongue])
    taken: list[Question] = []
    for rank in range(max((len(q) for q in groups.values()), default=0)):
        taken += [questions[rank] for questions in groups.values() if rank < len(questions)]
    return taken[:COUNT]


def _english(expansions: Sequence[Expansion], tongue: Tongue) -> dict[int, str]:
    return {e.question: e.title_en for e in expansions if e.title_en} if tongue == "en" else {}


def _title(question: Question, english: dict[int, str]) -> str:
    return english.get(question.number, question.title)
