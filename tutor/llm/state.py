"""What a model is doing, with its reason, in a box that one thread sets and others wait on.

Knows nothing of engines.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

State = Literal["none", "stopped", "pulling", "loading", "ready", "failed"]


@dataclass(frozen=True)
class ModelState:
    """A state and why, for users. `since` is in seconds since the epoch."""

    state: State
    reason: str
    since: float = field(default_factory=time.time, compare=False)

    @property
    def ready(self) -> bool:
        """Whether the model answers now."""
        return self.state == "ready"


class StateBox:
    """The current `ModelState`; setting wakes every waiter."""

    def __init__(self, state: State = "stopped", reason: str = "not started") -> None:
        self._condition = threading.Condition()
        self._current = ModelState(state, reason)

    @property
    def current(self) -> ModelState:
        """The state now."""
        return self._current

    def set(self, state: State, reason: str) -> None:
        """Change state; a new reason within the same state keeps its `since`."""
        with self._condition:
            same = state == self._current.state
            self._current = ModelState(state, reason, self._current.since) if same else ModelState(state, reason)
            self._condition.notify_all()

    def wait(self, until: Callable[[ModelState], bool], timeout: float | None = None) -> ModelState:
        """Block until `until(state)` or `timeout` seconds have passed; the state then, either way."""
        with self._condition:
            self._condition.wait_for(lambda: until(self._current), timeout)
            return self._current
