"""How much one user may send: requests a minute, bytes a request. Knows keys and a clock, nothing of HTTP.

A token bucket in one process: with several, each keeps its own. Hand-written: it is shorter than the set-up of a
library, needs no server, and a test can turn its clock.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

# So many buckets are kept; full ones, which say nothing, go first.
MOST_BUCKETS = 10_000


class Buckets:
    """One bucket for each key: `burst` requests at once, `per_minute` in the long run. Thread-safe.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, per_minute: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_minute / 60
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._levels: dict[str, tuple[float, float]] = {}

    def take(self, key: str) -> float:
        """Take one request: 0 where it may pass, else the seconds to wait for the next."""
        with self._lock:
            moment = self._clock()
            level = self._level(key, moment)
            if level < 1:
                self._levels[key] = level, moment
                return (1 - level) / self._rate
            if len(self._levels) >= MOST_BUCKETS and key not in self._levels:
                self._drop_full(moment)
            self._levels[key] = level - 1, moment
            return 0.0

    def _level(self, key: str, moment: float) -> float:
        level, before = self._levels.get(key, (self._burst, moment))
        return min(self._burst, level + (moment - before) * self._rate)

    def _drop_full(self, moment: float) -> None:
        self._levels = {k: v for k, v in self._levels.items() if self._level(k, moment) < self._burst}
        while len(self._levels) >= MOST_BUCKETS:  # a flood of keys: the oldest ones are forgotten
            del self._levels[next(iter(self._levels))]
