"""`python -m eval load`: the application's own time under load, and what long running does to it.

Starts the stand-in model server and application processes on free ports, sends questions at a fixed rate whatever comes back
(an open loop: a slow server must not slow its own load down), then lets locust's users loose on them. The machine is shared by
all of it, load generator included: figures say what was measured here, and on what.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from eval.load.questions import QUESTIONS
from tutor.settings import Settings
from tutor.web.serve import bind

RATE, FIRST = 200.0, 0.02  # tokens a second in each stream, seconds before the first: the stand-in's, and known
READY_SECONDS = 180.0


@dataclass(frozen=True)
class Seen:
    """One answer as its reader saw it, milliseconds; `error` is empty when all was well."""

    total: float = 0.0
    search: float = 0.0
    model: float = 0.0
    error: str = ""

    @property
    def own(self) -> float:
        """What is neither search nor model: HTTP, JSON, checks, waiting for a thread or a core."""
        return self.total - self.search - self.model


def measure(settings: Settings, *, processes: int, rates: list[float], seconds: float, users: int) -> dict[str, Any]:
    """Run it all; the report, JSON-ready.

    Args:
        rates: questions per second, over all processes; each is held for `seconds`.
        users: locust's users, for `seconds` too; 0 for none.
    """
    with ExitStack() as stack:
        model_url = stack.enter_context(_stand_in())
        hosts = [stack.enter_context(_application(settings, model_url)) for _ in range(processes)]
        asyncio.run(_at_rate(hosts, 2.0, 5.0))  # everything that is loaded late is loaded now
        before = [figures(host) for host in hosts]
        table = [asyncio.run(_row(hosts, rate, seconds)) for rate in rates]
        locust = _locust(hosts, users, seconds) if users else None
        after = [figures(host) for host in hosts]
    growth = [{k: [b[k], a[k]] for k in b} for b, a in zip(before, after, strict=True)]
    return {
        "machine": {"cpus": os.cpu_count(), "processor": platform.processor() or platform.machine()},
        "stand_in": {"tokens_per_second": RATE, "first_token_ms": FIRST * 1000},
        "processes": processes,
        "seconds": seconds,
        "open_loop": table,
        "users": locust,
        "memory_and_files": growth,
    }


@contextmanager
def _stand_in() -> Iterator[str]:
    command = [sys.executable, "-m", "eval.load.stand_in", "--port", "0", "--rate", str(RATE), "--first", str(FIRST)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


@contextmanager
def _application(settings: Settings, model_url: str) -> Iterator[str]:
    with bind("127.0.0.1", 0) as sock:
        port = int(sock.getsockname()[1])
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TUTOR_")}
    ours = {
        "TUTOR_DATA_DIR": str(settings.data_dir), "TUTOR_CORPUS": settings.corpus, "TUTOR_SERVER_URL": model_url,
        "TUTOR_PORT": str(port), "TUTOR_RATE_LIMIT": "0",
    }  # fmt: skip
    command = [sys.executable, "-c", "from tutor.cli import main; main()", "serve"]
    with subprocess.Popen(command, env=kept | ours, stderr=subprocess.DEVNULL) as process:
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


def figures(host: str) -> dict[str, float]:
    """Memory (MB) and open files of a process, as its metrics tell."""
    text = httpx.get(f"{host}/metrics", trust_env=False).text

    def value(name: str) -> float:
        found = re.search(rf"^{name} (\S+)$", text, re.M)
        return float(found[1]) if found else 0.0

    return {"rss_mb": round(value("process_resident_memory_bytes") / 1e6, 1), "open_files": value("process_open_fds")}


async def _row(hosts: list[str], rate: float, seconds: float) -> dict[str, Any]:
    seen = await _at_rate(hosts, rate, seconds)
    good = [one for one in seen if not one.error]
    errors: dict[str, int] = {}
    for one in seen:
        if one.error:
            errors[one.error] = errors.get(one.error, 0) + 1
    return {
        "per_second": rate,
        "sent": len(seen),
        "errors": errors,
        "own_ms": _quantiles([one.own for one in good]),
        "search_ms": _quantiles([one.search for one in good]),
        "total_ms": _quantiles([one.total for one in good]),
    }


async def _at_rate(hosts: list[str], rate: float, seconds: float) -> list[Seen]:
    """Questions at random moments (a Poisson process), to the processes in turn."""
    chance = random.Random(7)
    limits = httpx.Limits(max_connections=2000, max_keepalive_connections=200)
    async with httpx.AsyncClient(trust_env=False, timeout=120, limits=limits) as http:
        tasks: list[asyncio.Task[Seen]] = []
        end = time.perf_counter() + seconds
        moment = time.perf_counter()
        while (moment := moment + chance.expovariate(rate)) < end:
            await asyncio.sleep(max(0.0, moment - time.perf_counter()))
            query = chance.choice(QUESTIONS)
            tasks.append(asyncio.create_task(_ask(http, hosts[len(tasks) % len(hosts)], query)))
        return list(await asyncio.gather(*tasks))


async def _ask(http: httpx.AsyncClient, host: str, query: str) -> Seen:
    started = time.perf_counter()
    event, done = "", None
    try:
        async with http.stream("POST", f"{host}/api/v1/ask", json={"query": query, "stream": True}) as reply:
            if reply.status_code != 200:
                return Seen(error=f"status {reply.status_code}")
            async for line in reply.aiter_lines():
                if line.startswith("event: "):
                    event = line[7:]
                elif line.startswith("data: ") and event == "done":
                    done = json.loads(line[6:])
    except httpx.HTTPError as error:
        return Seen(error=type(error).__name__)
    total = (time.perf_counter() - started) * 1000
    if done is None:
        return Seen(error="no end")
    words = done["usage"].get("completion_tokens", 0)
    model = (FIRST + words / RATE) * 1000 if words else 0.0
    return Seen(total, done["timings"]["retrieval_ms"], model)


def _quantiles(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    if not ordered:
        return {}
    return {f"p{p}": round(ordered[min(len(ordered) - 1, int(len(ordered) * p / 100))], 1) for p in (50, 95, 99)}


def _locust(hosts: list[str], users: int, seconds: float) -> dict[str, Any]:
    """Closed loop: so many users at once, each waiting for an answer before the next question."""
    with tempfile.TemporaryDirectory() as folder:
        prefix = str(Path(folder) / "locust")
        command = [
            sys.executable, "-m", "locust", "-f", str(Path(__file__).with_name("users.py")), "--headless", "--hosts", ",".join(hosts),
            "-u", str(users), "-r", str(max(1, users // 10)), "-t", f"{seconds:.0f}s", "--json-file", prefix, "--only-summary",
            "--exit-code-on-error", "0",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        path = Path(f"{prefix}.json")
        if not path.is_file():
            raise RuntimeError(f"locust left no report: {done.stderr[-800:]}")
        rows = json.loads(path.read_text(encoding="utf-8"))
    table = {row["name"]: {"requests": row["num_requests"], "failures": row["num_failures"]} for row in rows}
    failures = sum(row["failures"] for row in table.values())
    return {"users": users, "failures": failures, "by_name": table}
