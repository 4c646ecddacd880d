"""An answer while it is written: what was kept of it, its citations and flags, and the finished reply it becomes.

Knows nothing of where words come from or how they are checked.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from tutor.answering.answer import Answer, Citation, Language
from tutor.answering.sentences import Piece
from tutor.retrieval.result import SearchResult

SUGGESTIONS = 3


@dataclass
class Draft:
    """One reply being written.

    Args:
        model: name of the model that words it.
        result: what was found for the query.
        started: `time.perf_counter()` when the query came in.
        kept: pieces of the final answer so far.
        said: sentences of it that the evidence supports.
        held: pieces of an unfinished sentence that may not be shown yet.
        calls: of the model, for this reply.
        dropped, supported, objected: sentences that were taken out, that the evidence supports, that the guard took out.
        listed: the questions of a topic, where whoever asked wanted them named.
        first_token: seconds from `started`, None before the model's first word.
    """

    query: str
    language: Language
    model: str
    result: SearchResult
    started: float
    citations: list[Citation] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    usage: dict[str, int] = field(default_factory=dict)
    calls: int = 0
    first_token: float | None = None
    dropped: int = 0
    supported: int = 0
    objected: int = 0
    wary: bool = False
    held: str = ""
    last_line: str = ""
    listed: tuple[int, ...] = ()

    @property
    def suggestions(self) -> tuple[int, ...]:
        """The nearest questions, offered with a refusal."""
        return (self.result.near or tuple(hit.question for hit in self.result.hits))[:SUGGESTIONS]

    @property
    def fell(self) -> bool:
        """Whether something was written to its end and the support check let none of it stand."""
        return bool(self.dropped) and not self.supported and not self.objected and "model-lost" not in self.flags

    def cite(self, citations: Iterable[Citation | None]) -> None:
        """Remember citations, each once."""
        self.citations += [c for c in dict.fromkeys(citations) if c is not None and c not in self.citations]

    def flag(self, flag: str) -> None:
        """Remember a detection once."""
        if flag not in self.flags:
            self.flags.append(flag)

    def drop(self, piece: Piece) -> None:
        """Take the whole sentence out of the final answer, also what was streamed of it before."""
        text = "".join(self.kept) + piece.text
        position = text.rfind(piece.sentence or "")
        self.kept[:] = [text[:position] if position >= 0 else text]
        self.dropped += 1
        self.flag("unsupported-dropped")

    def hold(self, sentence: str) -> None:
        """Count a sentence that the evidence supports."""
        self.said.append(sentence)
        self.supported += 1

    def withdraw(self, written: str) -> None:
        """Take out what was kept in doubt."""
        self.kept[:] = ["".join(self.kept).replace(written, "", 1)]
        self.dropped += 1
        self.flag("unsupported-dropped")

    def confirm(self, sentence: str, written: str, cited: str) -> None:
        """What was kept in doubt holds: it stands with its citation."""
        self.kept[:] = ["".join(self.kept).replace(written, cited, 1)]
        self.hold(sentence)

    def finished(self, text: str, *, refused: bool) -> Answer:
        """The reply with these words; the model is named where it worded any of them."""
        total = time.perf_counter() - self.started
        return Answer(
            answer=text,
            refused=refused,
            language=self.language,
            citations=tuple(self.citations),
            suggestions=self.suggestions if refused else self.listed,
            flags=tuple(self.flags),
            timings={
                "retrieval_ms": self.result.ms,
                "first_token_ms": None if self.first_token is None else round(self.first_token * 1000, 1),
                "total_ms": round(total * 1000, 1),
            },
            usage={**self.usage, "model_calls": self.calls},
            model="none" if self.first_token is None or "extractive" in self.flags else self.model,
        )
