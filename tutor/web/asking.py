"""What happens when a user asks, stops, retries or clears: from a conversation to what the components show.

Knows the tutor's events and the components' updates, nothing of layout.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import gradio as gr

from ingest.errors import TutorError
from tutor.answering.answer import Done, Event, Sources, Text, Waiting
from tutor.answering.tutor import Ask, Tutor
from tutor.web.backstage import Backstage
from tutor.web.conversation import Conversation, Exchange
from tutor.web.passages import empty_panel, panel
from tutor.web.status import index_words
from tutor.web.strings import Tongue, say

log = logging.getLogger(__name__)

# While the corpus is being prepared, a waiting question says how far it is at this rate.
WAITING_SECONDS = 1.0
# Longer questions are cut: a prompt must fit the model, and nobody types as much.
LONGEST_QUERY = 4000
Shown = tuple[Any, Any, Any]


def writing(tongue: Tongue, **changes: Any) -> Any:
    """The text box while an answer is written: its button stops."""
    return gr.Textbox(submit_btn=False, stop_btn=say("stop", tongue), **changes)


def idle(tongue: Tongue, **changes: Any) -> Any:
    """The text box otherwise: its button sends."""
    return gr.Textbox(submit_btn=say("send", tongue), stop_btn=False, **changes)


class Asking:
    """The handlers. Each returns (chat messages, panel, text box); what stays as it is gets `gr.skip()`."""

    def __init__(self, stage: Backstage) -> None:
        self._stage = stage

    def take(self, query: str, conversation: Conversation, tongue: Tongue) -> Shown:
        """Put a question into the conversation, for `write` to answer; not while one is being answered."""
        if not query.strip() or conversation.busy:
            return gr.skip(), gr.skip(), gr.skip()
        self._begin(query, conversation, tongue)
        return conversation.messages(tongue), gr.skip(), writing(tongue, value="")

    def take_example(self, event: gr.SelectData, conversation: Conversation, tongue: Tongue) -> Shown:
        """An example question was clicked."""
        return self.take(str(event.value["text"]), conversation, tongue)

    def take_suggestion(self, event: gr.SelectData, conversation: Conversation, tongue: Tongue) -> Shown:
        """One of the nearest questions below a refusal was clicked; its value is its number."""
        title = conversation.titles.get(int(event.value)) if str(event.value).isdigit() else None
        return self.take(title or "", conversation, tongue)

    def take_again(self, event: gr.RetryData, conversation: Conversation, tongue: Tongue) -> Shown:
        """Ask a question once more; what came after it is forgotten."""
        position = _position(event.index)
        if conversation.busy or position >= len(conversation.exchanges):
            return gr.skip(), gr.skip(), gr.skip()
        query = conversation.exchanges[position].query
        del conversation.exchanges[position:]
        return self.take(query, conversation, tongue)

    def _begin(self, query: str, conversation: Conversation, tongue: Tongue) -> None:
        conversation.exchanges.append(Exchange(query.strip()[:LONGEST_QUERY], note=say("queued", tongue)))

    def write(self, conversation: Conversation, tongue: Tongue) -> Iterator[Shown]:
        """Answer the last question, as it is written. Closing the iterator stops the model."""
        exchange = conversation.exchanges[-1] if conversation.busy else None
        if exchange is None or exchange.started:
            yield gr.skip(), gr.skip(), gr.skip()
            return
        exchange.started = True
        try:
            yield from self._written(exchange, conversation, tongue)
        except TutorError as error:
            exchange.note = say("problem", tongue, reason=f"{error.message} {error.mend}".strip())
        except Exception:
            log.exception("a question could not be answered")
            exchange.note = say("bug", tongue)
        except GeneratorExit:
            # The iterator was closed: the tab is gone, or the answer was stopped.
            exchange.stopped, exchange.note = True, ""
            raise
        finally:
            exchange.over = True
        if exchange in conversation.exchanges:
            yield conversation.messages(tongue), self._panel(exchange, conversation, tongue), idle(tongue)

    def _written(self, exchange: Exchange, conversation: Conversation, tongue: Tongue) -> Iterator[Shown]:
        for tutor in self._when_open(exchange, tongue):
            if exchange.stopped:
                return
            yield conversation.messages(tongue), gr.skip(), gr.skip()
            if tutor is None:
                continue
            events = tutor.stream(Ask(exchange.query, conversation.history()))
            with closing(events):  # type: ignore[type-var]
                for event in events:
                    if exchange.stopped:
                        return
                    changed = self._take_in(event, exchange, conversation, tutor, tongue)
                    shown = self._panel(exchange, conversation, tongue) if changed else gr.skip()
                    yield conversation.messages(tongue), shown, gr.skip()

    def _when_open(self, exchange: Exchange, tongue: Tongue) -> Iterator[Tutor | None]:
        """None again and again while the corpus is being prepared, then the tutor."""
        while (tutor := self._stage.wait(0.0)) is None:
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

    @staticmethod
    def _take_in(event: Event, exchange: Exchange, conversation: Conversation, tutor: Tutor, tongue: Tongue) -> bool:
        """Note what an event brings; whether the panel changes with it."""
        match event:
            case Sources(result, used):
                exchange.result, exchange.used = result, used
                exchange.note = say("reading", tongue)
                conversation.titles.update({hit.question: hit.title for hit in result.hits})
                return True
            case Waiting(place):
                exchange.note = say("in-line", tongue, place=place)
                return False
            case Text(text):
                exchange.text += text
                exchange.note = ""
                return False
            case Done(answer):
                exchange.answer, exchange.text, exchange.note = answer, answer.answer, ""
                cited = {c.question for c in answer.citations} | set(answer.suggestions)
                conversation.titles.update({n: tutor.searcher.titles[n] for n in cited})
                return True

    def stop(self, conversation: Conversation, tongue: Tongue) -> Shown:
        """End the answer that is being written; what there is of it stays."""
        if conversation.busy:
            exchange = conversation.exchanges[-1]
            exchange.stopped, exchange.over, exchange.note = True, True, ""
        return conversation.messages(tongue), gr.skip(), idle(tongue)

    def clear(self, conversation: Conversation, tongue: Tongue) -> Shown:
        """Begin a new conversation."""
        self.stop(conversation, tongue)
        conversation.exchanges.clear()
        return [], empty_panel(tongue), idle(tongue, value="")

    def show(self, event: gr.SelectData, conversation: Conversation, tongue: Tongue) -> Any:
        """The panel of the message that was clicked."""
        position = _position(event.index)
        if position >= len(conversation.exchanges):
            return gr.skip()
        return self._panel(conversation.exchanges[position], conversation, tongue)

    def last_panel(self, conversation: Conversation, tongue: Tongue) -> str:
        """The panel of the last exchange."""
        if not conversation.exchanges:
            return empty_panel(tongue)
        return self._panel(conversation.exchanges[-1], conversation, tongue)

    def _panel(self, exchange: Exchange, conversation: Conversation, tongue: Tongue) -> str:
        tutor = self._stage.tutor
        if tutor is None:
            return empty_panel(tongue)
        position = conversation.exchanges.index(exchange)
        return panel(exchange, tutor.searcher, tongue, position=position, titles=conversation.titles)


def _position(index: Any) -> int:
    """Of an exchange: Gradio counts messages, and there are two to each."""
    return int(index[0] if isinstance(index, list | tuple) else index) // 2
