"""What has been learnt, as HTML: counts, a map of all questions, due list, weakest topics, trend, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from html import escape

from tutor.interview.charts import line
from tutor.interview.plan import Candidate
from tutor.interview.progress import Progress
from tutor.web.corpora import Material
from tutor.web.pane import attributes, button
from tutor.web.practise.verdicts import level_reach
from tutor.web.strings import Tongue, say

# Topics, due questions and retries that are listed.
WEAKEST, LISTED = 4, 8
TO_PRACTISE = {"data_pane": "practise-pane", "data_go": "practise"}


def progress_html(
    found: Progress,
    candidates: Sequence[Candidate],
    levels: dict[int, int],
    material: Material,
    zone: tzinfo,
    tongue: Tongue,
) -> str:
    """The whole pane.

    Args:
        levels: last level, 0 to 4, of each question that has been graded.
        zone: of the dates.
    """
    empty = ""
    if not found.attempts:
        first = ",".join(str(c.number) for c in candidates[:3])
        empty = (
            f'<section class="card lead"><p>{escape(say("progress-empty", tongue))}</p>'
            f"{button(say('progress-first', tongue), 'start-on', first, kind='primary', **TO_PRACTISE)}</section>"
        )
    return (
        f'<div class="progress-page"><div class="row heading"><h2 class="grow">{escape(say("progress-heading", tongue))}</h2>'
        f'<a class="small" href="files/mine.json" download>{escape(say("mine-export", tongue))}</a></div>{empty}'
        f"{_counts(found, tongue)}{_map(found, candidates, levels, material, zone, tongue)}"
        f'<div class="columns">{_due(found, material, zone, tongue)}{_weakest(found, candidates, tongue)}</div>'
        f'<div class="columns">{_trend(found, tongue)}{_retries(found, material, tongue)}</div></div>'
    )


def _counts(found: Progress, tongue: Tongue) -> str:
    tiles = (
        ("count-asked", say("of-total", tongue, count=found.asked, total=found.questions)),
        ("count-passed", say("of-total", tongue, count=found.passed, total=found.questions)),
        ("count-due", str(len(found.due))),
        ("count-streak", str(found.streak)),
    )
    return (
        '<dl class="tiles">'
        + "".join(
            f'<div class="card"><dt>{escape(say(key, tongue))}</dt><dd>{escape(value)}</dd></div>'
            for key, value in tiles
        )
        + "</dl>"
    )


def _map(
    found: Progress, candidates: Sequence[Candidate], levels: dict[int, int], material: Material, zone: tzinfo, tongue: Tongue,
) -> str:  # fmt: skip
    due = {d.question for d in found.due}
    later = {d.question: d.due for d in found.upcoming}
    groups: dict[str, list[str]] = {}
    for candidate in candidates:
        number = candidate.number
        level = levels.get(number)
        state = _state(level, number in due, later.get(number), zone, tongue)
        words = say("cell", tongue, number=number, title=material.title(number, tongue), state=state)
        kind = f"cell{' due' if number in due else ''}{'' if level is None else f' level-{level}'}"
        cell = f"<a{attributes(class_=kind, href=f'#library/{number}', title=words, aria_label=words)}>{number}</a>"
        groups.setdefault(candidate.category, []).append(cell)
    rows = "".join(
        f'<div class="map-row"><span class="map-name">{escape(name or say("uncategorised", tongue))}</span>'
        f'<div class="cells">{"".join(cells)}</div></div>'
        for name, cells in groups.items()
    )
    legend = "".join(
        f'<span class="legend" title="{escape(level_reach(n, tongue))}"><span class="cell level-{n}" aria-hidden="true"></span>'
        f"{escape(say(f'level-{n}', tongue))}</span>"
        for n in range(5)
    )
    new = f'<span class="legend"><span class="cell" aria-hidden="true"></span>{escape(say("cell-new", tongue))}</span>'
    return (
        f'<section class="card"><h3>{escape(say("coverage", tongue))}</h3><p class="hint">{escape(say("coverage-how", tongue))}</p>'
        f'{rows}<p class="legends">{new}{legend}</p></section>'
    )


def _state(level: int | None, due: bool, later: datetime | None, zone: tzinfo, tongue: Tongue) -> str:
    words = say("cell-new", tongue) if level is None else say(f"level-{level}", tongue)
    if due:
        return say("cell-due", tongue, level=words)
    if later is not None:
        return say("cell-later", tongue, level=words, date=_date(later, zone))
    return words


def _date(moment: datetime, zone: tzinfo) -> str:
    return moment.astimezone(zone).strftime("%m-%d")


def _due(found: Progress, material: Material, zone: tzinfo, tongue: Tongue) -> str:
    if found.due:
        numbers = ",".join(str(d.question) for d in found.due)
        rows = "".join(
            f'<li><a href="#library/{d.question}">{escape(say("question", tongue, number=d.question))}</a> '
            f"{escape(material.title(d.question, tongue))}</li>"
            for d in found.due[:LISTED]
        )
        words = say("due-start", tongue, count=len(found.due))
        body = f'<ul class="plain">{rows}</ul>{button(words, "start-on", numbers, kind="primary", **TO_PRACTISE)}'
    else:
        following = f" {say('due-next', tongue, date=_date(found.upcoming[0].due, zone))}" if found.upcoming else ""
        body = f'<p class="hint">{escape(say("due-none", tongue) + following)}</p>'
    return f'<section class="card"><h3>{escape(say("due-heading", tongue))}</h3>{body}</section>'


def _weakest(found: Progress, candidates: Sequence[Candidate], tongue: Tongue) -> str:
    tried = [c for c in found.categories if c.score is not None]
    tried.sort(key=lambda c: c.score or 0.0)
    if not tried:
        return ""
    rows = []
    for category in tried[:WEAKEST]:
        words = say("weak-row", tongue, score=f"{category.score:.1f}", asked=category.asked, total=category.questions)
        numbers = ",".join(str(c.number) for c in candidates if c.category == category.category)
        go = button(say("practise-category", tongue), "start-on", numbers, kind="small", **TO_PRACTISE)
        share = (category.score or 0.0) * 10
        rows.append(
            f'<li><div class="row"><span class="grow">{escape(category.category or say("uncategorised", tongue))}</span>{go}</div>'
            f'<div class="meter" aria-hidden="true"><span style="width:{share:.0f}%"></span></div><p class="hint">{escape(words)}</p></li>'
        )
    return f'<section class="card"><h3>{escape(say("weak-categories", tongue))}</h3><ul class="plain">{"".join(rows)}</ul></section>'


def _trend(found: Progress, tongue: Tongue) -> str:
    days = [(d.day.isoformat()[5:], d.score) for d in found.trend if d.score is not None][-60:]
    if not days:
        return ""
    chart = line([day for day, _ in days], [score for _, score in days])
    return f'<section class="card"><h3>{escape(say("trend", tongue))}</h3>{chart}</section>'


def _retries(found: Progress, material: Material, tongue: Tongue) -> str:
    if not found.attempts:
        return ""
    head = f"<h3>{escape(say('before-after', tongue))}</h3>"
    if not found.retries:
        return f'<section class="card">{head}<p class="hint">{escape(say("before-after-none", tongue))}</p></section>'
    shown = sorted(found.retries, key=lambda r: r.before - r.after)[:LISTED]
    rows = "".join(
        f'<tr><th scope="row"><a href="#library/{r.question}" title="{escape(material.title(r.question, tongue))}">'
        f"{escape(say('question', tongue, number=r.question))}</a></th>"
        f"<td{attributes(data_label=say('before', tongue))}>{r.before:.1f}</td>"
        f"<td{attributes(data_label=say('after', tongue))}>{r.after:.1f}</td>"
        f"<td{attributes(data_label=say('times', tongue))}>{r.attempts}</td></tr>"
        for r in shown
    )
    heads = "<td></td>" + "".join(
        f'<th scope="col">{escape(say(k, tongue))}</th>' for k in ("before", "after", "times")
    )
    gain = "" if found.gain is None else f'<p class="hint">{escape(say("gain", tongue, gain=f"{found.gain:+.1f}"))}</p>'
    return (
        f'<section class="card">{head}{gain}<div class="table"><table class="facts compact"><thead><tr>{heads}'
        f"</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )
