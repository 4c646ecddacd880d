"""Questions related to one: those it refers to, those that refer to it, then those its title finds.

Knows documents and search, nothing of pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from tutor.web.corpora import Material

if TYPE_CHECKING:
    from ingest.index import Index
    from tutor.retrieval.search import Searcher

COUNT = 4
# What titles find, by the index that was searched: it goes with the index, and a new build is searched anew.
_FOUND: WeakKeyDictionary[Index, dict[str, tuple[int, ...]]] = WeakKeyDictionary()


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


def _found_by(title: str, searcher: Searcher) -> tuple[int, ...]:
    found = _FOUND.get(searcher.index, {}).get(title)
    if found is None:
        found = tuple(hit.question for hit in searcher.search(title, (), COUNT + 2).hits)
        _FOUND.setdefault(searcher.index, {})[title] = found
    return found
