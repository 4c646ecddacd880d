"""What Prometheus reads at `/metrics`: counts and durations of answers, requests and errors. Never a word of anybody's text.

One registry per application. Each process counts for itself and is asked by itself (one process per replica); several
workers behind one port would need prometheus_client's multi-process mode, which nothing here uses.

Knows the finished answer's figures and the model's state, nothing of routes or pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder

from tutor import __version__
from tutor.answering.answer import Answer

Outcome = Literal["answered", "extract", "refused", "stopped", "failed"]
# From a cached look-up to a cold prompt on two cores.
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0)
# Flags that are counted under their own name; any other is counted as "other", so that labels stay few.
FLAGS = frozenset({
    "extractive", "model-lost", "unsupported-dropped", "unsupported-draft-replaced", "unknown-citation-removed",
    "attack", "hidden characters removed", "planted instruction ignored", "live markup removed",
    "repeats the instructions", "language drift",
})  # fmt: skip


class Metrics:
    """All figures of one application. Thread-safe."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        Gauge("tutor_build_info", "Version of the tutor.", ["version"], registry=registry).labels(__version__).set(1)
        self._answers = Counter(
            "tutor_answers", "Answers by how they ended.", ["outcome", "language"], registry=registry
        )
        self._seconds = Histogram(
            "tutor_answer_seconds",
            "Time to a stage of an answer: the search, the first word, the whole.",
            ["stage"],
            buckets=SECONDS,
            registry=registry,
        )
        self._tokens = Counter("tutor_tokens", "Tokens: of prompts, of these cached, and worded.", ["kind"], registry=registry)  # fmt: skip
        self._flags = Counter("tutor_flags", "What the checks noticed.", ["flag"], registry=registry)
        self._citations = Counter("tutor_citations", "Citations by what their check found.", ["status"], registry=registry)  # fmt: skip
        self._feedback = Counter("tutor_feedback", "Thumbs and disputes of users.", ["kind", "value"], registry=registry)  # fmt: skip
        self._errors = Counter("tutor_errors", "Errors by their class.", ["error"], registry=registry)
        self._requests = Counter("tutor_requests", "HTTP requests.", ["method", "route", "status"], registry=registry)
        self._request_seconds = Histogram(
            "tutor_request_seconds",
            "Time to the first byte of a response; a stream goes on after it.",
            ["route"],
            buckets=SECONDS,
            registry=registry,
        )
        self.running = Gauge("tutor_answers_running", "Answers being written now.", registry=registry)
        self._queue = Gauge("tutor_queue", "Answers that wait for a free slot of the model.", registry=registry)
        self._ready = Gauge("tutor_ready", "1 while a part is ready: corpus, model.", ["part"], registry=registry)
        for outcome in ("answered", "extract", "refused", "stopped", "failed"):
            self._answers.labels(outcome, "none")
        for kind in ("prompt", "cached", "completion"):
            self._tokens.labels(kind)

    def watch_readiness(self, parts: Mapping[str, Callable[[], bool]]) -> None:
        """Ask these at every scrape."""
        for part, ready in parts.items():
            self._ready.labels(part).set_function(lambda ready=ready: float(ready()))  # type: ignore[misc]

    def watch_queue(self, waiting: Callable[[], int]) -> None:
        """Ask for the number of waiting answers at every scrape."""
        self._queue.set_function(lambda: float(waiting()))

    def answer(self, answer: Answer) -> None:
        """Count a finished answer."""
        outcome = "refused" if answer.refused else "extract" if "extractive" in answer.flags else "answered"
        self._answers.labels(outcome, answer.language).inc()
        for stage in ("retrieval", "first_token", "total"):
            milliseconds = answer.timings.get(f"{stage}_ms")
            if milliseconds is not None:
                self._seconds.labels(stage).observe(milliseconds / 1000)
        for kind in ("prompt", "cached", "completion"):
            self._tokens.labels(kind).inc(answer.usage.get(f"{kind}_tokens", 0))
        for citation in answer.citations:
            self._citations.labels(citation.status).inc()
        self.flags(answer.flags)

    def unfinished(self, outcome: Outcome) -> None:
        """Count an answer that was stopped or failed."""
        self._answers.labels(outcome, "none").inc()

    def flags(self, flags: Sequence[str]) -> None:
        """Count what the checks of an answer noticed; of a flag with words of its own, what stands before its colon."""
        for flag in flags:
            name = flag.partition(":")[0]
            if name != "reason":
                self._flags.labels(name if name in FLAGS else "other").inc()

    def feedback(self, kind: str, value: int) -> None:
        """Count a thumb (+1, -1) or a dispute."""
        self._feedback.labels(kind if kind in {"thumb", "dispute"} else "other", "up" if value > 0 else "down").inc()

    def error(self, error: BaseException) -> None:
        """Count an error."""
        self._errors.labels(type(error).__name__).inc()

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request and the time to its first byte. `route` is a template, never a path as it was sent."""
        self._requests.labels(method, route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def page(self, accept: str) -> tuple[bytes, str]:
        """The figures and their content type, in the form that the asker accepts."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type
