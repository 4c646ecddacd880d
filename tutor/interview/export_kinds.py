"""The kinds of file that a report can be: what the help of `--report`, the page's buttons, the API and HTTP read.

Knows no report and no writer, so that the command line starts without them; `exports.py` has those.
"""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """What a kind is called in the help, and its media type."""

    name: str
    media_type: str


KINDS = {
    "md": Kind("Markdown", "text/markdown"),
    "html": Kind("HTML", "text/html"),
    "json": Kind("JSON", "application/json"),
    "tsv": Kind("cards for Anki", "text/tab-separated-values"),
    "ics": Kind("review dates for a calendar", "text/calendar"),
}
NAMED = ", ".join(f".{ending} ({kind.name})" for ending, kind in KINDS.items())
