"""One conversation as the page works on it: what was asked and what came of it, oldest first.

Knows no components, no database (`keeping`) and no layout (`messages`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tutor.answering.answer import Answer
from tutor.answering.script import convert
from tutor.retrieval.result import SearchResult, Turn

if TYPE_CHECKING:
    from tutor.retrieval.search import Searcher


@dataclass
class Exchange:
    """One question with what came of it, while it is written and after.

    Args:
        text: what has been written so far; the finished answer replaces it.
        note: what is happening, for users, while there is no text; or what went wrong.
        titles: of the questions that the finished answer names, in its language and script as far as they have such titles.
        used: numbers of the questions that the answer may rest on.
        stopped: the user did not want the rest.
        asked, replied: ids of its two messages in the store, 0 while they are not there.
        kept: whether its reply was given to the store.
        thumb: +1 or -1, 0 as long as the user said neither.
    """

    query: str
    text: str = ""
    note: str = ""
    result: SearchResult | None = None
    titles: dict[int, str] = field(default_factory=dict)
    used: tuple[int, ...] = ()
    answer: Answer | None = None
    stopped: bool = False
    started: bool = False
    over: bool = False
    failed: bool = False
    kept: bool = False
    asked: int = 0
    replied: int = 0
    thumb: int = 0

    def finished(self, answer: Answer, searcher: Searcher) -> None:
        """Take in the finished answer with the titles of what it names; of an older build it may name what is no more."""
        self.answer = answer
        hits = searcher.hits
        named = {*answer.suggestions, *(citation.question for citation in answer.citations)} & hits.titles.keys()
        english = answer.language == "en"
        self.titles = {n: convert(hits.title_in(n, english=english), answer.language) for n in named}


@dataclass
class Conversation:
    """Exchanges, oldest first, about one corpus; `id` is "" until the first question is asked.

    Args:
        awaited: id of a kept conversation that could not be brought back yet, for the next reload to try again.
    """

    exchanges: list[Exchange] = field(default_factory=list)
    titles: dict[int, str] = field(default_factory=dict)
    id: str = ""
    corpus: str = ""
    awaited: str = ""

    @property
    def busy(self) -> bool:
        """Whether an answer is being written."""
        return bool(self.exchanges) and not self.exchanges[-1].over

    def history(self) -> tuple[Turn, ...]:
        """What was said before the last question; exchanges without an answer are left out."""
        turns: list[Turn] = []
        for exchange in self.exchanges[:-1]:
            if exchange.text:
                turns += [Turn("user", exchange.query), Turn("assistant", exchange.text)]
        return tuple(turns)

    def take_from(self, other: Conversation) -> None:
        """Become another conversation; the object stays, because a session holds on to it."""
        self.exchanges, self.titles = other.exchanges, other.titles
        self.id, self.corpus, self.awaited = other.id, other.corpus, other.awaited
