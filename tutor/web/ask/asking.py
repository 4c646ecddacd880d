"""What happens when a user asks, stops, retries, edits or goes back to an old conversation.

Knows the tutor's events and which pane each changes, nothing of layout.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import gradio as gr

from ingest.errors import TutorError
from tutor.answering.answer import Done, Event, Rechecking, Sources, Text, Waiting
from tutor.web.ask.conversation import Conversation, Exchange
from tutor.web.ask.history import history_html
from tutor.web.ask.keeping import forget_from, keep_question, keep_reply, restored
from tutor.web.ask.messages import current_html, past_html
from tutor.web.ask.passages import empty_panel, panel
from tutor.web.backstage import Backstage, Reply
from tutor.web.mishaps import problem
from tutor.web.pane import Deed
from tutor.web.status.line import index_words
from tutor.web.strings import Tongue, say

if TYPE_CHECKING:
    from tutor.answering.tutor import Tutor

log = logging.getLogger(__name__)

# While the corpus is being prepared, a waiting question says how far it is at this rate.
WAITING_SECONDS = 1.0
# Longer questions are cut: a prompt must fit the model, and nobody types as much.
LONGEST_QUERY = 4000
# What the handlers change: earlier exchanges, the last one, the side panel, the list of conversations.
Shown = tuple[Any, Any, Any, Any]
NOTHING: Shown = (gr.skip(), gr.skip(), gr.skip(), gr.skip())


class Asking:
    """The handlers. Each returns (earlier exchanges, last exchange, panel, conversations); what stays gets `gr.skip()`."""

    def __init__(self, stage: Backstage) -> None:
        self._stage = stage
        self._claiming = threading.Lock()

    def take(self, deed: Deed, conversation: Conversation, user: str, tongue: Tongue) -> Shown:
        """Put a question into the conversation, for `write` to answer; not while one is being answered."""
        if conversation.busy:
            return NOTHING
        corpus = deed.text("corpus")
        if corpus and corpus != conversation.corpus and corpus in self._stage.corpora.names():
            conversation.take_from(Conversation(corpus=corpus))  # a conversation is about one corpus
        query, position = deed.text("query"), len(conversation.exchanges)
        match deed.do:
            case "ask":
                query = query or deed.value
            case "ask-question":
                query = self._title(deed.number, conversation, tongue)
            case "again" if 0 <= deed.number < position:
                position = deed.number
                query = conversation.exchanges[position].query
            case "edit" if 0 <= deed.number < position:
                position = deed.number
            case _:
                return NOTHING
        if not query.strip():
            return NOTHING
        conversation.corpus = conversation.corpus or self._stage.settings.corpus
        exchange = Exchange(query.strip()[:LONGEST_QUERY], note=say("queued", tongue))
        try:
            forget_from(self._stage.store, user, conversation, position)
            conversation.exchanges.append(exchange)
            keep_question(self._stage.store, user, conversation, exchange)
        except TutorError:
            # Without a store, or with one that lost this conversation, the answer matters more than its record.
            log.exception("a question could not be kept")
            del conversation.exchanges[position:]
            conversation.exchanges.append(exchange)
        return (*self._all(conversation, tongue)[:2], gr.skip(), self.history(conversation, user, tongue))

    def _title(self, number: int, conversation: Conversation, tongue: Tongue) -> str:
        try:
            return self._stage.corpora.material(conversation.corpus).title(number, tongue)
        except TutorError:
            return ""

    def write(self, conversation: Conversation, user: str, tongue: Tongue) -> Iterator[Shown]:
        """Answer the last question, as it is written. Closing the iterator stops the model."""
        exchange = conversation.exchanges[-1] if conversation.busy else None
        if exchange is None or exchange.started:
            yield NOTHING
            return
        exchange.started = True
        try:
            yield from self._written(exchange, conversation, user, tongue)
        except TutorError as error:
            exchange.note = problem(error, tongue)
            exchange.failed = True
        except Exception:
            log.exception("a question could not be answered")
            exchange.note, exchange.failed = say("bug", tongue), True
        except GeneratorExit:
            # The iterator was closed: the tab is gone, or the answer was stopped.
            exchange.stopped, exchange.note = True, ""
            raise
        finally:
            exchange.over = True
            self._keep(exchange, conversation, user)
        if exchange in conversation.exchanges:
            last = self.current(conversation, tongue)
            yield gr.skip(), last, self._panel(exchange, conversation, tongue), self.history(conversation, user, tongue)

    def _keep(self, exchange: Exchange, conversation: Conversation, user: str) -> None:
        with self._claiming:  # who stops an answer and who writes it end at the same moment
            if exchange.kept or exchange not in conversation.exchanges:
                return
            exchange.kept = True
        try:
            keep_reply(self._stage.store, user, conversation, exchange)
        except TutorError:
            log.exception("a reply could not be kept")

    def _written(self, exchange: Exchange, conversation: Conversation, user: str, tongue: Tongue) -> Iterator[Shown]:
        from tutor.answering.tutor import Ask

        for tutor in self._when_open(exchange, conversation, tongue):
            if exchange.stopped:
                return
            yield gr.skip(), self.current(conversation, tongue), gr.skip(), gr.skip()
            if tutor is None:
                continue
            events = tutor.stream(Ask(exchange.query, conversation.history(), owner=user))
            with closing(events):  # type: ignore[type-var]
                for event in events:
                    if exchange.stopped:
                        return
                    changed = self._take_in(event, exchange, conversation, tutor, tongue)
                    shown = self._panel(exchange, conversation, tongue) if changed else gr.skip()
                    yield gr.skip(), self.current(conversation, tongue), shown, gr.skip()

    def _when_open(self, exchange: Exchange, conversation: Conversation, tongue: Tongue) -> Iterator[Tutor | None]:
        """None again and again while the corpus is being prepared, then the tutor."""
        while (tutor := self._stage.corpora.tutor(conversation.corpus)) is None:
            index = self._stage.index
            if self._stage.closed:
                return
            if index.phase == "failed":
                raise TutorError(index.reason, index.mend)
            exchange.note = say("waiting", tongue, state=index_words(index, tongue))
            yield None
            self._stage.wait(WAITING_SECONDS)
        exchange.note = say("thinking", tongue)
        yield tutor

    def _take_in(
        self, event: Event, exchange: Exchange, conversation: Conversation, tutor: Tutor, tongue: Tongue
    ) -> bool:
        """Note what an event brings; whether the panel changes with it."""
        match event:
            case Sources(result, used):
                exchange.result, exchange.used = result, used
                exchange.note = say("reading", tongue)
                conversation.titles.update(tutor.searcher.titles)
                return True
            case Waiting(place):
                exchange.note = say("in-line", tongue, place=place)
                return False
            case Rechecking(left):
                exchange.note = say("rechecking", tongue, count=left)
                return False
            case Text(text):
                exchange.text += text
                exchange.note = ""
                return False
            case Done(answer):
                exchange.finished(answer, tutor.searcher)
                exchange.text, exchange.note = answer.answer, ""
                self._note_times(exchange)
                return True

    def _note_times(self, exchange: Exchange) -> None:
        answer = exchange.answer
        if answer is None or answer.refused:
            return
        times, usage = answer.timings, answer.usage
        prompt = usage.get("prompt_tokens", 0)
        cached = usage.get("cached_tokens", 0) / prompt if prompt else None
        self._stage.replies.append(
            Reply(
                times.get("retrieval_ms"), times.get("first_token_ms"), times.get("total_ms"),
                usage.get("completion_tokens", 0), cached, answer.model,
            )
        )  # fmt: skip

    def stop(self, conversation: Conversation, user: str, tongue: Tongue) -> Shown:
        """End the answer that is being written; what there is of it stays."""
        if conversation.busy:
            exchange = conversation.exchanges[-1]
            exchange.stopped, exchange.over, exchange.note = True, True, ""
            self._keep(exchange, conversation, user)
        return gr.skip(), self.current(conversation, tongue), gr.skip(), gr.skip()

    def act(self, deed: Deed, conversation: Conversation, user: str, tongue: Tongue) -> Shown:
        """Everything else that can be clicked: other conversations, names, thumbs, the panel of an earlier answer."""
        try:
            return self._act(deed, conversation, user, tongue)
        except TutorError as error:
            note = problem(error, tongue)
            return gr.skip(), gr.skip(), gr.skip(), self.history(conversation, user, tongue, note=note)

    def _act(self, deed: Deed, conversation: Conversation, user: str, tongue: Tongue) -> Shown:
        store = self._stage.store.conversations
        match deed.do:
            case "new":
                self.stop(conversation, user, tongue)
                conversation.take_from(Conversation(corpus=conversation.corpus))
                return self.all(conversation, user, tongue)
            case "corpus" if deed.value in self._stage.corpora.names():
                self.stop(conversation, user, tongue)
                conversation.take_from(Conversation(corpus=deed.value))
                return self.all(conversation, user, tongue)
            case "open":
                self.stop(conversation, user, tongue)
                self.reopen(deed.value, conversation, user)
                return self.all(conversation, user, tongue)
            case "show" if 0 <= deed.number < len(conversation.exchanges):
                shown = self._panel(conversation.exchanges[deed.number], conversation, tongue)
                return gr.skip(), gr.skip(), shown, gr.skip()
            case "rename":
                if title := " ".join(deed.text("title").split()):
                    store.rename(user, deed.value, title[:200])
                return gr.skip(), gr.skip(), gr.skip(), self.history(conversation, user, tongue)
            case "delete":
                gone = store.get(user, deed.value)
                store.delete(user, deed.value)
                if conversation.id == deed.value:
                    self.stop(conversation, user, tongue)
                    conversation.take_from(Conversation(corpus=conversation.corpus))
                listed = self.history(conversation, user, tongue, deleted=(gone.id, gone.title))
                return (*self._all(conversation, tongue), listed)
            case "restore":
                store.restore(user, deed.value)
                return gr.skip(), gr.skip(), gr.skip(), self.history(conversation, user, tongue)
            case "search":
                listed = self.history(conversation, user, tongue, search=deed.text("search") or deed.value)
                return gr.skip(), gr.skip(), gr.skip(), listed
            case "thumb":
                return self._thumb(deed, conversation, user, tongue)
        return NOTHING

    def _thumb(self, deed: Deed, conversation: Conversation, user: str, tongue: Tongue) -> Shown:
        position = deed.number
        if not 0 <= position < len(conversation.exchanges):
            return NOTHING
        exchange = conversation.exchanges[position]
        exchange.thumb = 1 if deed.text("thumb") == "up" else -1
        reason = "; ".join(w for w in (*deed.fields.get("why", ()), deed.text("words")) if w.strip())
        self._stage.store.feedback.add(
            user, "thumb", f"message:{exchange.replied}", exchange.thumb, reason[:2000],
            {"query": exchange.query, "answer": exchange.text, "corpus": conversation.corpus},
        )  # fmt: skip
        return (*self._all(conversation, tongue)[:2], gr.skip(), gr.skip())

    def wait_until_open(self, seconds: float) -> None:
        """Return as soon as the corpus is open, or after so many seconds."""
        self._stage.wait(seconds)

    def reopen(self, id: str, conversation: Conversation, user: str) -> None:
        """Go back to a kept conversation.

        Raises:
            TutorError: the user has no such conversation, or its corpus is gone.
        """
        row = self._stage.store.conversations.get(user, id)
        tutor = self._stage.corpora.tutor(row.corpus)
        if tutor is None:
            raise TutorError("The document is still being prepared.", "Try again in a moment.")
        conversation.take_from(restored(self._stage.store, user, id, tutor.searcher))

    def all(self, conversation: Conversation, user: str, tongue: Tongue) -> Shown:
        """All four panes anew."""
        return (*self._all(conversation, tongue), self.history(conversation, user, tongue))

    def _all(self, conversation: Conversation, tongue: Tongue) -> tuple[str, str, str]:
        return (
            past_html(conversation, tongue, self._stage.corpora.mark(conversation.corpus)),
            self.current(conversation, tongue),
            self.last_panel(conversation, tongue),
        )

    def current(self, conversation: Conversation, tongue: Tongue) -> str:
        """The last exchange, or what an empty conversation says."""
        return current_html(conversation, self._stage, tongue)

    def history(self, conversation: Conversation, user: str, tongue: Tongue, **options: Any) -> str:
        """The list of conversations."""
        return history_html(self._stage, conversation, user, tongue, **options)

    def last_panel(self, conversation: Conversation, tongue: Tongue) -> str:
        """The panel of the last exchange."""
        if not conversation.exchanges:
            return empty_panel(tongue)
        return self._panel(conversation.exchanges[-1], conversation, tongue)

    def _panel(self, exchange: Exchange, conversation: Conversation, tongue: Tongue) -> str:
        try:
            tutor = self._stage.corpora.tutor(conversation.corpus)
            material = self._stage.corpora.material(conversation.corpus)
        except TutorError:
            # Key points that cannot be read, say: an answer does without them, and without this panel.
            return empty_panel(tongue)
        if tutor is None:
            return empty_panel(tongue)
        position = conversation.exchanges.index(exchange)
        mark = self._stage.corpora.mark(conversation.corpus)
        return panel(exchange, tutor.searcher, tongue, position=position, material=material, mark=mark)
