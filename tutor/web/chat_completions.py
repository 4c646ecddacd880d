"""The tutor as a model: GET /v1/models and POST /v1/chat/completions, as OpenAI's clients expect them.

    https://platform.openai.com/docs/api-reference/chat

Every corpus is a model, and `tutor` is the corpus of the settings. Parameters that steer sampling are taken and
ignored, and so are system messages: what may be said is decided by the document. Citations come as text (【第19題】
and a list of sources at the end) and as `citations` beside the choices; the checked answer alone is `answer`.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ingest.errors import NotFound
from ingest.shelf import shelf
from tutor.answering.answer import Answer, Done, Text
from tutor.answering.tutor import Ask, Tutor
from tutor.retrieval.result import Turn
from tutor.web.api.common import BEAT_SECONDS, EVENT_STREAM, Asker, ClosingStream, Corpora
from tutor.web.api.shapes import LONGEST_QUERY, LONGEST_TURN, PROBLEMS, Plain
from tutor.web.open_corpora import OpenCorpora
from tutor.web.problems import Refused, problem_of
from tutor.web.pump import last_of, pumped
from tutor.web.sources import bare, sources, withdrawn

router = APIRouter(tags=["chat"])
ALIAS = "tutor"
_ERROR_SCHEMA = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
            "required": ["message", "type", "param", "code"],
        }
    },
    "required": ["error"],
}
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"description": found["description"], "content": {"application/json": {"schema": _ERROR_SCHEMA}}}
    for status, found in PROBLEMS.items()
}
_KINDS = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
Words = Annotated[str, StringConstraints(max_length=LONGEST_TURN), Plain]


class Part(BaseModel):
    """A part of a message; those that are not text are left out."""

    model_config = ConfigDict(extra="ignore")

    type: str
    text: Words = ""


class Message(BaseModel):
    """A message of the conversation."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Words | list[Part] | None = None

    @property
    def words(self) -> str:
        """Its text."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text")
        return self.content or ""


class StreamOptions(BaseModel):
    """What a stream ends with."""

    model_config = ConfigDict(extra="ignore")

    include_usage: bool | None = None


class Completion(BaseModel):
    """A request; whatever else a client sends is ignored."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [
                {"model": "tutor", "messages": [{"role": "user", "content": "什麼是 KV Cache？"}], "stream": False}
            ]
        },
    )

    model: Annotated[str, StringConstraints(min_length=1, max_length=80), Plain] = Field(
        description="Name of a corpus, or `tutor` for the one of the settings."
    )
    messages: Annotated[list[Message], Field(min_length=1, max_length=500)] = Field(
        description="The conversation, oldest first; the last message is the question."
    )
    stream: bool | None = None
    stream_options: StreamOptions | None = None


@router.get("/models", summary="List the models")
def models(corpora: Corpora, _: Asker) -> dict[str, Any]:
    """Every corpus that can be asked, as a model."""
    return {"object": "list", "data": [_model(name) for name in _names(corpora)]}


@router.get("/models/{model}", summary="Describe a model")
def model(model: str, corpora: Corpora, _: Asker) -> dict[str, Any]:
    """One model."""
    if model not in _names(corpora):
        raise NotFound(f"The model {model[:80]!r} does not exist.", "GET /v1/models lists them.")
    return _model(model)


def _names(corpora: OpenCorpora) -> list[str]:
    settings = corpora.settings
    found = [one.name for one in shelf(settings.corpora_dir, settings.embedders) if one.questions is not None]
    return [ALIAS, *found]


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "interview-tutor"}


