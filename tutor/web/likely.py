"""Which questions will likely be asked about next: those of the running interviews, what is due, what is popular, examples.

For reading ahead in idle time. Knows the store and how an interview's state is kept, nothing of engines.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tutor.web.examples import example_questions

if TYPE_CHECKING:
    from tutor.web.backstage import Backstage

# Questions of an interview behind the current one.
NEXT = 2
# How long an answer of the store is good for, seconds: it is asked before each text that is read.
FRESH_S = 60.0


class Likely:
    """Question numbers of the corpus that is asked when none is named, the likeliest first. Called by one thread."""

    def __init__(self, stage: Backstage) -> None:
        self._stage = stage
        self._known: tuple[float, list[int]] | None = None

    def __call__(self) -> list[int]:
        """What is likely now; at most a minute old.

        Raises:
            TutorError: the database or the document cannot be opened.
        """
        moment = time.monotonic()
        if self._known is None or moment - self._known[0] > FRESH_S:
            self._known = (moment, self._numbers())
        return self._known[1]

    def _numbers(self) -> list[int]:
        corpus = self._stage.settings.corpus
        material = self._stage.opened.material(corpus).material
        shown = example_questions(material.document, list(material.expansions.values()), "zh-TW")
        known = self._stage.store.interest(corpus)
        interviews = [number for state in known.interviews for number in coming(state)]
        return list(dict.fromkeys([*interviews, *known.due, *(q.number for q in shown), *known.popular]))


def coming(state: dict[str, Any]) -> list[int]:
    """The current question of an interview as it is kept, and the next ones of its plan."""
    plan = [int(item["number"]) for item in state.get("plan") or ()]
    asked = [int(one["number"]) for one in state.get("asked") or ()]
    last = plan.index(asked[-1]) if asked and asked[-1] in plan else 0
    return plan[last : last + 1 + NEXT]
