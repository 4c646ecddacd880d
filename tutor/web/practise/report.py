"""The report of an interview on the page. The figures come from `tutor.interview.report`; this only lays them out."""

from __future__ import annotations

from html import escape

from tutor.interview.charts import FEWEST_AXES, bars, radar, without_brackets
from tutor.interview.export_kinds import KINDS
from tutor.interview.report import QuestionReport, Report
from tutor.interview.report_words import local_day
from tutor.web.markup import passage_html
from tutor.web.pane import button
from tutor.web.practise.verdicts import flags_html, levels_html, points_html, score_html
from tutor.web.strings import Tongue, say


def report_html(report: Report, tongue: Tongue, *, note: str = "", opened: int = -1) -> str:
    """The whole pane; the question `opened` is unfolded."""
    exports = "".join(
        f'<a class="small" href="files/interviews/{escape(report.id)}.{kind}" download>{escape(say(f"export-{kind}", tongue))}</a>'
        for kind in KINDS
    )
    head = (
        f'<div class="row report-doors">{button(say("back-to-practise", tongue), "home", kind="small")}{exports}</div>'
    )
    if not report.questions:
        empty = f'<p class="hint">{escape(say("report-empty", tongue))}</p>'
        return f'<div class="report" data-place="practise/{escape(report.id)}">{head}{note}<section class="card">{empty}</section></div>'
    numbers = ",".join(str(q.number) for q in report.questions)
    again = button(say("once-more", tongue), "start-on", numbers, kind="primary")
    questions = "".join(_question(q, tongue, opened == q.number) for q in report.questions)
    return (
        f'<div class="report" data-place="practise/{escape(report.id)}">{head}{note}{_summary(report, tongue)}'
        f'<div class="columns">{_charts(report, tongue)}</div><div class="columns">{_weakest(report, tongue)}{_review(report, tongue)}</div>'
        f'{questions}<div class="row">{again}</div></div>'
    )


def _summary(report: Report, tongue: Tongue) -> str:
    score = say("unscored", tongue) if report.score is None else say("score", tongue, score=f"{report.score:.1f}")
    parts = [
        say("report-passed", tongue, passed=report.passed, total=len(report.questions)),
        say("report-time", tongue, time=f"{int(report.seconds) // 60}:{int(report.seconds) % 60:02d}"),
    ]
    if report.skipped:
        parts.append(say("report-skipped", tongue, count=report.skipped))
    return (
        f'<section class="card summary"><h2>{escape(say("report-heading", tongue))}</h2>'
        f'<p class="big">{escape(score)}</p><p class="hint">{escape(" · ".join(parts))}</p>{levels_html(tongue)}</section>'
    )


def _charts(report: Report, tongue: Tongue) -> str:
    names = [without_brackets(c.category or say("uncategorised", tongue)) for c in report.categories]
    scored = [(n, c.score) for n, c in zip(names, report.categories, strict=True) if c.score is not None]
    out = ""
    if scored:
        chart = (radar if len(scored) >= FEWEST_AXES else bars)(*zip(*scored, strict=True))
        out += f'<section class="card"><h3>{escape(say("by-category", tongue))}</h3>{chart}</section>'
    titles = [say("question", tongue, number=q.number) for q in report.questions]
    chart = bars(titles, [q.score for q in report.questions])
    out += f'<section class="card"><h3>{escape(say("by-question", tongue))}</h3>{chart}</section>'
    return out


def _weakest(report: Report, tongue: Tongue) -> str:
    if not report.weakest:
        body = f'<p class="hint">{escape(say("weakest-none", tongue))}</p>'
    else:
        rows = "".join(
            f'<li class="verdict {w.verdict}"><span class="mark">{escape(say(f"verdict-{w.verdict}", tongue))}</span> {escape(w.said)} '
            f'<a href="#library/{w.question}">{escape(say("question", tongue, number=w.question))}</a></li>'
            for w in report.weakest
        )
        body = f'<ol class="plain">{rows}</ol>'
    return f'<section class="card"><h3>{escape(say("weakest", tongue))}</h3>{body}</section>'


def _review(report: Report, tongue: Tongue) -> str:
    rows = "".join(
        f'<li class="row"><a href="#library/{r.question}">{escape(say("question", tongue, number=r.question))}</a>'
        f'<span class="grow">{escape(r.title)}</span><span class="hint">{escape(local_day(r.due) or say("review-soon", tongue))}</span></li>'
        for r in report.review
    )
    return f'<section class="card"><h3>{escape(say("review-when", tongue))}</h3><ul class="plain">{rows}</ul></section>'


def _question(question: QuestionReport, tongue: Tongue, is_open: bool) -> str:
    points = [*question.wrong, *question.missed, *question.partly, *question.covered]
    said = (
        f"<p>{escape(question.answer)}</p>"
        if question.answer
        else f'<p class="hint">{escape(say("no-words", tongue))}</p>'
    )
    for asked, answered in question.follow_ups:
        said += f'<p class="hint">{escape(say("follow-up", tongue) + say("colon", tongue) + asked)}</p><p>{escape(answered)}</p>'
    model = "".join(passage_html(s.text) for s in question.model_answer)
    head = (
        score_html(question.score, question.level, tongue, uncertain=question.uncertain)
        if question.outcome in {"answered", "open"} or question.score is not None
        else f'<span class="hint">{escape(say(f"outcome-{question.outcome}", tongue))}</span>'
    )
    return (
        f'<details class="card result"{" open" if is_open else ""}><summary><span class="source-number">'
        f"{escape(say('question', tongue, number=question.number))}</span> <span>{escape(question.title)}</span> {head}</summary>"
        f"{flags_html(question.flags, tongue)}<p>{escape(question.feedback)}</p>"
        f"<h4>{escape(say('your-answer', tongue))}</h4><div class='own-answer'>{said}</div>"
        f"{points_html(points, question.number, tongue, disputes=True)}"
        f"<details class='model-answer'><summary>{escape(say('model-answer', tongue))}</summary>"
        f"<div class='document' lang='zh'>{model}</div></details></details>"
    )
