"""`python -m eval speed`, `engine`, `threads`, `page`, `scale`, `load`: what a machine gives, and wants to be quiet for; `footprint`: what it holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from eval.commands.common import Json, finish, report_name, say, show_figures
from ingest.errors import UsageError
from tutor.settings import Settings

app = typer.Typer()
# What a load report holds at least that stands for the whole: four rates of 20 s each; 200 users, or a soak, for ten minutes.
RATES, SECONDS, CROWD, MINUTES = "5,10,20,50", 20.0, 200, 10.0


@app.command()
def speed(
    quick: Annotated[
        bool, typer.Option("--quick", help="A few of everything, under three minutes on 2 cores.")
    ] = False,
    recipe: Annotated[
        int | None, typer.Option("--recipe", help="Conversations run with the usual recipe, too.")
    ] = None,
    talks: Annotated[int | None, typer.Option("--talks", help="Five-turn conversations.")] = None,
    first: Annotated[int | None, typer.Option("--first", help="First questions, cold and warm.")] = None,
    as_json: Json = False,
) -> None:
    """Waiting times, memory, ingest, several users; wants a quiet machine and a real model."""
    from eval.speed.machine import describe
    from eval.speed.measure import QUICK, Sizes, measure

    whole = sizes = QUICK if quick else Sizes()
    if recipe is not None:
        sizes = replace(sizes, recipe_talks=recipe)
    if talks is not None:
        sizes = replace(sizes, talks=talks)
    if first is not None:
        sizes = replace(sizes, cold=first, warm=first)
    settings = Settings()
    report = measure(settings, sizes, say)
    report["machine"] = describe(settings)
    report["sizes"] = {**vars(sizes), "users": list(sizes.users)}
    fewer = sizes.talks < whole.talks or sizes.cold < whole.cold or sizes.warm < whole.warm
    finish(
        report_name("speed", "quick" if quick else "", fewer, report["machine"]["model"]), report, as_json, show_figures
    )


@app.command()
def engine(as_json: Json = False) -> None:
    """The embedded engine by itself: batch sizes, KV cache in 8 bits, states in files (eight minutes, a quiet machine)."""
    from eval.engine import measure
    from tutor.llm import open_model

    with open_model(Settings(), start=False) as model:
        path = model.choice.path
    if path is None:
        raise UsageError("The engine's measure wants a GGUF model on disk.", "tutor models pull")
    finish("engine", measure(path, say), as_json, show_figures)


@app.command()
def threads(as_json: Json = False) -> None:
    """Threads of one search, and how they wait, beside other work (six minutes, a quiet machine)."""
    from eval.threads import measure

    finish("threads", measure(say), as_json, show_figures)


@app.command()
def footprint(as_json: Json = False) -> None:
    """What the base install weighs on disk, package by package."""
    from eval.footprint import measure

    finish("footprint", measure(), as_json, show_figures)


@app.command()
def page(as_json: Json = False) -> None:
    """The page in a Chromium: first paint, when one can ask, keystrokes in a long conversation, errors (a quiet machine)."""
    from eval.page import lines, measure

    report = measure(Settings(), say)
    finish("page", report, as_json, lambda found: typer.echo("\n".join(lines(found))))
    if not report["passed"]:
        raise typer.Exit(1)


@app.command()
def scale(
    passages: Annotated[int, typer.Option("--passages", min=100, help="Size of the largest corpus.")] = 100_000,
    drcd: Annotated[
        Path | None, typer.Option("--drcd", help="Make the passages of this benchmark's sentences.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Ingest speed, memory and search latency up to 100,000 passages (takes a while)."""
    from eval.scale import measure

    # The README and the figure show what 100,000 passages cost: a smaller run stands beside that report.
    name = "scale" if passages >= 100_000 else f"scale-{passages}"
    finish(name, measure(passages, Settings().embedders, drcd, say), as_json, _show_scale)


def _show_scale(report: dict[str, Any]) -> None:
    for row in report["sizes"]:
        typer.echo("  ".join(f"{key} {value}" for key, value in row.items()))
    typer.echo(f"p95 growth {report['p95_growth']}  bars {report['bars']}")


@app.command()
def load(
    processes: Annotated[int, typer.Option(help="Application processes.")] = 2,
    rates: Annotated[str, typer.Option(help="Questions per second, comma-separated; each held for --seconds.")] = RATES,
    seconds: Annotated[float, typer.Option(help="Length of each run.")] = SECONDS,
    users: Annotated[int, typer.Option(help="locust's simultaneous users; 0 for none.")] = 0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Questions that were not asked before.")] = False,
    crowd: Annotated[int, typer.Option(help="Instead: so many users who read a stream all the time.")] = 0,
    soak: Annotated[bool, typer.Option("--soak", help="Instead: the first rate for long; memory and files.")] = False,
    minutes: Annotated[float, typer.Option(help="Length of --crowd and --soak.")] = MINUTES,
    name: Annotated[str, typer.Option(help="Name of the report; otherwise by what was run.")] = "",
    as_json: Json = False,
) -> None:
    """The application's own time under load, with a stand-in model that streams at a fixed rate."""
    from eval.load import crowd as crowds
    from eval.load import run
    from eval.load import soak as soaks

    try:
        held = [float(rate) for rate in rates.split(",")]
    except ValueError as error:
        raise UsageError(f"{rates!r} are no rates.", "Numbers, comma-separated: 5,10") from error
    settings = Settings()
    if crowd:
        report = crowds.measure(settings, processes=processes, users=crowd, minutes=minutes)
        fewer = crowd < CROWD or minutes < MINUTES
        finish(name or report_name("load-crowd", "", fewer, ""), report, as_json, _show_plain)
    elif soak:
        report = soaks.measure(settings, processes=processes, minutes=minutes, per_second=held[0])
        finish(name or report_name("load-soak", "", minutes < MINUTES, ""), report, as_json, _show_plain)
    else:
        report = run.measure(
            settings, processes=processes, rates=held, seconds=seconds, users=users, fresh=fresh, progress=say
        )
        fewer = seconds < SECONDS or len(held) < len(RATES.split(","))
        finish(name or report_name("load", "fresh" if fresh else "", fewer, ""), report, as_json, _show_load)
    if _went_wrong(report):
        raise typer.Exit(1)


def _went_wrong(report: dict[str, Any]) -> bool:
    """Whether anything was lost or mixed up, in whichever kind of load."""
    users = report.get("users")
    failed = users["failures"] if isinstance(users, dict) else 0  # locust's; a crowd says how many there were
    at_rates = any(row["errors"] for row in report.get("open_loop", ()))
    return bool(report.get("errors") or report.get("foreign") or failed or at_rates)


def _show_plain(report: dict[str, Any]) -> None:
    for key, value in report.items():
        if key not in {"samples", "machine"}:
            typer.echo(f"{key:20} {value}")


def _show_load(report: dict[str, Any]) -> None:
    from eval.load.run import line

    for row in report["open_loop"]:
        typer.echo(line(row))
    if report["users"]:
        typer.echo(f"users {report['users']}")
    typer.echo(f"memory (MB), open files and processor time, before and after: {report['memory_and_files']}")
