"""`python -m eval MEASURE`: what the product is worth, with intervals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from eval.evidence.commands import compare_reports, run_everything
from ingest.errors import TutorError, UsageError
from tutor.commands import Searchers
from tutor.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command("all")(run_everything)
app.command("compare")(compare_reports)
REPORTS = Path(__file__).parent / "reports"
Json = Annotated[bool, typer.Option("--json", help="Print the whole report as JSON.")]
PartName = Annotated[str, typer.Option("--part", help="dev or test.")]


def _searcher() -> Any:
    from rich.console import Console

    return Searchers(Settings(), Console(stderr=True)).get(None)


@app.command()
def fit() -> None:
    """Learn leg weights and confidence from the train and dev parts."""
    from eval.fit import fit as run

    typer.echo(json.dumps(run(_searcher()), indent=1))


@app.command()
def retrieval(
    part: PartName = "test",
    drcd: Annotated[Path | None, typer.Option("--drcd", help="Folder of the outside benchmark instead.")] = None,
    as_json: Json = False,
) -> None:
    """Ranking, conversations, confidence; beside the usual recipe where its packages are there."""
    if drcd is not None:
        _outside(drcd, as_json)
        return
    from eval.retrieval import measure

    report = measure(_searcher(), part)  # type: ignore[arg-type]
    REPORTS.mkdir(exist_ok=True)
    (REPORTS / f"retrieval-{part}.json").write_text(
        json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
        return
    for name in ("single", "follow_ups", "topic_switches"):
        for group, figures in report[name]["table"].items():
            shown = "  ".join(f"{k} {v['value']:.3f} [{v['low']:.3f}, {v['high']:.3f}]" for k, v in figures.items())
            typer.echo(f"{name:15} {group:18} n={figures['hit@1']['n']:<4} {shown}")
    recipe = report["usual_recipe"]
    if isinstance(recipe, str):
        typer.echo(f"usual recipe    {recipe}")
    else:
        for group, figures in recipe.items():
            typer.echo(f"usual recipe    {group:18} " + "  ".join(f"{k} {v['value']:.3f}" for k, v in figures.items()))
    for name, figures in report["legs"].items():
        typer.echo(f"leg {name:20} " + "  ".join(f"{g} {v['value']:.3f}" for g, v in figures.items()))
    confidence = report["confidence"]
    shown_keys = ("auroc", "auroc_with_false_premises", "unanswerable_refused", "answerable_refused")
    refused = {key: confidence[key] for key in shown_keys}
    refused["follow-ups refused"] = report["follow_ups"]["refused"]
    refused["switches rewritten"] = report["topic_switches"]["taken_for_follow_up"]
    for key, v in refused.items():
        typer.echo(f"{key:22} {v['value']:.3f} [{v['low']:.3f}, {v['high']:.3f}] n={v['n']}")
    typer.echo(f"latency ms {report['latency_ms']}")


def _outside(folder: Path, as_json: bool) -> None:
    from eval.drcd import BARS, measure

    report = measure(folder, Settings().embedders)
    _write_report("retrieval-drcd", report)
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
        return
    for script in ("as written", "simplified"):
        for leg, figures in report[script].items():
            shown = "  ".join(f"{k} {v['value']:.3f} [{v['low']:.3f}, {v['high']:.3f}]" for k, v in figures.items())
            typer.echo(f"{script:12} {leg:20} {shown}")
    typer.echo(f"bars {BARS}")


def _write_report(name: str, report: dict[str, Any]) -> None:
    REPORTS.mkdir(exist_ok=True)
    (REPORTS / f"{name}.json").write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


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

    report = measure(passages, Settings().embedders, drcd, lambda line: typer.echo(line, err=True))
    _write_report("scale", report)
    if as_json:
        typer.echo(json.dumps(report))
        return
    for row in report["sizes"]:
        typer.echo("  ".join(f"{key} {value}" for key, value in row.items()))
    typer.echo(f"p95 growth {report['p95_growth']}  bars {report['bars']}")


@app.command()
def answers(
    part: PartName = "test",
    limit: Annotated[int | None, typer.Option("--limit", help="Only the first rows.")] = None,
    as_json: Json = False,
) -> None:
    """Facts, citations and language of real answers."""
    from rich.console import Console

    from eval.answers import measure
    from tutor.commands import Tutors

    console = Console(stderr=True)
    chosen = Settings()
    with Tutors(chosen, Searchers(chosen, console), console) as tutors:
        report = measure(tutors.get(None), part, limit, lambda row: console.print(row, end=" "))  # type: ignore[arg-type]
    REPORTS.mkdir(exist_ok=True)
    (REPORTS / f"answers-{part}.json").write_text(
        json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
        return
    for name, value in report.items():
        if isinstance(value, dict):
            typer.echo(f"{name:20} {value['value']:.3f} [{value['low']:.3f}, {value['high']:.3f}] n={value['n']}")
        elif name != "answers":
            typer.echo(f"{name:20} {value}")


@app.command("fit-support")
def fit_support() -> None:
    """Learn the support check from the hand-labelled dev sentences."""
    from eval.fit_support import fit as run
    from tutor.answering.evidence import EvidenceRoom

    typer.echo(json.dumps(run(EvidenceRoom(_searcher())), indent=1))


@app.command()
def support(part: PartName = "test", as_json: Json = False) -> None:
    """The support check against sentences labelled by hand."""
    from eval.support import measure
    from tutor.answering.evidence import EvidenceRoom

    report = measure(EvidenceRoom(_searcher()), part)  # type: ignore[arg-type]
    _write_report(f"support-{part}", report)
    _show(report if as_json else {k: v for k, v in report.items() if k != "errors"}, as_json)


@app.command()
def refusal(part: PartName = "test", as_json: Json = False) -> None:
    """What is refused or corrected, and what is refused wrongly. Needs no model."""
    from rich.console import Console

    from eval.refusal import measure
    from tutor.commands import Tutors

    console = Console(stderr=True)
    chosen = Settings().model_copy(update={"model": "none"})
    with Tutors(chosen, Searchers(chosen, console), console) as tutors:
        report = measure(tutors.get(None), part, lambda row: None)  # type: ignore[arg-type]
    _write_report(f"refusal-{part}", report)
    _show(report, as_json)


@app.command()
def attacks(
    part: PartName = "test",
    data: Annotated[Path | None, typer.Option("--data", help="Rows in a file instead.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="About so many rows, spread over the file.")] = None,
    as_json: Json = False,
) -> None:
    """Attacks that leak, obey or render; harmless messages blocked; a poisoned document."""
    from rich.console import Console

    from eval.attacks import measure
    from tutor.commands import Tutors

    console = Console(stderr=True)
    chosen = Settings()
    with Tutors(chosen, Searchers(chosen, console), console) as tutors:
        report = measure(tutors.get(None), part, data, limit, lambda row: console.print(row, end=" "))  # type: ignore[arg-type]
    report["model"] = chosen.model if chosen.model in {"none", "fake"} else "model"
    _write_report(f"attacks-{data.stem if data else part}", report)
    _show(report, as_json)


def _show(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
        return
    for name, value in report.items():
        if isinstance(value, dict) and "low" in value:
            typer.echo(f"{name:26} {value['value']:.3f} [{value['low']:.3f}, {value['high']:.3f}] n={value['n']}")
        else:
            typer.echo(f"{name:26} {json.dumps(value, ensure_ascii=False)}")


@app.command()
def banks(
    data: Annotated[Path, typer.Option("--data", help="Folder of NAME.md with NAME.gold.jsonl.")], as_json: Json = False
) -> None:
    """How well question banks of other structures are read."""
    from eval.banks import measure

    report = {
        gold.name: measure(gold.with_name(gold.name.replace(".gold.jsonl", ".md")), gold)
        for gold in sorted(data.glob("*.gold.jsonl"))
    }
    typer.echo(json.dumps(report, ensure_ascii=False, indent=None if as_json else 1))


@app.command()
def readme(
    check: Annotated[bool, typer.Option("--check", help="Only say whether the README is up to date.")] = False,
) -> None:
    """Write the figures of the reports into the README."""
    from eval.readme import write

    same = write(check)
    if check and not same:
        raise typer.Exit(1)


@app.command()
def manual(
    check: Annotated[bool, typer.Option("--check", help="Only say whether the pages are up to date.")] = False,
) -> None:
    """Write the reference pages of the documentation from the settings and the command line."""
    from eval.manual import write

    changed = write(check)
    typer.echo("\n".join(changed) or "up to date")
    if check and changed:
        raise typer.Exit(1)


@app.command("fit-grading")
def fit_grading(
    metric: Annotated[bool, typer.Option(help="Learn the metric anew too (minutes).")] = True,
) -> None:
    """Learn how answers are graded, from the shipped rubrics and the dev answers."""
    from eval.fit_grading import fit as run

    typer.echo(json.dumps(run(metric), indent=1))


@app.command("fit-reference")
def fit_reference(
    data: Annotated[Path, typer.Option("--data", help="Folder with ads_zh.jsonl and beetle_en.jsonl.")],
) -> None:
    """Learn how answers are graded against a bare reference."""
    from eval.fit_reference import fit as run

    typer.echo(json.dumps(run(data), indent=1))


@app.command()
def grading(
    part: PartName = "test",
    data: Annotated[Path | None, typer.Option("--data", help="Rows in a file instead.")] = None,
    as_json: Json = False,
) -> None:
    """Levels, key points, attacks, and what must not move a score."""
    from eval.grading import measure

    report = measure(part, data)  # type: ignore[arg-type]
    REPORTS.mkdir(exist_ok=True)
    name = f"grading-{data.stem if data else part}.json"
    (REPORTS / name).write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
        return
    for key, value in report.items():
        if isinstance(value, dict) and "low" in value:
            typer.echo(f"{key:24} {value['value']:.3f} [{value['low']:.3f}, {value['high']:.3f}] n={value['n']}")
        elif key != "graded":
            typer.echo(f"{key:24} {value}")


@app.command()
def interview(
    quick: Annotated[bool, typer.Option("--quick", help="Ten questions in two languages.")] = False,
    as_json: Json = False,
) -> None:
    """Simulated candidates run whole interviews: leaks, repeated questions, endless runs, scores by candidate."""
    from eval.interview import measure

    report = measure(quick, lambda line: typer.echo(line, err=True))
    _write_report("interview-quick" if quick else "interview", report)
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
        return
    for key in report["bars"]:
        typer.echo(f"{key:22} {report[key]}")
    for name, figures in report["candidates"].items():
        v = figures["score"]
        typer.echo(f"{name:12} score {v['value']:.2f} [{v['low']:.2f}, {v['high']:.2f}] n={v['n']:<4} passed {figures['passed']}"
                   f"  follow-ups {figures['follow_ups']}  leaks {figures['leaks']}")  # fmt: skip


@app.command()
def transcripts() -> None:
    """Ten fixed conversations with the model in use, unedited, into docs/transcripts.md."""
    from eval.transcripts import write
    from tutor.answering.tutor import Tutor
    from tutor.llm import open_model

    with open_model(Settings()) as model:
        model.wait_ready()
        typer.echo(write(Tutor(_searcher(), model), lambda query: typer.echo(query, err=True)))


@app.command()
def engine(as_json: Json = False) -> None:
    """The embedded engine by itself: batch sizes, KV cache in 8 bits, states in files (five minutes, a quiet machine)."""
    from eval.engine import measure
    from tutor.llm import open_model

    with open_model(Settings(), start=False) as model:
        path = model.choice.path
    if path is None:
        raise UsageError("The engine's measure wants a GGUF model on disk.", "tutor models pull")
    report = measure(path, lambda line: typer.echo(line, err=True))
    _write_report("engine", report)
    _show(report, as_json)


@app.command()
def speed(
    quick: Annotated[bool, typer.Option("--quick", help="A few of everything, under three minutes.")] = False,
    recipe: Annotated[
        int | None, typer.Option("--recipe", help="Conversations run with the usual recipe, too.")
    ] = None,
    talks: Annotated[int | None, typer.Option("--talks", help="Five-turn conversations.")] = None,
    first: Annotated[int | None, typer.Option("--first", help="First questions, cold and warm.")] = None,
    as_json: Json = False,
) -> None:
    """Waiting times, memory, ingest, several users; wants a quiet machine and a real model."""
    from dataclasses import replace

    from eval.speed.machine import describe
    from eval.speed.measure import QUICK, Sizes, measure

    sizes = QUICK if quick else Sizes()
    if recipe is not None:
        sizes = replace(sizes, recipe_talks=recipe)
    if talks is not None:
        sizes = replace(sizes, talks=talks)
    if first is not None:
        sizes = replace(sizes, cold=first, warm=first)
    settings = Settings()
    report = measure(settings, sizes, lambda line: typer.echo(line, err=True))
    report["machine"] = describe(settings)
    report["sizes"] = {**vars(sizes), "users": list(sizes.users)}
    if not quick:
        _write_report("speed", report)
    _show(report, as_json)


@app.command()
def load(
    processes: Annotated[int, typer.Option(help="Application processes.")] = 2,
    rates: Annotated[
        str, typer.Option(help="Questions per second, comma-separated; each held for --seconds.")
    ] = "5,10,20,50",
    seconds: Annotated[float, typer.Option(help="Length of each run.")] = 20.0,
    users: Annotated[int, typer.Option(help="locust's simultaneous users; 0 for none.")] = 0,
    name: Annotated[str, typer.Option(help="Name of the report.")] = "load",
    as_json: Json = False,
) -> None:
    """The application's own time under load, with a stand-in model that streams at a fixed rate."""
    from eval.load.run import measure

    report = measure(
        Settings(), processes=processes, rates=[float(r) for r in rates.split(",") if r], seconds=seconds, users=users
    )
    _write_report(name, report)
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
        return
    for row in report["open_loop"]:
        typer.echo(
            f"{row['per_second']:6.1f}/s  sent {row['sent']:5}  errors {row['errors'] or 0}  own {row['own_ms']}  "
            f"search {row['search_ms']}  whole {row['total_ms']}"
        )
    if report["users"]:
        typer.echo(f"users {report['users']}")
    typer.echo(f"memory (MB) and open files, before and after: {report['memory_and_files']}")


