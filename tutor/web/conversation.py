"""One conversation as the page keeps it, and how it reads as chat messages.

Knows what was asked and answered, nothing of components. It lives in the session until there is a store.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tutor.answering.answer import Answer
from tutor.answering.wording import say as tutor_says
from tutor.retrieval.result import SearchResult, Turn
from tutor.web.markup import quiet
from tutor.web.strings import Tongue, say


@dataclass
class Exchange:
    """One question with what came of it, while it is written and after.

    Args:
        text: what has been written so far; the finished answer replaces it.
        note: what is happening, for users, while there is no text; or what went wrong.
        used: numbers of the questions that the answer may rest on.
        stopped: the user did not want the rest.
    """

    query: str
    text: str = ""
    note: str = ""
    result: SearchResult | None = None
    used: tuple[int, ...] = ()
    answer: Answer | None = None
    stopped: bool = False
    started: bool = False
    over: bool = False


@dataclass
class Conversation:
    """Exchanges, oldest first, and the titles that were offered as suggestions, by number."""

    exchanges: list[Exchange] = field(default_factory=list)
    titles: dict[int, str] = field(default_factory=dict)

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

    def messages(self, tongue: Tongue) -> list[dict[str, Any]]:
        """Chat messages, two for each exchange; the last refusal offers its suggestions as buttons."""
        found: list[dict[str, Any]] = []
        for exchange in self.exchanges:
            last = exchange is self.exchanges[-1]
            found.append({"role": "user", "content": quiet(exchange.query)})
            found.append({"role": "assistant", **self._reply(exchange, last, tongue)})
        return found

    def _reply(self, exchange: Exchange, last: bool, tongue: Tongue) -> dict[str, Any]:
        answer = exchange.answer
        if last and answer is not None and answer.refused and answer.suggestions:
            options = [{"value": str(n), "label": self._label(n, tongue)} for n in answer.suggestions]
            return {"content": quiet(self._without_list(answer)), "options": options}
        text = quiet(exchange.text)
        if exchange.stopped:
            text = f"{text} *{say('stopped', tongue)}*".strip()
        if exchange.note:
            text = f"{text}\n\n*{quiet(exchange.note)}*".strip()
        return {"content": text}

    def _label(self, number: int, tongue: Tongue) -> str:
        return f"{say('question', tongue, number=number)}　{self.titles.get(number, '')}".strip()

    @staticmethod
    def _without_list(answer: Answer) -> str:
        """A refusal without its list of nearest questions: they are the buttons below it."""
        nearest = tutor_says("nearest", answer.language)
        head, found, _ = answer.answer.partition(nearest)
        return f"{head}{nearest}" if found else head
