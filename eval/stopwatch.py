"""One reply timed from outside: ours, the bare engine's with the same prompt, the usual recipe's.

Knows the tutor's events and the engine's HTTP stream, nothing of workloads or bars.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np

from eval.intervals import interval
from tutor.answering import prompt
from tutor.answering.answer import Done, Rechecking, Sources, Text
from tutor.answering.keypoints import choose
from tutor.answering.language import reply_language
from tutor.answering.tutor import ANSWER_TOKENS, Ask, Tutor
from tutor.llm import Model
from tutor.retrieval.result import Turn


@dataclass
class Timed:
    """Milliseconds from the request; tokens as the engine counted them.

    Args:
        first_ms: to the first visible text; `model_first_ms` to the first token of the model.
        written_ms: to the model's last word; what is in doubt is judged again behind it, while the reader reads.
        calls: of the model, also those that judge sentences in doubt, where they were not waited for.
        talk: number of the conversation it is a turn of.
        tokens_per_s: of the model's words, from the first to the last.
    """

    sources_ms: float = 0.0
    first_ms: float = 0.0
    model_first_ms: float | None = None
    written_ms: float = 0.0
    total_ms: float = 0.0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    calls: int = 0
    text: str = ""
    flags: tuple[str, ...] = ()
    talk: int = 0

    @property
    def tokens_per_s(self) -> float | None:
        """None for a reply of a few tokens."""
        spent = self.written_ms - (self.model_first_ms or 0.0)
        return self.completion_tokens / spent * 1000 if self.completion_tokens > 20 and spent > 0 else None


def ours(tutor: Tutor, query: str, turns: Sequence[Turn] = (), *, owner: str = "", whole: bool = True) -> Timed:
    """One reply of the tutor.

    Args:
        whole: otherwise only until all is written: doubtful sentences are not judged again, and no point is added.
    """
    timed, started = Timed(), time.perf_counter()

    def now() -> float:
        return (time.perf_counter() - started) * 1000

    with closing(tutor.stream(Ask(query, tuple(turns), owner=owner))) as events:  # type: ignore[type-var]
        for event in events:
            match event:
                case Sources():
                    timed.sources_ms = now()
                case Text(text):
                    timed.first_ms = timed.first_ms or now()
                    timed.text += text
                case Rechecking(left):
                    timed.written_ms = timed.written_ms or now()
                    if not whole:
                        timed.calls = 1 + left
                        _counted(timed, tutor.model.last_timings or {})
                        break
                case Done(answer):
                    timed.total_ms, timed.text, timed.flags = now(), answer.answer, answer.flags
                    timed.written_ms = timed.written_ms or timed.total_ms
                    timed.model_first_ms = answer.timings.get("first_token_ms")
                    timed.prompt_tokens = answer.usage.get("prompt_tokens", 0)
                    timed.cached_tokens = answer.usage.get("cached_tokens", 0)
                    timed.completion_tokens = answer.usage.get("completion_tokens", 0)
                    timed.calls = answer.usage["model_calls"]
    return timed


def _counted(timed: Timed, timings: Mapping[str, float]) -> None:
    """Tokens of a reply that was not heard to its end, from the engine's own count."""
    timed.model_first_ms = timed.first_ms
    timed.cached_tokens = int(timings.get("cache_n", 0))
    timed.prompt_tokens = timed.cached_tokens + int(timings.get("prompt_n", 0))
    timed.completion_tokens = int(timings.get("predicted_n", 0))


def bare(model: Model, messages: Sequence[tuple[str, str]], *, tokens: int = ANSWER_TOKENS) -> Timed:
    """The same messages to the engine's own endpoint by plain HTTP, in the state that a ticket of ours would find."""
    timed = Timed()
    root, headers = model.endpoint()
    with model.line.enter() as ticket, httpx.Client(timeout=600, trust_env=False) as client:
        ticket.wait()
        slot = model.bring(ticket, messages[0][1], prompt.beginning(), afresh=True)
        body: dict[str, Any] = {
            "messages": [{"role": role, "content": text} for role, text in messages],
            "stream": True, "max_tokens": tokens, "temperature": 0, "stream_options": {"include_usage": True},
        }  # fmt: skip
        if slot is not None:
            body["id_slot"] = slot
        started = time.perf_counter()
        with client.stream("POST", f"{root}/v1/chat/completions", json=body, headers=headers) as answer:
            for line in answer.iter_lines():
                if not line.startswith("data: {"):
                    continue
                chunk = json.loads(line[6:])
                words = "".join(c.get("delta", {}).get("content") or "" for c in chunk.get("choices", ()))
                if words and not timed.first_ms:
                    timed.first_ms = timed.model_first_ms = (time.perf_counter() - started) * 1000
                timed.text += words
                usage = chunk.get("usage") or {}
                timed.prompt_tokens = usage.get("prompt_tokens", timed.prompt_tokens)
                timed.completion_tokens = usage.get("completion_tokens", timed.completion_tokens)
                details = usage.get("prompt_tokens_details") or {}
                timed.cached_tokens = details.get("cached_tokens", timed.cached_tokens)
        timed.total_ms = timed.written_ms = (time.perf_counter() - started) * 1000
    return timed


def spread(values: Sequence[float], about: Sequence[int] | None = None) -> dict[str, float | None]:
    """Median with its interval, and the 95th percentile. `about` as in `interval`: the turns of one conversation hang together."""
    if not values:
        return {"median": None, "p95": None, "n": 0}
    middle = interval(np.asarray(values, dtype=np.float64), lambda some: float(np.median(some)), about)
    return {"median": round(middle["value"], 1), "p95": round(float(np.percentile(values, 95)), 1), **middle}


def messages_of(tutor: Tutor, query: str) -> list[tuple[str, str]]:
    """What the tutor sends to the engine for a first question, or nothing where it finds none."""
    language, result = reply_language(query), tutor.searcher.search(query)
    chosen = choose(result, tutor.room, language)
    return tutor.messages(Ask(query), result, chosen, language) if chosen else []
