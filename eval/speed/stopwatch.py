"""One reply timed from outside: ours, the bare engine's with the same prompt, the usual recipe's.

Knows the tutor's events and the engine's HTTP stream, nothing of workloads or bars.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np

from eval.baselines.usual_recipe import CHUNK, OVERLAP
from ingest.document import Document
from ingest.embed import load_embedder
from tutor.answering import prompt
from tutor.answering.answer import Done, Sources, Text
from tutor.answering.keypoints import choose
from tutor.answering.language import reply_language
from tutor.answering.tutor import ANSWER_TOKENS, Ask, Tutor
from tutor.llm import Model
from tutor.retrieval.result import Turn

CHUNKS = 4
RECIPE = (
    "Use the following pieces of context to answer the question at the end. If you don't know, say so.\n\n{context}"
)


@dataclass
class Timed:
    """Milliseconds from the request; tokens as the engine counted them.

    Args:
        first_ms: to the first visible text; `model_first_ms` to the first token of the model.
        tokens_per_s: of the model's words, from the first to the last.
    """

    sources_ms: float = 0.0
    first_ms: float = 0.0
    model_first_ms: float | None = None
    total_ms: float = 0.0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    text: str = ""
    flags: tuple[str, ...] = ()

    @property
    def tokens_per_s(self) -> float | None:
        """None for a reply of a few tokens."""
        spent = self.total_ms - (self.model_first_ms or 0.0)
        return self.completion_tokens / spent * 1000 if self.completion_tokens > 20 and spent > 0 else None


def ours(tutor: Tutor, query: str, turns: Sequence[Turn] = (), *, owner: str = "") -> Timed:
    """One whole reply of the tutor."""
    timed, started = Timed(), time.perf_counter()

    def now() -> float:
        return (time.perf_counter() - started) * 1000

    for event in tutor.stream(Ask(query, tuple(turns), owner=owner)):
        match event:
            case Sources():
                timed.sources_ms = now()
            case Text() if not timed.first_ms:
                timed.first_ms = now()
            case Done(answer):
                timed.total_ms, timed.text, timed.flags = now(), answer.answer, answer.flags
                timed.model_first_ms = answer.timings.get("first_token_ms")
                timed.prompt_tokens = answer.usage.get("prompt_tokens", 0)
                timed.cached_tokens = answer.usage.get("cached_tokens", 0)
                timed.completion_tokens = answer.usage.get("completion_tokens", 0)
    return timed


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
        timed.total_ms = (time.perf_counter() - started) * 1000
    return timed


def messages_of(tutor: Tutor, query: str) -> list[tuple[str, str]]:
    """What the tutor sends to the engine for a first question, or nothing where it finds none."""
    language, result = reply_language(query), tutor.searcher.search(query)
    chosen = choose(result, tutor.room, language)
    return tutor.messages(Ask(query), result, chosen, language) if chosen else []


class Recipe:
    """What a user would have instead: four 1000-character chunks before the conversation, the same engine.

    LangChain's splitter; MiniLM is not needed to time it: which chunks come is decided by our embedder.
    """

    def __init__(self, document: Document, embedder: str) -> None:
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        splitter = RecursiveCharacterTextSplitter(chunk_size=CHUNK, chunk_overlap=OVERLAP)
        self._chunks = splitter.split_text(document.source)
        self._embedder = load_embedder(embedder)
        self._vectors = self._embedder.passages([chunk[:200] for chunk in self._chunks])

    def messages(self, query: str, turns: Sequence[Turn]) -> list[tuple[str, str]]:
        """System message with the chunks, the conversation, the question."""
        best = np.argsort(-(self._vectors @ self._embedder.queries([query])[0]))[:CHUNKS]
        context = "\n\n".join(self._chunks[i] for i in best)
        talk = [(turn.role, turn.content) for turn in turns[-6:]]
        return [("system", RECIPE.format(context=context)), *talk, ("user", query)]
