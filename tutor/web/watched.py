"""The tutor as the server uses it: every answer is watched, whichever door asks. Imported late: it pulls in the search."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from tutor.answering.answer import Event
from tutor.answering.tutor import Ask, Tutor
from tutor.web.watching import Watcher


class WatchedTutor(Tutor):
    """A tutor whose answers are watched."""

    def __init__(self, *parts: Any, watcher: Watcher) -> None:
        super().__init__(*parts)
        self._watcher = watcher

    def stream(self, ask: Ask) -> Generator[Event]:
        """As `Tutor.stream`."""
        return self._watcher.watch(ask, super().stream(ask))  # type: ignore[arg-type]
