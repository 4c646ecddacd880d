"""Questions related to one: those it refers to, those that refer to it, then those its title finds.

Knows documents and search, nothing of pages.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from tutor.web.corpora import Material

if TYPE_CHECKING:
    from tutor.retrieval.search import Searcher

COUNT = 4


def related(number: int, material: Material, searcher: Searcher) -> tuple[int, ...]:
    """Up to `COUNT` numbers, nearest first."""
    question = material.question(number)
    if question is None:
        return ()
    found = list(question.links)
    found += [q.number for q in material.document.questions if number in q.links]
    known = {q.number for q in material.document.questions}
    if len(set(found)) < COUNT:
        found += _found_by(question.title, searcher)
    return tuple(n for n in dict.fromkeys(found) if n != number and n in known)[:COUNT]


@lru_cache(maxsize=1024)
def _found_by(title: str, searcher: Searcher) -> tuple[int, ...]:
    return tuple(hit.question for hit in searcher.search(title, (), COUNT + 2).hits)
