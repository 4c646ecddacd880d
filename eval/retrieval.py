"""Retrieval: does the right question come first? Every leg, the fusion, conversations, confidence, and the usual recipe.

python -m eval retrieval [--part dev|test] [--json]
python -m eval retrieval --drcd FOLDER
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.baselines.kept import document_of, kept
from eval.baselines.usual_recipe import UsualRecipe, missing
from eval.gold import SINGLE_QUERIES, Part, Row, rows
from eval.intervals import auroc, interval, mean_interval
from tutor.retrieval.address import without_citations
from tutor.retrieval.result import Turn
from tutor.retrieval.search import Searcher

Ranker = Callable[[Row], Sequence[int]]
DEPTH = 10
# The part that has a second set of queries, by other writers, since a few rows more or less decide what the first says.
AGAIN: Part = "test"


def measure(searcher: Searcher, part: Part) -> dict[str, Any]:
    """All retrieval figures of one part."""
    searcher.warm_up()
    singles = rows("retrieval", part)
    timings: list[float] = []

    def fused(row: Row) -> Sequence[int]:
        result = searcher.search(row["query"], turns(row), top=DEPTH)
        timings.append(result.ms)
        return [hit.question for hit in result.hits]

    report: dict[str, Any] = {"part": part, "single": ranking(singles, fused)}
    report["latency_ms"] = percentiles(timings)
    report["legs"] = _legs(searcher, singles)
    report["follow_ups"] = ranking(rows("conversations", part), fused)
    report["follow_ups_uncited"] = ranking([_uncited(row) for row in rows("conversations", part)], fused)
    report["short_follow_ups"] = _short_follow_ups(searcher, part, fused)
    for name in SINGLE_QUERIES:
        report[name] = _answered_and_not(searcher, rows(name, part), fused)
    report["topic_switches"] = ranking(rows("switches", part), fused)
    # Follow-ups are all answerable; the history must not make them look strange.
    talk = [searcher.search(row["query"], turns(row)) for row in rows("conversations", part)]
    report["follow_ups"]["refused"] = mean_interval([not result.in_corpus for result in talk])
    alone = [searcher.search(row["query"], turns(row)) for row in rows("switches", part)]
    report["topic_switches"]["taken_for_follow_up"] = mean_interval([result.rewritten is not None for result in alone])
    report["confidence"] = _confidence(searcher, part)
    report["usual_recipe"] = _usual_recipe(searcher, singles, part)
    again: list[Row] = []
    if part == AGAIN:
        again = rows("retrieval_again", part)
        talked, switched = rows("conversations_again", part), rows("switches_again", part)
        report["again"] = {
            "single": ranking(again, fused), "follow_ups": ranking(talked, fused),
            "topic_switches": ranking(switched, fused),
        }  # fmt: skip
    report["beside_best_leg"] = _beside_best_leg(searcher, [*singles, *again], fused)
    return report


def _short_follow_ups(searcher: Searcher, part: Part, fused: Ranker) -> dict[str, Any]:
    """「那缺點呢？」 behind every question."""
    found = [behind(row, searcher.titles[row["after"]]) for row in rows("short_follow_ups", part)]
    return _answered_and_not(searcher, found, fused)


def _answered_and_not(searcher: Searcher, found: Sequence[Row], fused: Ranker) -> dict[str, Any]:
    """Found where the document answers, and what is refused of both sorts."""
    answered, others = ([row for row in found if bool(row["relevant"]) is yes] for yes in (True, False))
    yes, no = ([searcher.search(row["query"], turns(row)) for row in some] for some in (answered, others))
    sure = _labelled(*(np.asarray([result.confidence for result in results]) for results in (yes, no)))
    return {
        **ranking(answered, fused),
        "refused": mean_interval([not result.in_corpus for result in yes]),
        "unanswered_refused": mean_interval([not result.in_corpus for result in no]),
        "auroc": interval(sure, _auroc),
    }


def behind(row: Row, title: str) -> Row:
    """A row with a conversation about the question that it stands behind, nothing in the reply but its citation."""
    reply = {"role": "assistant", "content": f"【第{row['after']}題】"}
    return {**row, "history": [{"role": "user", "content": title}, reply]}


def ranking(found: Sequence[Row], rank: Ranker) -> dict[str, Any]:
    """hit@1, hit@3, recall@5, MRR with intervals, in all and by language and kind; and the misses."""
    groups: dict[str, list[tuple[float, float, float, float]]] = defaultdict(list)
    misses = []
    for row in found:
        ranked, relevant = list(rank(row)), set(row["relevant"])
        figures = scores(ranked, relevant)
        kind = (f"kind:{row['kind']}",) if "kind" in row else ()
        for group in ("all", f"language:{row['language']}", *kind):
            groups[group].append(figures)
        if not figures[0]:
            misses.append({"id": row["id"], "query": row["query"], "relevant": row["relevant"], "found": ranked[:3]})
    table = {}
    for group, values in sorted(groups.items()):
        columns = np.asarray(values).T
        names = ("hit@1", "hit@3", "recall@5", "mrr")
        table[group] = {name: mean_interval(column) for name, column in zip(names, columns, strict=True)}
    return {"table": table, "misses": misses}


def scores(ranked: Sequence[int], relevant: set[int]) -> tuple[float, float, float, float]:
    """hit@1, hit@3, recall@5 and reciprocal rank of one ranking."""
    first = next((i for i, number in enumerate(ranked) if number in relevant), None)
    return (
        float(first == 0),
        float(first is not None and first < 3),
        len(relevant & set(ranked[:5])) / len(relevant),
        0.0 if first is None else 1.0 / (first + 1),
    )


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Median, p95 and p99 of latencies, milliseconds."""
    return {name: round(float(np.percentile(values, q)), 1) for name, q in (("p50", 50), ("p95", 95), ("p99", 99))}


