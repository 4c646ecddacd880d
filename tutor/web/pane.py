"""A pane: a piece of the page that is written here as HTML and tells what the visitor did in it.

Elements with `data-do` are its buttons and forms (`look/pane.js` listens to them); what comes back is checked here, since
anybody can send anything. Knows nothing of what the panes show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

import gradio as gr

# Of what a visitor sends, no more than this is looked at: characters of one field, number of fields.
LONGEST_FIELD, MOST_FIELDS = 20_000, 40
# How handlers that answer at once are wired: no queue, no spinner, not part of the described API.
QUICK: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


# What a pane shows until it is asked for the first time: the shape of what comes, in no language.
SKELETON = f'<div class="skeleton" aria-hidden="true">{"<span></span>" * 4}</div>'


@dataclass(frozen=True)
class Deed:
    """What a visitor did.

    Args:
        do: name of the action, from `data-do`.
        value: what it is about, from `data-value`.
        fields: the form around it, by name; what can be chosen several times has several values.
    """

    do: str = ""
    value: str = ""
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """The value as a number; -1 where it is none."""
        return int(self.value) if self.value.isascii() and self.value.isdigit() and len(self.value) < 10 else -1

    def text(self, name: str, default: str = "") -> str:
        """The first value of a field."""
        return next(iter(self.fields.get(name, ())), default)

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """A field as a whole number within bounds."""
        text = self.text(name).strip()
        try:
            return min(max(int(text), low), high)
        except ValueError:
            return default


def deed(event: gr.EventData) -> Deed:
    """What an event tells, cut to size."""
    data = event._data if isinstance(event._data, Mapping) else {}
    sent = data.get("fields")
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in list(sent.items())[:MOST_FIELDS] if isinstance(sent, Mapping) else ():
        values = value if isinstance(value, list) else [value]
        fields[str(name)[:80]] = tuple(str(v)[:LONGEST_FIELD] for v in values[:200] if v is not None)
    return Deed(str(data.get("do", ""))[:80], str(data.get("value", ""))[:LONGEST_FIELD], fields)


def pane(value: str, name: str, **options: Any) -> gr.HTML:
    """A pane with the id `name`."""
    return gr.HTML(value, elem_id=name, js_on_load=f"window.tutorPane(element, trigger, {name!r})", **options)


def button(words: str, do: str, value: object = "", *, kind: str = "", **data: object) -> str:
    """A button that tells its pane `do`; `data` become attributes, `_` as `-` (aria_label="…", data_pane="…")."""
    return f'<button type="button" class="{kind}"{attributes(data_do=do, data_value=value, **data)}>{escape(words)}</button>'


def attributes(**values: object) -> str:
    """HTML attributes; None and False leave one out, True gives it without a value."""
    out = []
    for name, value in values.items():
        if value is None or value is False:
            continue
        name = name.rstrip("_").replace("_", "-")
        out.append(f" {name}" if value is True else f' {name}="{escape(str(value))}"')
    return "".join(out)
