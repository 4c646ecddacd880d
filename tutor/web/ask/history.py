"""The list of conversations: search, open, rename, delete with a way back, export. HTML from the store's rows."""

from __future__ import annotations

from html import escape

from ingest.errors import TutorError
from tutor.store import Conversation as Kept
from tutor.web.ask.conversation import Conversation
from tutor.web.backstage import Backstage
from tutor.web.mishaps import told
from tutor.web.pane import attributes, button
from tutor.web.strings import Tongue, say

SHOWN = 60


def history_html(
    stage: Backstage,
    conversation: Conversation,
    user: str,
    tongue: Tongue,
    *,
    search: str = "",
    deleted: tuple[str, str] | None = None,
    note: str = "",
) -> str:
    """The pane beside the conversation.

    Args:
        deleted: id and title of a conversation that was just deleted, to offer its way back.
        note: a message for the user.
    """
    try:
        rows = stage.store.conversations.list(user, search, SHOWN)
    except TutorError as error:
        rows, note = [], note or told(error, tongue)
    listed = "".join(_row(row, row.id == conversation.id, tongue) for row in rows)
    if not rows:
        words = say("history-none", tongue, search=search) if search else say("history-empty", tongue)
        listed = f'<li class="hint">{escape(words)}</li>'
    label = escape(say("history-search", tongue))
    return (
        f'<div class="history"><div class="history-head"><h2>{escape(say("history", tongue))}</h2>'
        f"{button(say('new', tongue), 'new', kind='small', id='new', data_event='select')}</div>"
        f"{_corpus(stage, conversation, tongue)}"
        f'<input type="search" class="history-search" data-do="search" data-event="input" placeholder="{label}" '
        f'aria-label="{label}" data-said="{escape(search)}">'
        f"{_toast(deleted, note, tongue)}<ul>{listed}</ul></div>"
    )


def _corpus(stage: Backstage, conversation: Conversation, tongue: Tongue) -> str:
    names = stage.corpora.names()
    if len(names) < 2:
        return ""
    chosen = conversation.corpus or stage.settings.corpus
    options = "".join(
        f'<option value="{escape(n)}"{" selected" if n == chosen else ""}>{escape(n)}</option>' for n in names
    )
    label = escape(say("corpus-choice", tongue))
    return f'<label class="corpus"><span>{label}</span><select data-do="corpus" data-event="select" name="corpus">{options}</select></label>'


def _toast(deleted: tuple[str, str] | None, note: str, tongue: Tongue) -> str:
    if deleted:
        words = escape(say("deleted", tongue, title=deleted[1]))
        return f'<p class="toast" role="status">{words} {button(say("undo", tongue), "restore", deleted[0], kind="link")}</p>'
    return (
        f'<p class="toast" role="status">{escape(note)}</p>' if note else '<p class="toast" role="status" hidden></p>'
    )


def _row(row: Kept, current: bool, tongue: Tongue) -> str:
    title = row.title or "…"
    new_title, more = escape(say("new-title", tongue)), escape(say("actions-of", tongue) + say("colon", tongue) + title)
    opened = attributes(
        data_do="open",
        data_event="select",
        data_value=row.id,
        aria_current="true" if current else None,
        title=title,
        data_closes="history",
    )
    exports = "".join(
        f'<a class="small" href="files/conversations/{escape(row.id)}.{kind}" download>{escape(say(f"export-{kind}", tongue))}</a>'
        for kind in ("md", "html")
    )
    leaving = "select" if current else None  # deleting another one does not end the answer that is being written
    return (
        f'<li class="kept{" current" if current else ""}" data-key="{escape(row.id)}">'
        f'<button type="button" class="kept-open"{opened}>{escape(title)}</button>'
        f'<details class="kept-more"><summary aria-label="{more}" title="{more}">⋯</summary><div class="menu">'
        f'<form data-do="rename" data-value="{escape(row.id)}"><input name="title" value="{escape(title)}" '
        f'aria-label="{new_title}" maxlength="200"><button type="submit" class="small">{escape(say("rename", tongue))}</button></form>'
        f'<div class="row">{exports}{button(say("delete", tongue), "delete", row.id, kind="small danger", data_event=leaving)}</div>'
        "</div></details></li>"
    )
