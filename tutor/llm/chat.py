"""The LangChain side: a `ChatOpenAI` that keeps what the engine measured, and errors in our own words.

Imports LangChain (0.6 s): import this module late. Knows nothing of processes or files.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import openai
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from pydantic import PrivateAttr, SecretStr

from ingest.errors import ModelUnavailable

# llama.cpp: "request (6016 tokens) exceeds the available context size"; vLLM: "maximum context length is".
_CONTEXT_OVERFLOW = re.compile(r"context (size|length|window)", re.I)
_CLIENTS = frozenset({"openai", "langchain_core", "langchain_openai", "httpx", "httpcore", "json", "pydantic"})
# With these, the request or its answer is more than words in a row: the library's own way is taken.
_OTHERWISE = (
    "response_format", "tools", "functions", "logprobs", "extra_headers", "extra_query", "timeout",
)  # fmt: skip
# Words that come faster than this are passed on together: nobody sees 25 pieces a second from 200, and each costs the same.
PIECE_SECONDS = 0.04
# A server that has begun to write and then says nothing for this long will not go on. (Reading a long prompt may take longer.)
SILENCE_S = 60.0
Timings = dict[str, float]


class TutorChat(ChatOpenAI):
    """`ChatOpenAI` that also passes on llama.cpp's `timings` in `response_metadata["timings"]`.

    Cached prompt tokens need no help: LangChain maps `usage.prompt_tokens_details.cached_tokens` to
    `usage_metadata["input_token_details"]["cache_read"]`, for llama.cpp and vLLM alike.
    """

    _on_timings: Callable[[Timings], None] | None = PrivateAttr(default=None)

    def _keep_timings(self, raw: dict[str, Any], metadata: dict[str, Any]) -> None:
        timings = raw.get("timings") or (raw.get("chunk") or {}).get("timings")  # the latter with a JSON schema
        if isinstance(timings, dict):
            metadata["timings"] = timings
            if self._on_timings is not None:
                self._on_timings(timings)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        """As LangChain's, of plain words: without a pydantic object per token, and in pieces of `PIECE_SECONDS`.

        Its objects take .5 ms of processor time a token, which was most of what an answer cost beside the model.
        """
        payload = self._get_request_payload(messages, stop=stop, **{"stream": True, **kwargs})
        if any(payload.get(key) for key in _OTHERWISE):
            yield from super()._stream(messages, stop, run_manager, **kwargs)
            return
        extra = payload.pop("extra_body", None) or {}
        body = {**payload, **extra, "stream_options": {"include_usage": True}}
        body.pop("stream_usage", None)
        # `create` would look through every message for what its types call by another name: 4 ms.
        stream: openai.Stream[object] = self.root_client.post(
            "/chat/completions", body=body, cast_to=object, stream=True, stream_cls=openai.Stream[object]
        )
        with stream, _Patience(stream.response) as patience:
            for piece in _pieces(patience.lines(), stream.response.request):
                chunk = ChatGenerationChunk(message=_message(piece))
                self._keep_timings(piece, chunk.message.response_metadata)
                if run_manager is not None:
                    run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: dict[str, Any] | None
    ) -> ChatGenerationChunk | None:
        result = super()._convert_chunk_to_generation_chunk(chunk, default_chunk_class, base_generation_info)
        if result is not None:
            self._keep_timings(chunk, result.message.response_metadata)
        return result

    def _create_chat_result(
        self, response: dict[str, Any] | openai.BaseModel, generation_info: dict[str, Any] | None = None
    ) -> ChatResult:
        result = super()._create_chat_result(response, generation_info)
        raw = response if isinstance(response, dict) else response.model_dump()
        for generation in result.generations:
            self._keep_timings(raw, generation.message.response_metadata)
        return result


class _Patience:
    """Ends a stream whose server fell silent in mid-answer; the client's own limit also holds for the first word."""

    def __init__(self, response: Any) -> None:
        self._response = response
        self._over = threading.Event()
        self._heard = float("inf")
        self._lost = False

    def __enter__(self) -> _Patience:
        threading.Thread(target=self._watch, name="stream-patience", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def lines(self) -> Iterator[str]:
        """The lines of the stream.

        Raises:
            openai.APITimeoutError: nothing came for `SILENCE_S` after the first of them.
        """
        try:
            for line in self._response.iter_lines():
                self._heard = time.monotonic()
                yield line
        except httpx.TransportError as error:
            if self._lost:
                raise openai.APITimeoutError(self._response.request) from error
            raise

    def _watch(self) -> None:
        while not self._over.wait(SILENCE_S / 4):
            if time.monotonic() - self._heard > SILENCE_S:
                self._lost = True
                held = self._response.extensions["network_stream"].get_extra_info("socket")
                with suppress(OSError):
                    held.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for it
                return


def _pieces(lines: Iterator[str], request: Any) -> Iterator[dict[str, Any]]:
    """What the server says, tokens in quick succession joined: `content`, and `usage`, `timings`, `finish_reason` at the end.

    Raises:
        openai.APIError: the server reports an error in mid-stream.
        ValueError, TypeError, AttributeError: it sends what is no JSON, or none of a chat's.
    """
    told, held, last = False, "", 0.0
    piece: dict[str, Any] = {}
    for line in lines:
        if not line.startswith("data:"):
            continue
        data = line[5:].strip()
        if data == "[DONE]":
            break
        row = json.loads(data)
        if row.get("error"):
            error = row["error"]
            said = error.get("message") if isinstance(error, dict) else error
            raise openai.APIError(str(said or "an error in mid-stream"), request, body=error)
        told = True
        for choice in row.get("choices") or ():
            held += (choice.get("delta") or {}).get("content") or ""
            if choice.get("finish_reason"):
                piece["finish_reason"] = choice["finish_reason"]
        piece |= {key: row[key] for key in ("usage", "timings", "model") if row.get(key)}
        moment = time.monotonic()
        if held and moment - last >= PIECE_SECONDS:
            yield {"content": held}
            held, last = "", moment
    if told:
        yield {"content": held, **piece}


def _message(piece: dict[str, Any]) -> AIMessageChunk:
    message = AIMessageChunk(content=piece["content"])
    if finish := piece.get("finish_reason"):
        message.response_metadata |= {"finish_reason": finish, "model_name": str(piece.get("model") or "")}
    if usage := piece.get("usage"):
        read, written = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
        cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens")
        message.usage_metadata = {
            "input_tokens": read, "output_tokens": written, "total_tokens": read + written,
            "input_token_details": {} if cached is None else {"cache_read": int(cached)},
        }  # fmt: skip
    return message


def make_chat(
    *,
    model: str,
    base_url: str,
    api_key: str,
    http_client: httpx.Client,
    http_async_client: httpx.AsyncClient,
    on_timings: Callable[[Timings], None] | None = None,
    **options: Any,
) -> ChatOpenAI:
    """A streaming client of one server; `options` go to `ChatOpenAI` and win over the defaults here."""
    defaults: dict[str, Any] = {
        "streaming": True,
        "stream_usage": True,
        "max_retries": 1,
        "timeout": http_client.timeout,
    }
    chat = TutorChat(
        model=model,
        base_url=base_url,
        api_key=SecretStr(api_key),
        http_client=http_client,
        http_async_client=http_async_client,
        **{**defaults, **options},
    )
    chat._on_timings = on_timings
    return chat


@contextmanager
def model_errors() -> Iterator[None]:
    """Turn what a failing server raises, while streaming too, into `ModelUnavailable` with a mend."""
    try:
        yield
    except openai.APITimeoutError as error:
        raise ModelUnavailable("The model did not answer in time.", "Ask again, or ask for less.") from error
    except (openai.APIConnectionError, httpx.TransportError) as error:
        raise ModelUnavailable(
            "The connection to the model server broke.",
            "It is started again by itself; ask again in a few seconds. `tutor doctor` shows its state.",
        ) from error
    except openai.AuthenticationError as error:
        raise ModelUnavailable("The model server refused the API key.", "Check TUTOR_SERVER_KEY.") from error
    except openai.LengthFinishReasonError as error:
        raise ModelUnavailable("The model's answer was cut off at its length limit.", "Ask again.") from error
    except openai.APIError as error:
        if _CONTEXT_OVERFLOW.search(str(error)):
            raise ModelUnavailable(
                "The conversation is longer than the model's context window.",
                "Start a new conversation, or raise TUTOR_CONTEXT.",
            ) from error
        raise ModelUnavailable(f"The model server answered with an error: {error.message}", "") from error
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        if not _from_client(error):
            raise
        raise ModelUnavailable(
            "The model server's answer cannot be understood.",
            "Check that TUTOR_SERVER_URL is an OpenAI-compatible server, and what stands between. `tutor doctor` shows its state.",
        ) from error


def _from_client(error: BaseException) -> bool:
    """Whether an error came up inside the client libraries, or here where a stream is taken apart: plain ones are raised
    when what arrives is no answer (a page of HTML, half a JSON object, nothing at all); a bug elsewhere must not pass for that."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    name = "" if trace is None else str(trace.tb_frame.f_globals.get("__name__"))
    return name == __name__ or name.partition(".")[0] in _CLIENTS
