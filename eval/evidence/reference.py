"""What a change is held against before it is sent: the dev rows of whatever needs no language model, as they last were.

    python -m eval reference --check      what got worse; exit code 1 where anything did
    python -m eval reference              take the present state as the reference

Deterministic, a minute and a half on 2 cores. Replies to attacks are worded by the fake model, so that the guards around a
model are measured and not the model. Kept small: figures and the ids of rows that fail. Knows files, nothing of a measure.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from eval.evidence.compare import Comparison, compare
from eval.evidence.figures import restored, strict
from eval.evidence.measures import FORMAT, Bench, require_whole, run_all
from ingest.errors import UsageError

MEASURES = ("retrieval", "refusal", "support", "grading", "attacks")
REFERENCE = Path(__file__).parents[1] / "reports" / "reference.json"
Report = dict[str, Any]


def measured(bench: Bench) -> Report:
    """The quick report of these measures, no more of it than a comparison needs."""
    report = run_all(bench, quick=True, only=MEASURES)
    return {**report, "measures": {name: _slim(found) for name, found in report["measures"].items()}}


def _slim(found: Report) -> Report:
    if "error" in found:
        return found
    bars = found["report"].get("bars", {})
    return {
        **found,
        "report": {"bars": bars, **{key: found["report"][key] for key in bars}},
        "figures": [figure for figure in found["figures"] if figure["headline"]],
        "failures": [{"id": failure["id"]} for failure in found["failures"]],
    }


def write(report: Report) -> None:
    """Take a report as the reference.

    Raises:
        UsageError: a measure failed: nothing could be held against it later.
    """
    require_whole(report)
    REFERENCE.write_text(json.dumps(strict(report), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def check(report: Report) -> Comparison:
    """Hold a report against the reference.

    Raises:
        UsageError: they cannot be compared, since the rows, the measures or the format are others now.
    """
    kept = json.loads(REFERENCE.read_text(encoding="utf-8")) if REFERENCE.is_file() else {}
    found = compare(restored(kept), report) if kept.get("format") == FORMAT else Comparison(())
    compared = {change.id.partition(".")[0] for change in found.changes}
    missing = [name for name in MEASURES if name not in compared]
    if missing:
        raise UsageError(f"The reference has other rows of {', '.join(missing)}, or none.", "python -m eval reference")
    return found
