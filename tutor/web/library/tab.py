"""The tab where the documents are read, added and removed: its pane and what each action shows."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from ingest.errors import TutorError
from tutor.web.backstage import Backstage
from tutor.web.corpora import Material
from tutor.web.library.adding import ENDINGS, MAX_MEGABYTES, Adding, Build, Preview
from tutor.web.library.browse import list_html, listed
from tutor.web.library.reading import question_html
from tutor.web.mishaps import problem, sentence
from tutor.web.pane import QUICK, SKELETON, Deed, attributes, button, deed, pane
from tutor.web.strings import Tongue, say
from tutor.web.visitor import visitor

if TYPE_CHECKING:
    from tutor.retrieval.search import Searcher

log = logging.getLogger(__name__)
# Of an uploaded document the preview names so many questions and so many places that were left out.
PREVIEW_TITLES, PREVIEW_SKIPS = 8, 50


@dataclass
class Shelfmark:
    """Where a visitor is in the library: corpus, question (-1 for none), search, and what is going on with documents."""

    corpus: str = ""
    number: int = -1
    search: str = ""
    adding: str = ""
    removed: tuple[str, Path] | None = None
    admin: bool = True


class LibraryTab:
    """Pane and wiring."""

    def __init__(self, stage: Backstage) -> None:
        self._stage = stage
        self._adding = Adding(stage.settings, stage.corpora)
        self.mark = gr.State(Shelfmark())
        self.pane = pane(SKELETON, "library-pane")

    def wire(self) -> None:
        """Connect the events."""
        gr.on([self.pane.select, self.pane.click], self._act, self.mark, self.pane, trigger_mode="multiple", **QUICK)
        self.pane.input(self._act, self.mark, self.pane, trigger_mode="always_last", **QUICK)
        self.pane.submit(
            self._add, self.mark, self.pane, concurrency_limit=2, show_progress="hidden", api_visibility="private"
        )

    def _act(self, event: gr.EventData, mark: Shelfmark, request: gr.Request) -> Any:
        who = visitor(request)
        mark.admin, tongue = who.admin, who.tongue
        try:
            return self.act(deed(event), mark, tongue)
        except TutorError as error:
            return self.html(mark, tongue, note=_problem(error, tongue))

    def act(self, done: Deed, mark: Shelfmark, tongue: Tongue) -> str:
        """What the pane shows after an action."""
        match done.do:
            case "show":
                if done.value:
                    mark.number = done.number
                    mark.corpus = done.text("corpus") if done.text("corpus") in self._stage.corpora.names() else ""
            case "list":
                mark.number = -1
            case "corpus" if done.value in self._stage.corpora.names():
                mark.corpus, mark.number, mark.search = done.value, -1, ""
            case "search":
                mark.search = done.value[:200]
            case "preview":
                mark.adding = done.value
            case "drop":
                self._adding.drop(mark.adding)
                mark.adding = ""
            case "remove" if mark.admin:
                name = mark.corpus
                mark.removed = (name, self._adding.remove(name))
                mark.corpus, mark.number = "", -1
        return self.html(mark, tongue)

    def _add(self, event: gr.EventData, mark: Shelfmark, request: gr.Request) -> Iterator[str]:
        who = visitor(request)
        mark.admin, tongue = who.admin, who.tongue
        try:
            yield from self.add(deed(event), mark, tongue)
        except TutorError as error:
            yield self.html(mark, tongue, note=_problem(error, tongue))

    def add(self, done: Deed, mark: Shelfmark, tongue: Tongue) -> Iterator[str]:
        """Build what was uploaded, or what was just removed, saying how far it is.

        Raises:
            TutorError: it cannot be built.
        """
        if not mark.admin:
            return
        if done.do == "add-again" and mark.removed:
            (name, path), key = mark.removed, "add-again-done"
            builds = self._adding.build(name, path)
        elif done.do == "add" and mark.adding:
            name, key = done.text("name").strip(), "add-done"
            builds = self._adding.add(mark.adding, name)
        else:
            return
        questions = 0
        yield self.html(mark, tongue, working=_progress(Build(name), tongue))
        for build in builds:
            if build.questions is None:
                yield self.html(mark, tongue, working=_progress(build, tongue))
            else:
                questions = build.questions
        mark.adding, mark.removed, mark.corpus, mark.number = "", None, name, -1
        note = f'<p class="toast" role="status">{escape(say(key, tongue, name=name, questions=questions))}</p>'
        yield self.html(mark, tongue, note=note)

    def html(self, mark: Shelfmark, tongue: Tongue, *, note: str = "", working: str = "") -> str:
        """The whole pane."""
        corpus = mark.corpus or self._stage.settings.corpus
        try:
            material = self._stage.corpora.material(corpus)
        except TutorError as error:
            mark.corpus, mark.number = "", -1  # the way on leads to the one that is asked first
            return f'<div class="library">{note}{_problem(error, tongue)}</div>'
        questions = listed(material, self._searcher(corpus), mark.search)
        titles = list_html(questions, material, tongue, chosen=mark.number, search=mark.search)
        question = material.question(mark.number)
        page = f'<div class="empty-state"><p>{escape(say("library-empty", tongue))}</p></div>'
        if question is not None:
            page = question_html(question, material, tongue)
        opened = " reading-one" if question is not None else ""
        label = escape(say("library-search", tongue))
        back = button(say("back-to-list", tongue), "list", kind="small back", data_go="library")
        return (
            f'<div class="library{opened}"{self._stage.corpora.mark(corpus)}><aside class="shelf">{self._corpora(corpus, material, tongue, admin=mark.admin)}'
            f'<input type="search" class="wide" data-do="search" data-event="input" placeholder="{label}" '
            f'aria-label="{label}" data-said="{escape(mark.search)}"><div class="shelf-list">{titles}</div></aside>'
            f'<div class="page">{back}{note}{self._removed(mark, tongue)}{working}'
            f"{'' if working else self._preview(mark, tongue)}{page}</div></div>"
        )

    def _searcher(self, corpus: str) -> Searcher | None:
        try:
            tutor = self._stage.corpora.tutor(corpus)
        except TutorError:
            return None
        return tutor.searcher if tutor is not None else None

    def _corpora(self, corpus: str, material: Material, tongue: Tongue, *, admin: bool) -> str:
        options = "".join(
            f'<option value="{escape(n)}"{" selected" if n == corpus else ""}>{escape(n)}</option>'
            for n in self._stage.corpora.names()
        )
        count = escape(say("library-count", tongue, count=len(material.document.questions)))
        own = corpus != self._stage.settings.corpus
        remove = button(say("remove", tongue), "remove", kind="small danger") if own else ""
        kinds, limit = ", ".join(ENDINGS), MAX_MEGABYTES
        how = escape(say("add-how", tongue, kinds=kinds, size=limit))
        data = attributes(
            data_client="upload", data_sending=say("add-sending", tongue), accept=kinds.replace(" ", ""),
            data_limit=limit * 1024 * 1024, data_too_large=say("upload-too-large", tongue, size=limit),
            data_empty=say("upload-empty", tongue), data_kind=say("upload-kind", tongue, kinds=kinds), data_lost=say("lost-connection", tongue),
        )  # fmt: skip
        adding = (
            f'<details class="adding"><summary>{escape(say("add-document", tongue))}</summary><p class="hint">{how}</p>'
            f'<label class="file"><span>{escape(say("add-choose", tongue))}</span><input type="file"{data}></label>'
            f'<p class="upload-note" role="status"></p></details>{remove}'
        )
        return (
            f'<div class="row"><label class="grow"><span class="unseen">{escape(say("corpus-is", tongue))}</span>'
            f'<select data-do="corpus" class="wide">{options}</select></label><span class="hint">{count}</span></div>{adding if admin else ""}'
        )

    def _removed(self, mark: Shelfmark, tongue: Tongue) -> str:
        if mark.removed is None:
            return ""
        words = escape(say("removed", tongue, name=mark.removed[0]))
        undo = f'<button type="button" class="link" data-do="add-again" data-event="submit">{escape(say("undo", tongue))}</button>'
        return f'<p class="toast" role="status">{words} {undo}</p>'

    def _preview(self, mark: Shelfmark, tongue: Tongue) -> str:
        if not mark.adding:
            return ""
        try:
            return preview_html(self._adding.preview(mark.adding), tongue)
        except TutorError as error:
            self._adding.drop(mark.adding)
            mark.adding = ""
            return _problem(error, tongue)


def preview_html(preview: Preview, tongue: Tongue) -> str:
    """What was read in an uploaded document, what was left out and why, and the form that adds it."""
    document = preview.document
    answered = sum(q.answered for q in document.questions)
    parsers = say("and", tongue).join(
        say(f"parser-{name.replace(' ', '-')}", tongue) for name in document.parser.split(", ") if name
    )
    read = say("add-read", tongue, questions=len(document.questions), answered=answered, parser=parsers)
    titles = "".join(f"<li>{escape(q.title)}</li>" for q in document.questions[:PREVIEW_TITLES])
    if len(document.questions) > PREVIEW_TITLES:
        more = say("add-more-questions", tongue, count=len(document.questions) - PREVIEW_TITLES)
        titles += f'<li class="hint">{escape(more)}</li>'
    if document.skipped:
        rows = "".join(
            f"<li>{escape(say('add-skipped-line', tongue, line=s.line) + say('colon', tongue) + sentence(s.reason, tongue))}</li>"
            for s in document.skipped[:PREVIEW_SKIPS]
        )
        skipped = (
            f"<details open><summary>{escape(say('add-skipped', tongue, count=len(document.skipped)))}</summary>"
            f"<ul>{rows}</ul></details>"
        )
    else:
        skipped = f'<p class="hint">{escape(say("add-nothing-skipped", tongue))}</p>'
    return (
        f'<section class="card preview"><h2>{escape(say("add-preview", tongue, name=preview.path.name))}</h2>'
        f"<p>{escape(read)}</p><ol>{titles}</ol>{skipped}"
        f'<form data-do="add" data-event="submit"><label><span>{escape(say("add-name", tongue))}</span>'
        f'<input name="name" value="{escape(preview.name)}" required maxlength="80"></label>'
        f'<p class="hint">{escape(say("add-name-how", tongue))}</p>'
        f'<div class="row"><button type="submit" class="primary">{escape(say("add-now", tongue))}</button>'
        f"{button(say('cancel', tongue), 'drop')}</div></form></section>"
    )


def _progress(build: Build, tongue: Tongue) -> str:
    share = attributes(value=build.done, max=build.total) if build.total else ""
    words = (
        say("add-building", tongue, done=build.done, total=build.total) if build.total else say("add-starting", tongue)
    )
    return (
        f'<section class="card" aria-busy="true"><p role="status">{escape(words)}</p>'
        f'<progress{share} aria-label="{escape(words)}"></progress></section>'
    )


def _problem(error: TutorError, tongue: Tongue) -> str:
    return f'<p class="toast problem" role="alert">{escape(problem(error, tongue))}</p>'