@router.post("/chat/completions", summary="Answer in a conversation", response_model=None)
async def complete(body: Completion, request: Request, corpora: Corpora, user: Asker) -> Response:
    """The answer to the last message, in one piece or as a stream of chunks. Hanging up stops the model."""
    asked = _asked(body.messages, user)
    tutor = await run_in_threadpool(_tutor, corpora, body.model)
    head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": body.model}
    if body.stream:
        usage = bool(body.stream_options and body.stream_options.include_usage)
        return ClosingStream(
            _chunks(tutor, asked, head, usage=usage, instance=request.url.path),
            media_type=EVENT_STREAM,
            headers={"cache-control": "no-cache", "x-accel-buffering": "no"},
        )
    done = await last_of(request, lambda: tutor.stream(asked))
    assert isinstance(done, Done), "the stream ended without an answer"
    answer = done.answer
    message = {"role": "assistant", "content": answer.answer + sources(answer, tutor.searcher.titles), "refusal": None}
    return JSONResponse({
        **head,
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": _usage(answer),
        **_extension(answer),
    })  # fmt: skip


async def _chunks(
    tutor: Tutor, asked: Ask, head: Mapping[str, Any], *, usage: bool, instance: str
) -> AsyncIterator[str]:
    def chunk(delta: Mapping[str, Any], finish: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _data({**head, "object": "chat.completion.chunk", "choices": [choice], **more})

    yield chunk({"role": "assistant", "content": ""})
    said: list[str] = []
    try:
        async with aclosing(pumped(lambda: tutor.stream(asked), BEAT_SECONDS)) as stream:  # type: ignore[type-var]
            async for event in stream:
                match event:
                    case None:
                        yield ": waiting\n\n"
                    case Text(text):
                        said.append(text)
                        yield chunk({"content": text})
                    case Done(answer):
                        yield chunk({"content": _tail(answer, said, tutor)}, **_extension(answer))
                        yield chunk({}, "stop")
                        if usage:
                            yield _data(
                                {**head, "object": "chat.completion.chunk", "choices": [], "usage": _usage(answer)}
                            )
    except Exception as raised:
        yield _data(_error(problem_of(raised, instance)))
    yield "data: [DONE]\n\n"


def _tail(answer: Answer, said: list[str], tutor: Tutor) -> str:
    """What a stream ends with: what of it was withdrawn again, and the sources."""
    return withdrawn("".join(said), answer) + sources(answer, tutor.searcher.titles)


def _extension(answer: Answer) -> dict[str, Any]:
    found = answer.as_dict()
    return {name: found[name] for name in ("citations", "answer", "refused", "suggestions", "flags", "timings")}


def _usage(answer: Answer) -> dict[str, Any]:
    prompt, completion = answer.usage.get("prompt_tokens", 0), answer.usage.get("completion_tokens", 0)
    return {
        "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": answer.usage.get("cached_tokens", 0)},
    }  # fmt: skip


def _asked(messages: list[Message], user: str) -> Ask:
    """The last message as the query, what users and the tutor said before it as the history.

    Raises:
        Refused: the last message is not a question of a user.
    """
    last = messages[-1]
    query = last.words.strip()
    if last.role != "user" or not query:
        raise Refused(400, "The last message must be one of the user, with some text.", "Put the question there.")
    if len(query) > LONGEST_QUERY:
        raise Refused(400, f"The question is longer than {LONGEST_QUERY} characters.", "Ask a shorter one.")
    history = tuple(Turn(m.role, bare(m.words)) for m in messages[:-1] if m.role in {"user", "assistant"} and m.words)
    return Ask(query, history, owner=user)


def _tutor(corpora: OpenCorpora, model: str) -> Tutor:
    return corpora.tutor(None if model == ALIAS else model)


def _data(value: Any) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n"


def error(members: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """A problem in the form that OpenAI's clients turn into their exceptions."""
    return JSONResponse(_error(members), int(members["status"]), dict(headers or {}))


def _error(members: Mapping[str, Any]) -> dict[str, Any]:
    status = int(members["status"])
    kind = _KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")
    fields = members.get("errors") or ()
    message = f"{members['detail']} {members.get('mend', '')}".strip()
    param = fields[0]["field"] if fields else None
    return {
        "error": {
            "message": message,
            "type": kind,
            "param": param,
            "code": "model_not_found" if status == 404 else None,
        }
    }
