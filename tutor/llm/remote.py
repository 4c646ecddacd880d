"""A server that somebody else runs (Ollama, vLLM, llama.cpp, a hosted one): watched, not started."""

from __future__ import annotations

import threading
from pathlib import PurePath

from tutor.llm.client import ServerClient
from tutor.llm.state import State, StateBox

EVERY_S = 10.0


class RemoteWatch:
    """Asks the server for its models now and then, and says in the state box how it is."""

    def __init__(self, client: ServerClient, box: StateBox, *, every_s: float | None = None) -> None:
        self._client = client
        self._box = box
        self._every_s = EVERY_S if every_s is None else every_s
        self._lacks_template: bool | None = None
        self._unlisted = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch-server", daemon=True)

    def start(self) -> None:
        """Return at once; the first answer shows in the state box."""
        self._box.set("loading", f"asking {self._client.base_url} for its models")
        self._thread.start()

    def close(self) -> None:
        """Stop watching."""
        self._stopping.set()
        self._box.set("stopped", "closed")

    def check(self) -> None:
        """Ask once."""
        import httpx

        address = self._client.base_url
        try:
            names = self._names()
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            key = " (check TUTOR_SERVER_KEY)" if status in {401, 403} else ""
            self._set("failed", f"the server at {address} answered {status}{key}")
        except (httpx.HTTPError, ValueError) as error:
            self._set("failed", f"the server at {address} does not answer ({type(error).__name__})")
        else:
            if not names:
                self._set("failed", f"the server at {address} has no model")
            elif self._client.model and self._client.model not in names:
                self._set(
                    "failed",
                    f"the server at {address} has no model {self._client.model!r}: {', '.join(names)}",
                )
            else:
                self._client.model = self._client.model or names[0]
                if self._lacks_template is None:  # asked once: it does not change while the server runs
                    self._lacks_template = self._client.lacks_chat_template()
                if self._lacks_template:
                    self._lacks_template = None
                    self._set(
                        "failed",
                        f"{self._client.model} at {address} has no chat template: serve an -Instruct model, or give one "
                        "with --chat-template",
                    )
                    return
                self._set("ready", f"{self._client.model} at {address} is ready")

    def _names(self) -> list[str]:
        """What the server lists, and the wanted model where it answers all the same.

        `transformers serve` lists its cache, never the folder that it was started with, and fails where it has no cache.
        """
        import httpx

        wanted = self._client.model
        folder = PurePath(wanted).is_absolute()
        try:
            names = [str(row.get("id", "")) for row in self._client.models()]
        except httpx.HTTPStatusError as error:
            if error.response.status_code != 500 or not folder or not (self._unlisted or self._client.answers()):
                raise
            names = []
        if folder and wanted not in names:
            self._unlisted = self._unlisted or self._client.answers()
            names += [wanted] if self._unlisted else []
        return names

    def _set(self, state: State, reason: str) -> None:
        if not self._stopping.is_set():
            self._box.set(state, reason)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.check()
            except RuntimeError:  # the client was closed between two of its questions
                if not self._stopping.is_set():
                    raise
            self._stopping.wait(self._every_s)
