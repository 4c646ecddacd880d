"""What peers do to grade: one prompt with the reference answer, "give 0 to 10", one number, from the same local model.

Knows nothing of key points, rules or features.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tutor.llm import Model

PROMPT = (
    "You grade an answer. Question, reference answer and the candidate's answer follow. "
    'Give a score from 0 (wrong) to 10 (complete and right). Reply in JSON: {"score": number}.'
)
_SCHEMA = {
    "type": "object",
    "properties": {"score": {"type": "integer", "minimum": 0, "maximum": 10}},
    "required": ["score"],
    "additionalProperties": False,
}
_TOKENS = 16
# Characters of each text that the model reads.
_READ = 1200


def one_number(model: Model) -> Callable[[str, str, str], float | None]:
    """A grader of (question, reference, answer): 0..10, None where the model gave no number.

    Raises, when called:
        ModelUnavailable: the model is gone.
    """

    def grade(question: str, reference: str, answer: str) -> float | None:
        from tutor.llm.chat import model_errors

        asked = (
            f"Question: {question[:_READ]}\nReference answer: {reference[:_READ]}\nCandidate's answer: {answer[:_READ]}"
        )
        with model.line.enter("grading") as ticket:
            while not ticket.wait(1.0):
                pass
            with model_errors():
                chat = model.chat(ticket=ticket, system=PROMPT, beginning=PROMPT, temperature=0.0, max_tokens=_TOKENS)
                bound = chat.bind(
                    response_format={"type": "json_schema", "json_schema": {"name": "grade", "schema": _SCHEMA}}
                )
                reply = bound.invoke([("system", PROMPT), ("user", asked)])
        said: Any = None
        with suppress(ValueError):
            said = json.loads(str(reply.content))
        value = said.get("score") if isinstance(said, dict) else None
        return float(value) if isinstance(value, int | float) and 0 <= value <= 10 else None

    return grade
