"""The tab where one asks: its panes, and which handler each event calls. What the handlers do is in `asking`."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

import gradio as gr

from ingest.errors import NotFound, TutorError
from tutor.web.ask.asking import Asking, Shown
from tutor.web.ask.conversation import Conversation
from tutor.web.backstage import Backstage
from tutor.web.pane import QUICK, deed, pane
from tutor.web.strings import Tongue, say
from tutor.web.visitor import Visitor, visitor

# Answers written at the same time; llama.cpp serves as many slots at once, more would only share its speed.
AT_ONCE = 4
# A page that is reloaded while the server comes up waits so long for the corpus its conversation is about.
OPENING_SECONDS = 8.0


class AskTab:
    """Panes and wiring. `arrive` gives what all its panes show to a visitor."""

    def __init__(self, stage: Backstage, first: Tongue) -> None:
        self._asking = Asking(stage)
        self.conversation = gr.State(Conversation())
        with gr.Row(elem_id="desk"):
            with gr.Column(scale=1, min_width=200, elem_id="past-talks"):
                self.history = pane("", "history")
            with gr.Column(scale=3, min_width=300, elem_id="talk"):
                with gr.Column(elem_id="conversation"):
                    self.past = pane("", "past")
                    self.current = pane("", "current")
                self.box = pane(box_html(first), "ask")
            with gr.Column(scale=2, min_width=300, elem_id="sources"):
                self.title = gr.HTML(sources_title(first), elem_id="sources-title")
                self.panel = pane("", "panel")
        self.panes = [self.past, self.current, self.panel, self.history, self.box, self.title]

    def wire(self) -> None:
        """Connect the events."""
        shown = [self.past, self.current, self.panel, self.history]
        asked = [p.submit for p in (self.box, self.past, self.current, self.panel)]
        taken = gr.on(asked, self._take, self.conversation, shown, trigger_mode="multiple", **QUICK)
        written = taken.then(
            self._write, self.conversation, shown, concurrency_limit=AT_ONCE, concurrency_id="write",
            show_progress="hidden", api_visibility="private",
        )  # fmt: skip
        self.box.stop(self._stop, self.conversation, shown, cancels=[written], **QUICK)
        acts = [self.past.click, self.current.click, self.history.click, self.panel.click]
        gr.on(acts, self._act, self.conversation, shown, trigger_mode="multiple", **QUICK)
        # What leaves the conversation ends the answer that is being written.
        gr.on([self.history.select], self._act, self.conversation, shown, cancels=[written], **QUICK)
        self.history.input(self._act, self.conversation, shown, trigger_mode="always_last", **QUICK)

    def _take(self, event: gr.EventData, conversation: Conversation, request: gr.Request) -> Shown:
        who = visitor(request)
        return self._asking.take(deed(event), conversation, who.user, who.tongue)

    def _write(self, conversation: Conversation, request: gr.Request) -> Iterator[Shown]:
        who = visitor(request)
        yield from self._asking.write(conversation, who.user, who.tongue)

    def _stop(self, conversation: Conversation, request: gr.Request) -> Shown:
        who = visitor(request)
        return self._asking.stop(conversation, who.user, who.tongue)

    def _act(self, event: gr.EventData, conversation: Conversation, request: gr.Request) -> Shown:
        who = visitor(request)
        return self._asking.act(deed(event), conversation, who.user, who.tongue)

    def arrive(self, conversation: Conversation, wanted: str, who: Visitor) -> list[Any]:
        """Everything in the visitor's language, and the conversation that was open before a reload."""
        if wanted and wanted != conversation.id and not conversation.exchanges:
            self._asking.wait_until_open(OPENING_SECONDS)
            try:
                self._asking.reopen(wanted, conversation, who.user)
            except NotFound:
                conversation.take_from(Conversation())
            except TutorError:
                conversation.take_from(Conversation(awaited=wanted))  # the corpus or the store is not open yet
        shown = self._asking.all(conversation, who.user, who.tongue)
        return [*shown, box_html(who.tongue), sources_title(who.tongue)]


def sources_title(tongue: Tongue) -> str:
    """The heading of the side panel."""
    return f"<h2>{escape(say('sources', tongue))}</h2>"


def box_html(tongue: Tongue) -> str:
    """The box to ask in. Both buttons are there; the style sheet shows the one that can be used."""
    label, hint, keys = (escape(say(key, tongue)) for key in ("ask-label", "ask-hint", "ask-keys"))
    return (
        '<form class="ask-form" data-do="ask" data-event="submit" data-clears>'
        f'<textarea name="query" rows="1" aria-label="{label}" placeholder="{hint}" title="{keys}" data-enter-sends maxlength="4000"></textarea>'
        f'<button type="submit" class="primary send">{escape(say("send", tongue))}</button>'
        f'<button type="button" class="stop" data-do="stop" data-event="stop">{escape(say("stop", tongue))}</button></form>'
    )
