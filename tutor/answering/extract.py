"""An answer without a model: the best sentences of the source, in order, each with its citation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tutor.answering.answer import Citation, Language
from tutor.answering.citations import citation
from tutor.answering.evidence import Chosen, EvidenceRoom
from tutor.answering.script import convert
from tutor.answering.wording import say
from tutor.retrieval.result import SearchResult

SENTENCES = 5


def extract(
    result: SearchResult, chosen: Sequence[Chosen], room: EvidenceRoom, source: str, language: Language
) -> tuple[str, list[Citation]]:
    """Text and citations; the quotes are exact slices of the source."""
    vector = room.embed([result.query])[0]
    lines, citations = [say("extract", language), ""], []
    for part in chosen:
        whole = room.sentences_of(part.number)
        if not whole.sentences:
            continue
        scores = whole.vectors @ vector + np.asarray([_says_something(s.text) for s in whole.sentences])
        best = np.argsort(-scores)[: SENTENCES if part is chosen[0] else 2]
        for i in sorted(best):
            found = whole.sentences[i]
            quote = source[found.start : found.end]
            lines.append(f"- {convert(found.text, language)}{citation(found.question, language)}")
            citations.append(Citation(found.question, found.section, quote, found.start, found.end, "supported"))
    return "\n".join(lines), citations


def _says_something(text: str) -> float:
    """A bonus for whole statements: no heading, no lead-in, no fragment."""
    letters = sum(c.isalnum() for c in text)
    return 0.0 if letters < 16 or text.rstrip().endswith(("：", ":", "？", "?")) else 0.3
