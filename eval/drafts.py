"""How much of the reviewed rubrics the drafts find: core points whose text overlaps that of a drafted point.

python -m eval drafts [--questions 8]   by rule, and with the local model for the same questions
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eval.intervals import interval
from ingest.corpora import read_document, shipped_document
from ingest.document import Question
from ingest.rubrics import Rubric, quote_span, read_rubrics, rubrics_path
from tutor.interview.choosing import draft_with
from tutor.interview.drafting import draft
from tutor.llm import Model
from tutor.settings import Settings


def measure(count: int, model: Model | None) -> dict[str, Any]:
    """Share of the reviewed core points found, over `count` questions spread evenly; resampled by question."""
    path = Path(shipped_document(Settings().corpus) or "")
    document = read_document(path)
    reviewed = read_rubrics(rubrics_path(path), document)
    known = [q for q in document.questions if q.number in reviewed]
    some = [known[i * len(known) // count] for i in range(min(count, len(known)))]
    report: dict[str, Any] = {"questions": [q.number for q in some]}

    def share(drafts: Sequence[Rubric | None]) -> dict[str, Any]:
        table = np.asarray(
            [_found(reviewed[q.number], d, q, document.source) for q, d in zip(some, drafts, strict=True)]
        )
        found = interval(table, lambda t: float(t[:, 0].sum() / max(1, t[:, 1].sum())))
        points = round(float(np.mean([len(d.points) if d else 0 for d in drafts])), 2)
        return {"core_points_found": found, "core_points": int(table[:, 1].sum()), "points_a_draft": points}

    report["by_rule"] = share([draft(q, document) for q in some])
    if model is not None and model.state.ready:
        drafts = [draft_with(model, q, document) for q in some]
        report["with_model"] = {
            "model": model.name, "chosen_by_it": sum(bool(d and d.drafted_by) for d in drafts), **share(drafts),
        }  # fmt: skip
    return report


def _found(reviewed: Rubric, drafted: Rubric | None, question: Question, source: str) -> tuple[int, int]:
    spans = [quote_span(p, question, source) for p in drafted.points] if drafted else []
    core = [quote_span(p, question, source) for p in reviewed.points if p.kind == "core"]
    wanted = [span for span in core if span]
    return sum(any(s and s[0] < w[1] and w[0] < s[1] for s in spans) for w in wanted), len(wanted)
