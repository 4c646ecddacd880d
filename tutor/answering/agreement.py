"""How far a sentence agrees with a question of the source: the features behind the support check.

Meaning, names and numbers, opposites in aligned clauses, and nearness to what a reviewed rubric calls right or wrong:
a wrong sentence mostly uses the right words, about the wrong thing or the other way round. Knows sentences and
vectors, nothing of thresholds or models.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ingest.text import fold, terms
from tutor.answering.misconceptions import nearest
from tutor.answering.opposites import clash
from tutor.answering.subjects import Subjects

if TYPE_CHECKING:
    from tutor.answering.evidence import EvidenceRoom, QuestionSentences

Vectors = NDArray[np.float32]
NAMES = ("semantic", "echo", "foreign", "direction", "length", "shared-side", "margin")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_CLAUSE = re.compile(r"[^,;。:?!]+")
# Mixed or capital letters (LoRA, GPT-4), or one capital where no sentence, label or quotation begins (the Prince).
_NAME = re.compile(
    r"(?<![A-Za-z0-9])(?:[A-Za-z][A-Za-z0-9+-]*[A-Z0-9][A-Za-z0-9+-]*|"
    r"(?<![.!?:*\"“‘(] )(?<![\"“‘(*])(?<!^)[A-Z][A-Za-z0-9+-]+|"
    r"[A-Z][A-Za-z0-9+-]+(?= ?[\u3400-\u9fff]))"
)
# Counting words before a measure, as digits: 兩倍, 三個步驟; and their English.
_COUNTED = re.compile(r"[一两二三四五六八十](?=倍|个步|步|个主要|种|层)")
_DIGIT = {"一": "1", "两": "2", "二": "2", "三": "3", "四": "4", "五": "5", "六": "6", "八": "8", "十": "10"}
_WORD_NUMBER = ((re.compile(r"\b(?:doubl\w*|twice)\b"), "2"), (re.compile(r"\bfour times\b"), "4"))
# A clause is aligned with its nearest clauses of the source, unless even the nearest shares less than this.
ALIGNED, NEAREST, NEARLY = 0.35, 3, 0.75
# The rest of a statement counts for less than the clause itself.
AROUND = 0.4
# Questions kept prepared.
KEPT = 128


@dataclass(frozen=True)
class Clause:
    """A clause of the source, folded, with its terms and those of its whole statement."""

    text: str
    terms: frozenset[str]
    statement: str
    around: frozenset[str]


@dataclass(frozen=True)
class Prepared:
    """A question's statements, ready to be compared: its sentences and its digest.

    Args:
        vectors: `(n, dimension)` of the statements.
        weight: inverse document frequency of the terms among the clauses.
        where: for each term the clauses that hold it, and those that only have it in the sentence around them.
        subjects: what its statements are about, its reviewed ones among them.
    """

    clauses: tuple[Clause, ...]
    vectors: Vectors
    folded: str
    weight: dict[str, float]
    where: dict[str, tuple[list[int], list[int]]]
    subjects: Subjects


_NOWHERE: tuple[list[int], list[int]] = ([], [])


class Agreement:
    """Compares sentences with the questions of one corpus; keeps what it prepared."""

    def __init__(self, room: EvidenceRoom) -> None:
        self._room = room
        self._kept: dict[int, tuple[QuestionSentences, Prepared]] = {}

    def features(self, text: str, vector: Vectors, question: QuestionSentences, query: str) -> dict[str, float]:
        """The features of `NAMES` for one sentence and one question.

        Args:
            text: one sentence without its list mark.
            vector: its vector.
            query: what was asked; a sentence that only repeats it states nothing.
        """
        said = self._prepared(question)
        own = set(terms(text)) or {text}
        foreign = any(name.removesuffix("s") not in said.folded for name in map(fold, _NAME.findall(text)))
        foreign |= said.subjects.exchanged(text, vector)
        against = shared_side = 0.0
        for clause in _clauses(fold(text)):
            near, share = _aligned(clause, said)
            if near and share >= ALIGNED:
                sides = [clash(clause, c.text) for c in near]
                opposed, agreed = sum(a for a, _ in sides), sum(b for _, b in sides)
                against += share * opposed if not agreed else 0.0
            if near:
                shared_side += share * sum(clash(clause, c.statement)[1] for c in near[:2])
                known = set().union(*(_numbers(c.statement) for c in near))
                foreign |= bool(known) and not _numbers(clause) <= known
        right, wrong = self._room.known_vectors(question.number)
        margin = nearest(right, vector)[0] - nearest(wrong, vector)[0] if len(wrong) else 0.0
        return {
            "semantic": float((said.vectors @ vector).max(initial=0.0)),
            "echo": len(own & set(terms(query))) / len(own),
            "foreign": float(foreign),
            "direction": min(2.0, against),
            "length": min(1.0, len(own) / 40),
            "shared-side": min(1.0, shared_side / 3),
            "margin": margin,
        }

    def prepare(self, question: QuestionSentences) -> None:
        """Take a question's sentences apart before anybody asks about it."""
        self._prepared(question)

    def _prepared(self, question: QuestionSentences) -> Prepared:
        known = self._kept.get(question.number)
        if known is None or known[0] is not question:  # a rebuilt corpus brings new sentences
            if len(self._kept) >= KEPT:
                self._kept.clear()
            known = self._kept[question.number] = (question, _prepare(question))
        return known[1]


