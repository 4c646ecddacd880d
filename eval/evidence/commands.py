"""`python -m eval all` and `python -m eval compare`: arguments, files, exit codes."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from eval.gold import Part
from ingest.errors import UsageError
from tutor.settings import Settings

stderr = Console(stderr=True, highlight=False)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def run_everything(
    quick: Annotated[
        bool, typer.Option("--quick", help="Some rows of the slow measures: 15 minutes on 2 cores.")
    ] = False,
    part: Annotated[str, typer.Option("--part", help="dev or test.")] = "test",
    only: Annotated[list[str] | None, typer.Option("--only", help="Only this measure; may be repeated.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="About so many rows of every set.")] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of report.html and report.json.")] = Path("docs/report"),
    as_json: Json = False,
) -> None:
    """Every measure in one report: one HTML page, one JSON file."""
    from eval.evidence.figures import strict
    from eval.evidence.measures import Bench, available, run_all
    from eval.evidence.page import page

    names = [measure.name for measure in available()]
    unknown = [name for name in only or () if name not in names]
    if unknown or part not in {"dev", "test"}:
        raise UsageError(
            f"There is no measure {unknown[0]!r}." if unknown else f"There is no part {part!r}.",
            f"Choose from: {', '.join(names if unknown else ('dev', 'test'))}",
        )
    report = run_all(Bench(Settings(), _part(part), stderr), quick=quick, limit=limit, only=only or ())
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.json").write_text(json.dumps(strict(report), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (out / "report.html").write_text(page(report), encoding="utf-8")
    failed = [name for name, found in report["measures"].items() if found.get("error")]
    if as_json:
        typer.echo(json.dumps(strict(report), ensure_ascii=False))
    else:
        for line in _summary(report):
            typer.echo(line)
    stderr.print(f"{out / 'report.html'}, {out / 'report.json'}", soft_wrap=True)
    if failed:
        raise typer.Exit(1)


def compare_reports(
    before: Annotated[Path, typer.Argument(help="The older report.json.")],
    after: Annotated[Path, typer.Argument(help="The newer one.")],
    as_json: Json = False,
) -> None:
    """What changed beyond noise between two reports; exit code 1 where something got worse."""
    from eval.evidence.compare import compare, lines
    from eval.evidence.figures import strict

    found = compare(_read(before), _read(after))
    if as_json:
        typer.echo(json.dumps(strict(asdict(found)), ensure_ascii=False))
    else:
        for line in lines(found):
            typer.echo(line)
        typer.echo(f"{len(found.regressions)} worse" if found.regressions else "nothing got worse")
    if found.regressions:
        raise typer.Exit(1)


def _part(name: str) -> Part:
    return "dev" if name == "dev" else "test"


def _summary(report: dict[str, Any]) -> list[str]:
    from eval.evidence.figures import shown

    found = []
    for name, measure in report["measures"].items():
        if measure.get("error"):
            found.append(f"{name:10} not measured: {measure['error']}")
            continue
        for f in measure["figures"]:
            if f["headline"]:
                found.append(
                    f"{name:10} {f['label']:52} {f['unit']:8} {shown(f['value'])} [{shown(f['low'])}, {shown(f['high'])}] n={f['n']}"
                )
        found.append(f"{name:10} {len(measure['failures'])} failures, {measure['seconds']:.0f} s")
    return found


def _read(path: Path) -> dict[str, Any]:
    from eval.evidence.figures import restored
    from eval.evidence.measures import FORMAT

    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path} cannot be read as a report: {error}.", "python -m eval all writes report.json"
        ) from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise UsageError(f"{path} is no report of this version.", "python -m eval all writes report.json")
    return restored(found)