@app.command()
def capacity(
    check: Annotated[bool, typer.Option("--check", help="Only say whether the documents are up to date.")] = False,
) -> None:
    """Write what GPUs can hold and give into docs/operations.md and docs/scaling.md."""
    from eval.capacity import write

    same = write(check)
    if check and not same:
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
    from dataclasses import asdict

    from rich.console import Console

    from eval import watch as nightly
    from eval.evidence.compare import lines
    from eval.evidence.figures import strict
    from eval.evidence.measures import Bench, run_all

    settings = Settings()
    kept = nightly.Watch(settings.data_dir / "watch")
    report = run_all(Bench(settings, "test", Console(stderr=True)), quick=quick, limit=limit, only=nightly.MEASURES)
    found = kept.take_in(report)
    if accept:
        kept.accept(report)
    if metrics is not None:
        draft = metrics.with_suffix(".draft")
        draft.write_text(nightly.textfile(report, found), encoding="utf-8")
        draft.replace(metrics)
    if as_json:
        typer.echo(json.dumps(strict(asdict(found)), ensure_ascii=False))
    else:
        for line in lines(found):
            typer.echo(line)
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


def main() -> None:
    """Entry point: turns errors for users into one clear message and exit code 2."""
    try:
        app()
    except TutorError as error:
        typer.echo(f"Error: {error}", err=True)
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
