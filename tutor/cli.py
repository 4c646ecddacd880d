"""The command line: `tutor ingest | search | ask | corpus | models | doctor | serve`.

Parses arguments, prints results. What the commands do lives in the rooms. Heavy imports happen inside the commands:
`tutor --help` must not wait for a vector library.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from ingest.errors import TutorError, UsageError
from tutor import __version__
from tutor.settings import Settings

if TYPE_CHECKING:
    from tutor.answering.tutor import Tutor

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  help="Ask one document of interview questions, and practise with it. Local models only.")  # fmt: skip
stderr = Console(stderr=True, highlight=False)

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
CorpusName = Annotated[str | None, typer.Option("--corpus", "-c", help="Corpus to use; default: TUTOR_CORPUS.")]
Batch = Annotated[
    str | None, typer.Option("--batch", help="JSON Lines file with one row each, or - for standard input.")
]
Out = Annotated[Path | None, typer.Option("--out", help="Write the result rows here instead of standard output.")]


def main() -> None:
    """Entry point: turns errors for users into one clear message and exit code 2."""
    try:
        app()
    except TutorError as error:
        if _debug:
            raise
        stderr.print(f"[bold red]Error:[/] {escape(error.message)}", soft_wrap=True)
        if error.mend:
            stderr.print(f"[bold]Mend:[/]  {escape(error.mend)}", soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def settings() -> Settings:
    """The settings, with a clear error where the environment holds something unusable."""
    from pydantic import ValidationError

    try:
        found = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "TUTOR_" + "_".join(str(part) for part in first["loc"]).upper()
        raise UsageError(
            f"{name} is set to something unusable: {first['msg']}.", f"Correct or unset {name}."
        ) from error
    global _debug
    _debug = _debug or found.debug
    return found


_debug = False


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    global _debug
    _debug = debug


def emit(value: Any) -> None:
    """Print JSON on one line."""
    typer.echo(json.dumps(value, ensure_ascii=False))


@app.command()
def ingest(
    paths: Annotated[list[Path] | None, typer.Argument(help="Documents; none means the shipped corpus.")] = None,
    corpus: CorpusName = None,
    check: Annotated[bool, typer.Option("--check", help="Only parse, and list what was found.")] = False,
    as_json: Json = False,
) -> None:
    """Parse documents and build their indexes."""
    from tutor.commands import check_document, ingest_document

    chosen = settings()
    if paths and len(paths) > 1 and corpus:
        raise UsageError("Several documents cannot share one corpus name.", "Ingest them one by one.")
    documents: list[Path | None] = [*paths] if paths else [None]
    for path in documents:
        report = check_document(chosen, path, corpus) if check else ingest_document(chosen, path, corpus, stderr)
        if as_json:
            emit(report)
            continue
        state = "unchanged" if report["unchanged"] else f"{report['seconds']:.1f} s"
        typer.echo(
            f"{report['corpus']}: {report['questions']} questions ({report['answered']} answered), "
            f"{report['sections']} sections, {report['passages']} passages, {state}"
        )
        if report.get("reason"):
            typer.echo(f"  read as {report['parser']}: {report['reason']}")
        for item in report.get("items", ()):
            typer.echo(f"  {item['number']:>4}  {item['title']}{'' if item['answered'] else '  (no answer)'}")
        for skip in report["skipped"]:
            typer.echo(f"  skipped line {skip['line']}: {skip['reason']}")


@app.command()
def search(
    query: Annotated[str | None, typer.Argument(help="What to look for.")] = None,
    batch: Batch = None,
    out: Out = None,
    top: Annotated[int, typer.Option("--top", min=1, max=100, help="Number of hits.")] = 5,
    corpus: CorpusName = None,
    as_json: Json = False,
) -> None:
    """Rank the questions of the corpus for a query."""
    from tutor.batch import run_batch, text_field
    from tutor.commands import Searchers, history_of, search_row

    chosen = settings()
    searchers = Searchers(chosen, stderr)
    if batch is not None:

        def handle(row: dict[str, Any]) -> dict[str, Any]:
            searcher = searchers.get(row.get("corpus") or corpus)
            return search_row(searcher, text_field(row, "query"), history_of(row), top)

        raise typer.Exit(1 if run_batch(batch, out, handle) else 0)
    row = search_row(searchers.get(corpus), _required(query), (), top)
    if as_json:
        emit({"id": "1", **row})
        return
    if not row["in_corpus"]:
        typer.echo(f"The corpus probably does not cover this (confidence {row['confidence']:.2f}). Nearest:")
    for hit in row["hits"]:
        typer.echo(f"{hit['question']:>4}  {hit['score']:.3f}  {hit['title']}")
        typer.echo(f"            {hit['section']}: {' '.join(hit['passage'].split())[:100]}")


@app.command()
def ask(
    query: Annotated[str | None, typer.Argument(help="The question.")] = None,
    batch: Batch = None,
    out: Out = None,
    corpus: CorpusName = None,
    as_json: Json = False,
) -> None:
    """Answer a question from the corpus, with its sources."""
    from tutor.batch import run_batch, text_field
    from tutor.commands import Searchers, Tutors, history_of

    chosen = settings()
    with Tutors(chosen, Searchers(chosen, stderr), stderr) as tutors:
        from tutor.answering.tutor import Ask

        if batch is not None:

            def handle(row: dict[str, Any]) -> dict[str, Any]:
                tutor = tutors.get(row.get("corpus") or corpus)
                return tutor.answer(Ask(text_field(row, "query"), history_of(row))).as_dict()

            raise typer.Exit(1 if run_batch(batch, out, handle) else 0)
        text = _required(query)
        tutor = tutors.get(corpus)
        if as_json:
            emit({"id": "1", **tutor.answer(Ask(text)).as_dict()})
        else:
            _print_answer(tutor, text)


def _print_answer(tutor: Tutor, query: str) -> None:
    from tutor.answering.answer import Done, Text
    from tutor.answering.tutor import Ask

    for event in tutor.stream(Ask(query)):
        if isinstance(event, Text):
            typer.echo(event.text, nl=False)
        elif isinstance(event, Done):
            typer.echo("")
            for cite in event.answer.citations:
                title = tutor.searcher.titles[cite.question]
                typer.echo(f"  [{cite.question}] {title} · {cite.section} ({cite.status})", err=True)


@app.command()
def doctor(
    plan_gpu: Annotated[
        str | None,
        typer.Option("--plan-gpu", help="Only compute vLLM's settings for GPUs: 24x1, 80x8x2 (GB x GPUs x machines)."),
    ] = None,
    plan_model: Annotated[str, typer.Option("--plan-model", help="8b or 70b; both when left out.")] = "",
    users: Annotated[int, typer.Option("--users", min=1, help="Simultaneous users of the plan.")] = 8,
    only_flags: Annotated[bool, typer.Option("--flags", help="Print the plan's flags alone, for a script.")] = False,
    as_json: Json = False,
) -> None:
    """Say what was found on this machine, what will be used, and why."""
    from tutor.doctor import examine

    if plan_gpu is not None:
        from tutor.cli_plan import gpu_plans, plan_lines
        from tutor.llm.gpu_plan import CONTEXT

        rows = gpu_plans(plan_gpu, plan_model, users, CONTEXT)
        if only_flags:
            typer.echo(rows[0]["flags"])
        elif as_json:
            emit(rows)
        else:
            typer.echo("\n".join(line for row in rows for line in plan_lines(row)))
        raise typer.Exit(0 if any(row["fits"] for row in rows) else 1)

    findings = examine(settings())
    if as_json:
        emit(findings)
    else:
        _print_findings(findings)
    if any(f["state"] == "bad" for f in findings):
        raise typer.Exit(1)


def _print_findings(findings: list[dict[str, Any]]) -> None:
    console = Console(highlight=False)
    marks = {"ok": "[green]ok[/]  ", "note": "[yellow]note[/]", "bad": "[red]bad[/] "}
    for finding in findings:
        value = escape(finding["value"])
        console.print(f"{marks[finding['state']]}  [bold]{finding['name']}[/]: {value}", soft_wrap=True)
        console.print(f"        {finding['reason']}", soft_wrap=True, markup=False)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to bind; default: TUTOR_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 picks a free one. Default: TUTOR_PORT.")] = None,
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = False,
) -> None:
    """Open the tutor as a page."""
    from tutor.web.serve import serve as serve_page

    update = {k: v for k, v in {"host": host, "port": port}.items() if v is not None}
    serve_page(settings().model_copy(update=update), open_page=open_page)


@app.command()
def mcp() -> None:
    """Serve the tutor's tools to an MCP client, over standard input and output."""
    from tutor.web.backstage import Backstage
    from tutor.web.mcp_door import build_server

    stage = Backstage(settings())
    stage.start()
    try:
        build_server(stage.opened).run("stdio")
    finally:
        stage.close()


def _required(query: str | None) -> str:
    if query is None or not query.strip():
        raise UsageError("There is no query.", "Give one as an argument, or a file of them with --batch.")
    return query


def _register() -> None:
    from tutor.cli_corpus import corpus
    from tutor.cli_data import backup, data, restore
    from tutor.cli_grade import grade
    from tutor.cli_interview import interview, progress
    from tutor.cli_models import models
    from tutor.cli_users import keys, users

    app.add_typer(corpus, name="corpus")
    app.add_typer(models, name="models")
    app.add_typer(users, name="users")
    app.add_typer(keys, name="keys")
    app.add_typer(data, name="data")
    app.command()(backup)
    app.command()(restore)
    app.command()(grade)
    app.command()(interview)
    app.command()(progress)


_register()
