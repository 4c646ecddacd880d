"""Threads of one search: how many the slow embedder and numpy's BLAS use, how they wait, and what else wants the cores.

`python -m eval threads`; every variant in a process of its own, in two rounds of turns. Queries are the dev part's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from eval.retrieval import percentiles

QUERIES, ROUNDS = 120, 2


@dataclass(frozen=True)
class Variant:
    """One way to search.

    Args:
        environment: read by the libraries that compute; the product sets none that is set already.
        busy: other processes that compute all the time meanwhile.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    busy: int = 0


CHANGED: dict[str, Mapping[str, str]] = {
    "as shipped": {},
    "e5 on one thread": {"OMP_NUM_THREADS": "1"},
    "e5 waits as libgomp does": {"GOMP_SPINCOUNT": "300000"},
    "e5 sleeps at once": {"GOMP_SPINCOUNT": "0"},
    "BLAS on all cores": {"OPENBLAS_NUM_THREADS": str(os.cpu_count() or 1)},
}
VARIANTS = {
    f"{name}, {busy} busy" if busy else name: Variant(environment, busy)
    for busy in (0, 1, 2)
    for name, environment in CHANGED.items()
}

_CHILD = """
import json, sys
from eval.gold import rows
from tutor.retrieval.search import Searcher
from tutor.settings import Settings
searcher = Searcher.configured(Settings())
searcher.warm_up()
print(json.dumps([searcher.search(row["query"]).ms for row in rows("retrieval", "dev")[: int(sys.argv[1])]]))
"""


@contextmanager
def others(busy: int) -> Iterator[None]:
    """So many other processes that compute all the time."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(busy)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def measure(say: Callable[[str], None]) -> dict[str, Any]:
    """Percentiles of the milliseconds of a search, by variant."""
    found: dict[str, list[float]] = {name: [] for name in VARIANTS}
    for _ in range(ROUNDS):
        for name, variant in VARIANTS.items():
            found[name] += _run(variant)
            say(f"{name}: {percentiles(found[name])}")
    return {name: percentiles(values) for name, values in found.items()}


def _run(variant: Variant) -> list[float]:
    with others(variant.busy):
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, str(QUERIES)], capture_output=True, text=True, check=True,
            env={**os.environ, **variant.environment},
        )  # fmt: skip
    values: list[float] = json.loads(done.stdout.splitlines()[-1])
    return values
