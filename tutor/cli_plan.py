"""`tutor doctor --plan-gpu 24x1`: how vLLM would be started on GPUs that need not be here. Prints; computes nothing."""

from __future__ import annotations

from typing import Any

from ingest.errors import UsageError
from tutor.llm.gpu_plan import Cards, GpuPlan, plan
from tutor.llm.launches import ALWAYS
from tutor.llm.model_shape import KNOWN


def gpu_plans(text: str, model: str, users: int, context: int) -> list[dict[str, Any]]:
    """Plans for `text` (`24x1`), JSON-ready: one for each known model, or for the one that is named.

    Raises:
        UsageError: no such model, or `text` names no GPUs.
    """
    cards = Cards.parse(text)
    if model and model.lower() not in KNOWN:
        raise UsageError(f"There is no plan for {model!r}.", f"Known: {', '.join(KNOWN)}.")
    shapes = [KNOWN[model.lower()]] if model else list(KNOWN.values())
    return [as_row(plan(shape, cards, context=context, users=users)) for shape in shapes]


def as_row(made: GpuPlan) -> dict[str, Any]:
    """One plan, JSON-ready."""
    return {
        "model": made.model,
        "gpus": str(made.cards),
        "fits": made.fits,
        "reason": made.reason,
        "context": made.context,
        "kv_tokens": made.kv_tokens,
        "conversations": {"full": made.full, "typical": made.typical},
        "command": " ".join(["vllm", "serve", "FOLDER", *ALWAYS, *made.flags()]) if made.fits else None,
        "flags": " ".join(made.flags()),
        "settings": [{"flag": s.flag, "value": s.value, "reason": s.reason} for s in made.settings],
        "steps": list(made.steps),
    }


def plan_lines(row: dict[str, Any]) -> list[str]:
    """The same for people."""
    lines = [f"{row['model']} on {row['gpus']}", f"  {row['reason']}."]
    for setting in row["settings"]:
        lines.append(f"  {setting['flag'] + ' ' + setting['value']:<36} {setting['reason']}")
    lines += [f"  - {step}" for step in row["steps"]]
    return [*lines, f"  {row['command']}"] if row["command"] else lines
