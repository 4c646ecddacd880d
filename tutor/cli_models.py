"""`tutor models list | pull | verify | use`: the language models on this machine."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

models = typer.Typer(no_args_is_help=True, help="List, fetch, check and choose language models.")
stderr = Console(stderr=True, highlight=False)
Name = Annotated[str, typer.Argument(help="Name in the catalogue (`tutor models list`).")]


@models.command("list")
def list_models(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show the catalogue, what is on disk, and what would be used."""
    from tutor.cli import emit, settings
    from tutor.llm import installed, load_catalogue, resolve

    chosen = settings()
    present = {model.name: model.size for model in installed(chosen.models_dir)}
    used = resolve(chosen)
    rows: list[dict[str, Any]] = [
        {
            "name": entry.name, "family": entry.family, "parameters": entry.parameters,
            "quantisation": entry.quantisation, "context": entry.context, "licence": entry.licence,
            "languages": list(entry.languages), "engine": entry.engine,
            "on_disk": entry.name in present, "used": entry.name == used.name,
        }
        for entry in load_catalogue().models
    ]  # fmt: skip
    if as_json:
        emit({"models": rows, "used": used.name, "reason": used.reason})
        return
    table = Table(box=None, pad_edge=False)
    for column in ("", "name", "family", "parameters", "quantisation", "engine", "languages", "on disk"):
        table.add_column(column, no_wrap=column == "name")
    for row in rows:
        table.add_row(
            "→" if row["used"] else "", row["name"], row["family"], str(row["parameters"]), row["quantisation"],
            row["engine"], " ".join(row["languages"]), "yes" if row["on_disk"] else "",
        )  # fmt: skip
    Console().print(table)
    typer.echo(f"In use: {used.name} ({used.reason})")


@models.command()
def pull(name: Name) -> None:
    """Fetch a model; continues where an earlier pull stopped, and checks the result."""
    from tutor.cli import settings
    from tutor.llm import pull as pull_model

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=stderr, disable=not stderr.is_terminal) as bar:
        task = bar.add_task(name, total=None)
        path = pull_model(
            name,
            settings().models_dir,
            lambda done, total: bar.update(task, completed=done, total=total or None),
        )
    typer.echo(str(path))


@models.command()
def verify(name: Name) -> None:
    """Hash the files of a model again."""
    from tutor.cli import settings
    from tutor.llm import verify as verify_model

    found = verify_model(name, settings().models_dir)
    typer.echo(f"{found.name}: whole, {found.size / 2**20:.0f} MB, SHA-256 as in the catalogue")


@models.command()
def use(name: Annotated[str, typer.Argument(help="Catalogue name, GGUF path, or `auto`.")]) -> None:
    """Choose the model for all later starts; `auto` forgets the choice."""
    from tutor.cli import settings
    from tutor.llm import resolve
    from tutor.llm import use as use_model

    chosen = settings()
    use_model(name, chosen.models_dir)
    choice = resolve(chosen)
    typer.echo(f"In use: {choice.name} ({choice.reason})")
