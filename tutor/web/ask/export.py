"""A conversation as a file: Markdown, or HTML that stands alone. With every citation its sentence of the document."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tutor.answering.answer import Answer, Citation
from tutor.store import Message, Store
from tutor.web.ask.keeping import answer_from
from tutor.web.markup import answer_html, citation_marks, quiet
from tutor.web.strings import Tongue, say

STYLE = (
    "body{font:16px/1.7 system-ui,'Noto Sans TC','PingFang TC','Microsoft JhengHei',sans-serif;max-width:46rem;"
    "margin:2rem auto;padding:0 1rem;color:#20262b}h2{font-size:1.05rem;background:#e6efee;padding:.6rem .9rem;"
    "border-radius:10px}blockquote{margin:.3rem 0;padding-left:.8rem;border-left:3px solid #c9a227;color:#444}"
    "table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.3rem .5rem}pre{overflow-x:auto;background:#f6f5f1;"
    "padding:.6rem}b.cite{color:#23744a}small{color:#5a636b}"
)


def conversation_file(store: Store, user: str, id: str, kind: str, tongue: Tongue) -> tuple[str, str]:
    """Title and text of a conversation, `kind` "md" or "html".

    Raises:
        NotFound: the user has no such conversation.
    """
    row = store.conversations.get(user, id)
    messages = store.conversations.messages(user, id)
    title = row.title or say("conversation", tongue)
    when = say("exported-from", tongue, date=row.updated.astimezone().strftime("%Y-%m-%d %H:%M"))
    if kind == "md":
        return title, _markdown(title, when, messages, tongue)
    return title, _html(title, when, messages, tongue)


def _answer(message: Message) -> Answer | None:
    kept = message.payload.get("answer")
    return answer_from(kept) if kept else None


def _place(citation: Citation, tongue: Tongue) -> str:
    section = f" · {citation.section}" if citation.section else ""
    return f"{say('question', tongue, number=citation.question)}{section} ({say(f'status-{citation.status}', tongue)})"


def _markdown(title: str, when: str, messages: Sequence[Message], tongue: Tongue) -> str:
    lines = [f"# {quiet(title)}", "", f"*{when}*", ""]
    for message in messages:
        if message.role == "user":
            lines += [f"## {quiet(' '.join(message.content.split()))}", ""]
            continue
        lines += [quiet(message.content), ""]
        answer = _answer(message)
        if answer and answer.citations:
            lines += [f"**{say('sources', tongue)}**", ""]
            for citation in answer.citations:
                quote = " ".join(citation.quote.split())
                lines += [f"- {_place(citation, tongue)}", f"  > {quiet(quote)}"]
            lines.append("")
    return "\n".join(lines)


def _html(title: str, when: str, messages: Sequence[Message], tongue: Tongue) -> str:
    parts = []
    for message in messages:
        if message.role == "user":
            parts.append(f"<h2>{escape(message.content)}</h2>")
            continue
        answer = _answer(message)
        chips = [
            f'<b class="cite">[{escape(say("question", tongue, number=n))}]</b>'
            for n, _ in citation_marks(message.content)
        ]
        parts.append(answer_html(message.content, chips))
        for citation in answer.citations if answer else ():
            parts.append(
                f"<small>{escape(_place(citation, tongue))}</small><blockquote>{escape(citation.quote)}</blockquote>"
            )
    return (
        f'<!doctype html><html lang="{tongue}"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style><h1>{escape(title)}</h1><p><small>{escape(when)}</small></p>{''.join(parts)}</html>"
    )
