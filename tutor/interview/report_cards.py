"""What a report says was missed, as cards for Anki: text with tabs, one note for each question that has something to learn.

The form is Anki's own (manual, "Text Files": header lines since 2.1.54). Notes are plain text, so nothing in them is HTML,
and keep their identity: a later import of the same question replaces its card. The candidate's own words stay out.
"""

from __future__ import annotations

import csv
from io import StringIO

from tutor.interview.report import PointReport, QuestionReport, Report
from tutor.interview.report_markdown import document_text
from tutor.interview.report_words import Words

_HEADER = ("#separator:tab", "#html:false", "#guid column:1", "#tags column:4")


def report_cards(report: Report) -> str:
    """The file; without notes where nothing was missed. Lines end in a line feed, cells may hold several lines."""
    words = Words(report.language)
    out = StringIO()
    out.write("\n".join((*_HEADER, f"#deck:{_line(report.corpus)}")) + "\n")
    rows = csv.writer(out, delimiter="\t", lineterminator="\n")
    for question in report.questions:
        back = _back(question, words)
        if back:
            tags = " ".join(_tag(name) for name in (report.corpus, question.category) if name)
            rows.writerow((f"{_tag(report.corpus)}-{question.number}", _front(question), back, tags))
    return out.getvalue()


def _front(question: QuestionReport) -> str:
    return f"{question.number}. {_line(question.title)}"


def _back(question: QuestionReport, words: Words) -> str:
    """The points by group, the heaviest first; the model answer where none was graded.

    Of a wrong one the document's sentence stands beside it, since the point itself is the mistake.
    """
    colon = words("colon").rstrip()
    if not (question.missed or question.partly or question.wrong) and question.outcome != "answered":
        answer = [f"• {document_text(source.text)}" for source in question.model_answer]
        return "\n".join((f"{words('model-answer')}{colon}", *answer)) if answer else ""
    groups = (("missed", question.missed), ("partly", question.partly), ("wrong", question.wrong))
    return "\n\n".join(
        "\n".join((f"{words(name)}{colon}", *(f"• {_point(point, name == 'wrong')}" for point in points)))
        for name, points in groups
        if points
    )


def _point(point: PointReport, wrong: bool) -> str:
    source = document_text(point.source.text) if wrong and point.source else ""
    return f"{_line(point.said)} → {source}" if source else _line(point.said)


def _line(text: str) -> str:
    """On one line, NUL bytes and other separators gone."""
    return " ".join(text.replace("\0", "").split())


def _tag(name: str) -> str:
    """Tags are parted by spaces: a name in several words is joined."""
    return "_".join(_line(name).split())
