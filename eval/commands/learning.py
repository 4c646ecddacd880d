"""`python -m eval fit`, `fit-support` ...: learned numbers, written into the files that the tutor reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from eval.commands.common import opened, searcher
from ingest.errors import UsageError
from tutor.settings import Settings

app = typer.Typer()


@app.command()
def fit() -> None:
    """Learn leg weights and confidence from the train and dev parts."""
    from eval.embedded_once import embedded_once
    from eval.fit import fit as run

    found = searcher()
    with embedded_once(found.legs.embedders, Settings().data_dir / "eval" / "queries.sqlite"):
        typer.echo(json.dumps(run(found), indent=1))


@app.command("fit-support")
def fit_support() -> None:
    """Learn the support check from the hand-labelled train and dev sentences, with the model of the settings as second opinion."""
    from eval.fit_support import fit as run

    settings = Settings()
    with opened(settings) as tutor:
        if settings.model == "fake" or not tutor.model.state.ready:
            raise UsageError("There is no model to learn a second opinion of.", "tutor models pull")
        typer.echo(json.dumps(run(tutor.room, tutor.model), indent=1))


@app.command("fit-grading")
def fit_grading(
    metric: Annotated[bool, typer.Option(help="Learn the metric anew too (minutes).")] = True,
) -> None:
    """Learn how answers are graded, from the shipped rubrics and the dev answers."""
    from eval.fit_grading import fit as run

    typer.echo(json.dumps(run(metric), indent=1))


@app.command("fit-sentences")
def fit_sentences() -> None:
    """Learn which sentences of an answer talk to the grader, and which say nothing."""
    from eval.fit_sentences import fit as run

    typer.echo(json.dumps(run(), indent=1))


@app.command("fit-reference")
def fit_reference(
    data: Annotated[Path, typer.Option("--data", help="Folder with ads_zh.jsonl and beetle_en.jsonl.")],
) -> None:
    """Learn how answers are graded against a bare reference."""
    from eval.fit_reference import fit as run

    typer.echo(json.dumps(run(data), indent=1))
