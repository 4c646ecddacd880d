"""What a reply is: an answer with its citations, or a refusal. The contract of `tutor ask --json`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from tutor.retrieval.result import SearchResult

Language = Literal["zh-Hant", "zh-Hans", "en"]
Status = Literal["supported", "partial", "unsupported"]


@dataclass(frozen=True)
class Citation:
    """A source of one sentence: `quote` is `source[start:end]` of the corpus, verbatim."""

    question: int
    section: str
    quote: str
    start: int
    end: int
    status: Status


@dataclass(frozen=True)
class Answer:
    """A finished reply.

    Args:
        suggestions: nearest questions, offered with a refusal; or the questions of a topic, where these were asked for.
        flags: what the checks noticed, e.g. "extractive", "near miss".
        timings: `retrieval_ms`, `first_token_ms`, `total_ms`; None for a token that never came.
        usage: token counts of the words as the model server reported them, and `model_calls`, of which all but the
            first judge a sentence in doubt.
        model: name of the model that worded it, or "none".
    """

    answer: str
    refused: bool
    language: Language
    citations: tuple[Citation, ...] = ()
    suggestions: tuple[int, ...] = ()
    flags: tuple[str, ...] = ()
    timings: dict[str, float | None] = field(default_factory=dict)
    usage: dict[str, int] = field(default_factory=dict)
    model: str = "none"

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


@dataclass(frozen=True)
class Sources:
    """Sent first: what was found, before any word is written."""

    result: SearchResult
    used: tuple[int, ...]


@dataclass(frozen=True)
class Waiting:
    """Sent while others are served; `place` is counted from 1."""

    place: int


@dataclass(frozen=True)
class Text:
    """A piece of the reply, ready to be shown."""

    text: str


@dataclass(frozen=True)
class Rechecking:
    """Sent when all is written, before each of the `left` sentences in doubt that is checked again."""

    left: int


@dataclass(frozen=True)
class Done:
    """Sent last: the whole reply with its checked citations."""

    answer: Answer


Event = Sources | Waiting | Text | Rechecking | Done
