"""A report as Markdown. Whatever candidates or documents wrote is escaped: it may not become structure or HTML."""

from __future__ import annotations

import re

from ingest.markdown import plain
from tutor.interview.report import PointReport, QuestionReport, Report
from tutor.interview.report_words import Words

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~$&]|^[#+-]|^\d+(?=[.)]))")


def report_markdown(report: Report) -> str:
    """The whole report."""
    words = Words(report.language)
    parts = [_head(report, words)]
    if report.questions:
        parts += [_categories(report, words), _weakest(report, words), _review(report, words)]
        parts.append(f"## {words('questions')}")
        parts += [_question(q, words) for q in report.questions]
    else:
        parts.append(words("empty"))
    parts.append(f"*{words('by-code')}*")
    return "\n\n".join(part for part in parts if part) + "\n"


def escaped(text: str) -> str:
    """One line of plain text."""
    return _SPECIAL.sub(lambda m: f"{m[0]}\\" if m[0].isdigit() else f"\\{m[0]}", " ".join(text.split()))


def document_text(text: str) -> str:
    """The document's words without its Markdown, on one line."""
    return " ".join(plain(text).split())


def _head(report: Report, words: Words) -> str:
    rows = [
        (words("corpus"), escaped(report.corpus)),
        (words("score"), words.score(report.score)),
        (words("passed"), words("passed-of", passed=report.passed, number=len(report.questions))),
        (words("time"), words.duration(report.seconds)),
    ]
    if report.limit is not None:
        rows.append((words("limit"), words.duration(report.limit)))
    lines = [f"# {words('title')}", "", *(f"- **{name}**{words('colon')}{value}" for name, value in rows)]
    notes = notes_of(report, words)
    return "\n".join(lines + (["", *notes] if notes else []))


def notes_of(report: Report, words: Words) -> list[str]:
    """Remarks on how the interview ended and what a skipped question does to the score."""
    found = []
    if report.ended in {"early", "time"}:
        found.append(words("early" if report.ended == "early" else "time-up", planned=report.planned))
    if report.skipped:
        answered = words.score(report.answered_score)
        found.append(words("skip-note", skipped=report.skipped, answered=answered))
    return found


def _categories(report: Report, words: Words) -> str:
    rows = [f"| {escaped(c.category) or '–'} | {c.questions} | {words.score(c.score)} |" for c in report.categories]
    return "\n".join([f"## {words('categories')}", "", "| | | |", "|---|---|---|", *rows])


def _weakest(report: Report, words: Words) -> str:
    if not report.weakest:
        return ""
    rows = [
        f"{i}. [{escaped(words('question', number=w.question))}](#q{w.question}) · {escaped(w.said)}"
        + (f"\n   > {escaped(document_text(w.source.text))}" if w.source else "")
        for i, w in enumerate(report.weakest, 1)
    ]
    return "\n".join([f"## {words('weakest')}", "", *rows])


def _review(report: Report, words: Words) -> str:
    rows = [f"- {words.day(r.due)}{words('colon')}{r.question}. {escaped(r.title)}" for r in report.review]
    return "\n".join([f"## {words('review')}", "", *rows])


def facts_of(question: QuestionReport, words: Words) -> list[str]:
    """What is said about a question beside its score, in order."""
    found = [words.score(question.score) if question.score is not None else words.known(question.outcome)]
    if question.level is not None:
        found.append(words("level", level=question.level))
    if question.first_score is not None and question.score is not None and question.first_score < question.score:
        found.append(words("raised", before=words.score(question.first_score)))
    if question.uncertain:
        found.append(words("uncertain"))
    found += [words.known(flag) for flag in question.flags if flag != question.outcome]
    if question.hints:
        found.append(words("hints", hints=question.hints))
    found.append(words.duration(question.seconds))
    return found


def _question(question: QuestionReport, words: Words) -> str:
    lines = [
        f'<a id="q{question.number}"></a>',
        "",
        f"### {question.number}. {escaped(question.title)}",
        "",
        " · ".join(escaped(fact) for fact in facts_of(question, words)),
    ]
    if question.answer:
        lines += ["", f"**{words('answer')}**", "", f"> {escaped(question.answer)}"]
    for asked, answer in question.follow_ups:
        lines += ["", f"**{words('follow-up')}**{words('colon')}{escaped(asked)}", "", f"> {escaped(answer) or '–'}"]
    lines += _points(question, words)
    if question.model_answer:
        lines += ["", f"**{words('model-answer')}**", ""]
        lines += [f"> {escaped(document_text(s.text))}\n>" for s in question.model_answer]
    return "\n".join(lines)


def _points(question: QuestionReport, words: Words) -> list[str]:
    rows = [
        f"| {words(name)} | {_point(p, words)} | {escaped(p.quote) or '–'} | {escaped(document_text(p.source.text)) if p.source else '–'} |"
        for name, points in points_of(question)
        for p in points
    ]
    if not rows:
        return []
    head = f"| | {words('point')} | {words('your-words')} | {words('document')} |"
    return ["", head, "|---|---|---|---|", *rows]


def points_of(question: QuestionReport) -> list[tuple[str, tuple[PointReport, ...]]]:
    """The key points in the order of showing, with the name of their group."""
    return [
        ("wrong", question.wrong), ("covered", question.covered), ("partly", question.partly), ("missed", question.missed),
    ]  # fmt: skip


def _point(point: PointReport, words: Words) -> str:
    return escaped(point.said) + (f" ({words(point.disputed)})" if point.disputed else "")
