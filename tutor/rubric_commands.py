"""What `tutor corpus rubric` does: list, show, draft and edit the key points of questions."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import click
import typer
from rich.console import Console
from rich.prompt import Confirm
from rich.text import Text

from ingest.corpora import document_path
from ingest.document import Question
from ingest.errors import DocumentError, UsageError
from ingest.rubrics import Rubric, read_rubrics, rubrics_path
from tutor.interview.choosing import draft_with
from tutor.interview.drafting import draft
from tutor.interview.items import Material, point_source
from tutor.interview.material import open_material, own_rubrics_path
from tutor.interview.rubric_file import editable, edited, keep
from tutor.settings import Settings


def show_rubrics(settings: Settings, corpus: str, as_json: bool) -> None:
    """Every question, how many key points it has, and where they come from."""
    material = open_material(settings.corpora_dir, corpus)
    beside = _beside(settings, corpus, material)
    rows = [
        {
            "question": q.number,
            "title": q.title,
            "points": len(r.points) if r else 0,
            "origin": _origin(beside, r),
        }
        for q in material.document.questions
        for r in [material.rubrics.get(q.number)]
    ]
    if as_json:
        _emit({"corpus": corpus, "rubrics": rows})
        return
    for row in rows:
        typer.echo(f"{row['question']:>4}  {row['points']} points, {row['origin']:9}  {row['title']}")


def show_rubric(settings: Settings, corpus: str, number: int, as_json: bool) -> None:
    """One rubric with the document's words.

    Raises:
        UsageError: there is no such question, or it has no key points.
    """
    material = open_material(settings.corpora_dir, corpus)
    question = _question(material, number)
    rubric = material.rubrics.get(number)
    if rubric is None:
        raise UsageError(f"Question {number} has no key points yet.", f"tutor corpus rubric {number} --draft")
    origin = _origin(_beside(settings, corpus, material), rubric)
    if as_json:
        sources = [point_source(p, question, material.document.source) for p in rubric.points]
        points = [
            {**p.model_dump(mode="json"), "start": s.start if s else None, "end": s.end if s else None}
            for p, s in zip(rubric.points, sources, strict=True)
        ]
        _emit({"corpus": corpus, "question": number, "title": question.title, "origin": origin, "points": points})
        return
    console = Console(highlight=False)
    console.print(Text(f"{number}. {question.title}", style="bold"), soft_wrap=True)
    console.print(Text(f"{len(rubric.points)} key points, {origin}", style="dim"))
    for point in rubric.points:
        console.print(Text(f"\n{point.id}  {point.kind}, weight {point.weight:g}", style="cyan"))
        for text in (point.statement, point.statement_en):
            if text:
                console.print(Text(f"  {text}"), soft_wrap=True)
        console.print(Text(f"  「{' '.join(point.quote.split())}」", style="dim"), soft_wrap=True)
        aliases = len(point.aliases.zh) + len(point.aliases.en)
        if aliases:
            console.print(Text(f"  {aliases} other wordings", style="dim"))


def draft_rubrics(settings: Settings, corpus: str, number: int | None, console: Console) -> None:
    """Draft the rubric of a question, or those of all questions that have none or one by rule, with the local model.

    Each is kept as soon as it is drafted, so that a call that was stopped goes on where it was. Where there is no model,
    the rule drafts what is missing.

    Raises:
        UsageError: there is no such question, it has no answer, a person has written its rubric, or a model has drafted it
            and none is there now.
        ModelUnavailable: the model died; what was drafted is kept.
    """
    from tutor.commands import progress_bar, wait_for_model
    from tutor.llm import open_model

    material = open_material(settings.corpora_dir, corpus)
    wanted = _to_draft(material, number)
    own = own_rubrics_path(settings.corpora_dir, corpus)
    done = by_model = 0
    with open_model(settings) as model, progress_bar(console) as progress:
        if wanted:
            wait_for_model(model, console)
        ready = model.state.ready
        for place, question in enumerate(wanted):
            progress("Drafting", place, len(wanted))
            known = material.rubrics.get(question.number)
            if known is not None and number is None and (not ready or known.drafted_by):
                continue
            if known is not None and known.drafted_by and not ready:
                raise UsageError(
                    f"{known.drafted_by} has drafted the key points of question {number}, and no model runs now to draft "
                    "better ones than a rule does.",
                    "tutor doctor",
                )
            made = draft_with(model, question, material.document) if ready else draft(question, material.document)
            if made is None:
                if number is not None:
                    raise UsageError(f"Question {number} has no answer that key points could be made of.")
            elif keep(own, corpus, {question.number: made}, material.document, over=partial(_gives_way, made)):
                done, by_model = done + 1, by_model + bool(made.drafted_by)
        progress("Drafting", len(wanted), len(wanted))
    how = f"{by_model} with the model, {done - by_model} by rule"
    console.print(f"{done} drafted ({how}); review them with `tutor corpus rubric N --edit`.", markup=False)


def _gives_way(made: Rubric, there: Rubric | None) -> bool:
    """Whether a draft may take the place of what is there: never of a person's, one by rule not of a model's either."""
    return there is None or (there.drafted and bool(made.drafted_by or not there.drafted_by))


def _to_draft(material: Material, number: int | None) -> list[Question]:
    """The questions whose rubric nobody has written.

    Raises:
        UsageError: there is no such question, or a person has written its rubric.
    """
    if number is None:
        known = material.rubrics
        return [q for q in material.document.questions if q.number not in known or known[q.number].drafted]
    question = _question(material, number)
    rubric = material.rubrics.get(number)
    if rubric is not None and not rubric.drafted:
        raise UsageError(
            f"The key points of question {number} were written by hand.", f"tutor corpus rubric {number} --edit"
        )
    return [question]


def edit_rubric(settings: Settings, corpus: str, number: int, console: Console) -> None:
    """Open a rubric in the user's editor until it is right or given up.

    Raises:
        UsageError: there is no such question, or no editor.
        DocumentError: what was saved cannot be used, and nobody is there to mend it.
    """
    material = open_material(settings.corpora_dir, corpus)
    question = _question(material, number)
    rubric = material.rubrics.get(number) or draft(question, material.document)
    if rubric is None:
        raise UsageError(f"Question {number} has no answer that key points could be made of.")
    text = editable(rubric, question.title)
    own = own_rubrics_path(settings.corpora_dir, corpus)
    while True:
        try:
            saved = click.edit(text, extension=".yaml")
        except click.ClickException as error:
            raise UsageError(f"The editor failed: {error.format_message()}", "Set EDITOR to one that works.") from error
        if saved is None or not saved.strip() or saved == text:
            console.print("Nothing was changed.")
            return
        try:
            result = edited(saved, number, material.document, own.parent)
            keep(own, corpus, {number: result}, material.document)
        except DocumentError as error:
            if not console.is_terminal:
                raise
            console.print(Text.assemble((error.message, "red"), f" {error.mend}" if error.mend else ""))
            if not Confirm.ask("Edit again?", default=True, console=console):
                return
            text = saved
            continue
        console.print(f"Kept in {own}.", markup=False, soft_wrap=True)
        return


def _question(material: Material, number: int) -> Question:
    for question in material.document.questions:
        if question.number == number:
            return question
    raise UsageError(f"There is no question {number}.", "tutor ingest --check lists the questions.")


def _beside(settings: Settings, corpus: str, material: Material) -> dict[int, Rubric]:
    return read_rubrics(rubrics_path(document_path(settings.corpora_dir, corpus)), material.document)


def _origin(beside: dict[int, Rubric], rubric: Rubric | None) -> str:
    """ "reviewed" beside the document, "edited" or "drafted" on this machine, "none"."""
    if rubric is None:
        return "none"
    if rubric.drafted:
        return "drafted"
    return "reviewed" if beside.get(rubric.question) == rubric else "edited"


def _emit(value: dict[str, Any]) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False))
