"""Conversations between the page and the store: every exchange is kept as it ends and comes back with its sources.

Passages are kept as places in the document and looked up again, so that what is shown is always the document's text.
Knows the store's rows, nothing of components.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tutor.answering.answer import Answer, Citation
from tutor.retrieval.courtesy import courtesy
from tutor.retrieval.result import Evidence, Hit, SearchResult
from tutor.store import Message, Store
from tutor.web.ask.conversation import Conversation, Exchange
from tutor.web.kept import as_payload, title_of

if TYPE_CHECKING:
    from tutor.retrieval.search import Searcher


def keep_question(store: Store, user: str, conversation: Conversation, exchange: Exchange) -> None:
    """Keep a question that was just asked; the conversation gets its id with the first one."""
    if not conversation.id:
        conversation.id = store.conversations.create(user, conversation.corpus, title_of(exchange.query)).id
    elif _began_politely(conversation, exchange) and store.conversations.get(user, conversation.id).title == title_of(
        conversation.exchanges[0].query
    ):  # nobody gave it another name
        store.conversations.rename(user, conversation.id, title_of(exchange.query))
    exchange.asked = store.conversations.append(user, conversation.id, "user", exchange.query).id


def _began_politely(conversation: Conversation, exchange: Exchange) -> bool:
    """Whether a conversation is called "hello" although this one of its exchanges asks something."""
    first = conversation.exchanges[0].query if conversation.exchanges else ""
    return courtesy(first) is not None and courtesy(exchange.query) is None


def keep_reply(store: Store, user: str, conversation: Conversation, exchange: Exchange) -> None:
    """Keep what a question brought."""
    if conversation.id and exchange.asked and (exchange.text or exchange.note):
        answer = exchange.answer.as_dict() if exchange.answer else None
        payload = as_payload(exchange.result, exchange.used, answer, stopped=exchange.stopped, note=exchange.note)
        exchange.replied = store.conversations.append(user, conversation.id, "assistant", exchange.text, payload).id


def forget_from(store: Store, user: str, conversation: Conversation, position: int) -> None:
    """Drop an exchange and all after it, as asking it once more does."""
    before = conversation.exchanges[:position]
    if conversation.id:
        last = max((max(e.asked, e.replied) for e in before), default=0)
        store.conversations.truncate(user, conversation.id, last)
    del conversation.exchanges[position:]


def restored(store: Store, user: str, id: str, searcher: Searcher) -> Conversation:
    """A conversation as it was left.

    Raises:
        NotFound: the user has no such conversation.
    """
    row = store.conversations.get(user, id)
    conversation = Conversation(id=id, corpus=row.corpus)
    for message in store.conversations.messages(user, id):
        if message.role == "user":
            conversation.exchanges.append(Exchange(message.content, started=True, over=True, asked=message.id))
        elif conversation.exchanges:
            _give_back(conversation.exchanges[-1], message, searcher)
    for exchange in conversation.exchanges:
        if not exchange.replied:
            exchange.stopped = True  # the server stopped before the answer was finished
    for feedback in store.feedback.list(user):
        for exchange in conversation.exchanges:
            if feedback.kind == "thumb" and feedback.subject == f"message:{exchange.replied}":
                exchange.thumb = feedback.value
    conversation.titles = dict(searcher.titles)
    return conversation


def _give_back(exchange: Exchange, message: Message, searcher: Searcher) -> None:
    payload = message.payload
    exchange.text, exchange.replied = message.content, message.id
    exchange.note, exchange.stopped = str(payload.get("note") or ""), bool(payload.get("stopped"))
    exchange.used = tuple(payload.get("used") or ())
    hits = tuple(h for h in (_hit(row, searcher) for row in payload.get("hits") or ()) if h is not None)
    exchange.result = SearchResult(
        exchange.query, payload.get("rewritten"), bool(payload.get("in_corpus", True)), 0.0, hits
    )
    if payload.get("answer"):
        exchange.finished(answer_from(payload["answer"]), searcher)


def answer_from(kept: dict[str, Any]) -> Answer:
    """An answer from its JSON form."""
    fields = {**kept, "citations": tuple(Citation(**c) for c in kept.get("citations", ()))}
    fields["suggestions"], fields["flags"] = tuple(kept.get("suggestions", ())), tuple(kept.get("flags", ()))
    return Answer(**fields)


def _hit(row: dict[str, Any], searcher: Searcher) -> Hit | None:
    number = row["question"]
    if number not in searcher.titles:
        return None
    places = {(start, end) for start, end in row["passages"]}
    evidence = [
        Evidence(0, passage, 0.0)
        for passage in searcher.hits.passages(number)
        if (passage.start, passage.end) in places
    ]
    return Hit(number, searcher.titles[number], row.get("score", 0.0), tuple(evidence))
