"""`python -m eval load --crowd 200 --minutes 10`: so many users, each reading a stream all the time.

Every user has questions of their own, asked in calm before the crowd comes. The stand-in answers by rule, so under load
every stream must bring the very same text: a word of another user's answer, a lost one or an extract in an answer's place is
found, whatever it is. Knows the reader, nothing inside the application.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eval.load import processes as started
from eval.load.reader import Told, ask
from eval.load.run import gold_queries, machine
from tutor.settings import Settings

# Slow streams: each takes about eight seconds, so that all users read at the same time, and the machine is not the limit.
RATE, FIRST = 4.0, 0.1
PAUSE_S = 1.0
QUERIES_EACH = 1
SAMPLE_S = 10.0


@dataclass
class _Seen:
    answers: int = 0
    foreign: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    open: int = 0
    most_open: int = 0


def measure(settings: Settings, *, processes: int, users: int, minutes: float) -> dict[str, Any]:
    """The report of a crowd, JSON-ready: answers, errors, foreign texts, streams at once, memory and files."""
    with ExitStack() as stack:
        model = stack.enter_context(started.stand_in(RATE, FIRST))
        store = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tutor-load-"))) / "store.sqlite"
        hosts = [stack.enter_context(started.application(settings, model, store)) for _ in range(processes)]
        queries = gold_queries()[: users * QUERIES_EACH]
        with started.stand_in(1000.0, 0.0) as quick:
            calm = stack.enter_context(started.application(settings, quick))
            expected = asyncio.run(_in_calm(calm, queries))
        before = [started.figures(host) for host in hosts]
        seen, samples = asyncio.run(_crowd(hosts, users, minutes * 60, expected))
        after = [started.figures(host) for host in hosts]
    lasted = sorted(seen.seconds)
    return {
        "machine": machine(),
        "stand_in": {"tokens_per_second": RATE, "first_token_ms": FIRST * 1000},
        "processes": processes,
        "users": users,
        "minutes": minutes,
        "questions": len(expected),
        "different_texts": len({told.text for told in expected.values()}),
        "answers": seen.answers,
        "errors": dict(seen.errors),
        "foreign": seen.foreign,
        "streams_at_once": seen.most_open,
        "seconds_p50_p95": [round(lasted[int(len(lasted) * q)], 2) for q in (0.5, 0.95)] if lasted else [],
        "open_streams": samples,
        "memory_and_files": [{k: [b[k], a[k]] for k in b} for b, a in zip(before, after, strict=True)],
    }


async def _in_calm(host: str, queries: Sequence[str]) -> dict[str, Told]:
    expected = {}
    for query in queries:
        told = await ask(host, query)
        if told.error:
            raise RuntimeError(f"in calm already: {told.error}")
        expected[query] = told
    return expected


async def _crowd(
    hosts: Sequence[str], users: int, seconds: float, expected: dict[str, Told]
) -> tuple[_Seen, list[int]]:
    seen, samples, queries = _Seen(), [], list(expected)
    end = time.monotonic() + seconds
    people = [
        asyncio.create_task(_user(number, hosts[number % len(hosts)], _own(number, queries), expected, seen, end))
        for number in range(users)
    ]
    while time.monotonic() < end:
        await asyncio.sleep(min(SAMPLE_S, max(0.0, end - time.monotonic())))
        samples.append(seen.open)
    await asyncio.gather(*people)
    return seen, samples


def _own(number: int, queries: Sequence[str]) -> list[str]:
    return [queries[(number * QUERIES_EACH + i) % len(queries)] for i in range(QUERIES_EACH)]


async def _user(
    number: int, host: str, queries: Sequence[str], expected: dict[str, Told], seen: _Seen, end: float
) -> None:
    chance = random.Random(number)
    await asyncio.sleep(chance.uniform(0, 8))
    turn = 0
    while time.monotonic() < end:
        query = queries[turn % len(queries)]
        turn += 1
        seen.open += 1
        seen.most_open = max(seen.most_open, seen.open)
        told = await ask(host, query)
        seen.open -= 1
        if told.error:
            seen.errors[told.error] += 1
        else:
            seen.answers += 1
            seen.seconds.append(told.milliseconds / 1000)
            wanted = expected[query]
            # The query as the tutor understood it comes back with the sources: it is whose stream this is.
            if (told.query, told.text, told.done["answer"]) != (wanted.query, wanted.text, wanted.done["answer"]):
                seen.foreign += 1
        await asyncio.sleep(chance.uniform(0, 2 * PAUSE_S))
