"""A report as one HTML page that asks nothing of anybody: styles and chart inside, no script, everything escaped."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from jinja2 import Environment, PackageLoader, Template
from markupsafe import Markup

from tutor.interview.charts import FEWEST_AXES, radar, without_brackets
from tutor.interview.report import CategoryScore, Report
from tutor.interview.report_markdown import document_text, facts_of, notes_of, points_of
from tutor.interview.report_words import Words


def report_html(report: Report) -> str:
    """The whole page."""
    words = Words(report.language)
    return _template().render(
        report=report, words=words, notes=notes_of(report, words), chart=_chart(report.categories),
        facts=facts_of, points=points_of, document=document_text,
    )  # fmt: skip


def _chart(categories: Sequence[CategoryScore]) -> Markup | None:
    """Score by category as a radar chart, None for fewer scored categories than make one."""
    scored = [(without_brackets(c.category), c.score) for c in categories if c.score is not None]
    if len(scored) < FEWEST_AXES:
        return None
    drawn = radar([name for name, _ in scored], [score for _, score in scored])
    return Markup(drawn)  # nosec B704: the names in it are escaped


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("tutor.interview", "."), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("report.html.j2")
