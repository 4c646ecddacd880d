"""`tutor corpus list | add | expand | remove | rubric`: the documents that can be asked."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ingest.errors import UsageError

corpus = typer.Typer(no_args_is_help=True, help="List, add and remove documents.")
stderr = Console(stderr=True, highlight=False)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
# Lines of what was left out that a preview shows; --json has all of them.
PREVIEW = 10


@corpus.command("list")
def list_corpora(as_json: Json = False) -> None:
    """Show every corpus, its document, and whether its index is up to date."""
    from ingest.shelf import shelf
    from tutor.cli import emit, settings

    chosen = settings()
    found = shelf(chosen.corpora_dir, chosen.embedders)
    if as_json:
        emit({"corpora": [asdict(one) for one in found], "used": chosen.corpus})
        return
    table = Table(box=None, pad_edge=False)
    for column in ("", "name", "questions", "built", "embedders", "state", "document"):
        table.add_column(column, no_wrap=column == "name", overflow="fold")
    for one in found:
        table.add_row(
            "→" if one.name == chosen.corpus else "", escape(one.name),
            "" if one.questions is None else str(one.questions), (one.built or "")[:16].replace("T", " "), " ".join(one.embedders),
            escape(one.reason) or "up to date", escape(one.document),
        )  # fmt: skip
    Console(highlight=False).print(table)


@corpus.command()
def add(
    path: Annotated[Path, typer.Argument(help="The document.")],
    name: Annotated[str | None, typer.Option("--name", help="Name of the corpus; default: the file's name.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Take the name from another document.")] = False,
    as_json: Json = False,
) -> None:
    """Parse a document, say what was found and what was left out, and build its index."""
    from ingest.corpora import name_for
    from ingest.shelf import holds
    from tutor.cli import emit, settings
    from tutor.commands import check_document, ingest_document

    chosen = settings()
    wanted = name or name_for(path)
    other = holds(chosen.corpora_dir, wanted)
    if other is not None and other.resolve() != path.resolve() and not replace:
        raise UsageError(
            f"The corpus {wanted!r} already stands for {other}.", "Choose another --name, or say --replace."
        )
    preview = check_document(chosen, path, wanted)
    stderr.print(f"{preview['questions']} questions, {preview['answered']} answered; read as {preview['parser']}",
                 f"({preview['reason']})", markup=False, soft_wrap=True)  # fmt: skip
    for skip in preview["skipped"][:PREVIEW]:
        stderr.print(f"  skipped line {skip['line']}: {skip['reason']}", markup=False, soft_wrap=True)
    if len(preview["skipped"]) > PREVIEW:
        stderr.print(f"  and {len(preview['skipped']) - PREVIEW} more")
    report = ingest_document(chosen, path, wanted, stderr)
    if as_json:
        emit({**report, "document": str(path.resolve()), "parser": preview["parser"], "reason": preview["reason"]})
        return
    state = "unchanged" if report["unchanged"] else f"{report['seconds']:.1f} s"
    typer.echo(f"{report['corpus']}: {report['questions']} questions, {report['passages']} passages, {state}")


@corpus.command()
def expand(
    name: Annotated[str | None, typer.Argument(help="Name of the corpus; default: TUTOR_CORPUS.")] = None,
    question: Annotated[list[int] | None, typer.Option("--question", "-q", help="Draft this one anew.")] = None,
    as_json: Json = False,
) -> None:
    """Let the local model draft how people would ask each question, and index that (15 s a question on a CPU).

    Can be stopped and called again: it goes on where it was.
    """
    from tutor.cli import emit, settings
    from tutor.commands import expand_corpus

    chosen = settings()
    report = expand_corpus(chosen, name or chosen.corpus, question or [], stderr)
    if as_json:
        emit(report)
        return
    typer.echo(f"{report['corpus']}: {report['drafted']} drafted, {report['failed']} without a usable draft; "
               + ("the index is unchanged" if report["unchanged"] else "indexed"))  # fmt: skip


@corpus.command()
def remove(
    name: Annotated[str, typer.Argument(help="Name of the corpus (`tutor corpus list`).")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Remove the index of a corpus; the document stays where it lies."""
    from ingest.corpora import check_name, shipped_document
    from ingest.shelf import remove as remove_corpus
    from tutor.cli import emit, settings

    chosen = settings()
    if not yes:
        if as_json:
            raise UsageError("With --json nobody can be asked.", f"tutor corpus remove {check_name(name)} --yes --json")
        typer.confirm(f"Remove the index of {name}?", abort=True, err=True)
    remove_corpus(chosen.corpora_dir, name)
    returns = shipped_document(name) is not None
    if as_json:
        emit({"corpus": name, "removed": True, "shipped": returns})
        return
    typer.echo(f"{name}: removed" + ("; `tutor ingest` brings it back" if returns else ""))


@corpus.command()
def rubric(
    number: Annotated[int | None, typer.Argument(help="Number of the question; none lists all questions.")] = None,
    name: Annotated[str | None, typer.Option("--corpus", "-c", help="Corpus to use; default: TUTOR_CORPUS.")] = None,
    edit: Annotated[bool, typer.Option("--edit", help="Open it in your editor.")] = False,
    draft: Annotated[
        bool, typer.Option("--draft", help="Draft it with the local model, or by rule without one; no number: all.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show the key points of a question, edit them, or have them drafted."""
    from tutor.cli import settings
    from tutor.rubric_commands import draft_rubrics, edit_rubric, show_rubric, show_rubrics

    chosen = settings()
    wanted = name or chosen.corpus
    if edit and number is None:
        raise UsageError("Which question's key points?", "tutor corpus rubric 2 --edit")
    if draft:
        draft_rubrics(chosen, wanted, number, stderr)
    if edit and number is not None:
        edit_rubric(chosen, wanted, number, stderr)
    if number is None:
        show_rubrics(chosen, wanted, as_json)
    else:
        show_rubric(chosen, wanted, number, as_json)
