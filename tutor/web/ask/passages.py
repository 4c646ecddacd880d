"""The side panel: the passages behind an answer, grouped by question, with the cited sentences marked.

Renders what search and answering returned. All text of the document is escaped on its way (`markup`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from ingest.document import Passage
from tutor.answering.answer import Answer, Citation
from tutor.web.ask.conversation import Exchange
from tutor.web.ask.related import related
from tutor.web.corpora import Material
from tutor.web.markup import Span, narrowed, passage_html
from tutor.web.pane import attributes, button
from tutor.web.strings import Tongue, say

if TYPE_CHECKING:
    from tutor.retrieval.search import Searcher


@dataclass(frozen=True)
class Slice:
    """Neighbouring passages of one section, verbatim: `text == source[start:end]`."""

    section: str
    start: int
    end: int
    text: str


def empty_panel(tongue: Tongue) -> str:
    """What stands there before the first answer."""
    return f'<div class="sources"><p class="sources-hint">{escape(say("sources-empty", tongue))}</p></div>'


def panel(
    exchange: Exchange, searcher: Searcher, tongue: Tongue, *, position: int, material: Material, mark: str = ""
) -> str:
    """The panel of one exchange, at any stage of it.

    Args:
        position: of the exchange in its conversation; the page's script asks for it.
        material: the corpus, for titles and neighbours.
        mark: the attribute that names the corpus (`Corpora.mark`).
    """
    result, answer = exchange.result, exchange.answer
    if result is None or not result.hits:
        return empty_panel(tongue)
    citations = answer.citations if answer is not None else ()
    refused = answer is not None and answer.refused
    source = searcher.index.content.source
    numbers = list(dict.fromkeys([c.question for c in citations]))
    numbers += [n for n in exchange.used if n not in numbers]
    if not numbers:
        # The same questions are offered here as in the words.
        numbers = list(answer.suggestions) if answer is not None and answer.suggestions else []
        numbers = numbers or [h.question for h in result.hits[:3]]
    found = {h.question: [e.passage for e in h.evidence] for h in result.hits}
    blocks = []
    for number in numbers:
        own = [c for c in citations if c.question == number]
        blocks.append(
            question_html(
                number,
                material.title(number, tongue),
                shown=_with_citations(found.get(number) or searcher.hits.passages(number), own, searcher, number),
                citations=own,
                source=source,
                tongue=tongue,
                # Open where something is cited, or nothing yet; a refusal only offers its neighbours.
                is_open=bool(own) or (answer is None and number == numbers[0]),
                finished=answer is not None and not refused,
                # Looking for related questions takes a search each: not while the first word is awaited.
                around=around_html(number, material, searcher, tongue) if answer is not None else "",
            )
        )
    lead = f'<p class="sources-hint">{escape(say("sources-nearest", tongue))}</p>' if refused else ""
    return (
        f'<div class="sources" data-position="{position}"{mark}>{_about(answer, tongue)}{lead}{"".join(blocks)}</div>'
    )


def around_html(number: int, material: Material, searcher: Searcher, tongue: Tongue) -> str:
    """Where to go on from a question: the whole of it, its neighbours, what is related to it, an interview on it."""

    def jump(other: int) -> str:
        words = say("question", tongue, number=other)
        title = material.title(other, tongue)
        return (
            f'<button type="button" class="jump"{attributes(data_go=f"library/{other}", title=title, aria_label=f"{words} {title}")}>'
            f"{escape(words)}</button>"
        )

    numbers = [q.number for q in material.document.questions]
    at = numbers.index(number) if number in numbers else -1
    beside = [numbers[i] for i in (at - 1, at + 1) if at >= 0 and 0 <= i < len(numbers)]
    kin = [n for n in related(number, material, searcher) if n not in beside]
    rows = [
        f'<div class="around-row"><span>{escape(say(key, tongue))}</span>{"".join(jump(n) for n in found)}</div>'
        for key, found in (("next-to-it", beside), ("related", kin))
        if found
    ]
    doors = (
        f'<button type="button" class="small quiet" data-go="library/{number}">{escape(say("read-whole", tongue))}</button>'
        + button(
            say("interview-on", tongue), "start-on", number, kind="small quiet", data_pane="practise-pane", data_go="practise",
        )
    )  # fmt: skip
    return f'<div class="around">{"".join(rows)}<div class="around-row">{doors}</div></div>'


def question_html(
    number: int,
    title: str,
    *,
    shown: Sequence[Passage],
    citations: Sequence[Citation],
    source: str,
    tongue: Tongue,
    is_open: bool,
    finished: bool,
    around: str = "",
) -> str:
    """One question: its title, then the passages that are cited, then the others folded away, then where to go on."""
    slices = joined(shown, source)
    cited = [s for s in slices if any(_inside(c, s) for c in citations)]
    others = [s for s in slices if s not in cited]
    count = ""
    if finished:
        words = say("cited", tongue, count=len(citations)) if citations else say("not-cited", tongue)
        count = f'<span class="source-count">{escape(words)}</span>'
    body = _slices(cited or others, citations, source, tongue)
    if cited and others:
        more = escape(say("more", tongue, count=len(others)))
        rest = _slices(others, (), source, tongue)
        body += f'<details class="source-more"><summary>{more}</summary>{rest}</details>'
    return (
        f'<details class="source" id="q-{number}" data-question="{number}"{" open" if is_open else ""}>'
        f'<summary><span class="source-number">{escape(say("question", tongue, number=number))}</span>'
        f'<span class="source-title">{escape(title)}</span>{count}</summary>{body}{around}</details>'
    )


def joined(passages: Sequence[Passage | Slice], source: str) -> list[Slice]:
    """Passages in document order, those with only white space between them as one: a list stays one list."""
    found: list[Slice] = []
    for passage in sorted(passages, key=lambda p: (p.start, p.end)):
        last = found[-1] if found else None
        if last and last.section == passage.section and not source[last.end : passage.start].strip():
            end = max(last.end, passage.end)
            found[-1] = Slice(last.section, last.start, end, source[last.start : end])
        else:
            start = _with_indentation(passage.start, source)
            found.append(Slice(passage.section, start, passage.end, source[start : passage.end]))
    return found


def _with_indentation(start: int, source: str) -> int:
    """The start of the line, if only white space is before: the lines below it are indented alike."""
    line = source.rfind("\n", 0, start) + 1
    return start if source[line:start].strip() else line


def _with_citations(
    passages: Sequence[Passage], citations: Sequence[Citation], searcher: Searcher, number: int
) -> list[Passage]:
    """The passages, and those that a citation is from but the ranking did not bring."""
    found = list(passages)
    if all(any(p.start <= c.start and c.end <= p.end for p in found) for c in citations):
        return found
    for passage in searcher.hits.passages(number):
        if passage not in found and any(passage.start < c.end and c.start < passage.end for c in citations):
            found.append(passage)
    return found


def _inside(citation: Citation, part: Slice) -> bool:
    return citation.start < part.end and part.start < citation.end


def _slices(slices: Sequence[Slice], citations: Sequence[Citation], source: str, tongue: Tongue) -> str:
    out, section = [], None
    for part in slices:
        if part.section != section:
            section = part.section
            out.append(f'<h4 class="source-section">{escape(section or say("no-section", tongue))}</h4>')
        spans = []
        for citation in citations:
            if _inside(citation, part):
                start, end = max(citation.start, part.start), min(citation.end, part.end)
                start, end = narrowed(source[: part.end], start, end)
                spans.append(Span(start - part.start, end - part.start, citation.status))
        out.append(f'<div class="source-text">{passage_html(part.text, spans)}</div>')
    return "".join(out)


def _about(answer: Answer | None, tongue: Tongue) -> str:
    """One line on how the answer came about: model, seconds, what the checks did."""
    if answer is None or answer.refused:
        return ""
    flags = set(answer.flags)
    parts = [] if answer.model == "none" else [answer.model]
    total = answer.timings.get("total_ms")
    if total:
        parts.append(say("took", tongue, seconds=f"{total / 1000:.1f}"))
    if flags & {"extractive", "unsupported-draft-replaced"}:
        parts.append(say("extractive", tongue))
    elif "unsupported-dropped" in flags:
        parts.append(say("dropped", tongue))
    if "model-lost" in flags:
        parts.append(say("lost", tongue))
    if any(c.status == "partial" for c in answer.citations):
        parts.append(say("partial", tongue))
    return f'<p class="sources-about">{escape(" · ".join(parts))}</p>'
