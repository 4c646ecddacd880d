"""The whole server as a user starts it: how soon the page and the model are there, and what memory they take."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from tutor.settings import LOOPBACK, Settings

PATIENCE_S = 120.0


def start_up(settings: Settings) -> dict[str, Any]:
    """Start `tutor serve` on a free port; seconds to the page and to the model, memory in MB, then stop it."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ, "TUTOR_PORT": str(port), "TUTOR_DATA_DIR": str(settings.data_dir), "TUTOR_OFFLINE": "1",
        "TUTOR_MODEL": settings.model,
    }  # fmt: skip
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "tutor", "serve"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        page = _wait(f"http://{LOOPBACK}:{port}/", started)
        ready = _wait(f"http://{LOOPBACK}:{port}/ready", started)
        return {"page_s": page, "ready_s": ready, "memory_mb": round(_memory(process.pid), 1)}
    finally:
        process.terminate()
        process.wait(30)


def _wait(url: str, started: float) -> float | None:
    with httpx.Client(trust_env=False, timeout=5.0) as client:
        while time.perf_counter() - started < PATIENCE_S:
            try:
                if client.get(url).status_code == 200:
                    return round(time.perf_counter() - started, 2)
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
    return None


def _memory(pid: int) -> float:
    """Proportional set size of a process and all below it, MB; shared pages are counted once."""
    total = 0.0
    for process in (pid, *_children(pid)):
        try:
            rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
        except OSError:
            continue
        total += next((int(line.split()[1]) / 1024 for line in rollup.splitlines() if line.startswith("Pss:")), 0.0)
    return total


def _children(pid: int) -> list[int]:
    found = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            direct = [int(child) for child in thread.read_text().split()]
        except OSError:
            continue
        for child in direct:
            found += [child, *_children(child)]
    return found