def _prepare(question: QuestionSentences) -> Prepared:
    texts = [fold(text) for text in (*(s.text for s in question.sentences), *question.digest)]
    clauses = [
        Clause(clause, frozenset(terms(clause)), text, frozenset(terms(text)))
        for text in texts
        for clause in _clauses(text)
    ]
    seen = Counter(term for clause in clauses for term in clause.terms)
    weight = {term: math.log(1 + len(clauses) / count) for term, count in seen.items()}
    digest = question.digest_vectors
    vectors = np.concatenate([question.vectors, digest]) if len(digest) else question.vectors
    where: dict[str, tuple[list[int], list[int]]] = {}
    for position, clause in enumerate(clauses):
        for term in clause.around | clause.terms:
            where.setdefault(term, ([], []))[term not in clause.terms].append(position)
    return Prepared(
        tuple(clauses), vectors, " ".join((fold(question.title), *texts)), weight, where, _subjects(question)
    )


def _subjects(question: QuestionSentences) -> Subjects:
    known = [
        ([s.text for s in question.sentences], question.vectors),
        (question.digest, question.digest_vectors),
        ([s.text for s in question.statements], question.statement_vectors),
        ([s.text_en for s in question.statements], question.statement_vectors_en),
    ]
    given = [(texts, vectors) for texts, vectors in known if len(vectors)]
    if not given:
        return Subjects.of([], question.vectors)
    return Subjects.of(
        [text for texts, _ in given for text in texts], np.concatenate([vectors for _, vectors in given])
    )


def _clauses(folded: str) -> list[str]:
    return [c for c in _CLAUSE.findall(folded) if len(terms(c)) >= 2] or [folded]


def _aligned(clause: str, said: Prepared) -> tuple[Sequence[Clause], float]:
    """The clauses of the source that say most of what a clause says, nearest first, and the share that the best does."""
    unknown = math.log(1 + 2 * len(said.clauses))
    own = {term: said.weight.get(term, unknown) for term in terms(clause)}
    total = sum(own.values())
    if not total or not said.clauses:
        return (), 0.0
    shares = np.zeros(len(said.clauses))
    for term, weight in own.items():
        inside, around = said.where.get(term, _NOWHERE)
        shares[inside] += weight
        shares[around] += AROUND * weight
    shares /= total
    order = np.argsort(-shares)[:NEAREST]
    best = float(shares[order[0]])
    return [said.clauses[i] for i in order if shares[i] >= NEARLY * best], best


@lru_cache(maxsize=8192)
def _numbers(folded: str) -> frozenset[str]:
    text = _COUNTED.sub(lambda m: _DIGIT[m[0]], folded)
    for pattern, digit in _WORD_NUMBER:
        text = pattern.sub(digit, text)
    return frozenset(_NUMBER.findall(text))
