"""Starts what a load run needs, in processes of their own: the stand-in model server and application processes.

Tells what they use: processor time, memory, open files. Knows nothing of questions.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tutor.settings import Settings
from tutor.web.serve import bind

READY_SECONDS = 180.0


@contextmanager
def stand_in(rate: float, first: float) -> Iterator[str]:
    """The model server; yields its address.

    Args:
        rate: tokens per second in each stream.
        first: seconds before the first one.
    """
    command = [sys.executable, "-m", "eval.load.stand_in", "--port", "0", "--rate", str(rate), "--first", str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


@contextmanager
def application(settings: Settings, model_url: str, store: Path | None = None) -> Iterator[str]:
    """One process of the application, ready for questions; yields its address.

    Args:
        store: SQLite file that several processes share; None for one of its own. Never that of people: attempts stay.
    """
    with bind("127.0.0.1", 0) as sock:
        port = int(sock.getsockname()[1])
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TUTOR_")}
    folder = tempfile.TemporaryDirectory(prefix="tutor-load-")
    ours = {
        "TUTOR_DATABASE_URL": f"sqlite:///{store or Path(folder.name) / 'store.sqlite'}",
        "TUTOR_DATA_DIR": str(settings.data_dir), "TUTOR_CORPUS": settings.corpus, "TUTOR_SERVER_URL": model_url,
        "TUTOR_PORT": str(port), "TUTOR_RATE_LIMIT": "0",
    }  # fmt: skip
    command = [sys.executable, "-c", "from tutor.cli import main; main()", "serve"]
    with folder, subprocess.Popen(command, env=kept | ours, stderr=subprocess.DEVNULL) as process:
        host = f"http://127.0.0.1:{port}"
        try:
            _await_ready(host, process)
            yield host
        finally:
            process.kill()


def _await_ready(host: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{host}/ready", trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise RuntimeError(f"{host} did not become ready")


def settle(host: str) -> None:
    """Wait until a process has done what it does after its start, so that it is not measured."""
    deadline = time.monotonic() + READY_SECONDS
    before = figures(host)["cpu_seconds"]
    while time.monotonic() < deadline:
        time.sleep(2.0)
        now = figures(host)["cpu_seconds"]
        if now - before < 0.1:
            return
        before = now


def figures(host: str) -> dict[str, float]:
    """Memory (MB), open files and processor time (s) of a process, as its metrics tell."""
    text = httpx.get(f"{host}/metrics", trust_env=False, timeout=60).text

    def value(name: str) -> float:
        found = re.search(rf"^{name} (\S+)$", text, re.M)
        return float(found[1]) if found else 0.0

    return {
        "rss_mb": round(value("process_resident_memory_bytes") / 1e6, 1),
        "open_files": value("process_open_fds"),
        "cpu_seconds": value("process_cpu_seconds_total"),
    }


def stand_in_seconds(model_url: str) -> float:
    """Processor time that the stand-in has used."""
    return float(httpx.get(f"{model_url}/figures", trust_env=False, timeout=60).json()["cpu_seconds"])
