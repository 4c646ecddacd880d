"""The Gradio page: which components there are, and which handler each event calls.

Knows layout and wiring. What handlers do is in `asking`, what is said in `strings`, how it looks in `look`.
"""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from ingest.errors import TutorError
from tutor.web.asking import Asking
from tutor.web.backstage import Backstage
from tutor.web.conversation import Conversation
from tutor.web.examples import examples
from tutor.web.passages import empty_panel
from tutor.web.status import status_html
from tutor.web.strings import COOKIE, NAMES, TONGUES, Tongue, known, preferred, say

# Answers written at the same time; llama.cpp serves as many slots at once, more would only share its speed.
AT_ONCE = 4
# The status line asks again after so many seconds: while something is coming up, and afterwards.
SOON, LATER = 1.0, 10.0
FIRST: Tongue = TONGUES[0]


def build_page(stage: Backstage) -> Any:
    """The page as Gradio Blocks, to be mounted."""
    asking = Asking(stage)
    with gr.Blocks(title=say("title", FIRST), analytics_enabled=False, fill_width=True) as page:
        tongue = gr.State(FIRST)
        conversation = gr.State(Conversation())
        with gr.Row(elem_id="masthead"):
            header = gr.HTML(masthead_html(FIRST, arrived=False), elem_id="title")
            language = gr.Radio(
                choices=[(NAMES[t], t) for t in TONGUES], value=FIRST, label=say("language", FIRST),
                elem_id="language", container=False, show_label=False, scale=0, min_width=150,
                interactive=True,
            )  # fmt: skip
            new = gr.Button(say("new", FIRST), elem_id="new", size="sm", scale=0, min_width=110)
        status = gr.HTML(status_html(stage, FIRST), elem_id="status")
        with gr.Row(elem_id="desk"):
            with gr.Column(scale=3, min_width=320, elem_id="talk"):
                chat = gr.Chatbot(
                    label=say("conversation", FIRST), elem_id="conversation", show_label=False,
                    placeholder=placeholder(stage, FIRST), examples=example_messages(stage, FIRST),
                    sanitize_html=True, allow_tags=False, latex_delimiters=[], allow_file_downloads=False,
                    layout="bubble", buttons=["copy"], feedback_options=None, height="100%", autoscroll=True,
                )  # fmt: skip
                box = gr.Textbox(
                    label=say("ask-label", FIRST), placeholder=say("ask-hint", FIRST), elem_id="ask", lines=1,
                    max_lines=8, show_label=False, container=False, submit_btn=say("send", FIRST),
                )  # fmt: skip
            with gr.Column(scale=2, min_width=320, elem_id="sources"):
                title = gr.HTML(sources_title(FIRST), elem_id="sources-title")
                panel = gr.HTML(empty_panel(FIRST), elem_id="panel")
        timer = gr.Timer(SOON)

        shown = [chat, panel, box]
        told = [conversation, tongue]
        quick = {"queue": False, "show_progress": "hidden"}
        private = {"api_visibility": "private"}
        taken = [
            box.submit(asking.take, [box, *told], shown, **quick, **private),
            chat.example_select(asking.take_example, told, shown, **quick, **private),
            chat.option_select(asking.take_suggestion, told, shown, **quick, **private),
            chat.retry(asking.take_again, told, shown, **quick, **private),
        ]
        written = [
            event.then(
                asking.write, told, shown, concurrency_limit=AT_ONCE, concurrency_id="write",
                show_progress="hidden", **private,
            )
            for event in taken
        ]  # fmt: skip
        box.stop(asking.stop, told, shown, cancels=written, **quick, **private)
        for event in (new.click, chat.clear):
            event(asking.clear, told, shown, cancels=written, **quick, **private)
        chat.select(asking.show, told, panel, **quick, **private)

        worded = [header, language, new, status, chat, box, title, panel]

        def words(chosen: Tongue, talk: Conversation) -> list[Any]:
            """Everything on the page that is said in a language."""
            return [
                masthead_html(chosen),
                gr.Radio(label=say("language", chosen), value=chosen),
                say("new", chosen),
                status_html(stage, chosen),
                gr.Chatbot(
                    value=talk.messages(chosen), label=say("conversation", chosen),
                    placeholder=placeholder(stage, chosen), examples=example_messages(stage, chosen),
                ),
                _box_words(talk, chosen),
                sources_title(chosen),
                asking.last_panel(talk, chosen),
            ]  # fmt: skip

        def arrive(talk: Conversation, request: gr.Request) -> list[Any]:
            chosen = preferred(request.headers, request.cookies)
            return [chosen, *words(chosen, talk)]

        def switch(wanted: str, talk: Conversation) -> list[Any]:
            chosen = known(wanted)
            return [chosen, *words(chosen, talk)]

        def tick(chosen: Tongue, seen: str) -> tuple[Any, Any]:
            now = status_html(stage, chosen)
            return gr.skip() if now == seen else now, gr.Timer(LATER if stage.settled else SOON)

        page.load(arrive, conversation, [tongue, *worded], **quick, **private)
        language.input(
            switch, [language, conversation], [tongue, *worded], js=_REMEMBER, **quick, **private,
        )  # fmt: skip
        timer.tick(tick, [tongue, status], [status, timer], **quick, **private)
    page.queue(default_concurrency_limit=AT_ONCE)
    return page


_REMEMBER = f"""(chosen, talk) => {{
  document.cookie = `{COOKIE}=${{chosen}}; max-age=31536000; path=/; samesite=strict`;
  return [chosen, talk];
}}"""


def _box_words(talk: Conversation, tongue: Tongue) -> Any:
    """The text box in another language; its button stays what it is while an answer is written."""
    own = {"label": say("ask-label", tongue), "placeholder": say("ask-hint", tongue)}
    if talk.busy:
        return gr.Textbox(stop_btn=say("stop", tongue), **own)
    return gr.Textbox(submit_btn=say("send", tongue), **own)


def masthead_html(tongue: Tongue, *, arrived: bool = True) -> str:
    """Name and promise of the page; its script reads the language off it, once the visitor's is known."""
    title, tagline = escape(say("title", tongue)), escape(say("tagline", tongue))
    data = f' data-language="{tongue}" data-title="{title}"' if arrived else ""
    return f'<div class="masthead"{data}><h1>{title}</h1><p>{tagline}</p></div>'


def sources_title(tongue: Tongue) -> str:
    """The heading of the side panel."""
    return f"<h2>{escape(say('sources', tongue))}</h2>"


def placeholder(stage: Backstage, tongue: Tongue) -> str:
    """What an empty conversation says: how to ask, and what the document holds."""
    lines = [f"<h2>{escape(say('empty-title', tongue))}</h2>", f"<p>{escape(say('empty-how', tongue))}</p>"]
    try:
        document, _ = stage.document()
    except TutorError as error:
        lines.append(f"<p><strong>{escape(error.message)}</strong> <code>{escape(error.mend)}</code></p>")
    else:
        count = len(document.questions)
        lines.append(f"<p>{escape(say('empty-corpus', tongue, name=stage.settings.corpus, count=count))}</p>")
    return "".join(lines)


def example_messages(stage: Backstage, tongue: Tongue) -> list[dict[str, str]]:
    """Example questions as the chat wants them; none where the document cannot be read."""
    try:
        document, expansions = stage.document()
    except TutorError:
        return []
    return [{"text": title} for title in examples(document, expansions, tongue)]
