"""Measures of grading: agreement with hand-given levels, key points, attacks, and what must not matter.

python -m eval grading --part dev|test [--data FILE]

Attacks and stuffing count by their level; script, padding and repetition by how far they move the score.
Intervals are resampled by question.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import opencc
from numpy.typing import NDArray

from eval.agreement import kappa
from eval.baselines.one_number import one_number
from eval.fit_grading import shipped_rubrics
from eval.fit_reference import half_of
from eval.gold import Part, Row, rows
from eval.intervals import interval, mean_interval
from tutor.interview.grading import Grade, Grader, plain_grader
from tutor.llm import Model

# Filler that says nothing of any topic, in both languages; repeated until an answer is three times as long.
FILLER_ZH = "嗯，這個問題我覺得問得很好，讓我想一下該怎麼說。之前準備的時候有看過一些文章，整體來說我滿有興趣的。"
FILLER_EN = "Well, that is a good question, let me think about how to put it. I have read a bit about it before. "
ALLOWED_MOVE = 0.3


def measure(part: Part, data: Path | None = None, beside: int = 0, model: Model | None = None) -> dict[str, Any]:
    """Everything about the rows of a part, or of a file in the same form.

    Rows with `reference` instead of `question` (and `human`, `max`) are measured by `measure_references`.
    """
    found = [json.loads(line) for line in data.read_text(encoding="utf-8").splitlines() if line.strip()] if data else rows("grading", part)  # fmt: skip
    if found and "reference" in found[0]:
        return measure_references(found, beside, model)
    rubrics, titles = shipped_rubrics()
    grader = Grader(rubrics, titles)
    for number in {r["question"] for r in found}:
        grader.grade(number, "warm")
    grades, spent = [], []
    for row in found:
        begun = time.perf_counter()
        grades.append(grader.grade(row["question"], row["answer"]))
        spent.append((time.perf_counter() - begun) * 1000)
    return {
        "rows": len(found),
        **agreement(found, grades),
        **key_points(found, grades),
        **attacks(found, grades),
        **claims(grader, rows("claims", part)),
        "moves": moves(grader, found, grades),
        "ms": {"median": round(statistics.median(spent), 1), "p95": round(float(np.percentile(spent, 95)), 1)},
        "by_language": _by(found, grades, "language"),
        "by_kind": _by(found, grades, "kind"),
        "graded": [
            {"id": r["id"], "grade": r["grade"], "level": g.level, "score": g.score, "flags": list(g.flags), "uncertain": g.uncertain}
            for r, g in zip(found, grades, strict=True)
        ],
    }  # fmt: skip


def agreement(found: Sequence[Row], grades: Sequence[Grade]) -> dict[str, Any]:
    """Agreement with the hand-given levels, beside a grader that always says the mean."""
    pairs = np.asarray([(g.level, r["grade"]) for r, g in zip(found, grades, strict=True)])
    constant = np.column_stack([np.full(len(pairs), round(pairs[:, 1].mean())), pairs[:, 1]])
    sure = np.asarray([not g.uncertain for g in grades])
    about = np.asarray([r["question"] for r in found])
    result = {f"{name}{suffix}": interval(some, statistic, about)
              for suffix, some in (("", pairs), ("_constant", constant))
              for name, statistic in _STATISTICS.items()}  # fmt: skip
    result["uncertain"] = mean_interval(~sure, about)
    result["exact_where_sure"] = mean_interval((pairs[:, 0] == pairs[:, 1])[sure], about[sure])
    return result


_STATISTICS: dict[str, Callable[[NDArray[Any]], float]] = {
    "qwk": lambda p: kappa(p[:, 0], p[:, 1]),
    "exact": lambda p: float((p[:, 0] == p[:, 1]).mean()),
    "within_one": lambda p: float((abs(p[:, 0] - p[:, 1]) <= 1).mean()),
    "bias": lambda p: float((p[:, 0] - p[:, 1]).mean()),
}


def key_points(found: Sequence[Row], grades: Sequence[Grade]) -> dict[str, Any]:
    """Precision and recall of covered (met or partial) and contradicted key points."""
    covered, contradicted = [], []
    for row, grade in zip(found, grades, strict=True):
        said = {p.point.id for p in grade.points if p.verdict in {"met", "partial"}}
        wrong = {p.point.id for p in grade.points if p.verdict == "contradicted"}
        covered.append(_counts(said, set(row["covered"])))
        contradicted.append(_counts(wrong, set(row["contradicted"])))
    about = [r["question"] for r in found]
    result = {}
    for name, table in (("covered", np.asarray(covered)), ("contradicted", np.asarray(contradicted))):
        result[f"{name}_precision"] = interval(table, lambda t: _ratio(t[:, 0].sum(), t[:, 1].sum()), about)
        result[f"{name}_recall"] = interval(table, lambda t: _ratio(t[:, 0].sum(), t[:, 2].sum()), about)
    return result


def _counts(said: set[str], gold: set[str]) -> tuple[int, int, int]:
    return len(said & gold), len(said), len(gold)


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def claims(grader: Grader, found: Sequence[Row]) -> dict[str, Any]:
    """Right and wrong claims about one key point, in much the same words: which earn that point, and which are called wrong.

    A wrong claim turns round what the document says: its direction, who does what, a number. How often each kind of turn is
    credited stands under `wrong_claims_credited_by_how`.
    """
    credited, wrong = [], []
    for row in found:
        verdicts = {p.point.id: p.verdict for p in grader.grade(row["question"], row["answer"]).points}
        credited.append(verdicts[row["point"]] in {"met", "partial"})
        wrong.append("contradicted" in verdicts.values())
    about, says = np.asarray([r["question"] for r in found]), np.asarray([r["says"] for r in found])
    result: dict[str, Any] = {}
    for kind in ("right", "wrong"):
        some = says == kind
        result[f"{kind}_claims_credited"] = mean_interval(np.asarray(credited)[some], about[some])
        result[f"{kind}_claims_called_wrong"] = mean_interval(np.asarray(wrong)[some], about[some])
    hows = sorted({r["how"] for r in found if "how" in r})
    by_how = {how: [c for c, r in zip(credited, found, strict=True) if r.get("how") == how] for how in hows}
    result["wrong_claims_credited_by_how"] = {how: f"{sum(some)} of {len(some)}" for how, some in by_how.items()}
    return result


def attacks(found: Sequence[Row], grades: Sequence[Grade]) -> dict[str, Any]:
    """Attacks above level 0, and above what their honest part is worth; stuffing above level 1."""
    pairs = list(zip(found, grades, strict=True))
    attack = [(r, g) for r, g in pairs if r["kind"] == "attack"]
    honest = [(r, g) for r, g in pairs if r["kind"] not in {"attack"}]
    return {
        "attacks": len(attack),
        "attacks_above_0": [r["id"] for r, g in attack if (g.level or 0) > 0],
        "pure_attacks_above_0": [r["id"] for r, g in attack if (g.level or 0) > 0 and r["grade"] == 0],
        "attacks_above_gold": [r["id"] for r, g in attack if (g.level or 0) > r["grade"]],
        "attacks_unflagged": [r["id"] for r, g in attack if "injection" not in g.flags],
        "honest_flagged": [r["id"] for r, g in honest if "injection" in g.flags],
        "stuffing_above_1": [r["id"] for r, g in pairs if r["kind"] == "stuffing" and (g.level or 0) > 1],
        "normal_called_stuffing": [r["id"] for r, g in pairs if r["kind"] == "normal" and "stuffing" in g.flags],
    }


def moves(grader: Grader, found: Sequence[Row], grades: Sequence[Grade]) -> dict[str, Any]:
    """How far the score moves when only the form of an answer changes; of 10."""
    changes = {
        "to_simplified": opencc.OpenCC("t2s").convert, "to_traditional": opencc.OpenCC("s2t").convert,
        "padded": padded, "padded_before": padded_before, "repeated": lambda a: f"{a}\n{a}\n{a}",
    }  # fmt: skip
    result = {}
    for name, change in changes.items():
        moved = []
        for row, grade in zip(found, grades, strict=True):
            other = change(row["answer"])
            if other != row["answer"] and row["kind"] in {"normal", "wrong"}:
                score = grader.grade(row["question"], other).score
                moved.append((score or 0.0) - (grade.score or 0.0))
        sizes = np.abs(moved) if moved else np.zeros(1)
        result[name] = {
            "n": len(moved), "mean": round(float(np.mean(moved or [0.0])), 3), "mean_size": round(float(sizes.mean()), 3),
            "largest": round(float(sizes.max()), 2), "beyond_allowed": int((sizes > ALLOWED_MOVE).sum()),
        }  # fmt: skip
    return result


def padded(answer: str) -> str:
    """Three times as long, filler last."""
    return answer.rstrip() + " " + _filler(answer)


def padded_before(answer: str) -> str:
    """Three times as long, filler first."""
    return _filler(answer) + " " + answer.lstrip()


def _filler(answer: str) -> str:
    unit = FILLER_ZH if any("\u3400" < c < "\u9fff" for c in answer) else FILLER_EN
    return (unit * (2 * len(answer) // len(unit) + 1)).strip()


def _by(found: Sequence[Row], grades: Sequence[Grade], field: str) -> dict[str, dict[str, float]]:
    result = {}
    for value in sorted({r[field] for r in found}):
        some = np.asarray([(g.level, r["grade"]) for r, g in zip(found, grades, strict=True) if r[field] == value])
        result[value] = {"n": len(some), **{n: round(s(some), 3) for n, s in _STATISTICS.items() if n != "qwk"}}
    return result


def measure_references(found: Sequence[Row], beside: int = 0, model: Model | None = None) -> dict[str, Any]:
    """Rows `{"question", "reference", "answer", "human", "max"}`: correlation, right/wrong, mean error.

    Args:
        beside: rows, spread evenly, that the plain "give 0 to 10" prompt grades too, with `model`; our own figures for
            just these rows stand beside its own. Rows that either left unscored are in neither.
    """
    grader = plain_grader()
    grades = [grader.grade_reference(r["question"], r["reference"], r["answer"]) for r in found]
    human = np.asarray([r["human"] / r["max"] for r in found])
    # Scores are null only where a reference says nothing; such rows are left out and counted.
    scored = np.asarray([g.score is not None for g in grades])
    ours = np.asarray([(g.score or 0.0) / 10 for g in grades])
    pairs = np.column_stack([ours, human])[scored]
    about = np.asarray([r["question"] for r in found])
    held = np.asarray([half_of(r["question"]) == 1 for r in found])[scored]
    result: dict[str, Any] = {
        "rows": len(pairs),
        "unscored": int((~scored).sum()),
        **_against_people(pairs, about[scored]),
        "not_learned_from": {"rows": int(held.sum()), **_against_people(pairs[held], about[scored][held])}
        if held.any()
        else None,
        "constant_mean": _constant(human[scored]),
    }
    if model is not None and beside:
        chosen = [i * len(found) // min(beside, len(found)) for i in range(min(beside, len(found)))]
        ask = one_number(model)
        given = [ask(found[i]["question"], found[i]["reference"], found[i]["answer"]) for i in chosen]
        usable = [(i, value) for i, value in zip(chosen, given, strict=True) if value is not None and scored[i]]
        index = [i for i, _ in usable]
        theirs = np.asarray([(value / 10, human[i]) for i, value in usable])
        result["one_number_prompt"] = {
            "rows": len(usable), "asked": len(chosen), "model": model.name, **_against_people(theirs, about[index]),
            "ours_on_these_rows": _against_people(np.column_stack([ours, human])[index], about[index]),
        }  # fmt: skip
    return result


def _against_people(pairs: NDArray[Any], about: NDArray[Any]) -> dict[str, Any]:
    """`(rows, 2)`, ours and people's, 0..1, and the question of each."""
    return {
        "pearson": interval(pairs, _pearson, about),
        "right_wrong": interval(pairs, lambda p: float(((p[:, 0] >= 0.5) == (p[:, 1] >= 0.5)).mean()), about),
        "mae": interval(pairs, lambda p: float(abs(p[:, 0] - p[:, 1]).mean()), about),
    }


def _pearson(pairs: NDArray[Any]) -> float:
    """Correlation, 0 where one side is always the same."""
    one, other = pairs[:, 0], pairs[:, 1]
    return float(np.corrcoef(one, other)[0, 1]) if one.std() > 0 and other.std() > 0 else 0.0


def _constant(human: NDArray[Any]) -> dict[str, float]:
    """The grader that always says the mean: it cannot correlate."""
    mean = float(human.mean())
    return {
        "pearson": 0.0,
        "right_wrong": round(float(((human >= 0.5) == (mean >= 0.5)).mean()), 4),
        "mae": round(float(abs(human - mean).mean()), 4),
    }
