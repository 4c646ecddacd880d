"""The README's table of figures, written from the reports. `python -m eval readme [--check]`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

REPORTS = Path(__file__).parent / "reports"
README = Path(__file__).parent.parent / "README.md"
_BLOCK = re.compile(r"(<!-- figures -->\n).*?(<!-- /figures -->)", re.DOTALL)


def table() -> str:
    """Markdown: one row per measure, with its 95 % interval and number of rows."""
    lines = ["| measure (test part) | value | 95 % interval | rows |", "|---|---|---|---|"]
    lines += [f"| {name} | {v['value']:.3f} | {v['low']:.3f} to {v['high']:.3f} | {v['n']} |" for name, v in _figures()]
    return "\n".join(lines) + "\n"


def write(check: bool = False) -> bool:
    """Put the table into the README, or only say whether it is there already."""
    text = README.read_text(encoding="utf-8")
    fresh = _BLOCK.sub(lambda m: m[1] + table() + m[2], text)
    if not check:
        README.write_text(fresh, encoding="utf-8")
    return fresh == text


def _figures() -> list[tuple[str, dict[str, float]]]:
    found: list[tuple[str, dict[str, float]]] = []
    retrieval = _report("retrieval-test")
    if retrieval:
        single = retrieval["single"]["table"]
        found += [
            ("the right question first, any wording", single["all"]["hit@1"]),
            ("the right question among the first three", single["all"]["hit@3"]),
            ("first, English queries", single["language:en"]["hit@1"]),
            ("first, paraphrases without a shared word", single["kind:paraphrase"]["hit@1"]),
            ("first, symptoms from practice", single["kind:symptom"]["hit@1"]),
            ("first, elliptical follow-ups", retrieval["follow_ups"]["table"]["all"]["hit@1"]),
            ("first, after a change of topic", retrieval["topic_switches"]["table"]["all"]["hit@1"]),
        ]
        confidence = retrieval["confidence"]
        found += [
            (f"refused: {kind}", v)
            for kind, v in confidence["unanswerable_refused_by_kind"].items()
            if kind != "false-premise"  # answered, with what the document says instead
        ]
        found.append(("answerable but refused", confidence["answerable_refused"]))
        if "auroc_with_false_premises" in confidence:
            found += [
                ("confidence, answerable against outside the document (AUROC)", confidence["auroc"]),
                ("the same, false premises counted as outside", confidence["auroc_with_false_premises"]),
            ]
        recipe = retrieval["usual_recipe"]
        if isinstance(recipe, dict):
            found.append(("first, the usual recipe (1000-character chunks, MiniLM)", recipe["all"]["hit@1"]))
    outside = _report("retrieval-drcd")
    if outside:
        found += [
            ("DRCD (news paragraphs): first", outside["as written"]["fused"]["hit@1"]),
            ("DRCD: among the first five", outside["as written"]["fused"]["hit@5"]),
            ("DRCD: first, queries turned Simplified", outside["simplified"]["fused"]["hit@1"]),
        ]
    answers = _report("answers-test")
    if answers:
        found += [
            ("required facts present", answers["facts_present"]),
            ("citations of a right question", answers["citation_precision"]),
            ("sentences with a citation", answers["sentence_recall"]),
            ("quotes that are exact slices of the source", answers["exact_quotes"]),
        ]
    return found


def _report(name: str) -> dict[str, Any] | None:
    path = REPORTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
