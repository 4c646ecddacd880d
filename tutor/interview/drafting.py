"""Rubrics drafted by rule, for documents that nobody has written any for: the statements an answer turns on.

Sentences near the title and near the middle of the answer are taken, different from each other, with a preference
for list items and section openings; examples become details. Every quote is a verbatim slice. A draft says that it
is one (`drafted: true`), and grades against it are marked uncertain. No language model. Knows documents, no files.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ingest.document import Document, Question
from ingest.embed import load_embedder
from ingest.markdown import plain
from ingest.rubrics import Aliases, KeyPoint, Rubric
from ingest.text import fold
from tutor.interview.clauses import SMALLEST, sentences, size
from tutor.interview.clauses import plain as compared

FEWEST, MOST = 4, 8
# Of the chosen sentences this share is core, the best ones; examples never are.
_CORE_SHARE = 0.6
_LONGEST = 90.0
# A sentence as near as this to one that was chosen says the same.
_SAME = 0.9
_ITEM_BONUS, _OPENING_BONUS, _REPEAT_COST = 0.08, 0.04, 0.4
_MARKER = re.compile(r"[\s>]*(?:[-*+]|\d{1,3}[.)、])?\s+|[\s>]+")
_EXAMPLE = re.compile(r"例子|举例|例如|比如|示例|案例|类比|example|for instance|analogy|e\.g\.")


@dataclass(frozen=True)
class Statement:
    """A sentence of an answer that a key point could be made of: `source[start:end]`, without its list marker."""

    start: int
    end: int
    text: str
    lead: str
    bonus: float
    example: bool


def draft(question: Question, document: Document) -> Rubric | None:
    """A rubric for a question, None where its answer has no sentence to make a key point of."""
    found = statements(question, document.source)
    return rubric_of(question, document, ranked(question.title, found)) if found else None


def rubric_of(question: Question, document: Document, chosen: Sequence[Statement], by: str = "") -> Rubric:
    """The draft that these sentences make, best first.

    Args:
        by: the model that chose them, "" for the rule.
    """
    core = [s for s in chosen if not s.example] or list(chosen[:1])
    core = core[: max(1, round(_CORE_SHARE * len(chosen)))]
    points = []
    for i, sentence in enumerate(sorted(chosen, key=lambda s: s.start), 1):
        rank = core.index(sentence) if sentence in core else None
        points.append(KeyPoint(
            id=f"{question.number}.{i}", kind="detail" if rank is None else "core",
            weight=1.0 if rank is None else 3.0 if rank < 2 else 2.0, statement=_statement(sentence),
            aliases=_aliases(sentence), quote=document.source[sentence.start : sentence.end],
        ))  # fmt: skip
    return Rubric(question=question.number, drafted=True, drafted_by=by, points=tuple(points))


def draft_all(document: Document) -> dict[int, Rubric]:
    """A rubric for every question that has an answer."""
    drafts = {q.number: draft(q, document) for q in document.questions}
    return {number: rubric for number, rubric in drafts.items() if rubric is not None}


def statements(question: Question, source: str) -> list[Statement]:
    """The sentences of a question's answer that say something, in order."""
    found: dict[str, Statement] = {}
    for section in question.sections:
        if section.role != "answer":
            continue
        opening = True
        for block in section.blocks:
            if block.kind not in {"text", "quote"}:
                continue
            for piece in sentences(source[block.start : block.end]):
                start, end = block.start + piece.start, block.start + piece.end
                marker = _MARKER.match(source, start, end)
                start = marker.end() if marker else start
                text = plain(source[start:end])
                if not SMALLEST <= size(text) <= _LONGEST or text.endswith(("?", "？", ":", "：")):
                    continue
                bonus = _ITEM_BONUS * bool(block.lead) + _OPENING_BONUS * opening
                example = bool(_EXAMPLE.search(fold(f"{section.name} {' '.join(block.lead)} {text[:12]}")))
                found.setdefault(
                    text, Statement(start, end, text, block.lead[-1] if block.lead else "", bonus, example)
                )
                opening = False
    return list(found.values())


def ranked(title: str, found: list[Statement]) -> list[Statement]:
    """The best ones, best first (maximal marginal relevance, Carbonell and Goldstein 1998)."""
    use = load_embedder("use")
    vectors = np.asarray(use.passages([compared(s.text) for s in found]))
    asked = np.asarray(use.passages([compared(title)]))[0]
    middle = vectors.mean(axis=0)
    middle /= np.linalg.norm(middle) or 1.0
    worth = 0.5 * (vectors @ asked) + 0.5 * (vectors @ middle) + np.asarray([s.bonus for s in found])
    likeness = vectors @ vectors.T
    number = min(len(found), MOST, max(FEWEST, round(len(found) / 2)))
    order: list[int] = []
    while len(order) < number:
        nearest = likeness[:, order].max(axis=1) if order else np.zeros(len(found))
        value = worth - _REPEAT_COST * nearest
        value[nearest >= _SAME] = -np.inf
        value[order] = -np.inf
        best = int(value.argmax())
        if not np.isfinite(value[best]):
            break
        order.append(best)
    return [found[i] for i in order]


def _statement(sentence: Statement) -> str:
    """The sentence; with the item it belongs to in front where it does not name it itself."""
    lead = plain(sentence.lead).rstrip("：: ")
    if not lead or fold(lead) in fold(sentence.text):
        return sentence.text
    return f"{lead}: {sentence.text}" if lead.isascii() else f"{lead}：{sentence.text}"


def _aliases(sentence: Statement) -> Aliases:
    """The bare sentence beside the one with its item in front."""
    if _statement(sentence) == sentence.text:
        return Aliases()
    return Aliases(zh=(sentence.text,)) if not sentence.text.isascii() else Aliases(en=(sentence.text,))
