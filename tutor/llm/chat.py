"""The LangChain side: a `ChatOpenAI` that keeps what the engine measured, and errors in our own words.

Imports LangChain (0.6 s): import this module late. Knows nothing of processes or files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import openai
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from pydantic import PrivateAttr, SecretStr

from ingest.errors import ModelUnavailable

# llama.cpp: "request (6016 tokens) exceeds the available context size"; vLLM: "maximum context length is".
_CONTEXT_OVERFLOW = re.compile(r"context (size|length|window)", re.I)
_CLIENTS = frozenset({"openai", "langchain_core", "langchain_openai", "httpx", "httpcore", "json", "pydantic"})
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
    """Whether an error came up inside the client libraries: they raise plain ones when what arrives is no answer
    (a page of HTML, half a JSON object, nothing at all), and a bug of ours must not pass for that."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and str(trace.tb_frame.f_globals.get("__name__")).partition(".")[0] in _CLIENTS
