"""The Gradio page: masthead, tabs, and when each tab shows itself.

Knows which tabs there are. What a tab shows and does is in its own package; how it looks in `look`.
"""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from tutor.web.ask.conversation import Conversation
from tutor.web.ask.tab import AT_ONCE, AskTab
from tutor.web.backstage import Backstage
from tutor.web.library.tab import LibraryTab
from tutor.web.pane import QUICK, pane
from tutor.web.practise.tab import PractiseTab
from tutor.web.progress.tab import ProgressTab
from tutor.web.status.line import status_html
from tutor.web.status.tab import StatusTab
from tutor.web.strings import NAMES, TONGUES, Tongue, say
from tutor.web.visitor import visitor

# The status line asks again after so many seconds: while something is coming up, and afterwards.
SOON, LATER = 1.0, 10.0
FIRST: Tongue = TONGUES[0]
TABS = ("ask", "practise", "progress", "library", "status")
# Words that the scripts say by themselves.
SPOKEN = (
    "copied", "lost-connection", "broken-off", "back", "session-ended", "sign-in", "too-often", "bug", "close",
)  # fmt: skip
# What the browser knows and the server does not: the conversation that was open before a reload.
_SEED = "() => [null, sessionStorage.getItem('tutor_conversation') || '']"


def build_page(stage: Backstage) -> Any:
    """The page as Gradio Blocks, to be mounted."""
    with gr.Blocks(title=say("title", FIRST), analytics_enabled=False, fill_width=True) as page:
        seed = gr.Textbox(visible="hidden", elem_id="seed", show_label=False, container=False)
        masthead = pane(masthead_html(FIRST, arrived=False), "masthead")
        status = pane(status_html(stage, FIRST), "status-line")
        with gr.Column(elem_id="tab-ask", elem_classes="tab"):
            ask = AskTab(stage, FIRST)
        with gr.Column(elem_id="tab-practise", elem_classes="tab"):
            practise = PractiseTab(stage)
        with gr.Column(elem_id="tab-progress", elem_classes="tab"):
            progress = ProgressTab(stage)
        with gr.Column(elem_id="tab-library", elem_classes="tab"):
            library = LibraryTab(stage)
        with gr.Column(elem_id="tab-status", elem_classes="tab"):
            health = StatusTab(stage)
        timer = gr.Timer(SOON)

        def arrive(conversation: Conversation, wanted: str, request: gr.Request) -> list[Any]:
            who = visitor(request)
            return [
                masthead_html(
                    who.tongue, leaving=who.user if who.can_leave else "", admin=who.admin and stage.settings.signing_in
                ),
                status_html(stage, who.tongue),
                *ask.arrive(conversation, wanted, who),
            ]

        def tick(seen: str, request: gr.Request) -> tuple[Any, Any]:
            now = status_html(stage, visitor(request).tongue)
            return gr.skip() if now == seen else now, gr.Timer(LATER if stage.settled else SOON)

        worded = [masthead, status, *ask.panes]
        page.load(arrive, [ask.conversation, seed], worded, js=_SEED, **QUICK)
        masthead.click(arrive, [ask.conversation, seed], worded, **QUICK)
        timer.tick(tick, [status], [status, timer], **QUICK)
        for tab in (ask, practise, progress, library, health):
            tab.wire()
    page.queue(default_concurrency_limit=AT_ONCE)
    return page


def masthead_html(tongue: Tongue, *, arrived: bool = True, leaving: str = "", admin: bool = False) -> str:
    """Name and tabs; its script reads language and words off it, once the visitor's are known.

    Args:
        leaving: who can sign out, "" for nobody.
        admin: whether there are others to look after.
    """
    title = escape(say("title", tongue))
    data = f' data-language="{tongue}" data-title="{title}"' if arrived else ""
    words = {key: say(key, tongue) for key in SPOKEN}
    spoken = "".join(f' data-say-{key}="{escape(text)}"' for key, text in words.items())
    links = "".join(
        f'<li><a href="#{name}" data-tab="{name}">{escape(say(f"tab-{name}", tongue))}</a></li>' for name in TABS
    )
    languages = "".join(
        f'<option value="{t}" lang="{t}"{" selected" if t == tongue else ""}>{NAMES[t]}</option>' for t in TONGUES
    )
    theme = escape(say("theme", tongue))
    leave = f'<a class="small" href="admin">{escape(say("admin", tongue))}</a>' if admin else ""
    if leaving:
        out = escape(say("sign-out", tongue, name=leaving))
        leave += f'<form method="post" action="signout"><button type="submit" class="small">{out}</button></form>'
    return (
        f'<header class="masthead"{data}{spoken}>'
        f'<a class="skip" href="#content" data-client="skip">{escape(say("skip-to-content", tongue))}</a>'
        f'<h1>{title}</h1><p class="tagline">{escape(say("tagline", tongue))}</p>'
        f'<nav aria-label="{escape(say("tabs", tongue))}"><ul>{links}</ul></nav>'
        f'<div class="tools"><select id="language" data-client="language" aria-label="{escape(say("language", tongue))}">'
        f"{languages}</select>"
        f'<button type="button" class="icon" data-client="theme" title="{theme}" aria-label="{theme}">'
        f'<span class="i-theme" aria-hidden="true"></span></button>{leave}</div></header>'
    )
