"""A running interview: the question, what was said to it, the answer box, and how the question before it went."""

from __future__ import annotations

from html import escape

from tutor.interview.session import Session, View
from tutor.interview.state import Asked, Utterance
from tutor.web.markup import answer_html
from tutor.web.pane import attributes, button
from tutor.web.practise.verdicts import flags_html, points_html, score_html
from tutor.web.strings import Tongue, say

# Commands of a session that are plain buttons: (command, what the page calls it, kind of button).
PLAIN = (
    ("hint", "hint", "small"),
    ("dont_know", "dont-know", "small"),
    ("skip", "skip", "small"),
    ("pause", "pause", "small"),
)


def interview_html(session: Session, tongue: Tongue, *, grading: bool = False, note: str = "") -> str:
    """The whole pane while an interview runs."""
    view = session.view()
    running = view.phase == "answering" and not grading
    clock = attributes(
        data_used=round(view.used), data_remaining=None if view.remaining is None else round(view.remaining),
        data_running="yes" if running else None,
    )  # fmt: skip
    share = f'<progress value="{max(0, view.position - 1)}" max="{view.total}" aria-hidden="true"></progress>'
    label = say("time-used" if view.remaining is None else "time-left", tongue)
    head = (
        f'<div class="interview-head"><p class="where"><b>{escape(say("position", tongue, position=view.position, total=view.total))}</b>'
        f' <span class="hint">{escape(view.category)}</span></p>'
        f'<p class="timer" role="timer" aria-label="{escape(label)}"{clock}>{_clock(view)}</p>'
        f"{button(say('end', tongue), 'end', kind='small danger')}</div>{share}"
    )
    fresh = view.closed[-1] if view.closed else None
    result = result_html(session, fresh, tongue) if fresh is not None else ""
    if view.phase == "paused":
        body = (
            f'<section class="card question-card paused"><p>{escape(say("paused", tongue))}</p>'
            f"{button(say('go-on', tongue), 'go-on', kind='primary')}</section>"
        )
    else:
        body = _question(view, tongue, grading=grading or view.phase == "grading")
    return f'<div class="interview" data-place="practise/{escape(session.id)}">{head}{note}<div class="interview-body">{body}{result}</div></div>'


def _clock(view: View) -> str:
    seconds = int(view.used if view.remaining is None else view.remaining)
    return f"{seconds // 60}:{seconds % 60:02d}"


def _question(view: View, tongue: Tongue, *, grading: bool) -> str:
    said = "".join(_utterance(u, tongue) for u in _since_question(view))
    kind = f'<span class="kind">{escape(say("follow-up", tongue))}</span> ' if view.follow_up else ""
    number = f'<span class="source-number">{escape(say("question", tongue, number=view.question or 0))}</span>'
    label, hint = escape(say("answer-label", tongue)), escape(say("answer-hint", tongue))
    draft = f"{view.id}/{view.question}/{sum(u.kind == 'follow-up' and u.question == view.question for u in view.transcript)}"
    busy = attributes(disabled=grading)
    buttons = "".join(
        button(say(key, tongue, count=view.hints_left), command.replace("_", "-"), kind=kind_of, disabled=grading)
        for command, key, kind_of in PLAIN
        if command in view.commands
    )
    waiting = f'<p class="note busy" role="status">{escape(say("grading", tongue))}</p>' if grading else ""
    return (
        f'<section class="card question-card"><p class="question-tags">{number} {kind}</p><div class="said" aria-live="polite">{said}</div>{waiting}'
        f'<form class="answer" data-do="answer" data-event="submit"><textarea name="answer" rows="7" aria-label="{label}" '
        f'placeholder="{hint}" data-draft="{escape(draft)}" maxlength="20000"{busy}></textarea>'
        f'<input type="hidden" name="seen" value="{len(view.transcript)}">'
        f'<div class="row"><button type="submit" class="primary"{busy}>{escape(say("answer-send", tongue))}</button>{buttons}</div></form></section>'
    )


def _since_question(view: View) -> list[Utterance]:
    """What was said since the open question was asked, itself included."""
    starts = [n for n, u in enumerate(view.transcript) if u.kind == "question"]
    first = starts[-1] if starts else 0
    greeting = [u for u in view.transcript[:first] if u.kind == "greeting"] if len(starts) == 1 else []
    return [*greeting, *view.transcript[first:]]


def _utterance(said: Utterance, tongue: Tongue) -> str:
    who = "interviewer" if said.who == "interviewer" else "you"
    tag = f'<span class="kind">{escape(say("hint-said", tongue))}</span> ' if said.kind == "hint" else ""
    return (
        f'<div class="utterance {said.who} {said.kind}"><h4 class="unseen">{escape(say(who, tongue))}</h4>'
        f"{tag}{answer_html(said.text, ()) if said.who == 'interviewer' else f'<p>{escape(said.text)}</p>'}</div>"
    )


def result_html(session: Session, asked: Asked, tongue: Tongue) -> str:
    """How the question before went, as far as the interview shows it."""
    view = session.view()
    grade = asked.grade
    taught = [u for u in view.transcript if u.question == asked.number and u.kind == "teaching"]
    title = session.state.item(asked.number).title
    if grade is None:
        body = "" if asked.outcome == "answered" else f"<p>{escape(say(f'outcome-{asked.outcome}', tongue))}</p>"
        head = ""
    else:
        head = score_html(grade.score, grade.level, tongue, uncertain=grade.uncertain)
        body = (
            f"{flags_html(grade.flags, tongue)}<p>{escape(grade.feedback)}</p>"
            f"{points_html(grade.points, asked.number, tongue, disputes='dispute' in view.commands)}"
        )
    teaching = "".join(answer_html(u.text, ()) for u in taught)
    if teaching:
        teaching = f'<div class="teaching"><h4>{escape(say("teaching", tongue))}</h4>{teaching}</div>'
    return (
        f'<details class="card result" open><summary>'
        f"<span>{escape(say('result-of', tongue, number=asked.number))}</span> {head}</summary>"
        f'<p class="hint">{escape(title)}</p>{body}{teaching}</details>'
    )
