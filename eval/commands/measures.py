"""`python -m eval retrieval`, `answers`, `grading` ...: one measure each, on the gold rows of one part."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from eval.commands.common import (
    Json,
    PartName,
    advance,
    finish,
    interval_line,
    opened,
    part_of,
    report_name,
    say,
    searcher,
    show_figures,
)  # fmt: skip
from eval.gold import SINGLE_QUERIES
from tutor.settings import Settings

app = typer.Typer()
RECIPE_ROWS = 10
# Fewer are not the whole report.
DRAFTED = 8
Beside = Annotated[
    int | None,
    typer.Option("--recipe", min=0, help="Rows for the usual recipe with the same model, 45 s each; 0 for none."),
]
Rows = Annotated[Path | None, typer.Option("--data", help="Rows in a file instead.")]


@app.command()
def retrieval(
    part: PartName = "test",
    drcd: Annotated[Path | None, typer.Option("--drcd", help="Folder of the outside benchmark instead.")] = None,
    as_json: Json = False,
) -> None:
    """Ranking, conversations, confidence; beside the usual recipe."""
    if drcd is not None:
        from eval.drcd import measure as measure_outside

        finish("retrieval-drcd", measure_outside(drcd, Settings().embedders), as_json, _show_outside)
        return
    from eval.retrieval import measure

    finish(f"retrieval-{part}", measure(searcher(), part_of(part)), as_json, _show_retrieval)


RANKED = ("single", "follow_ups", "follow_ups_uncited", "short_follow_ups", *SINGLE_QUERIES, "topic_switches")


def _show_retrieval(report: dict[str, Any]) -> None:
    tables = {name: report[name]["table"] for name in RANKED}
    tables |= {f"again, {name}": found["table"] for name, found in report.get("again", {}).items()}
    for name, table in tables.items():
        for group, figures in table.items():
            shown = "  ".join(f"{k} {v['value']:.3f} [{v['low']:.3f}, {v['high']:.3f}]" for k, v in figures.items())
            typer.echo(f"{name:21} {group:18} n={figures['hit@1']['n']:<4} {shown}")
    recipe = report["usual_recipe"]
    if isinstance(recipe, str):
        typer.echo(f"usual recipe    {recipe}")
    else:
        for group, figures in recipe.items():
            typer.echo(f"usual recipe    {group:18} " + "  ".join(f"{k} {v['value']:.3f}" for k, v in figures.items()))
    for name, figures in report["legs"].items():
        typer.echo(f"leg {name:20} " + "  ".join(f"{g} {v['value']:.3f}" for g, v in figures.items()))
    for language, found in report["beside_best_leg"].items():
        typer.echo(
            f"fused {found['fused']['value']:.3f}, {found['leg']} {found['best_leg']['value']:.3f} on {language}: "
            + interval_line("difference", found["difference"])
        )
    confidence = report["confidence"]
    shown_keys = ("auroc", "auroc_with_false_premises", "unanswerable_refused", "answerable_refused")
    refused = {key: confidence[key] for key in shown_keys}
    refused["follow-ups refused"] = report["follow_ups"]["refused"]
    refused["short follow-ups refused"] = report["short_follow_ups"]["refused"]
    refused["short follow-ups without an answer refused"] = report["short_follow_ups"]["unanswered_refused"]
    refused["short follow-ups, with an answer against without (AUROC)"] = report["short_follow_ups"]["auroc"]
    for name, kind in SINGLE_QUERIES.items():
        refused[f"{kind} refused"] = report[name]["refused"]
        refused[f"{kind} without an answer refused"] = report[name]["unanswered_refused"]
        refused[f"{kind}, with an answer against without (AUROC)"] = report[name]["auroc"]
    refused["switches rewritten"] = report["topic_switches"]["taken_for_follow_up"]
    for key, figure in refused.items():
        typer.echo(interval_line(key, figure))
    typer.echo(f"latency ms {report['latency_ms']}")


def _show_outside(report: dict[str, Any]) -> None:
    from eval.drcd import BARS

    for script in ("as written", "simplified"):
        for leg, figures in report[script].items():
            shown = "  ".join(f"{k} {v['value']:.3f} [{v['low']:.3f}, {v['high']:.3f}]" for k, v in figures.items())
            typer.echo(f"{script:12} {leg:20} {shown}")
    typer.echo(f"bars {BARS}")


@app.command()
def points(part: PartName = "test", as_json: Json = False) -> None:
    """What is listed for a query and a short follow-up: whether it answers what was asked. Needs no model."""
    from eval.points import measure

    finish(f"points-{part}", measure(searcher(), part_of(part)), as_json, show_figures)


@app.command("follow-ups")
def follow_ups(part: PartName = "test", as_json: Json = False) -> None:
    """What becomes of short follow-ups on the whole road: told, by what, or refused."""
    from eval.follow_ups import measure

    with opened(Settings()) as tutor:
        model = tutor.model.name
        report = measure(tutor, part_of(part), advance)
    finish(report_name("follow-ups", part, None, model), report, as_json, show_figures)


@app.command()
def answers(
    part: PartName = "test",
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only the first rows.")] = None,
    recipe: Beside = None,
    as_json: Json = False,
) -> None:
    """Facts, citations and language of real answers."""
    from eval.answers import measure

    with opened(Settings()) as tutor:
        model = tutor.model.name
        report = measure(tutor, part_of(part), limit, advance, _beside(recipe, model))
    finish(report_name("answers", part, limit, model), report, as_json, partial(show_figures, without=("answers",)))


def _beside(rows: int | None, model: str) -> int:
    """How many rows the usual recipe answers, too: none where there is no real model."""
    if rows is not None:
        return rows
    return 0 if model in {"none", "fake"} else RECIPE_ROWS


@app.command()
def support(part: PartName = "test", as_json: Json = False) -> None:
    """The support check against sentences labelled by hand."""
    from eval.support import measure

    with opened(Settings()) as tutor:
        model = tutor.model.name
        report = measure(tutor.room, part_of(part), tutor.model)
    finish(report_name("support", part, None, model), report, as_json, partial(show_figures, without=("errors",)))


@app.command()
def refusal(part: PartName = "test", recipe: Beside = 0, as_json: Json = False) -> None:
    """What is refused or corrected, and what is refused wrongly. Needs no model, but for the usual recipe."""
    from eval.refusal import measure, premises, usual

    with opened(Settings().model_copy(update={"model": "none"})) as tutor:
        report = measure(tutor, part_of(part), lambda row: None)
        if part == "dev":  # what the check of premises was chosen on
            report |= premises(tutor)
    model = ""
    if recipe:
        with opened(Settings()) as tutor:
            model = tutor.model.name
            report["usual_recipe"] = usual(tutor, part_of(part), recipe, advance)
    finish(report_name("refusal", part, None, model), report, as_json, show_figures)


@app.command()
def attacks(
    part: PartName = "test",
    data: Rows = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="About so many rows, spread over the file.")
    ] = None,
    recipe: Beside = None,
    as_json: Json = False,
) -> None:
    """Attacks that leak, obey or render; harmless messages blocked; a poisoned document."""
    from eval.attacks import measure

    with opened(Settings()) as tutor:
        model = tutor.model.name
        report = measure(tutor, part_of(part), data, limit, advance, _beside(recipe, model))
    report["model"] = model if model in {"none", "fake"} else "model"
    finish(report_name("attacks", data.stem if data else part, limit, model), report, as_json, show_figures)


@app.command()
def grading(
    part: PartName = "test",
    data: Rows = None,
    recipe: Annotated[
        int, typer.Option("--recipe", min=0, help="With bare references: rows for the plain 'give 0 to 10' prompt too.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Levels, key points, attacks, and what must not move a score."""
    from eval.grading import measure

    model = ""
    if recipe and data is not None:
        with opened(Settings()) as tutor:
            model = tutor.model.name
            report = measure(part_of(part), data, recipe, tutor.model)
    else:
        report = measure(part_of(part), data)
    name = report_name("grading", data.stem if data else part, None, model)
    finish(name, report, as_json, partial(show_figures, without=("graded",)))


