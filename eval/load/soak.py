"""`python -m eval load --soak --minutes 30`: the same load for half an hour; memory and open files must stay flat.

Growth is the slope of a line through the samples after warm-up, with its standard error: two readings at the ends would
tell what the last garbage collection did. Knows the open loop, nothing inside the application.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from eval.load import processes as started
from eval.load.run import FIRST, RATE, at_rate, gold_queries, machine
from tutor.settings import Settings

SAMPLE_S = 10.0
# Caches fill, the allocator finds its level: this share of a soak is warm-up.
WARM_SHARE = 1 / 3


def measure(settings: Settings, *, processes: int, minutes: float, per_second: float) -> dict[str, Any]:
    """The report of a soak, JSON-ready: samples of each process, growth an hour, errors."""
    queries = gold_queries()
    with ExitStack() as stack:
        model = stack.enter_context(started.stand_in(RATE, FIRST))
        store = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tutor-load-"))) / "store.sqlite"
        hosts = [stack.enter_context(started.application(settings, model, store)) for _ in range(processes)]
        sent, errors = 0, 0
        samples: list[list[dict[str, float]]] = [[] for _ in hosts]
        begun, moment = time.monotonic(), 0.0
        end = minutes * 60
        while moment < end:
            seen = asyncio.run(at_rate(hosts, per_second, min(SAMPLE_S, end - moment), _turned(queries, sent)))
            sent, errors = sent + len(seen), errors + sum(bool(one.error) for one in seen)
            moment = time.monotonic() - begun
            for row, host in zip(samples, hosts, strict=True):
                row.append({"second": round(moment), **started.figures(host)})
    return {
        "machine": machine(),
        "processes": processes,
        "minutes": minutes,
        "per_second": per_second,
        "sent": sent,
        "errors": errors,
        "warm_share": round(WARM_SHARE, 2),
        "growth": [growth(row) for row in samples],
        "samples": samples,
    }


def _turned(queries: Sequence[str], by: int) -> list[str]:
    cut = by % len(queries)
    return [*queries[cut:], *queries[:cut]]


def growth(samples: Sequence[dict[str, float]]) -> dict[str, float]:
    """Growth of memory and open files after warm-up.

    Returns:
        `rss_percent_an_hour` and its standard error, `rss_mb` at the end, `open_files_an_hour`.
    """
    warm = samples[int(len(samples) * WARM_SHARE) :]
    hours = np.asarray([s["second"] for s in warm]) / 3600
    slope, error = _slope(hours, np.asarray([s["rss_mb"] for s in warm]))
    level = float(np.mean([s["rss_mb"] for s in warm]))
    return {
        "rss_percent_an_hour": round(100 * slope / level, 2),
        "standard_error": round(100 * error / level, 2),
        "rss_mb": warm[-1]["rss_mb"],
        "rss_mb_range": round(max(s["rss_mb"] for s in warm) - min(s["rss_mb"] for s in warm), 1),
        "open_files_an_hour": round(_slope(hours, np.asarray([s["open_files"] for s in warm]))[0], 1),
        "open_files": warm[-1]["open_files"],
    }


def _slope(x: Any, y: Any) -> tuple[float, float]:
    """Least-squares slope and its standard error."""
    centred = x - x.mean() if len(x) else x
    spread = float(centred @ centred)
    if len(x) < 3 or not spread:  # a machine that stood still may give every sample the same second
        return 0.0, float("inf")
    slope = float(centred @ y) / spread
    rest = y - y.mean() - slope * centred
    return slope, float(np.sqrt(rest @ rest / (len(x) - 2) / spread))
