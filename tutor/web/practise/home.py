"""What the tab shows while no interview is open: what can go on, what is due, the choices, earlier reports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import get_args

from ingest.errors import UsageError
from tutor.answering.answer import Language
from tutor.interview.practice import Practice
from tutor.interview.setup import Difficulty, Order, Persona, Setup, Strictness
from tutor.store import InterviewRow
from tutor.web.pane import Deed, attributes, button
from tutor.web.strings import Tongue, say

MINUTES = (10, 20, 30, 45, 60)
REPORTS = 8
SPOKEN: dict[Tongue, Language] = {"zh-TW": "zh-Hant", "zh-CN": "zh-Hans", "en": "en"}


def setup_of(deed: Deed, corpus: str, tongue: Tongue) -> Setup:
    """The choices of the form; what is missing or nonsense becomes its default."""

    def one(name: str, options: Sequence[str], default: str) -> str:
        found = deed.text(name)
        return found if found in options else default

    minutes = deed.whole("minutes", 0, 0, 24 * 60)
    return Setup.model_validate(
        {
            "corpus": corpus,
            "categories": deed.fields.get("categories", ()),
            "number": deed.whole("number", 5, 1, 100),
            "difficulty": one("difficulty", get_args(Difficulty), "any"),
            "minutes": minutes or None,
            "follow_ups": deed.whole("follow_ups", 1, 0, 3),
            "strictness": one("strictness", get_args(Strictness), "fair"),
            "persona": one("persona", get_args(Persona), "neutral"),
            "order": one("order", get_args(Order), "memory"),
            "language": one("language", get_args(Language), SPOKEN[tongue]),
            "exam": bool(deed.fields.get("exam")),
        }
    )


def questions_setup(numbers: str, practice: Practice, tongue: Tongue) -> Setup:
    """An interview on exactly these questions, "19,20"; those that cannot be graded are left out.

    Raises:
        UsageError: none of them can.
    """
    known = {c.number for c in practice.candidates}
    asked = [int(n) for n in numbers.split(",") if n.strip().isascii() and n.strip().isdigit()][:100]
    chosen = tuple(dict.fromkeys(n for n in asked if n in known))
    if not chosen:
        raise UsageError("None of these questions has key points.", "Choose others.")
    return Setup(corpus=practice.corpus, questions=chosen, number=len(chosen), language=SPOKEN[tongue])


def home_html(
    practice: Practice,
    corpora: Sequence[str],
    unfinished: Sequence[InterviewRow],
    finished: Sequence[InterviewRow],
    tongue: Tongue,
) -> str:
    """The whole pane."""
    due = practice.due()
    due_button = ""
    if due:
        due_button = button(
            say("start-due", tongue, count=len(due)), "start-on", ",".join(map(str, due)), kind="primary"
        )
    return (
        f'<div class="practise-home"><section class="lead"><h2>{escape(say("practise-heading", tongue))}</h2>'
        f'<p class="hint">{escape(say("practise-intro", tongue))}</p>{due_button}</section>'
        f"{_unfinished(unfinished, tongue)}{_form(practice, corpora, tongue)}{_reports(finished, tongue)}</div>"
    )


def _unfinished(rows: Sequence[InterviewRow], tongue: Tongue) -> str:
    if not rows:
        return ""
    items = []
    for row in rows[:REPORTS]:
        words = say(
            "unfinished-row", tongue, when=when(row.updated),
            position=len(row.state.get("asked", ())), total=len(row.state.get("plan", ())),
        )  # fmt: skip
        items.append(
            f'<li class="row"><span class="grow">{escape(words)} · {escape(row.corpus)}</span>'
            f"{button(say('resume', tongue), 'resume', row.id, kind='small primary')}"
            f"{button(say('discard', tongue), 'discard', row.id, kind='small danger')}</li>"
        )
    return f'<section class="card"><h3>{escape(say("unfinished", tongue))}</h3><ul class="plain">{"".join(items)}</ul></section>'


def _reports(rows: Sequence[InterviewRow], tongue: Tongue) -> str:
    if not rows:
        return ""
    items = "".join(
        f'<li class="row"><span class="grow">'
        f"{escape(say('report-row', tongue, when=when(row.updated), count=len(row.state.get('asked', ()))))} · {escape(row.corpus)}</span>"
        f'<button type="button" class="small" data-go="practise/{escape(row.id)}">{escape(say("report-open", tongue))}</button></li>'
        for row in rows[:REPORTS]
    )
    return f'<section class="card"><h3>{escape(say("reports", tongue))}</h3><ul class="plain">{items}</ul></section>'


def _form(practice: Practice, corpora: Sequence[str], tongue: Tongue) -> str:
    categories = "".join(
        f'<label class="check"><input type="checkbox" name="categories" value="{escape(c)}"> {escape(c)}</label>'
        for c in practice.categories
    )
    boxes = (
        f'<fieldset class="checks"><legend>{escape(say("set-categories", tongue))}</legend>{categories}</fieldset>'
        if categories
        else ""
    )
    minutes = [("0", say("minutes-none", tongue)), *((str(m), say("minutes-some", tongue, count=m)) for m in MINUTES)]
    follow_ups = [
        ("0", say("follow-ups-none", tongue)),
        *((str(n), say("follow-ups-some", tongue, count=n)) for n in (1, 2, 3)),
    ]
    corpus = ""
    if len(corpora) > 1:
        options = [(name, name) for name in corpora]
        label = escape(say("corpus-is", tongue))
        corpus = (
            f'<label><span>{label}</span><select data-do="corpus">{_options(options, practice.corpus)}</select></label>'
        )

    difficulties = [(v, say(f"difficulty-{v}", tongue)) for v in get_args(Difficulty)]
    orders = [(v, say(f"order-{v}", tongue)) for v in get_args(Order)]
    bars = [(v, say(f"strictness-{v}", tongue)) for v in get_args(Strictness)]
    personas = [(v, say(f"persona-{v}", tongue)) for v in get_args(Persona)]
    languages = [(v, say(f"language-{v}", tongue)) for v in get_args(Language)]
    return (
        f'<form class="card setup" data-do="start"><div class="fields">{corpus}'
        f"<label><span>{escape(say('set-number', tongue))}</span>"
        f'<input type="number" name="number" min="1" max="{len(practice.candidates)}" value="{min(5, len(practice.candidates))}"></label>'
        f"{_select('difficulty', 'set-difficulty', difficulties, 'any', tongue)}"
        f"{_select('minutes', 'set-minutes', minutes, '0', tongue)}"
        f"{_select('follow_ups', 'set-follow-ups', follow_ups, '1', tongue)}</div>{boxes}"
        f'<details class="more-choices"><summary>{escape(say("more-choices", tongue))}</summary><div class="fields">'
        f"{_select('order', 'set-order', orders, 'memory', tongue)}{_select('strictness', 'set-strictness', bars, 'fair', tongue)}"
        f"{_select('persona', 'set-persona', personas, 'neutral', tongue)}"
        f"{_select('language', 'set-language', languages, SPOKEN[tongue], tongue)}</div>"
        f'<label class="check"><input type="checkbox" name="exam" value="yes"> {escape(say("set-exam", tongue))}</label></details>'
        f'<button type="submit" class="primary">{escape(say("start", tongue))}</button></form>'
    )


def _select(name: str, key: str, options: Sequence[tuple[str, str]], chosen: str, tongue: Tongue) -> str:
    return f'<label><span>{escape(say(key, tongue))}</span><select name="{name}">{_options(options, chosen)}</select></label>'


def _options(options: Sequence[tuple[str, str]], chosen: str) -> str:
    return "".join(
        f"<option{attributes(value=value, selected=value == chosen)}>{escape(words)}</option>"
        for value, words in options
    )


def when(moment: datetime) -> str:
    """A moment as the server's clock shows it."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")
