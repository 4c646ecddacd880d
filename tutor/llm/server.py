"""Keeps one model server running: starts its process, waits for its health, starts it again when it dies.

Generic over what is served: `Launch` says how to start it. Knows nothing of models, catalogues or clients.
"""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutor.llm.state import StateBox

LOOPBACK = "127.0.0.1"
# The file, not `-m tutor.llm.child`: the child then imports nothing of ours and is up 0.3 s sooner.
# `-P` keeps this folder's module names out of its path.
CHILD = (sys.executable, "-P", str(Path(__file__).with_name("child.py")))
CANNOT_LOAD = 3  # the child's exit status when starting it again would not help
CRASHES = 5
CRASH_WINDOW_S = 120.0
FIRST_PAUSE_S = 0.25
HEALTH_EVERY_S = 0.1
STOP_PATIENCE_S = 8.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Launch:
    """How to start a server.

    Args:
        name: what users call it, for messages.
        order: makes the JSON object that the child reads from stdin, from (port, API key).
        health: path that answers 200 when the server is ready.
        load_seconds: give up when it is not healthy by then.
        argv: the child process.
    """

    name: str
    order: Callable[[int, str], Mapping[str, Any]]
    health: str = "/health"
    load_seconds: float = 600.0
    argv: tuple[str, ...] = CHILD


class Supervisor:
    """A server process that is started again when it dies. Thread-safe; it waits in threads of its own.

    The port and the API key stay the same over restarts, unless another process has taken the port meanwhile.
    """

    def __init__(
        self,
        launch: Launch,
        box: StateBox,
        *,
        on_address: Callable[[str, str], None] = lambda url, key: None,
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        """`on_address` is told (base URL ending in `/v1`, API key) whenever a server is about to be ready."""
        self._launch = launch
        self._box = box
        self._on_address = on_address
        self._first_pause_s = first_pause_s
        self._port = 0
        self.api_key = secrets.token_urlsafe(24)
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._last_lines: deque[str] = deque(maxlen=40)
        # The child is killed when the thread that made it ends (prctl): one thread makes them all, and stays.
        self._thread = threading.Thread(target=self._run, name=f"supervise-{launch.name}", daemon=True)

    @property
    def address(self) -> str:
        """`http://127.0.0.1:PORT`, without `/v1`."""
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def pid(self) -> int | None:
        """Process id of the child, if one runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        """Return at once; progress shows in the state box."""
        self._thread.start()

    def close(self) -> None:
        """Stop the server and wait until its process has gone. May be called twice."""
        self._stopping.set()
        if self._process is not None:
            _end(self._process)
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(STOP_PATIENCE_S)

    def _run(self) -> None:
        crashes: deque[float] = deque()
        refusals = 0
        why = ""
        while not self._stopping.is_set():
            note = f" again ({why})" if why else ""
            self._box.set("loading", f"starting {self._launch.name}{note}")
            status = self._serve_once()
            if self._stopping.is_set():
                break
            why = self._obituary(status)
            log.info("%s: %s", self._launch.name, why)
            refusals = refusals + 1 if status == CANNOT_LOAD else 0
            if refusals == 1:
                self._port = 0  # it may have been the port, taken between our look and the server's
                continue
            if refusals > 1:
                self._box.set("failed", f"{self._launch.name} cannot be served: {why}")
                return
            now = time.monotonic()
            crashes.append(now)
            while now - crashes[0] > CRASH_WINDOW_S:
                crashes.popleft()
            if len(crashes) >= CRASHES:
                self._box.set("failed", f"{self._launch.name} crashed {CRASHES} times in a row; the last time {why}")
                return
            self._box.set("loading", f"{self._launch.name}: {why}; starting it again")
            self._stopping.wait(self._first_pause_s * 2 ** (len(crashes) - 1))
        self._box.set("stopped", "closed")

    def _serve_once(self) -> int | None:
        """Run the process until it ends; its exit status, or None when it was stopped for being too slow."""
        self._port = self._port if self._port and _is_free(self._port) else _free_port()
        self._last_lines.clear()
        with subprocess.Popen(
            self._launch.argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal is the parent's to handle
        ) as process:
            self._process = process
            if self._stopping.is_set():  # close() came between the loop's check and the line above
                _end(process)
            ended = threading.Event()
            reader = threading.Thread(target=self._read_output, args=(process,), daemon=True)
            waiter = threading.Thread(target=_await_end, args=(process, ended), daemon=True)
            reader.start()
            waiter.start()
            _write_line(process, self._launch.order(self._port, self.api_key))
            slow = not self._wait_healthy(ended)
            if slow:
                _end(process)
            elif not ended.is_set():
                self._on_address(f"{self.address}/v1", self.api_key)
                self._box.set("ready", f"{self._launch.name} is ready")
            ended.wait()
            reader.join(1.0)
            return None if slow else process.returncode

    def _wait_healthy(self, ended: threading.Event) -> bool:
        """Ask for health until it answers 200 to our key or has ended; False when it took too long."""
        import httpx

        deadline = time.monotonic() + self._launch.load_seconds
        with httpx.Client(trust_env=False, timeout=2.0, headers=self.headers) as client:
            while not ended.wait(HEALTH_EVERY_S):
                try:
                    if client.get(self.address + self._launch.health).status_code == 200:
                        return True
                except httpx.HTTPError:
                    pass  # not listening yet
                if time.monotonic() > deadline:
                    return False
        return True

    @property
    def headers(self) -> dict[str, str]:
        """What a request to this server must carry."""
        return {"Authorization": f"Bearer {self.api_key}", "Connection": "close"}

    def _read_output(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        for raw in process.stdout:
            line = raw.decode("utf-8", "replace").rstrip()
            self._last_lines.append(line)
            log.debug("%s: %s", self._launch.name, line)

    def _obituary(self, status: int | None) -> str:
        """Why the process ended, one clause for users."""
        if status is None:
            return f"it was not ready after {self._launch.load_seconds:.0f} s"
        said = next((line for line in reversed(self._last_lines) if line.strip()), "")
        if status == CANNOT_LOAD:
            return said[-300:] or "it cannot be loaded"
        if status == -4:  # SIGILL
            return "it stopped at an instruction that this processor lacks (the prebuilt engine needs AVX2)"
        if status == -9:  # SIGKILL
            return "it was killed (by hand, or by the system for want of memory)"
        if status < 0:
            return f"it was ended by {signal.Signals(-status).name}"
        return f"it ended with status {status}" + (f": {said[-300:]}" if said else "")


def _write_line(process: subprocess.Popen[bytes], order: Mapping[str, Any]) -> None:
    """Send the order; stdin stays open, since its end tells the child that we have gone."""
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(order).encode() + b"\n")
        process.stdin.flush()
    except BrokenPipeError:  # it died at once; the exit status says why
        with contextlib.suppress(OSError):
            process.stdin.close()  # or leaving its `with` block would write, and fail, once more


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a child: by the end of stdin, then by SIGTERM, then by SIGKILL."""
    if process.stdin is not None and not process.stdin.closed:
        with contextlib.suppress(OSError):
            process.stdin.close()
    for step in (None, process.terminate, process.kill):
        if step is not None:
            step()
        try:
            process.wait(STOP_PATIENCE_S / 3)
        except subprocess.TimeoutExpired:
            continue
        return


def _await_end(process: subprocess.Popen[bytes], ended: threading.Event) -> None:
    process.wait()
    ended.set()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