@app.command("attack-sentences")
def attack_sentences(as_json: Json = False) -> None:
    """Sentences that talk to the grader, told from honest ones that look like them; and what whole attacks earn."""
    from eval.attack_sentences import measure, measure_answers

    finish("attack-sentences", {**measure(), **measure_answers()}, as_json, show_figures)


@app.command()
def drafts(
    questions: Annotated[int, typer.Option("--questions", min=1, help="So many, 20 s each with a model.")] = DRAFTED,
    as_json: Json = False,
) -> None:
    """How many reviewed core points drafted rubrics find, by rule and with the local model."""
    from eval.drafts import measure

    chosen, model = Settings(), "none"
    if chosen.model == "none":
        report = measure(questions, None)
    else:
        with opened(chosen) as tutor:
            model = tutor.model.name
            report = measure(questions, tutor.model)
    finish(report_name("drafts", "", questions < DRAFTED, model), report, as_json, show_figures)


@app.command()
def interview(
    quick: Annotated[bool, typer.Option("--quick", help="Ten questions in two languages.")] = False,
    as_json: Json = False,
) -> None:
    """Simulated candidates run whole interviews: leaks, repeated questions, endless runs, scores by candidate."""
    from eval.interview import measure

    finish("interview-quick" if quick else "interview", measure(quick, say), as_json, _show_interview)


def _show_interview(report: dict[str, Any]) -> None:
    for key in report["bars"]:
        typer.echo(f"{key:22} {report[key]}")
    for name, figures in report["candidates"].items():
        v = figures["score"]
        typer.echo(f"{name:12} score {v['value']:.2f} [{v['low']:.2f}, {v['high']:.2f}] n={v['n']:<4} passed {figures['passed']}"
                   f"  follow-ups {figures['follow_ups']}  leaks {figures['leaks']}")  # fmt: skip


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
