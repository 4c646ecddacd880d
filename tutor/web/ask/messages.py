"""The conversation as HTML: questions, answers with citation chips, refusals with their nearest questions, actions.

Renders what `conversation` holds; all text is escaped on its way (`markup`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape

from ingest.errors import TutorError
from ingest.markdown import plain
from tutor.answering.answer import Answer, Citation
from tutor.answering.wording import say as tutor_says
from tutor.web.ask.conversation import Conversation, Exchange
from tutor.web.backstage import Backstage
from tutor.web.examples import examples
from tutor.web.markup import answer_html, citation_marks
from tutor.web.mishaps import mend, message
from tutor.web.pane import attributes, button
from tutor.web.strings import Tongue, say

REASONS = ("thumb-wrong", "thumb-missing", "thumb-source", "thumb-refused")
_WORST = {"unsupported": 0, "partial": 1, "supported": 2}


def past_html(conversation: Conversation, tongue: Tongue, mark: str = "") -> str:
    """All exchanges but the last; `data-conversation` lets the browser come back to it after a reload.

    Args:
        mark: the attribute that names the corpus (`Corpora.mark`).
    """
    parts = [
        exchange_html(exchange, position, conversation.titles, tongue)
        for position, exchange in enumerate(conversation.exchanges[:-1])
    ]
    data = attributes(data_conversation=conversation.id)
    return f'<div class="exchanges"{data}{mark}>{"".join(parts)}</div>'


def current_html(conversation: Conversation, stage: Backstage, tongue: Tongue) -> str:
    """The last exchange, or the invitation to ask."""
    if not conversation.exchanges:
        return empty_html(stage, conversation.corpus, tongue, conversation.awaited)
    position = len(conversation.exchanges) - 1
    data = attributes(data_busy="yes" if conversation.busy else None, data_conversation=conversation.id)
    inner = exchange_html(conversation.exchanges[-1], position, conversation.titles, tongue)
    mark = stage.corpora.mark(conversation.corpus)
    return f'<div class="exchanges"{data}{mark}>{inner}</div>'


def exchange_html(exchange: Exchange, position: int, titles: Mapping[int, str], tongue: Tongue) -> str:
    """One question and its answer."""
    titles = {**titles, **exchange.titles}
    return (
        f'<article class="exchange" data-position="{position}">'
        f"{_asked(exchange, position, tongue)}"
        f'<div class="reply"><h2 class="unseen">{escape(say("tutor", tongue))}</h2>'
        f"{_rewritten(exchange, tongue)}{_text(exchange, titles, tongue)}{_note(exchange, tongue)}"
        f"{_options(exchange, titles, tongue)}{_actions(exchange, position, tongue) if exchange.over else ''}"
        "</div></article>"
    )


def _asked(exchange: Exchange, position: int, tongue: Tongue) -> str:
    words = say("edit", tongue)
    form = (
        f'<form class="edit" data-do="edit" data-value="{position}" data-event="submit" hidden>'
        f'<textarea name="query" rows="2" aria-label="{escape(words)}">{escape(exchange.query)}</textarea>'
        f'<div class="row"><button type="submit" class="primary small">{escape(say("edit-send", tongue))}</button>'
        f'<button type="button" class="small" data-client="edit-cancel">{escape(say("cancel", tongue))}</button></div></form>'
    )
    edit = (
        f'<button type="button" class="icon edit-open" data-client="edit-open" title="{escape(words)}" '
        f'aria-label="{escape(words)}"><span class="i-edit" aria-hidden="true"></span></button>'
    )
    return (
        f'<div class="asked"><h2 class="unseen">{escape(say("you", tongue))}</h2>{edit if exchange.over else ""}'
        f'<div class="asked-text">{escape(exchange.query)}</div>{form if exchange.over else ""}</div>'
    )


def _rewritten(exchange: Exchange, tongue: Tongue) -> str:
    """How a query was understood that leans on the conversation; nothing for one that the document does not treat."""
    result = exchange.result
    found = result.rewritten if result is not None and result.in_corpus else None
    if not found or found.strip() == exchange.query.strip():
        return ""
    return f'<p class="rewritten"><span>{escape(say("understood-as", tongue))}</span>　{escape(found)}</p>'


def _text(exchange: Exchange, titles: Mapping[int, str], tongue: Tongue) -> str:
    answer = exchange.answer
    text = _without_list(answer) if answer is not None and answer.suggestions else exchange.text
    if not text:
        return ""
    kind = "text refused" if answer is not None and answer.refused else "text"
    return f'<div class="{kind}">{answer_html(text, chips(text, answer, titles, tongue))}</div>'


def chips(text: str, answer: Answer | None, titles: Mapping[int, str], tongue: Tongue) -> list[str]:
    """One button for each citation mark in a text, with what its card shows."""
    found = []
    for number, words in citation_marks(text):
        citation = best_citation(words, number, answer.citations if answer else ())
        found.append(_chip(number, citation, titles.get(number, ""), tongue))
    return found


def best_citation(words: str, number: int, citations: Sequence[Citation]) -> Citation | None:
    """Of the citations of a question the one that a sentence rests on: most two-character pieces in common."""
    own = [c for c in citations if c.question == number]
    if len(own) < 2:
        return own[0] if own else None
    wanted = _pairs(words)
    return max(own, key=lambda c: (len(wanted & _pairs(c.quote)), _WORST[c.status]))


def _pairs(text: str) -> set[str]:
    bare = "".join(c for c in text.lower() if c.isalnum())
    return {bare[i : i + 2] for i in range(len(bare) - 1)}


def _chip(number: int, citation: Citation | None, title: str, tongue: Tongue) -> str:
    status = citation.status if citation else "pending"
    words = say(f"status-{status}", tongue)
    label = say("question", tongue, number=number).replace(" ", "")
    section = (citation.section or say("no-section", tongue)) if citation else ""
    data = attributes(
        data_client="cite", data_question=number, data_title=title, data_section=section, data_words=words,
        data_quote=plain(citation.quote) if citation else None, data_start=citation.start if citation else None,
        aria_label=f"{label} {title} · {words}",
    )  # fmt: skip
    return f'<button type="button" class="cite {status}"{data}>{escape(label)}</button>'


def _note(exchange: Exchange, tongue: Tongue) -> str:
    if exchange.note:
        kind = "note bad" if exchange.failed else "note busy" if not exchange.over else "note"
        return f'<p class="{kind}" role="status">{escape(exchange.note)}</p>'
    if exchange.stopped:
        # Asked and kept, but never answered: it was not the visitor who stopped it.
        key = "interrupted" if exchange.asked and not exchange.replied else "stopped"
        return f'<p class="note" role="status">{escape(say(key, tongue))}</p>'
    return ""


def _options(exchange: Exchange, titles: Mapping[int, str], tongue: Tongue) -> str:
    answer = exchange.answer
    if answer is None or not answer.suggestions:
        return ""
    # What is asked is what the button says, in the language of the reply.
    buttons = "".join(
        f'<li><button type="button" class="option"{attributes(data_do="ask", data_value=titles[n], data_event="submit")}>'
        f'<span class="number">{escape(say("question", tongue, number=n))}</span> {escape(titles[n])}</button></li>'
        for n in answer.suggestions
        if titles.get(n)
    )
    return f'<ul class="options">{buttons}</ul>'


def _without_list(answer: Answer) -> str:
    """A reply without the questions that it offers: they are the buttons below it."""
    heading = tutor_says("nearest" if answer.refused else "listed", answer.language)
    head, found, _ = answer.answer.partition(heading)
    return f"{head}{heading}" if found else head


def _icon(name: str, words: str, **data: object) -> str:
    return (
        f'<button type="button" class="icon"{attributes(title=words, aria_label=words, **data)}>'
        f'<span class="i-{name}" aria-hidden="true"></span></button>'
    )


def _actions(exchange: Exchange, position: int, tongue: Tongue) -> str:
    icons = []
    answer = exchange.answer
    if exchange.text:
        icons.append(_icon("copy", say("copy", tongue), data_client="copy", data_text=copied(exchange, tongue)))
    icons.append(_icon("retry", say("retry", tongue), data_do="again", data_value=position, data_event="submit"))
    if answer is not None and exchange.replied:
        up, down = exchange.thumb > 0, exchange.thumb < 0
        icons.append(
            _icon(
                "up", say("thumb-up", tongue), data_do="thumb", data_value=position, data_pane="history",
                data_fields=json.dumps({"thumb": "up"}), aria_pressed="true" if up else "false",
            )
        )  # fmt: skip
        icons.append(
            _icon("down", say("thumb-down", tongue), data_client="thumb-open", aria_pressed="true" if down else "false")
        )
    cited = list(dict.fromkeys(c.question for c in answer.citations)) if answer and not answer.refused else []
    practise = ""
    if cited:
        practise = button(
            say("interview-on", tongue), "start-on", ",".join(map(str, cited[:5])), kind="small quiet",
            data_pane="practise-pane", data_go="practise",
        )  # fmt: skip
    return (
        f'<div class="actions" role="group" aria-label="{escape(say("actions", tongue))}">{"".join(icons)}{practise}</div>'
        f"{_thumb_form(exchange, position, tongue)}"
    )


def _thumb_form(exchange: Exchange, position: int, tongue: Tongue) -> str:
    if exchange.thumb < 0:
        return f'<p class="note" role="status">{escape(say("thumb-thanks", tongue))}</p>'
    boxes = "".join(
        f'<label class="check"><input type="checkbox" name="why" value="{escape(say(r, tongue))}"> {escape(say(r, tongue))}</label>'
        for r in REASONS
    )
    why = escape(say("thumb-why", tongue))
    return (
        f'<form class="thumb" data-do="thumb" data-value="{position}" data-pane="history" hidden>'
        f'<input type="hidden" name="thumb" value="down"><fieldset><legend>{why}</legend>{boxes}</fieldset>'
        f'<textarea name="words" rows="2" aria-label="{why}"></textarea>'
        f'<div class="row"><button type="submit" class="primary small">{escape(say("thumb-send", tongue))}</button>'
        f'<button type="button" class="small" data-client="thumb-close">{escape(say("cancel", tongue))}</button></div></form>'
    )


def copied(exchange: Exchange, tongue: Tongue) -> str:
    """An answer as it is copied: its text, then the sentences of the document that it rests on."""
    answer = exchange.answer
    lines = [exchange.text.strip()]
    if answer is not None and answer.citations:
        lines += ["", f"{say('sources', tongue)}{say('colon', tongue).rstrip()}"]
        for citation in answer.citations:
            place = say("question", tongue, number=citation.question)
            section = f" · {citation.section}" if citation.section else ""
            lines.append(f"- {place}{section}{say('colon', tongue)}{' '.join(plain(citation.quote).split())}")
    return "\n".join(lines)


def empty_html(stage: Backstage, corpus: str, tongue: Tongue, awaited: str = "") -> str:
    """What an empty conversation says: how to ask, what the document holds, and questions to begin with.

    Args:
        awaited: the conversation that a reload comes back to; none, so that one that was left stays left.
    """
    name = corpus or stage.settings.corpus
    lines = [f"<h2>{escape(say('empty-title', tongue))}</h2>", f"<p>{escape(say('empty-how', tongue))}</p>"]
    try:
        material = stage.corpora.material(corpus)
    except TutorError as error:
        lines.append(
            f"<p><strong>{escape(message(error, tongue))}</strong> <code>{escape(mend(error, tongue))}</code></p>"
        )
    else:
        count = len(material.document.questions)
        lines.append(f"<p>{escape(say('empty-corpus', tongue, name=name, count=count))}</p>")
        titles = examples(material.document, list(material.expansions.values()), tongue)
        shown = "".join(
            f'<li><button type="button" class="example"{attributes(data_do="ask", data_value=title, data_event="submit")}>'
            f"{escape(title)}</button></li>"
            for title in titles
        )
        lines.append(f'<ul class="examples">{shown}</ul>')
    return f'<div class="exchanges empty"{attributes(data_conversation=awaited)}>{"".join(lines)}</div>'
