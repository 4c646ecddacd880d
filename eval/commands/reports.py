"""`python -m eval all`, `compare`, `watch`, `feedback`: every measure in one report, and what changed since another."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eval.commands.common import Json, PartName, part_of, stderr
from ingest.errors import UsageError
from tutor.settings import Settings

if TYPE_CHECKING:
    from eval.evidence.compare import Comparison

app = typer.Typer()


@app.command("all")
def run_everything(
    quick: Annotated[
        bool, typer.Option("--quick", help="Some rows of the slow measures: 15 minutes on 2 cores.")
    ] = False,
    part: PartName = "test",
    only: Annotated[list[str] | None, typer.Option("--only", help="Only this measure; may be repeated.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="About so many rows of every set.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder of report.html and report.json; docs/report for all measures, test part."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Every measure in one report: one HTML page, one JSON file."""
    from eval.evidence.figures import strict
    from eval.evidence.measures import Bench, available, run_all
    from eval.evidence.page import page

    names = [measure.name for measure in available()]
    unknown = [name for name in only or () if name not in names]
    if unknown:
        raise UsageError(f"There is no measure {unknown[0]!r}.", f"Choose from: {', '.join(names)}")
    if out is None and (only or limit or part != "test"):
        raise UsageError("Such a report would take the place of the whole one in docs/report.", "Add --out FOLDER.")
    folder = out or Path("docs/report")

    def keep(report: dict[str, Any]) -> None:
        """Write both files anew, whole or not at all."""
        text = json.dumps(strict(report), ensure_ascii=False, indent=1) + "\n"
        for name, content in (("report.json", text), ("report.html", page(report))):
            draft = folder / f".{name}.draft"
            draft.write_text(content, encoding="utf-8")
            draft.replace(folder / name)

    folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(Settings(), part_of(part), stderr)
    report = run_all(bench, quick=quick, limit=limit, only=only or (), keep=keep)
    failed = [name for name, found in report["measures"].items() if found.get("error")]
    if as_json:
        typer.echo(json.dumps(strict(report), ensure_ascii=False))
    else:
        for line in _summary(report):
            typer.echo(line)
    stderr.print(f"{folder / 'report.html'}, {folder / 'report.json'}", soft_wrap=True)
    if failed:
        raise typer.Exit(1)


@app.command("compare")
def compare_reports(
    before: Annotated[Path, typer.Argument(help="The older report.json.")],
    after: Annotated[Path, typer.Argument(help="The newer one.")],
    as_json: Json = False,
) -> None:
    """What changed beyond noise between two reports; exit code 1 where something got worse."""
    from eval.evidence.compare import compare

    found = compare(_read(before), _read(after))
    _tell(found, as_json)
    if found.regressions:
        raise typer.Exit(1)


@app.command()
def reference(
    check: Annotated[
        bool, typer.Option("--check", help="Only say what got worse; exit code 1 where anything did.")
    ] = False,
) -> None:
    """Measure what needs no language model on the dev rows, and hold it against the stored reference or renew that."""
    from eval.evidence import reference as stored
    from eval.evidence.measures import Bench

    report = stored.measured(Bench(Settings().model_copy(update={"model": "fake"}), "dev", stderr))
    if not check:
        stored.write(report)
        typer.echo(str(stored.REFERENCE))
        return
    found = stored.check(report)
    _tell(found, as_json=False)
    if found.regressions:
        raise typer.Exit(1)


@app.command()
def watch(
    quick: Annotated[bool, typer.Option("--quick/--whole", help="Some rows of the slow measures, or all.")] = True,
    accept: Annotated[bool, typer.Option("--accept", help="Hold later nights against this one.")] = False,
    metrics: Annotated[Path | None, typer.Option("--metrics", help="Also write figures for Prometheus here.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="About so many rows of every set.")] = None,
    as_json: Json = False,
) -> None:
    """The nightly golden set: measure, compare with the accepted state; exit code 1 where something got worse."""
    from eval import watch as nightly
    from eval.evidence.measures import Bench, run_all

    settings = Settings()
    kept = nightly.Watch(settings.data_dir / "watch")
    report = run_all(Bench(settings, "test", stderr), quick=quick, limit=limit, only=nightly.MEASURES)
    found = kept.take_in(report)
    if accept:
        kept.accept(report)
    if metrics is not None:
        draft = metrics.with_suffix(".draft")
        draft.write_text(nightly.textfile(report, found), encoding="utf-8")
        draft.replace(metrics)
    _tell(found, as_json)
    if found.regressions and not accept:
        raise typer.Exit(1)


@app.command()
def feedback(out: Annotated[Path, typer.Option("--out", help="JSON Lines file of the rows.")]) -> None:
    """Thumbs and disputes out of the store, as rows that a person can label for an evaluation set."""
    from eval.watch import rows_of
    from tutor.store import open_store

    with open_store(Settings()) as store:
        rows = list(rows_of(store.feedback.list(None)))
    out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    typer.echo(f"{len(rows)} rows in {out}")


def _tell(found: Comparison, as_json: bool) -> None:
    from eval.evidence.compare import lines
    from eval.evidence.figures import strict

    if as_json:
        typer.echo(json.dumps(strict(asdict(found)), ensure_ascii=False))
        return
    for line in lines(found):
        typer.echo(line)
    if not found.changes:
        typer.echo("nothing could be compared")
    else:
        typer.echo(f"{len(found.regressions)} worse" if found.regressions else "nothing got worse")


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
