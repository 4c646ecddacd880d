"""What the commands share: options, opening what is measured, writing and printing a report. Knows no measure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from eval.gold import Part
from ingest.errors import UsageError
from tutor.commands import Searchers, Tutors
from tutor.settings import Settings

if TYPE_CHECKING:
    from tutor.answering.tutor import Tutor
    from tutor.retrieval.search import Searcher

REPORTS = Path(__file__).parents[1] / "reports"
Json = Annotated[bool, typer.Option("--json", help="Print the whole report as JSON.")]
PartName = Annotated[str, typer.Option("--part", help="dev or test.")]
stderr = Console(stderr=True)


def part_of(name: str) -> Part:
    """The part of that name.

    Raises:
        UsageError: there is none; `train` is for fitting and never measured.
    """
    if name == "dev":
        return "dev"
    if name == "test":
        return "test"
    raise UsageError(f"There is no part {name!r}.", "Choose from: dev, test")


def searcher() -> Searcher:
    """The searcher of the corpus of the settings."""
    return Searchers(Settings(), stderr).get(None)


@contextmanager
def opened(settings: Settings) -> Iterator[Tutor]:
    """The tutor of the corpus of the settings, its model ready, and stopped at the end."""
    with Tutors(settings, Searchers(settings, stderr), stderr) as tutors:
        yield tutors.get(None)


def advance(row: str) -> None:
    """Say that a row is done."""
    stderr.print(row, end=" ")


def say(line: str) -> None:
    """Say what is being done."""
    typer.echo(line, err=True)


def report_name(measure: str, rows: str, limit: int | None, model: str) -> str:
    """Name of a report; one of some rows, or worded by no language model, never takes the place of the whole one.

    Args:
        rows: part or file of the rows; "" where a measure has none.
        limit: rows at most, or whether there are fewer than in the whole one.
        model: name of the model that was asked; "" where none is.
    """
    aside = model if model in {"none", "fake"} else ""
    return "-".join(filter(None, [measure, rows, aside, "limited" if limit else ""]))


def finish(name: str, report: dict[str, Any], as_json: bool, show: Callable[[dict[str, Any]], None]) -> None:
    """Keep a report as `eval/reports/NAME.json` and print it, as JSON or as `show` does."""
    REPORTS.mkdir(exist_ok=True)
    (REPORTS / f"{name}.json").write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        show(report)


def interval_line(name: str, figure: dict[str, Any]) -> str:
    """A figure with its interval and rows."""
    return f"{name:26} {figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}] n={figure['n']}"


def show_figures(report: dict[str, Any], without: tuple[str, ...] = ()) -> None:
    """Print every figure of a flat report on a line of its own; `without` names long lists."""
    for name, value in report.items():
        if name in without:
            continue
        if isinstance(value, dict) and "low" in value:
            typer.echo(interval_line(name, value))
        else:
            typer.echo(f"{name:26} {json.dumps(value, ensure_ascii=False)}")
