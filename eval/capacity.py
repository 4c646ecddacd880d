"""How many answers a GPU gives, by arithmetic: the table in docs/scaling.md. `python -m eval capacity`.

Reading a prompt is bound by arithmetic (2 operations per parameter and token), writing by memory: each step reads all weights
once and the KV cache of every conversation in the batch (Pope et al., "Efficiently Scaling Transformer Inference", 2022).
Knows data sheets and the plan of `tutor.llm.gpu_plan`; nothing here was measured on a GPU.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from eval.readme import command, stored
from ingest.errors import UsageError
from tutor.llm.gpu_plan import Cards, plan
from tutor.llm.model_shape import LLAMA_8B, LLAMA_70B, ModelShape

DOCS = Path(__file__).parent.parent / "docs"
ONE_MODEL = ("12x1", "16x1", "24x1", "24x2", "48x1", "80x1", "80x8", "24x1x2")
LARGE_MODEL = ("24x1", "12x8", "16x4", "24x2", "24x4", "48x1", "48x2", "80x1", "80x8", "24x1x2", "24x4x2", "12x4x2")
# Shares of the data sheet's figures that kernels usually reach.
READING_SHARE, MEMORY_SHARE = 0.4, 0.6
PROMPT, CACHED, ANSWER = 750, 110, 200
"""Tokens of a prompt (742 in the median of `python -m eval speed`), those of its instructions, which all prompts share,
and of an answer."""


@dataclass(frozen=True)
class Card:
    """A GPU: GB, memory bandwidth (GB/s) and dense FP16 tera-operations per second from its data sheet, dollars an hour.

    The price is an order of magnitude for rented cards; put in your own.
    """

    name: str
    memory: int
    bandwidth: float
    teraflops: float
    dollars: float


CARDS = (
    Card("RTX 3060 12 GB", 12, 360, 51, 0.10),
    Card("T4 16 GB", 16, 320, 65, 0.35),
    Card("L4 24 GB", 24, 300, 121, 0.70),
    Card("RTX 4090 24 GB", 24, 1008, 165, 0.50),
    Card("L40S 48 GB", 48, 864, 362, 1.20),
    Card("A100 80 GB", 80, 2039, 312, 1.60),
    Card("H100 80 GB", 80, 3350, 990, 2.50),
)


@dataclass(frozen=True)
class Capacity:
    """One card with one model: conversations at once, tokens per second of all and of one, answers per second, cost."""

    card: Card
    model: str
    batch: int
    tokens_per_second: float
    each: float
    answers_per_second: float
    dollars_per_thousand: float


def capacity(card: Card, shape: ModelShape, parameters: float) -> Capacity | None:
    """What one card gives; None where the model does not fit.

    Args:
        parameters: of the model, for the cost of reading.
    """
    made = plan(shape, Cards.parse(f"{card.memory}x1"), users=10_000)
    if not made.fits:
        return None
    batch = max(1, min(256, made.typical))
    context = PROMPT + ANSWER / 2
    step = (shape.weight_bytes + batch * context * shape.kv_bytes()) / (card.bandwidth * 1e9 * MEMORY_SHARE)
    writing = batch / step
    reading = card.teraflops * 1e12 * READING_SHARE / (2 * parameters)
    seconds = (PROMPT - CACHED) / reading + ANSWER / writing
    answers = 1 / seconds
    return Capacity(card, shape.name, batch, writing, writing / batch, answers, card.dollars / 3.6 / answers)


def table() -> str:
    """Markdown."""
    lines = [
        "| card | model | conversations at once | tokens/s, all | tokens/s, each | answers/s | $ per 1,000 answers |",
        "|---|---|---|---|---|---|---|",
    ]
    for shape, parameters in ((LLAMA_8B, 8.0e9), (LLAMA_70B, 70.6e9)):
        for card in CARDS:
            found = capacity(card, shape, parameters)
            if found is not None:
                lines.append(
                    f"| {card.name} | {shape.name.split('-')[2]} | {found.batch} | {found.tokens_per_second:,.0f} | "
                    f"{found.each:,.0f} | {found.answers_per_second:.1f} | {found.dollars_per_thousand:.2f} |"
                )
    return "\n".join(lines) + "\n"


def plans() -> str:
    """Markdown: the plan for each class of cards, alone and several."""
    lines = [
        "| GPUs | model | one copy on | copies | context | KV cache, tokens | at once (2,048 tokens each) | flags beside the context |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for shape, cards in ((LLAMA_8B, ONE_MODEL), (LLAMA_70B, LARGE_MODEL)):
        for text in cards:
            made = plan(shape, Cards.parse(text))
            name = shape.name.split("-")[2]
            if not made.fits:
                lines.append(f"| {text} | {name} | does not fit | | | | | |")
                continue
            cut = f"{made.tensor_parallel * made.pipeline_parallel} GPU{'s' if made.tensor_parallel * made.pipeline_parallel > 1 else ''}"
            flags = " ".join(f"`{s.flag} {s.value}`" for s in made.settings if s.flag != "--max-model-len")
            lines.append(
                f"| {text} | {name} | {cut} | {made.replicas} | {made.context} | {made.kv_tokens:,} | {made.typical} | {flags} |"
            )
    return "\n".join(lines) + "\n"


def load_table() -> str:
    """Markdown: what the last load run measured.

    Raises:
        UsageError: there is no report of one, or it holds no rates.
    """
    report = stored("load")
    if not report or not report.get("open_loop"):
        raise UsageError("There is no load.json with a rate in it.", command("load"))
    lines = [
        f"{report['processes']} app processes, {report['machine']['cpus']} cores shared with the load generator, the stand-in model "
        f"({report['stand_in']['tokens_per_second']:.0f} tokens/s, first after {report['stand_in']['first_token_ms']:.0f} ms) and whatever else ran; "
        f"milliseconds, {report['seconds']:.0f} s at each rate:",
        "",
        "| questions/s | sent | errors | search p50 / p95 | everything else of ours p50 / p95 | whole answer p50 / p95 | our processor time a question |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in report["open_loop"]:
        spans = " | ".join(
            f"{row[key]['p50']:.0f} / {row[key]['p95']:.0f}" if row[key] else "none"
            for key in ("search_ms", "own_ms", "total_ms")
        )
        used = row.get("cpu_ms_per_question", {}).get("application")
        spent = "" if used is None else f"{used:.0f}"
        lines.append(f"| {row['per_second']:.0f} | {row['sent']} | {sum(row['errors'].values())} | {spans} | {spent} |")
    if report["users"]:
        lines += [
            "",
            f"{report['users']['users']} simultaneous users (locust): {report['users']['failures']} failures or foreign answers.",
        ]
    return "\n".join(lines) + "\n"


def write(check: bool = False) -> bool:
    """Put the tables into the documents, or only say whether they are there already."""
    same = True
    blocks = [("operations.md", "plans", plans()), ("scaling.md", "capacity", table())]
    if stored("load") is not None:
        blocks.append(("scaling.md", "load", load_table()))
    for name, mark, made in blocks:
        path = DOCS / name
        text = path.read_text(encoding="utf-8")
        block = re.compile(rf"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)", re.DOTALL)
        fresh = block.sub(lambda m, made=made: m[1] + made + m[2], text)  # type: ignore[misc]
        same = same and fresh == text
        if not check:
            path.write_text(fresh, encoding="utf-8")
    return same
