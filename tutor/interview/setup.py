"""What a user chooses before an interview, with defaults that suit a first try. Knows no corpus and no clock."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tutor.answering.answer import Language

Difficulty = Literal["any", "easy", "medium", "hard"]
Strictness = Literal["lenient", "fair", "strict"]
Persona = Literal["friendly", "neutral", "sharp"]
Order = Literal["memory", "document", "random"]
MOST_QUESTIONS, MOST_FOLLOW_UPS = 200, 3
# A question counts as passed from this level on. Strictness never moves a score: same answer, same score.
PASS_LEVEL: dict[Strictness, int] = {"lenient": 2, "fair": 3, "strict": 4}


class Setup(BaseModel):
    """The choices.

    Args:
        corpus: name of the corpus.
        categories: only questions of these; empty means all.
        questions: exactly these numbers in this order; everything about choosing is then ignored.
        number: how many questions, fewer where the corpus has fewer.
        difficulty: how much a full answer takes.
        minutes: time limit of the whole interview without its pauses, None for none.
        follow_ups: at most so many for each question.
        strictness: which gaps are asked about, and from which level a question is passed.
        language: of the interviewer; answers may be in any.
        persona: tone of the interviewer.
        exam: no feedback before the end, and no hints.
        order: "memory" asks what is due, weak or new first; "document" as printed; "random" by `seed`.
        seed: makes choices among equals; 0 draws one for a random order when the interview starts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    corpus: str
    categories: tuple[str, ...] = ()
    questions: tuple[int, ...] = ()
    number: int = Field(default=5, ge=1, le=MOST_QUESTIONS)
    difficulty: Difficulty = "any"
    minutes: float | None = Field(default=None, gt=0, le=24 * 60)
    follow_ups: int = Field(default=1, ge=0, le=MOST_FOLLOW_UPS)
    strictness: Strictness = "fair"
    language: Language = "zh-Hant"
    persona: Persona = "neutral"
    exam: bool = False
    order: Order = "memory"
    seed: int = 0
