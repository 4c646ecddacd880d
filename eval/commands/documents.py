"""`python -m eval readme`, `manual`, `capacity` ...: figures and references written into documents, or checked there."""

from __future__ import annotations

from typing import Annotated

import typer

from eval.commands.common import opened, part_of, say, searcher
from ingest.errors import UsageError
from tutor.settings import Settings

app = typer.Typer()
Check = Annotated[bool, typer.Option("--check", help="Only say whether they are up to date; exit code 1 where not.")]


@app.command()
def readme(check: Check = False) -> None:
    """Write the figures of the reports into the README."""
    from eval.readme import write

    _tell(check, [] if write(check) else ["README.md"])


@app.command()
def manual(check: Check = False) -> None:
    """Write the reference pages of the documentation from the settings and the command line."""
    from eval.manual import write

    _tell(check, write(check))


@app.command()
def capacity(check: Check = False) -> None:
    """Write what GPUs can hold and give into docs/operations.md and docs/scaling.md."""
    from eval.capacity import write

    _tell(check, [] if write(check) else ["docs/operations.md or docs/scaling.md"])


@app.command()
def vectors(check: Check = False) -> None:
    """Write the vectors that travel with the shipped documents, so that their first index takes seconds."""
    from eval.known_vectors import write
    from ingest.corpora import shipped_folder

    _tell(check, [document.name for document in sorted(shipped_folder().glob("*.md")) if not write(document, check)])


def _tell(check: bool, changed: list[str]) -> None:
    typer.echo("\n".join(changed) or "up to date")
    if check and changed:
        raise typer.Exit(1)


@app.command()
def transcripts() -> None:
    """Ten fixed conversations with the model in use, unedited, into docs/transcripts.md."""
    from eval.transcripts import write

    with opened(Settings()) as tutor:
        if tutor.model.name in {"none", "fake"}:
            raise UsageError(
                "Conversations without a real model would take the place of those with one.", "tutor models pull"
            )
        typer.echo(write(tutor, say))


@app.command()
def figure() -> None:
    """Draw waiting by length of the conversation and searching by size of the corpus into docs/images/cost.svg."""
    from eval.speed.figure import draw

    typer.echo(draw())


@app.command("usual-recipe")
def usual_recipe() -> None:
    """Rank the gold rows with the usual recipe and keep its figures, for machines that lack its packages."""
    from eval.baselines.kept import document_of, keep
    from eval.baselines.usual_recipe import UsualRecipe, missing
    from eval.gold import rows
    from eval.retrieval import usual_table

    if missing():
        raise UsageError("The usual recipe needs packages that are missing.", missing().removeprefix("not measured: "))
    document = document_of(searcher())
    recipe = UsualRecipe(document)
    for part in ("dev", "test"):
        table = usual_table(recipe, rows("retrieval", part_of(part)))
        keep(document, part_of(part), table)
        typer.echo(f"{part}: hit@1 {table['all']['hit@1']['value']:.3f}, hit@3 {table['all']['hit@3']['value']:.3f}")
