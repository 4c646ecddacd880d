"""Related questions: by the document's links, then by its index, which is let go when its corpus is."""

from __future__ import annotations

import gc
import weakref
from typing import Any, cast

from ingest.parsers import parse
from tutor.retrieval.result import Hit, SearchResult
from tutor.web.ask.related import related
from tutor.web.corpora import Material

BANK = "".join(f"### {n}. What is {word}?\n\nIt is {word}.\n\n" for n, word in enumerate(("one", "two", "three"), 1))
MATERIAL = Material(parse(BANK), {}, {})


class Index:
    """One build."""


class Searching:
    """A searcher that finds the same for everything."""

    def __init__(self, *numbers: int) -> None:
        self.index = Index()
        self.numbers = numbers
        self.asked = 0

    def search(self, query: str, *_: object) -> SearchResult:
        self.asked += 1
        return SearchResult(query, None, True, 1.0, tuple(Hit(n, "", 1.0, ()) for n in self.numbers))


def found(searcher: Searching) -> tuple[int, ...]:
    return related(1, MATERIAL, cast(Any, searcher))


def test_a_title_is_searched_once_in_each_build() -> None:
    searcher = Searching(1, 3, 2)
    assert [found(searcher) for _ in range(2)] == [(3, 2), (3, 2)]
    assert searcher.asked == 1
    searcher.index, searcher.numbers = Index(), (2,)
    assert found(searcher) == (2,)


def test_a_corpus_that_is_removed_is_not_held() -> None:
    searcher = Searching(2)
    found(searcher)
    gone = [weakref.ref(searcher), weakref.ref(searcher.index)]
    del searcher
    gc.collect()
    assert [reference() for reference in gone] == [None, None]