def _legs(searcher: Searcher, found: Sequence[Row]) -> dict[str, Any]:
    """Each leg alone, hit@1 in all and by language."""
    numbers = np.asarray(list(searcher.titles))
    legs = searcher.legs
    scored = [legs.score(row["query"]).legs for row in found]
    table = {}
    for name in scored[0]:
        ranked = {
            row["id"]: numbers[np.argsort(-s[name], kind="stable")[:DEPTH]].tolist()
            for row, s in zip(found, scored, strict=True)
        }
        full = ranking(found, lambda row, ranked=ranked: ranked[row["id"]])["table"]  # type: ignore[misc]
        table[name] = {group: values["hit@1"] for group, values in full.items() if not group.startswith("kind")}
    return table


def _beside_best_leg(searcher: Searcher, found: Sequence[Row], fused: Ranker) -> dict[str, Any]:
    """By language: hit@1 fused, the best leg and its hit@1, and the difference, row by row."""
    numbers = list(searcher.titles)
    hits: dict[str, list[float]] = defaultdict(list)
    for row in found:
        hits["fused"].append(float(fused(row)[0] in row["relevant"]))
        for name, scored in searcher.legs.score(row["query"]).legs.items():
            hits[name].append(float(numbers[int(scored.argmax())] in row["relevant"]))
    languages = np.asarray([row["language"] for row in found])
    table = {}
    for language in sorted(set(languages.tolist())):
        of = {name: np.asarray(values)[languages == language] for name, values in hits.items()}
        ours = of.pop("fused")
        best = max(of, key=lambda name: float(of[name].mean()))
        table[language] = {
            "fused": mean_interval(ours), "leg": best, "best_leg": mean_interval(of[best]),
            "difference": mean_interval(ours - of[best]),
        }  # fmt: skip
    return table


