"""What answers and searches cost as the work grows, drawn from the reports: `python -m eval figure` writes `docs/images/cost.svg`.

Left: time to the first words over the turns of a conversation, beside the usual recipe (`eval/reports/speed.json`).
Right: search latency over the size of the corpus (`eval/reports/scale.json`). Knows reports, runs nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from eval.readme import command, stored
from ingest.errors import UsageError

OUT = Path(__file__).parents[2] / "docs" / "images" / "cost.svg"
_OURS, _THEIRS = "#1f6f5c", "#b3541e"


def draw() -> Path:
    """Write the figure.

    Raises:
        UsageError: a report, what is drawn of it, or matplotlib is missing.
    """
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise UsageError("The figure needs matplotlib.", "pip install -e '.[dev]'") from error
    speed, scale = _report("speed"), _report("scale")
    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "cost", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    from matplotlib import pyplot as plt

    drawing, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
    _conversation(left, speed)
    _size(right, scale)
    drawing.tight_layout()
    OUT.parent.mkdir(parents=True, exist_ok=True)
    drawing.savefig(OUT, metadata={"Date": None})
    plt.close(drawing)
    # matplotlib leaves blanks at line ends, which commits are checked for.
    OUT.write_text("\n".join(line.rstrip() for line in OUT.read_text().splitlines()) + "\n")
    return OUT


def _conversation(axes: Any, report: dict[str, Any]) -> None:
    ours = [turn["first_ms"] for turn in report["conversations"]["turns"]]
    _line(axes, range(1, len(ours) + 1), ours, _OURS, f"tutor, {report['sizes']['talks']} conversations")
    theirs = [turn for turn in report.get("usual_recipe", {}).get("turns", ()) if turn["n"]]
    if theirs:
        _line(axes, range(1, len(theirs) + 1), theirs, _THEIRS, f"usual recipe, {theirs[0]['n']} conversations")
    axes.set(
        yscale="log", xlabel="turn of the conversation", ylabel="seconds to the first words, median to p95",
        xticks=range(1, len(ours) + 1),
    )  # fmt: skip
    axes.legend(frameon=False)


def _line(axes: Any, turns: range, spreads: list[dict[str, float]], colour: str, label: str) -> None:
    """A line of medians, up to the 95th percentile shaded; milliseconds become seconds."""
    axes.plot(turns, [s["median"] / 1000 for s in spreads], "o-", color=colour, label=label)
    axes.fill_between(
        turns, [s["median"] / 1000 for s in spreads], [s["p95"] / 1000 for s in spreads], color=colour, alpha=0.15
    )


def _size(axes: Any, report: dict[str, Any]) -> None:
    sizes = [row["passages"] for row in report["sizes"]]
    for name, style in (("p50", "o-"), ("p95", "o--")):
        axes.plot(
            sizes, [row["latency_ms"][name] for row in report["sizes"]], style, color=_OURS, label=f"search, {name}"
        )
    axes.set(xscale="log", xlabel="passages in the corpus", ylabel="milliseconds")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)


def _report(name: str) -> dict[str, Any]:
    found = stored(name)
    if found is None:
        raise UsageError(f"There is no {name}.json.", command(name))
    turns = [turn["first_ms"] for turn in found.get("conversations", {}).get("turns", ())]
    drawn = found.get("sizes") if name == "scale" else turns and all(spread["n"] for spread in turns)
    if not drawn:
        raise UsageError(f"{name}.json holds nothing to draw.", command(name))
    return found
