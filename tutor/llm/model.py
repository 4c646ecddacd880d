"""The one face of the language model for the rest of the tutor: its state, a chat client, a token count.

Knows nothing of prompts, questions or users.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from ingest.errors import ModelUnavailable
from tutor.llm import launches
from tutor.llm.client import HttpClients, ServerClient, async_client, estimate_tokens
from tutor.llm.line import Line, Ticket
from tutor.llm.resolve import ModelChoice, resolve
from tutor.llm.running import Running
from tutor.llm.state import ModelState

if TYPE_CHECKING:
    import httpx
    from langchain_openai import ChatOpenAI

    from tutor.settings import Settings

T = TypeVar("T")
TOKEN_COUNTS_KEPT = 4096
# A server of its own schedules its requests itself; more than so many at once only wait there instead of here.
SLOTS_ELSEWHERE = 256
CHATS_KEPT = 16


def open_model(settings: Settings, *, start: bool = True) -> Model:
    """Choose a model and, unless told otherwise, begin to fetch and load it in the background.

    Returns at once, or after the 3 s that the model hub has to answer when nothing else decides.

    Raises:
        UsageError: the settings name a model that does not exist.
    """
    model = Model(settings, resolve(settings))
    if start:
        model.start()
    return model


class Model:
    """A chosen model and the server that runs it. Thread-safe; `wait_ready` and `count_tokens` block."""

    def __init__(self, settings: Settings, choice: ModelChoice) -> None:
        self._settings = settings
        self._running = Running(settings, choice)
        self._count = lru_cache(maxsize=TOKEN_COUNTS_KEPT)(self._ask_count)
        self._counted_exactly = False
        self._context: int | None = None
        self.last_timings: dict[str, float] | None = None
        self._chats: dict[tuple[str, str, str], ChatOpenAI] = {}
        self._lock = threading.Lock()
        embedded = choice.engine == "llama.cpp"
        self.line = Line(launches.PARALLEL if embedded else SLOTS_ELSEWHERE)

    @property
    def choice(self) -> ModelChoice:
        """Which model, and why; it changes once at most, when an automatic choice could not be fetched."""
        return self._running.choice

    @property
    def name(self) -> str:
        """What the server calls the model."""
        return (self._running.client.model if self._running.client is not None else "") or self._running.choice.name

    @property
    def state(self) -> ModelState:
        """What the model is doing now, and why; costs nothing."""
        return self._running.box.current

    def start(self) -> None:
        """Begin to fetch (if needed) and load, in the background. A second call does nothing."""
        self._running.start()

    def wait_ready(self, timeout: float | None = None) -> None:
        """Block until the model answers.

        Raises:
            ModelUnavailable: there is none, it failed, or `timeout` seconds have passed; with a mend.
        """
        state = self._running.box.wait(lambda now: now.state in {"ready", "failed", "none", "stopped"}, timeout)
        if not state.ready:
            raise self._unavailable(state)

    def chat(
        self, *, ticket: Ticket | None = None, system: str = "", beginning: str = "", **options: Any
    ) -> ChatOpenAI:
        """A LangChain chat model on the running server; `options` are `ChatOpenAI`'s (`temperature`, ...).

        Args:
            ticket: a served place in `line`; its slot is used.
            system: the system message that will be sent, so that what was read of it before is brought back.
            beginning: what other system messages share with it, and stands for it in an empty slot.

        Cached prompt tokens are in `usage_metadata["input_token_details"]["cache_read"]` of the last chunk,
        llama.cpp's timings (milliseconds) in `response_metadata["timings"]` and in `last_timings`.

        Raises:
            ModelUnavailable: the model is not ready.
        """
        state = self.state
        client, http = self._running.client, self._running.http
        if not state.ready or client is None or http is None:
            raise self._unavailable(state)
        slot = self.bring(ticket, system, beginning) if ticket is not None else None
        if slot is not None:
            options.setdefault("extra_body", {"id_slot": slot})
        return self._chat_to(client, http, options)

    def _chat_to(self, client: ServerClient, http: HttpClients, options: dict[str, Any]) -> ChatOpenAI:
        """A chat model, kept for the next one who wants the same: building one takes 4 ms."""
        from tutor.llm.chat import make_chat

        key = (self.name, client.base_url, repr(sorted(options.items())))
        with self._lock:
            found = self._chats.pop(key, None)
        if found is None:
            found = make_chat(
                model=self.name,
                base_url=client.base_url,
                api_key=client.api_key or "none",
                http_client=http.sync,
                http_async_client=http.asynchronous,
                on_timings=self._keep_timings,
                **options,
            )
        with self._lock:
            self._chats[key] = found  # at the end: the one used longest ago goes first
            for old in list(self._chats)[:-CHATS_KEPT]:
                del self._chats[old]
        return found

    def bring(self, ticket: Ticket, system: str, beginning: str, *, afresh: bool = False) -> int | None:
        """Have the ticket's slot hold what was read of a system message; its number, None where there are none.

        Args:
            afresh: also where the slot holds it already with a conversation behind it.
        """
        client, http, files = self._running.client, self._running.http, self._running.prefixes
        if client is None or http is None or files is None:
            return None
        near = files.slot_of(system)
        if near is not None:
            self.line.prefer(near, ticket)
        if afresh:
            files.forget_slots()
        files.bring(http.sync, client.root, client.headers, ticket.slot, system, beginning)
        return ticket.slot

    def endpoint(self) -> tuple[str, dict[str, str]]:
        """Address of the engine without `/v1`, and the headers of a request to it.

        Raises:
            ModelUnavailable: the model is not ready.
        """
        if self._running.client is None:
            raise self._unavailable(self.state)
        return self._running.client.root, self._running.client.headers

    def reads_at_once(self, system: str) -> bool:
        """Whether a system message costs no waiting: it was read before, or a GPU reads it."""
        if self._running.prefixes is not None:
            return self._running.prefixes.known(system)
        return self.state.ready and self._running.client is not None and self._running.client.is_vllm()

    def read_ahead(self, system: str) -> bool:
        """Have the engine read a system message while nobody is being served, and keep what it computed.

        Returns:
            Whether it was read to its end; False where somebody came, or there is nothing to keep it in.

        Raises:
            ModelUnavailable: the engine is not ready or does not answer.
            OSError: there is no room for the file.
        """
        files = self._running.prefixes
        if files is None:
            self._ready_client()
            return False

        async def read(http: httpx.AsyncClient, client: ServerClient, slot: int) -> bool:
            return await files.read(http, client.root, client.headers, slot, system, self._give_way)

        return self._in_idle_time(read) or False

    def complete_in_idle_time(self, messages: Sequence[tuple[str, str]], **options: Any) -> str | None:
        """What the model says at temperature 0, asked while nobody is being served; None where somebody came.

        Args:
            options: of the request, such as `max_tokens` and `response_format`.

        Raises:
            ModelUnavailable: the engine is not ready or does not answer.
        """
        from tutor.llm.prefixes import posted_in_idle_time

        files = self._running.prefixes
        body: dict[str, Any] = {
            "model": self.name, "temperature": 0, **options,
            "messages": [{"role": role, "content": text} for role, text in messages],
        }  # fmt: skip

        async def ask(http: httpx.AsyncClient, client: ServerClient, slot: int) -> str | None:
            if files is not None:
                body["id_slot"] = slot
                files.forget(slot)
            answer = await posted_in_idle_time(http, client.root, client.headers, body, self._give_way)
            return None if answer is None else str(answer.json()["choices"][0]["message"]["content"] or "")

        try:
            return self._in_idle_time(ask)
        except (ValueError, LookupError, TypeError) as error:
            raise ModelUnavailable("The model server's answer cannot be understood.") from error

    def _in_idle_time(self, work: Callable[[httpx.AsyncClient, ServerClient, int], Awaitable[T]]) -> T | None:
        """What `work` gives with a slot that nobody wants now; None where somebody is being served."""
        import httpx

        client = self._ready_client()
        ticket = self.line.enter_background()
        if ticket is None:
            return None

        async def run(slot: int) -> T:
            async with async_client(client.base_url) as http:
                return await work(http, client, slot)

        with ticket:
            try:
                return asyncio.run(run(ticket.slot))
            except httpx.HTTPError as error:
                raise ModelUnavailable(f"The model server does not answer: {error}", "") from error

    def _ready_client(self) -> ServerClient:
        client = self._running.client
        if not self.state.ready or client is None:
            raise self._unavailable(self.state)
        return client

    def _give_way(self) -> bool:
        return self.line.wanted or self._running.closing.is_set()

    def keeps_prompts(self) -> bool:
        """Whether `read_ahead` keeps anything, and has room for more."""
        return self._running.prefixes is not None and not self._running.prefixes.full()

    def count_tokens(self, text: str) -> int:
        """Tokens of `text`, special ones not counted, by the served model's tokenizer or an estimate."""
        try:
            return self._count(text)
        except LookupError:
            return estimate_tokens(text)

    @property
    def token_count_exact(self) -> bool:
        """Whether `count_tokens` asks the model's own tokenizer; otherwise it estimates, on the high side."""
        if self.state.ready and not self._counted_exactly:
            self.count_tokens("a")
        return self._counted_exactly

    @property
    def context_tokens(self) -> int:
        """Tokens for prompt and answer together, as the server tells it; before that, as configured."""
        if self._context is None and self.state.ready and self._running.client is not None:
            self._context = self._running.client.context_tokens()
        return self._context or self._running.choice.context or self._settings.context

    @property
    def pid(self) -> int | None:
        """Process id of the model server's process, if we started one and it runs."""
        return self._running.pid

    def close(self) -> None:
        """Stop everything that was started. May be called twice."""
        self._running.close()

    def __enter__(self) -> Model:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask_count(self, text: str) -> int:
        count = (
            self._running.client.count_tokens(text) if self.state.ready and self._running.client is not None else None
        )
        if count is None:
            raise LookupError("no tokenizer")
        self._counted_exactly = True
        return count

    def _keep_timings(self, timings: dict[str, float]) -> None:
        self.last_timings = timings

    def _unavailable(self, state: ModelState) -> ModelUnavailable:
        mends = {
            "none": "Choose one: tutor models list, then tutor models use NAME.",
            "stopped": "Start it again.",
            "failed": "See: tutor doctor",
            "pulling": "Wait until it has been fetched, or fetch it first: tutor models pull",
            "loading": "Try again in a few seconds.",
        }
        said = {"none": "No language model is in use", "stopped": "The language model is not running"}
        message = said.get(state.state, "The language model is not ready")
        if (
            state.state == "failed"
            and self._running.choice.entry is not None
            and self._running.choice.engine == "llama.cpp"
        ):
            mends["failed"] = f"Check its file: tutor models verify {self._running.choice.name}. More: tutor doctor"
        return ModelUnavailable(f"{message}: {state.reason.rstrip('.')}.", mends.get(state.state, ""))
