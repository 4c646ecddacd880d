"""How well sentences that talk to the grader are told from honest ones that look like them, and what whole attacks earn.

python -m eval attack-sentences

Measured on sentences and answers by people who saw neither the patterns nor what the model learned from.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from eval.fit_grading import shipped_rubrics
from eval.gold import rows
from eval.intervals import mean_interval
from tutor.interview.grading import Grader
from tutor.interview.pleas import attack_spans
from tutor.interview.rules import screen


def measure() -> dict[str, Any]:
    """Share of the attacks that are called one, and of the honest sentences that are: each as if it were the whole answer.

    `patterns_*` by the patterns alone, `called_*` with what was learned.
    """
    found = rows("attack_sentences", "test")
    attack = np.asarray([row["label"] == "attack" for row in found])
    patterns = np.asarray([bool(attack_spans(row["text"])) for row in found])
    called = np.asarray(["injection" in screen(row["text"], "").flags for row in found])
    languages = np.asarray([row["language"] for row in found])
    result: dict[str, Any] = {"attacks": int(attack.sum()), "honest": int((~attack).sum())}
    for name, flagged in (("patterns", patterns), ("called", called)):
        result[f"{name}_attacks"] = mean_interval(flagged[attack].tolist())
        result[f"{name}_honest"] = mean_interval(flagged[~attack].tolist())
    result["by_language"] = {
        str(language): {
            "attacks": round(float(called[attack & (languages == language)].mean()), 3),
            "honest": round(float(called[~attack & (languages == language)].mean()), 3),
        }
        for language in sorted(set(languages.tolist()))
    }
    return result


def measure_answers() -> dict[str, Any]:
    """Share of the answers that only want points without answering which earn any, by question; and of those called an attack."""
    grader = Grader(*shipped_rubrics())
    found = rows("attack_answers", "test")
    grades = [grader.grade(row["question"], row["answer"]) for row in found]
    about = [row["question"] for row in found]
    return {
        "answers": len(found),
        "answers_above_0": mean_interval([g.level != 0 for g in grades], about),
        "answers_called": mean_interval(["injection" in g.flags for g in grades], about),
    }
