"""From a question of the document to an item of the plan: its wording, hints, follow-ups and model answer.

Everything that is said before the answer passes the leak check here. Knows document and rubric, no grade and no store.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ingest.document import Document, Expansion, Question
from ingest.rubrics import KeyPoint, Rubric, quote_span
from tutor.answering.answer import Language
from tutor.answering.script import convert
from tutor.interview.leaks import Guard, common_terms
from tutor.interview.phrases import vocabulary
from tutor.interview.probes import Probes, hints_for, probes_for
from tutor.interview.state import Item, Source

_ASIDE = re.compile(r"\s*[(（][^()（）]*[)）]")


@dataclass(frozen=True)
class Material:
    """What interviews about one corpus are made of.

    Args:
        rubrics: by question number; questions without one are not asked.
        expansions: by question number; they bring English wordings.
        probes: follow-ups written by hand, by key point id.
    """

    document: Document
    rubrics: Mapping[int, Rubric]
    expansions: Mapping[int, Expansion] = field(default_factory=dict)
    probes: Probes = field(default_factory=dict)

    def questions(self) -> list[Question]:
        """Questions that can be asked, in the order of the document."""
        return [q for q in self.document.questions if q.number in self.rubrics]

    def question(self, number: int) -> Question:
        """The question of this number.

        Raises:
            KeyError: there is none.
        """
        for question in self.questions():
            if question.number == number:
                return question
        raise KeyError(number)

    def common(self) -> frozenset[str]:
        """Terms of the field and of the interviewer's fixed lines, which give nothing away."""
        return common_terms(self.rubrics, [q.title for q in self.document.questions]) | vocabulary()

    def guard(self, number: int, common: frozenset[str]) -> Guard:
        """The leak check of a question. Its plain English title is the question itself and gives nothing away.

        Args:
            common: `common()`, which takes all rubrics to make.
        """
        question, expansion = self.question(number), self.expansions.get(number)
        english = _ASIDE.sub("", expansion.title_en) if expansion else ""
        asked = (question.title, question.alias, english)
        return Guard(self.rubrics[number].points, asked, common)


def make_item(material: Material, number: int, reason: str, language: Language, common: frozenset[str]) -> Item:
    """The item of a question in the language of the interview.

    Raises:
        KeyError: there is no such question, or it has no rubric.
    """
    question = material.question(number)
    points = material.rubrics[number].points
    guard = material.guard(number, common)
    probes = probes_for(points, material.probes, guard, language)
    return Item(
        number=number, title=question.title, category=question.category, reason=reason,
        ask=question_wording(question, material.expansions.get(number), guard, language),
        hints=hints_for(points, probes, guard, language), probes=probes,
        teaching=_teaching(points, language), answer=_model_answer(points, question, material.document.source),
    )  # fmt: skip


def question_wording(question: Question, expansion: Expansion | None, guard: Guard, language: Language) -> str:
    """The question as it is asked. An English wording whose aside says more than the question itself loses it."""
    if language == "en" and expansion is not None and expansion.title_en:
        return expansion.title_en if not guard.leaks(expansion.title_en) else _ASIDE.sub("", expansion.title_en)
    return convert(question.title, language)


def statement_in(point: KeyPoint, language: Language) -> str:
    """What a key point says, in the language of the interview where it is known."""
    if language == "en":
        return point.statement_en or point.statement
    return convert(point.statement, language)


def point_source(point: KeyPoint, question: Question, source: str) -> Source | None:
    """The document's own words for a key point, with the section they stand in."""
    span = quote_span(point, question, source)
    if span is None:
        return None
    section = next((s.name for s in question.sections if s.start <= span[0] < s.end), "")
    return Source(text=point.quote, start=span[0], end=span[1], section=section)


def _teaching(points: tuple[KeyPoint, ...], language: Language) -> str:
    return "\n".join(f"• {statement_in(p, language)}" for p in points if p.kind == "core")


def _model_answer(points: tuple[KeyPoint, ...], question: Question, source: str) -> tuple[Source, ...]:
    found = [point_source(p, question, source) for p in points if p.kind != "misconception"]
    return tuple(sorted((s for s in found if s is not None), key=lambda s: s.start))
