"""Intervals: percentile bootstrap over rows (Efron 1979), 2,000 resamples, seeded so that a report is reproducible.

A share of none or of all rows has no spread to resample: its interval is the exact one (Clopper and Pearson 1934). What
hangs together, as the citations of one answer or the rows about one question do, is resampled together (cluster bootstrap:
Field and Welsh 2007).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
LEVEL = 0.95


def mean_interval(
    values: Sequence[float] | NDArray[Any], about: Sequence[Any] | NDArray[Any] | None = None
) -> dict[str, float]:
    """`{"value", "low", "high", "n"}` of a mean; NaN bounds for no rows. `about` as in `interval`."""
    rows = np.asarray(values, dtype=np.float64)
    found = interval(rows, lambda some: float(some.mean()), about)
    if len(rows) and found["value"] in (0.0, 1.0) and np.isin(rows, (0.0, 1.0)).all() and (rows == rows[0]).all():
        edge = round(1 - ((1 - LEVEL) / 2) ** (1 / len(np.unique(_groups(len(rows), about)))), 4)
        found.update({"high": edge} if rows[0] == 0 else {"low": round(1 - edge, 4)})
    return found


def share_interval(counts: Sequence[tuple[int, int]]) -> dict[str, float]:
    """`{"value", "low", "high", "n"}` of a share, from (hits, cases) of each row; rows without a case say nothing."""
    table = np.asarray([row for row in counts if row[1]], dtype=np.float64).reshape(-1, 2)
    hits, cases = table.sum(axis=0)
    if hits in (0, cases):  # no spread: as many rows that all say the same
        return mean_interval(table[:, 0] / table[:, 1])
    return interval(table, lambda t: float(t[:, 0].sum() / t[:, 1].sum()))


def interval(
    rows: NDArray[Any], statistic: Callable[[NDArray[Any]], float], about: Sequence[Any] | NDArray[Any] | None = None
) -> dict[str, float]:
    """`{"value", "low", "high", "n"}` of any statistic over rows (first axis).

    Args:
        about: what each row is about; rows about the same are resampled together, unless all rows are. `n` is rows.
    """
    if len(rows) == 0:
        return {"value": float("nan"), "low": float("nan"), "high": float("nan"), "n": 0}
    generator = np.random.default_rng(0)
    group = _groups(len(rows), about)
    count = int(group.max()) + 1
    draws = (np.bincount(generator.integers(0, count, count), minlength=count) for _ in range(RESAMPLES))
    samples = [statistic(np.repeat(rows, times[group], axis=0)) for times in draws]
    tail = (1 - LEVEL) / 2 * 100
    low, high = np.nanpercentile(samples, [tail, 100 - tail])
    return {
        "value": round(statistic(rows), 4), "low": round(float(low), 4), "high": round(float(high), 4), "n": len(rows),
    }  # fmt: skip


def _groups(count: int, about: Sequence[Any] | NDArray[Any] | None) -> NDArray[np.int64]:
    """For each row the number of what it is about, from 0."""
    names = np.arange(count) if about is None else np.asarray(about)
    found = np.unique(names, return_inverse=True)[1]
    return found if found.any() else np.arange(count)


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Probability that a random positive scores above a random negative, ties half (Mann-Whitney)."""
    p, n = np.asarray(positive)[:, None], np.asarray(negative)[None, :]
    return float((p > n).mean() + 0.5 * (p == n).mean())
