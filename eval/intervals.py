"""Intervals: percentile bootstrap over rows (Efron 1979), 2,000 resamples, seeded so that a report is reproducible.

A share of none or of all rows has no spread to resample: its interval is the exact one (Clopper and Pearson 1934). What
hangs together, as the citations of one answer do, is resampled together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
LEVEL = 0.95


def mean_interval(values: Sequence[float] | NDArray[Any]) -> dict[str, float]:
    """`{"value", "low", "high", "n"}` of a mean; NaN bounds for no rows."""
    rows = np.asarray(values, dtype=np.float64)
    found = interval(rows, lambda some: float(some.mean()))
    if len(rows) and found["value"] in (0.0, 1.0) and np.isin(rows, (0.0, 1.0)).all() and (rows == rows[0]).all():
        edge = round(1 - ((1 - LEVEL) / 2) ** (1 / len(rows)), 4)
        found.update({"high": edge} if rows[0] == 0 else {"low": round(1 - edge, 4)})
    return found


def share_interval(counts: Sequence[tuple[int, int]]) -> dict[str, float]:
    """`{"value", "low", "high", "n"}` of a share, from (hits, cases) of each row; rows without a case say nothing."""
    table = np.asarray([row for row in counts if row[1]], dtype=np.float64).reshape(-1, 2)
    hits, cases = table.sum(axis=0)
    if hits in (0, cases):  # no spread: as many rows that all say the same
        return mean_interval(table[:, 0] / table[:, 1])
    return interval(table, lambda t: float(t[:, 0].sum() / t[:, 1].sum()))


def interval(rows: NDArray[Any], statistic: Callable[[NDArray[Any]], float]) -> dict[str, float]:
    """`{"value", "low", "high", "n"}` of any statistic over rows (first axis)."""
    if len(rows) == 0:
        return {"value": float("nan"), "low": float("nan"), "high": float("nan"), "n": 0}
    generator = np.random.default_rng(0)
    samples = [statistic(rows[generator.integers(0, len(rows), len(rows))]) for _ in range(RESAMPLES)]
    tail = (1 - LEVEL) / 2 * 100
    low, high = np.nanpercentile(samples, [tail, 100 - tail])
    return {
        "value": round(statistic(rows), 4), "low": round(float(low), 4), "high": round(float(high), 4), "n": len(rows),
    }  # fmt: skip


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Probability that a random positive scores above a random negative, ties half (Mann-Whitney)."""
    p, n = np.asarray(positive)[:, None], np.asarray(negative)[None, :]
    return float((p > n).mean() + 0.5 * (p == n).mean())
