"""One question to read: its text as the document has it, links to others, its key points. HTML from a document."""

from __future__ import annotations

from html import escape

from ingest.document import Question, Section
from ingest.rubrics import KeyPoint, Rubric
from tutor.web.ask.passages import Slice, joined
from tutor.web.corpora import Material
from tutor.web.markup import passage_html
from tutor.web.pane import attributes, button
from tutor.web.strings import Tongue, say


def question_html(question: Question, material: Material, tongue: Tongue) -> str:
    """The whole question."""
    number = question.number
    title = escape(material.title(number, tongue))
    original = f'<p class="hint" lang="zh">{escape(question.title)}</p>' if title != escape(question.title) else ""
    sections = "".join(_section(s, material, tongue) for s in question.sections)
    if not question.answered:
        sections += f'<p class="hint">{escape(say("library-unanswered", tongue))}</p>'
    return (
        f'<article class="reading" data-question="{number}"><p class="reading-head">'
        f'<span class="source-number">{escape(say("question", tongue, number=number))}</span>'
        f'<span class="hint">{escape(question.category)}</span></p><h2>{title}</h2>{original}'
        f"{_doors(number, tongue)}{sections}{_links(question, material, tongue)}{_rubric(number, material, tongue)}"
        f"{_neighbours(number, material, tongue)}</article>"
    )


def _doors(number: int, tongue: Tongue) -> str:
    ask = (
        f'<button type="button" class="small"'
        f"{attributes(data_do='ask-question', data_value=number, data_event='submit', data_pane='ask', data_go='ask')}>"
        f"{escape(say('ask-this', tongue))}</button>"
    )
    practise = button(
        say("interview-on", tongue),
        "start-on",
        number,
        kind="small primary",
        data_pane="practise-pane",
        data_go="practise",
    )
    return f'<div class="row">{practise}{ask}</div>'


def _section(section: Section, material: Material, tongue: Tongue) -> str:
    source = material.document.source
    blocks = [Slice(section.name, b.start, b.end, source[b.start : b.end]) for b in section.blocks]
    numbers = frozenset(q.number for q in material.document.questions)
    text = "".join(passage_html(part.text, links=numbers) for part in joined(blocks, source))
    name = f"<h3>{escape(section.name)}</h3>" if section.name else ""
    return f'<section>{name}<div class="document" lang="zh">{text}</div></section>' if text else ""


def _links(question: Question, material: Material, tongue: Tongue) -> str:
    to = [n for n in question.links if material.question(n)]
    by = [q.number for q in material.document.questions if question.number in q.links]
    rows = []
    for key, numbers in (("refers-to", to), ("referred-by", by)):
        if numbers:
            items = "".join(
                f'<li><a href="#library/{n}">{escape(say("question", tongue, number=n))}　'
                f"{escape(material.title(n, tongue))}</a></li>"
                for n in numbers
            )
            rows.append(f"<h3>{escape(say(key, tongue))}</h3><ul>{items}</ul>")
    return f'<div class="links">{"".join(rows)}</div>' if rows else ""


def _rubric(number: int, material: Material, tongue: Tongue) -> str:
    rubric = material.rubrics.get(number)
    if rubric is None:
        words = say("rubric-none", tongue)
        return f'<p class="hint">{escape(words)}</p>' if not material.rubrics else ""
    points = "".join(point_html(p, tongue) for p in rubric.points)
    return (
        f'<details class="rubric"><summary>{escape(say("rubric-of", tongue, count=len(rubric.points)))}</summary>'
        f'<p class="hint">{escape(say("rubric-about", tongue))}</p>{_draft(rubric, tongue)}<ol>{points}</ol></details>'
    )


def _draft(rubric: Rubric, tongue: Tongue) -> str:
    """A line that says who drafted key points that nobody has reviewed."""
    if not rubric.drafted:
        return ""
    key = "rubric-drafted-by" if rubric.drafted_by else "rubric-drafted"
    return f'<p class="hint drafted">{escape(say(key, tongue, model=rubric.drafted_by))}</p>'


def point_html(point: KeyPoint, tongue: Tongue) -> str:
    """One key point with the sentence it rests on."""
    statement = point.statement_en if tongue == "en" and point.statement_en else point.statement
    quote = f"<blockquote>{passage_html(point.quote)}</blockquote>" if point.quote else ""
    return (
        f'<li class="point {point.kind}"><p><span class="kind">{escape(say(f"rubric-kind-{point.kind}", tongue))}</span> '
        f'{escape(statement)} <span class="hint">{escape(say("rubric-weight", tongue, weight=f"{point.weight:g}"))}</span></p>{quote}</li>'
    )


def _neighbours(number: int, material: Material, tongue: Tongue) -> str:
    numbers = [q.number for q in material.document.questions]
    at = numbers.index(number)
    out = []
    for key, place in (("previous", at - 1), ("next", at + 1)):
        if 0 <= place < len(numbers):
            other = numbers[place]
            title = escape(material.title(other, tongue))
            out.append(
                f'<a class="{key}" href="#library/{other}"><span class="hint">{escape(say(key, tongue))}</span>'
                f"<span>{other}　{title}</span></a>"
            )
    return f'<nav class="neighbours" aria-label="{escape(say("next-to-it", tongue))}">{"".join(out)}</nav>'
