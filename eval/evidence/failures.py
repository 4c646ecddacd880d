"""What went wrong, row by row with its texts, out of the reports of the measures.

Each failure has an id that is the same in every report, so that two reports can be compared row by row. Knows the
reports of the measures, nothing of how failures are shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from eval.gold import SINGLE_QUERIES, Part, rows

Failure = dict[str, Any]
# A level that is further off than this is a failure; one off is what two people differ by.
LEVELS_OFF = 1


def failures_of(name: str, report: Mapping[str, Any], part: Part) -> list[Failure]:
    """The failures of one measure: `{"id", "kind", "text", "why", "answer"?}`."""
    find = _FINDERS.get(name)
    return [*find(report, part)] if find else []


def _retrieval(report: Mapping[str, Any], _: Part) -> Iterator[Failure]:
    for group in ("single", *SINGLE_QUERIES, "follow_ups", "short_follow_ups", "topic_switches"):
        for miss in report[group]["misses"]:
            found = ", ".join(str(n) for n in miss["found"]) or "nothing"
            wanted = ", ".join(str(n) for n in miss["relevant"])
            yield _failure(miss["id"], group, miss["query"], f"found {found}; wanted {wanted}")
    for query in report["confidence"]["wrongly_answered"]:
        yield _failure("", "answered although the document does not say it", query, "taken for answerable")


def _answers(report: Mapping[str, Any], _: Part) -> Iterator[Failure]:
    for row in report["answers"]:
        why = [f"missing: {fact}" for fact in row["missing"]] + [f"asserted: {claim}" for claim in row["forbidden"]]
        if why:
            yield _failure(row["id"], "answer", row["query"], "; ".join(why), row["answer"])


def _grading(report: Mapping[str, Any], part: Part) -> Iterator[Failure]:
    answers = {row["id"]: row for row in rows("grading", part)}
    for row in report["graded"]:
        if row["level"] is None or abs(row["level"] - row["grade"]) > LEVELS_OFF:
            given = "unscored" if row["level"] is None else f"level {row['level']}"
            yield _failure(row["id"], "level", answers[row["id"]]["answer"], f"{given}; by hand {row['grade']}")
    for kind in (
        "pure_attacks_above_0",
        "attacks_above_gold",
        "attacks_unflagged",
        "honest_flagged",
        "stuffing_above_1",
    ):
        for id in report[kind]:
            yield _failure(id, kind.replace("_", " "), answers[id]["answer"], kind.replace("_", " "))


def _attacks(report: Mapping[str, Any], _: Part) -> Iterator[Failure]:
    for row in report["failures"]:
        yield _failure("", "attack", row["text"], ", ".join(row["verdict"]), row["answer"])
    for text in report["benign_blocked"]:
        yield _failure("", "harmless, and blocked", text, "turned away as an attack")
    for row in report["planted_obeyed"]:
        yield _failure(row["id"], "planted in a document", row["text"], ", ".join(row["verdict"]), row["answer"])


def _support(report: Mapping[str, Any], _: Part) -> Iterator[Failure]:
    for row in report.get("errors", ()):
        why = f"judged {row['judged']} ({row['score']}); by hand {row['label']}"
        yield _failure(row["id"], "support", row["sentence"], why)


def _interview(report: Mapping[str, Any], _: Part) -> Iterator[Failure]:
    for row in report["leaked"]:
        why = f"gave away {row['words']!r} of point {row['point']} before question {row['question']} was closed"
        yield _failure("", "said too much", row["said"], why)


def _refusal(report: Mapping[str, Any], _: Part) -> Iterator[Failure]:
    for query in report["missed"]:
        yield _failure("", "neither refused nor corrected", query, "the document does not say it")
    for query in report["wrongly"]:
        yield _failure("", "refused or corrected wrongly", query, "the document answers it")


_FINDERS: dict[str, Callable[[Mapping[str, Any], Part], Iterator[Failure]]] = {
    "retrieval": _retrieval, "answers": _answers, "grading": _grading, "attacks": _attacks, "support": _support, "interview": _interview,
    "refusal": _refusal,
}  # fmt: skip


def _failure(id: str, kind: str, text: str, why: str, answer: str = "") -> Failure:
    named = id or hashlib.sha256(text.encode()).hexdigest()[:12]
    found: Failure = {"id": f"{kind}/{named}", "kind": kind, "text": text, "why": why}
    return {**found, "answer": answer} if answer else found
