"""The list of questions: by category, or what a search finds, best first. HTML from a document."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from ingest.document import Question
from ingest.text import fold
from tutor.web.corpora import Material
from tutor.web.pane import attributes
from tutor.web.strings import Tongue, say

if TYPE_CHECKING:
    from tutor.retrieval.search import Searcher

# Of the questions that only have the words in their text, and of those that a search finds where none has them.
FOUND, MEANT = 20, 5


def listed(material: Material, searcher: Searcher | None, search: str) -> list[Question]:
    """The questions to show: all in order; those whose title or text has the words; where none has, what is meant."""
    questions = list(material.document.questions)
    words = fold(search).split()
    if not words:
        return questions
    source = material.document.source
    by_title = [q for q in questions if all(w in fold(f"{q.title} {material.english(q.number)}") for w in words)]
    by_text = [q for q in questions if all(w in fold(source[q.start : q.end]) for w in words)]
    found = by_title + (by_text[:FOUND] if len(by_title) < FOUND else [])
    if searcher is not None and not found:
        by_number = {q.number: q for q in questions}
        result = searcher.search(search, (), MEANT)
        found = [by_number[h.question] for h in result.hits if h.question in by_number and result.in_corpus]
    return list(dict.fromkeys(found))


def list_html(questions: Sequence[Question], material: Material, tongue: Tongue, *, chosen: int, search: str) -> str:
    """The list; grouped by category unless something was searched for."""
    if not questions:
        return f'<p class="hint">{escape(say("library-none", tongue, search=search))}</p>'
    label = escape(say("library-list", tongue))
    if search:
        count = escape(say("library-found", tongue, count=len(questions)))
        rows = "".join(_row(q, material, tongue, chosen) for q in questions)
        return (
            f'<p class="hint small-print" role="status">{count}</p><ul class="titles" aria-label="{label}">{rows}</ul>'
        )
    groups = []
    for category, members in groupby(questions, key=lambda q: q.category):
        own = list(members)
        inside = any(q.number == chosen for q in own)
        name = escape(category or say("uncategorised", tongue))
        is_open = inside or chosen < 0 or len(questions) <= 24
        groups.append(
            f'<details class="category"{" open" if is_open else ""}><summary><span>{name}</span>'
            f'<span class="count">{len(own)}</span></summary>'
            f'<ul class="titles">{"".join(_row(q, material, tongue, chosen) for q in own)}</ul></details>'
        )
    return f'<nav aria-label="{label}">{"".join(groups)}</nav>'


def _row(question: Question, material: Material, tongue: Tongue, chosen: int) -> str:
    current = attributes(aria_current="true" if question.number == chosen else None)
    title = escape(material.title(question.number, tongue))
    return (
        f'<li><a href="#library/{question.number}"{current}><span class="number">{question.number}</span>'
        f"<span>{title}</span></a></li>"
    )
