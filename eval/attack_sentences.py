"""How well sentences that talk to the grader are told from honest ones that look like them.

python -m eval attack-sentences

Measured on sentences by somebody who saw neither the patterns nor what the model learned from. Knows screening only.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from eval.gold import rows
from eval.intervals import mean_interval
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
