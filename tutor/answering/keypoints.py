"""Key points taken from the source word by word: the whole answer where there is no model, its completion where there is.

A small model words well and forgets much: of the facts that a complete answer needs it states about three quarters,
while the sentences it was given hold nine tenths. So what it left out is added, each sentence with its citation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.text import language_of, terms
from tutor.answering.answer import Citation, Language
from tutor.answering.citations import citation
from tutor.answering.evidence import EvidenceRoom, QuestionSentences
from tutor.answering.script import convert
from tutor.answering.wording import say

# Points from the best question and from each further one.
FIRST, FURTHER = 7, 3
# A point is left out when a sentence of the answer comes this near to it, or holds this share of its terms.
SAME_MEANING, SAME_TERMS = 0.80, 0.65
# A statement of some length outranks a label, a lead-in or a fragment by this much.
STATEMENT_BONUS = 0.3
SHORTEST_STATEMENT = 12
TERM_WEIGHT = 0.5


@dataclass(frozen=True)
class KeyPoint:
    """One sentence of the source, in the reply's language, with its citation."""

    text: str
    citation: Citation


def key_points(
    query: str,
    questions: Sequence[QuestionSentences],
    room: EvidenceRoom,
    source: str,
    language: Language,
    said: Sequence[str] = (),
) -> list[KeyPoint]:
    """The points nearest to the query that the sentences in `said` do not make yet, in the order of the document."""
    vector = room.embed([query])[0]
    query_terms = set(terms(query))
    said_vectors = room.embed(list(said))
    said_terms = [set(terms(s)) for s in said]
    found = []
    for rank, question in enumerate(questions):
        texts, vectors, owners = _in_language(question, language)
        if not texts:
            continue
        shared = [len(query_terms & set(terms(t))) / max(1, len(query_terms)) for t in texts]
        score = vectors @ vector + TERM_WEIGHT * np.asarray(shared) + np.asarray([_statement(t) for t in texts])
        best = np.argsort(-score)[: FIRST if rank == 0 else FURTHER]
        for i in sorted(best.tolist()):
            if _said(texts[i], vectors[i], said_vectors, said_terms):
                continue
            sentence = question.sentences[owners[i]]
            quote = source[sentence.start : sentence.end]
            cite = Citation(question.number, sentence.section, quote, sentence.start, sentence.end, "supported")
            found.append(KeyPoint(convert(texts[i], language), cite))
    return found


def render(points: Sequence[KeyPoint], language: Language, heading: str) -> str:
    """Points as a list below a heading (a key of `wording`)."""
    lines = [f"- {p.text.rstrip('。. ')}{citation(p.citation.question, language)}" for p in points]
    return "\n".join((say(heading, language), "", *lines)) if lines else ""


def _in_language(
    question: QuestionSentences, language: Language
) -> tuple[Sequence[str], NDArray[np.float32], NDArray[np.int64]]:
    """Texts in the language of the reply, their vectors, and the sentence of the source that each stands for."""
    own = np.arange(len(question.sentences))
    texts = [s.text for s in question.sentences]
    document_is_english = bool(texts) and language_of(" ".join(texts)[:2000]) == "en"
    if (language == "en") == document_is_english:
        return texts, question.vectors, own
    if language == "en" and question.digest and len(question.sentences):
        return question.digest, question.digest_vectors, np.argmax(question.digest_vectors @ question.vectors.T, axis=1)
    return (), question.vectors[:0], own[:0]


def _statement(text: str) -> float:
    letters = sum(c.isalnum() for c in text)
    return 0.0 if letters < SHORTEST_STATEMENT or text.rstrip().endswith(("：", ":", "？", "?")) else STATEMENT_BONUS


def _said(
    text: str, vector: NDArray[np.float32], said_vectors: NDArray[np.float32], said_terms: Sequence[set[str]]
) -> bool:
    if not said_terms:
        return False
    own = set(terms(text))
    shared = max(len(own & other) for other in said_terms) / max(1, len(own))
    return shared >= SAME_TERMS or float((said_vectors @ vector).max()) >= SAME_MEANING
