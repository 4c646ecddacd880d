"""`python -m eval load`: the application's own time under load.

Starts the stand-in model server and application processes on free ports, sends questions at a fixed rate whatever comes back
(an open loop: a slow server must not slow its own load down), then lets locust's users loose on them. The machine is shared by
all of it, load generator included: figures say what was measured here, on what, and whose processor time it was.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.gold import rows
from eval.load import processes as started
from eval.load.questions import QUESTIONS
from eval.load.reader import ask
from tutor.settings import Settings

RATE, FIRST = 200.0, 0.02  # tokens a second in each stream, seconds before the first: the stand-in's, and known
# The moments at which questions come are drawn; the same in every run.
SEED = 7


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


def machine() -> dict[str, Any]:
    """What it was measured on."""
    return {"cpus": os.cpu_count(), "processor": platform.processor() or platform.machine()}


def measure(
    settings: Settings,
    *,
    processes: int,
    rates: Sequence[float],
    seconds: float,
    users: int,
    fresh: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Run it all; the report, JSON-ready.

    Args:
        rates: questions per second, over all processes; each is held for `seconds`.
        users: locust's users, for `seconds` too; 0 for none.
        fresh: questions that no process has seen before, as long as there are some, instead of the same few.
        progress: told what each rate gave.
    """
    asked = gold_queries() if fresh else list(QUESTIONS)
    with ExitStack() as stack:
        model = stack.enter_context(started.stand_in(RATE, FIRST))
        store = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tutor-load-"))) / "store.sqlite"
        hosts = [stack.enter_context(started.application(settings, model, store)) for _ in range(processes)]
        for host in hosts:  # everything that is loaded late is loaded now
            asyncio.run(at_rate([host], 3.0, 2.0 + len(QUESTIONS) / 2, QUESTIONS))
            started.settle(host)
        before = [started.figures(host) for host in hosts]
        table = []
        for rate in rates:
            table.append(_row(hosts, model, rate, seconds, asked))
            progress(line(table[-1]))
        locust = _locust(hosts, users, seconds) if users else None
        after = [started.figures(host) for host in hosts]
    growth = [{k: [b[k], a[k]] for k in b} for b, a in zip(before, after, strict=True)]
    return {
        "machine": machine(),
        "stand_in": {"tokens_per_second": RATE, "first_token_ms": FIRST * 1000},
        "processes": processes,
        "seconds": seconds,
        "questions": "each new" if fresh else f"{len(QUESTIONS)}, again and again",
        "open_loop": table,
        "users": locust,
        "memory_and_files": growth,
    }


def line(row: dict[str, Any]) -> str:
    """What one rate gave, for people."""
    return (
        f"{row['per_second']:6.1f}/s  sent {row['sent']:5}  errors {row['errors'] or 0}  own {row['own_ms']}  "
        f"search {row['search_ms']}  whole {row['total_ms']}  cores {row['cores_used']}  ms {row['cpu_ms_per_question']}"
    )


def gold_queries() -> list[str]:
    """Some hundred different questions that the corpus answers."""
    found = [row["query"] for name, part in (("answerable", "train"), ("retrieval", "dev")) for row in rows(name, part)]  # type: ignore[arg-type]
    return list(dict.fromkeys(found))


def _row(hosts: list[str], model: str, rate: float, seconds: float, asked: Sequence[str]) -> dict[str, Any]:
    spent = _spent(hosts, model)
    own, clock = time.process_time(), time.perf_counter()
    seen = asyncio.run(at_rate(hosts, rate, seconds, asked))
    lasted = time.perf_counter() - clock
    used = {
        name: after - before for (name, after), before in zip(_spent(hosts, model).items(), spent.values(), strict=True)
    }
    used["generator"] = time.process_time() - own
    good = [one for one in seen if not one.error]
    errors: dict[str, int] = {}
    for one in seen:
        if one.error:
            errors[one.error] = errors.get(one.error, 0) + 1
    return {
        "per_second": rate,
        "sent": len(seen),
        "finished_per_second": round(len(good) / lasted, 1),
        "errors": errors,
        "own_ms": _quantiles([one.own for one in good]),
        "search_ms": _quantiles([one.search for one in good]),
        "total_ms": _quantiles([one.total for one in good]),
        "cpu_ms_per_question": {name: round(s * 1000 / max(1, len(seen)), 1) for name, s in used.items()},
        "cores_used": {name: round(s / lasted, 2) for name, s in used.items()},
    }


def _spent(hosts: list[str], model: str) -> dict[str, float]:
    """Processor time so far, seconds."""
    return {
        "application": sum(started.figures(host)["cpu_seconds"] for host in hosts),
        "stand_in": started.stand_in_seconds(model),
    }


async def at_rate(hosts: Sequence[str], rate: float, seconds: float, asked: Sequence[str]) -> list[Seen]:
    """Questions at random moments (a Poisson process), to the processes in turn."""
    chance = random.Random(SEED)
    tasks: list[asyncio.Task[Seen]] = []
    moment = time.perf_counter()
    end = moment + seconds
    while (moment := moment + chance.expovariate(rate)) < end:
        await asyncio.sleep(max(0.0, moment - time.perf_counter()))
        number = len(tasks)
        tasks.append(asyncio.create_task(_seen(hosts[number % len(hosts)], asked[number % len(asked)])))
    return list(await asyncio.gather(*tasks))


async def _seen(host: str, query: str) -> Seen:
    told = await ask(host, query)
    if told.error:
        return Seen(error=told.error)
    words = told.done["usage"].get("completion_tokens", 0)
    model = (FIRST + words / RATE) * 1000 if words else 0.0
    return Seen(told.milliseconds, told.done["timings"]["retrieval_ms"], model)


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
        found = json.loads(path.read_text(encoding="utf-8"))
    table = {row["name"]: {"requests": row["num_requests"], "failures": row["num_failures"]} for row in found}
    failures = sum(row["failures"] for row in table.values())
    return {"users": users, "failures": failures, "by_name": table}
