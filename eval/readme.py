"""The README's table of figures, written from the reports. `python -m eval readme [--check]`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ingest.errors import UsageError

REPORTS = Path(__file__).parent / "reports"
README = Path(__file__).parent.parent / "README.md"
_SPEED_BLOCK = re.compile(r"(<!-- speed -->\n).*?(<!-- /speed -->)", re.DOTALL)
_SPEED = (
    ("first_token_warm_median_ms", "first words of a first answer, read ahead, median", "ms"),
    ("first_token_cold_median_ms", "first words of a first answer, not read ahead, median", "ms"),
    ("follow_up_median_ms", "first words of a follow-up, median", "ms"),
    ("follow_up_p95_ms", "first words of a follow-up, 95th percentile", "ms"),
    ("cached_share", "share of prompt tokens that the engine did not read again in conversations", ""),
    ("model_calls_first_question_median", "calls of the model for a first question, median", ""),
    ("sooner_than_usual_recipe", "times sooner than the usual recipe on the same engine", ""),
    ("overhead_first_token_ms", "our part of the time to first words, beside the bare engine", "ms"),
    ("streaming_rate_ratio", "words a second beside the bare engine", ""),
    ("users_longest_wait_ratio", "longest wait of several users at once, of a fair share", ""),
    ("page_s", "page there after `tutor serve`", "s"),
    ("memory_mb", "memory of everything together", "MB"),
    ("ingest_cold_s", "ingest of the 80 questions", "s"),
    ("ingest_unchanged_s", "ingest again, nothing changed", "s"),
    ("ingest_one_edited_s", "ingest again, one answer edited", "s"),
    ("grading_median_ms", "grading one answer, median", "ms"),
)
_OF_A_KIND = {
    "named": "comparisons and questions about one side of a thing",
    "everyday": "questions in everyday words, without the term",
    "requests": 'requests for a topic: "walk me through LoRA"',
}
_BLOCK = re.compile(r"(<!-- figures -->\n).*?(<!-- /figures -->)", re.DOTALL)


def table() -> str:
    """Markdown: one row per measure, with its 95 % interval and number of rows."""
    lines = ["| measure (test part) | value | 95 % interval | rows |", "|---|---|---|---|"]
    lines += [f"| {name} | {v['value']:.3f} | {v['low']:.3f} to {v['high']:.3f} | {v['n']} |" for name, v in _figures()]
    return "\n".join(lines) + "\n"


def speed_table() -> str:
    """Markdown: waiting times of the last full `python -m eval speed`, on the machine that it names."""
    report = stored("speed")
    if not report:
        return ""
    lines = ["| waiting, memory | value |", "|---|---|"]
    lines += [f"| {words} | {report[key]:g} {unit} |" for key, words, unit in _SPEED if report.get(key) is not None]
    lines += _scale_rows()
    machine, sizes = report["machine"], report["sizes"]
    where = f"{machine['processor']}, {machine['cores']} cores, {machine['memory']}; {machine['engine']}"
    beside = report["usual_recipe"]["theirs_ms"]["n"] if "usual_recipe" in report else 0
    rows = f"{sizes['warm']} first questions, {sizes['talks']} conversation(s) of five turns, {beside} turns beside the usual recipe"
    return "\n".join([*lines, "", f"{where}; {rows}; one run."]) + "\n"


def _scale_rows() -> list[str]:
    """Searching by size of the corpus, from the last `python -m eval scale`, a run of its own."""
    sizes = (stored("scale") or {}).get("sizes", [])
    return [
        f"| a search among {row['passages']:,} passages, 95th percentile | {row['latency_ms']['p95']:g} ms |"
        for row in sizes[:: max(1, len(sizes) - 1)]
    ]


def write(check: bool = False) -> bool:
    """Put the tables into the README, or only say whether they are there already."""
    text = README.read_text(encoding="utf-8")
    fresh = _BLOCK.sub(lambda m: m[1] + table() + m[2], text)
    fresh = _SPEED_BLOCK.sub(lambda m: m[1] + speed_table() + m[2], fresh)
    if not check:
        README.write_text(fresh, encoding="utf-8")
    return fresh == text


def _figures() -> list[tuple[str, dict[str, float]]]:
    found: list[tuple[str, dict[str, float]]] = []
    retrieval = stored("retrieval-test")
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
        if "again" in retrieval:
            again = {name: found["table"] for name, found in retrieval["again"].items()}
            found += [
                ("second test set, by other writers: first", again["single"]["all"]["hit@1"]),
                ("second test set: among the first three", again["single"]["all"]["hit@3"]),
                (
                    "second test set: first, paraphrases without a shared word",
                    again["single"]["kind:paraphrase"]["hit@1"],
                ),
                ("second test set: first, elliptical follow-ups", again["follow_ups"]["all"]["hit@1"]),
                ("second test set: first, after a change of topic", again["topic_switches"]["all"]["hit@1"]),
            ]
        if "short_follow_ups" in retrieval:
            short = retrieval["short_follow_ups"]
            found += [
                ("two or three words behind an answer (「那缺點呢？」): first", short["table"]["all"]["hit@1"]),
                ("the same: refused, though the document answers", short["refused"]),
                ("the same: refused where it does not", short["unanswered_refused"]),
            ]
        listed = stored("points-test") or {}
        if listed:
            found += [
                ("points listed for them that answer what was asked", listed["known"]["of_them_answering"]),
                ("points that answer it, listed", listed["known"]["answering_that_are_listed"]),
            ]
        if "queries" in listed:
            found += [
                (
                    "points listed for a query that answer what was asked",
                    listed["queries"]["known"]["of_them_answering"],
                ),
                ("points that answer a query, listed", listed["queries"]["known"]["answering_that_are_listed"]),
            ]
        for name, kind in _OF_A_KIND.items():
            if name in retrieval:
                found += [
                    (f"{kind}: first", retrieval[name]["table"]["all"]["hit@1"]),
                    ("the same: refused, though the document answers", retrieval[name]["refused"]),
                    ("the same: refused where it does not", retrieval[name]["unanswered_refused"]),
                ]
            if name in listed:
                known = listed[name]["known"]
                found += [
                    ("points listed for them that answer what was asked", known["of_them_answering"]),
                    ("points that answer them, listed", known["answering_that_are_listed"]),
                ]
        behind = stored("follow-ups-test")
        if behind:
            found += [
                ("follow-ups without an answer: refused, before or after the model", behind["unanswered_refused"]),
                ("short follow-ups with an answer: refused", behind["answered_refused"]),
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
    outside = stored("retrieval-drcd")
    if outside:
        found += [
            ("DRCD (news paragraphs): first", outside["as written"]["fused"]["hit@1"]),
            ("DRCD: among the first five", outside["as written"]["fused"]["hit@5"]),
            ("DRCD: first, queries turned Simplified", outside["simplified"]["fused"]["hit@1"]),
        ]
    answers = stored("answers-test")
    if answers:
        found += [
            ("required facts present", answers["facts_present"]),
            ("citations of a right question", answers["citation_precision"]),
            ("sentences with a citation", answers["sentence_recall"]),
            ("quotes that are exact slices of the source", answers["exact_quotes"]),
        ]
    support = stored("support-test")
    if support:
        found += [
            ("sentences judged rightly as supported or not (balanced accuracy)", support["balanced_accuracy"]),
            ("the same, kappa with hand-made labels", support["kappa"]),
        ]
    grading = stored("grading-test")
    if grading:
        found += [
            ("grades: quadratic weighted kappa with a careful human", grading["qwk"]),
            ("grades: within one level of five", grading["within_one"]),
            ("grades: the same level", grading["exact"]),
            ("key points called covered that are (precision)", grading["covered_precision"]),
            ("covered key points that are found (recall)", grading["covered_recall"]),
            ("right claims about one key point that earn it", grading["right_claims_credited"]),
            ("claims that turn a key point round and earn it", grading["wrong_claims_credited"]),
        ]
    sentences = stored("attack-sentences")
    if sentences:
        found += [
            ("unseen attacks on the grader that are recognised, sentence by sentence", sentences["called_attacks"]),
            ("honest sentences made to look like attacks that are taken for one", sentences["called_honest"]),
            ("unseen attacks on the grader, whole answers, that earn anything", sentences["answers_above_0"]),
        ]
    return found


def stored(name: str) -> dict[str, Any] | None:
    """A report as it was last kept; None where there is none.

    Raises:
        UsageError: it is no report.
    """
    path = REPORTS / f"{name}.json"
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{path.name} is no report: {error}.", command(name)) from error
    if not isinstance(found, dict):
        raise UsageError(f"{path.name} is no report.", command(name))
    return found


def command(name: str) -> str:
    """The command that makes a report."""
    return f"python -m eval {name.partition('-')[0]}"
