"""A question and its answer added to a kept conversation, in the form in which the page keeps them too.

Knows the store and the tutor's events, nothing of HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from ingest.errors import UsageError
from tutor.answering.answer import Done, Event, Sources, Text
from tutor.answering.tutor import Ask, Tutor
from tutor.retrieval.result import SearchResult, Turn
from tutor.store import Store
from tutor.web.kept import as_payload, title_of


@dataclass(frozen=True)
class Kept:
    """The conversation that a question is added to."""

    store: Store
    user: str
    id: str

    @classmethod
    def opened(cls, store: Store, user: str, id: str, corpus: str | None) -> tuple[Kept, str, tuple[Turn, ...]]:
        """A conversation with the name of its corpus and what was said in it.

        Raises:
            NotFound: the user has no such conversation.
            UsageError: it is about another corpus than the one that is named.
        """
        row = store.conversations.get(user, id)
        if corpus is not None and corpus != row.corpus:
            raise UsageError(
                f"That conversation is about {row.corpus!r}.", "Leave `corpus` out, or begin another conversation."
            )
        said = store.conversations.messages(user, id)
        history = tuple(Turn(m.role, m.content) for m in said if m.role in {"user", "assistant"} and m.content)
        return cls(store, user, id), row.corpus, history

    def through(self, tutor: Tutor, asked: Ask) -> Iterator[Event]:
        """The tutor's events, kept as they pass; an answer that is cut off is kept as far as it came."""
        conversations = self.store.conversations
        if not conversations.get(self.user, self.id).title:
            conversations.rename(self.user, self.id, title_of(asked.query))
        conversations.append(self.user, self.id, "user", asked.query)
        result: SearchResult | None = None
        used: tuple[int, ...] = ()
        text, answer = "", None
        try:
            with closing(tutor.stream(asked)) as stream:  # type: ignore[type-var]
                for event in stream:
                    match event:
                        case Sources(result, used):
                            pass
                        case Text(piece):
                            text += piece
                        case Done(found):
                            text, answer = found.answer, found.as_dict()
                    yield event
        finally:
            if text:
                payload = as_payload(result, used, answer)
                conversations.append(self.user, self.id, "assistant", text, payload)