def _usual_recipe(searcher: Searcher, found: Sequence[Row], part: Part) -> dict[str, Any] | str:
    """hit@1 and hit@3 of the usual recipe on the same rows, kept ones without its packages; or why there are none."""
    document = document_of(searcher)
    if not missing():
        return usual_table(UsualRecipe(document), found)
    return kept(document, part) or missing()


def usual_table(recipe: UsualRecipe, found: Sequence[Row]) -> dict[str, Any]:
    """hit@1 and hit@3 of the usual recipe, in all and by language."""
    table = ranking(found, lambda row: recipe.rank(row["query"])[:DEPTH])["table"]
    return {g: {k: v[k] for k in ("hit@1", "hit@3")} for g, v in table.items() if not g.startswith("kind")}


def _confidence(searcher: Searcher, part: Part) -> dict[str, Any]:
    """AUROC of the confidence, share refused on both sides, and the reliability curve."""
    positives = [*rows("retrieval", part), *rows("answerable_hard", part)]
    negatives = rows("unanswerable", part)
    yes = np.asarray([searcher.search(r["query"]).confidence for r in positives])
    results = {r["id"]: searcher.search(r["query"]) for r in negatives}
    no = np.asarray([results[r["id"]].confidence for r in negatives])
    kinds = sorted({r["kind"] for r in negatives})
    by_kind = {
        kind: mean_interval([not results[r["id"]].in_corpus for r in negatives if r["kind"] == kind]) for kind in kinds
    }
    refused = np.asarray([not results[r["id"]].in_corpus for r in negatives])
    # A false premise is about something that the corpus treats: it is found, and the answer contradicts it.
    strange = np.asarray([r["kind"] != "false-premise" for r in negatives])
    labelled, outside = _labelled(yes, no), _labelled(yes, no[strange])
    return {
        "auroc": interval(outside, _auroc),
        "auroc_with_false_premises": interval(labelled, _auroc),
        "unanswerable_refused": mean_interval(refused[strange]),
        "unanswerable_refused_with_false_premises": mean_interval(refused),
        "unanswerable_refused_by_kind": by_kind,
        "answerable_refused": mean_interval([not searcher.search(r["query"]).in_corpus for r in positives]),
        "reliability": _reliability(outside),
        "wrongly_answered": [r["query"] for r in negatives if results[r["id"]].in_corpus],
    }


def _labelled(yes: NDArray[np.float64], no: NDArray[np.float64]) -> NDArray[np.float64]:
    """`(rows, 2)`: confidence, and 1 where the corpus answers."""
    return np.column_stack([np.concatenate([yes, no]), np.repeat([1.0, 0.0], [len(yes), len(no)])])


def _auroc(labelled: NDArray[Any]) -> float:
    return auroc(labelled[labelled[:, 1] == 1, 0], labelled[labelled[:, 1] == 0, 0])


def _reliability(labelled: NDArray[np.float64]) -> list[dict[str, float]]:
    """Mean confidence against share answerable in five bins of confidence, both kinds of rows weighing alike."""
    answerable = labelled[:, 1] == 1
    weight = np.where(answerable, 0.5 / answerable.mean(), 0.5 / (1 - answerable.mean()))
    bins = []
    edges = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0001)
    for low, high in pairwise(edges):
        inside = (labelled[:, 0] >= low) & (labelled[:, 0] < high)
        if inside.any():
            means = np.average(labelled[inside], axis=0, weights=weight[inside])
            bins.append({
                "from": low, "to": round(high, 2), "n": int(inside.sum()),
                "confidence": round(float(means[0]), 3), "answerable": round(float(means[1]), 3),
            })  # fmt: skip
    return bins


def _uncited(row: Row) -> Row:
    """The same conversation as another client may hand it over: without the citations of its replies."""
    history = [
        {**turn, "content": without_citations(turn["content"])} if turn["role"] == "assistant" else turn
        for turn in row["history"]
    ]
    return {**row, "history": history}


def turns(row: Row) -> tuple[Turn, ...]:
    return tuple(Turn(t["role"], t["content"]) for t in row.get("history", ()))
