"""`python -m eval watch`: the nightly golden set. Measures what runs now, compares with the accepted state, warns when it got worse.

    0 3 * * *   python -m eval watch --metrics /var/lib/node_exporter/tutor.prom || mail -s "tutor: worse" ops

Reports are kept in the data folder, by date. Which change is noise is decided in `evidence.compare`, what is measured in
`evidence.measures`; users' thumbs come out of the store as rows to look at, never as gold by themselves. Knows files and dates.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.evidence.compare import Comparison, compare
from eval.evidence.figures import restored, strict
from eval.evidence.measures import require_whole

if TYPE_CHECKING:
    from tutor.store.rows import Feedback

MEASURES = ("retrieval", "answers")
KEPT = 90
Report = dict[str, Any]


class Watch:
    """The reports in one folder: the accepted one, and one of each night."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.accepted_path = folder / "accepted.json"

    def accepted(self) -> Report | None:
        """The report that later ones are held against; None before the first."""
        if not self.accepted_path.is_file():
            return None
        return restored(json.loads(self.accepted_path.read_text(encoding="utf-8")))

    def accept(self, report: Report) -> None:
        """Hold later reports against this one.

        Raises:
            UsageError: a measure failed in it.
        """
        require_whole(report)
        _write(self.accepted_path, report)

    def take_in(self, report: Report, now: datetime | None = None) -> Comparison:
        """Keep a night's report and compare it with the accepted one; the first one is accepted as it is.

        Raises:
            UsageError: it is the first one, and a measure failed in it.
        """
        moment = now or datetime.now(UTC)
        _write(self.folder / f"{moment:%Y-%m-%d-%H%M%S}.json", report)
        for old in sorted(self.folder.glob("????-*.json"))[:-KEPT]:
            old.unlink()
        before = self.accepted()
        if before is None:
            self.accept(report)
            before = report
        return compare(before, report)


def _write(path: Path, report: Report) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(strict(report), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)


def textfile(report: Report, found: Comparison, now: datetime | None = None) -> str:
    """The headline figures for Prometheus' node exporter (textfile collector)."""
    lines = [
        "# HELP tutor_golden Headline figures of the nightly golden set.",
        "# TYPE tutor_golden gauge",
    ]
    for measure in report["measures"].values():
        for figure in measure.get("figures", ()):
            if figure["headline"] and not math.isnan(float(figure["value"])):
                lines.append(f'tutor_golden{{figure="{figure["id"]}"}} {float(figure["value"]):.6g}')
    lines += [
        "# HELP tutor_golden_worse Figures that got worse beyond noise.",
        "# TYPE tutor_golden_worse gauge",
        f"tutor_golden_worse {len(found.regressions)}",
        "# HELP tutor_golden_time_seconds When the golden set was last run.",
        "# TYPE tutor_golden_time_seconds gauge",
        f"tutor_golden_time_seconds {(now or datetime.now(UTC)).timestamp():.0f}",
    ]
    return "\n".join(lines) + "\n"


def rows_of(feedback: Iterable[Feedback]) -> Iterator[dict[str, Any]]:
    """Thumbs and disputes as rows for an evaluation set: to be read and labelled by a person, who decides what is right.

    Users' names do not go along.
    """
    for one in feedback:
        payload = one.payload
        yield {
            "id": f"feedback-{one.id}",
            "kind": one.kind,
            "value": one.value,
            "reason": one.reason,
            "subject": one.subject,
            "at": one.created.isoformat(),
            **{key: payload[key] for key in sorted(payload) if key not in {"user", "name"}},
        }
