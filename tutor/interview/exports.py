"""A report as a file, for the command line, the page and the API alike: the writers of the kinds in `export_kinds.py`."""

from __future__ import annotations

import json
from collections.abc import Callable

from ingest.errors import UsageError
from tutor.interview.export_kinds import KINDS
from tutor.interview.report import Report
from tutor.interview.report_calendar import report_calendar
from tutor.interview.report_cards import report_cards
from tutor.interview.report_html import report_html
from tutor.interview.report_markdown import report_markdown


def _json(report: Report) -> str:
    return json.dumps(report.as_dict(), ensure_ascii=False, indent=1) + "\n"


_WRITERS: dict[str, Callable[[Report], str]] = {
    "md": report_markdown, "html": report_html, "json": _json, "tsv": report_cards, "ics": report_calendar,
}  # fmt: skip


def export(report: Report, kind: str) -> str:
    """The text of the file.

    Args:
        kind: one of KINDS.

    Raises:
        UsageError: it is another.
    """
    if kind not in KINDS:
        raise UsageError(f"A report cannot be written as {kind!r}.", f"Choose one of {', '.join(KINDS)}.")
    return _WRITERS[kind](report)
