"""A report as a file: Markdown, HTML or JSON. The page offers the same for download."""

from __future__ import annotations

import json

from ingest.errors import UsageError
from tutor.interview.report import Report
from tutor.interview.report_html import report_html
from tutor.interview.report_markdown import report_markdown

KINDS = ("md", "html", "json")


def export(report: Report, kind: str) -> str:
    """The text of the file.

    Args:
        kind: one of KINDS.

    Raises:
        UsageError: it is another.
    """
    if kind == "md":
        return report_markdown(report)
    if kind == "html":
        return report_html(report)
    if kind == "json":
        return json.dumps(report.as_dict(), ensure_ascii=False, indent=1) + "\n"
    raise UsageError(f"A report cannot be written as {kind!r}.", f"Choose one of {', '.join(KINDS)}.")
