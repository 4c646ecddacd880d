"""The waiting line in front of the engine: who is served next, and which of its slots is free.

First come, first served, but owners of several requests take turns with the others; background work only when
nobody waits. Knows nothing of models or prompts.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from ingest.errors import ModelUnavailable

# Waiting longer than behind so many answers is worse than an extract at once.
LONGEST_LINE = 16


@dataclass(eq=False)
class Ticket:
    """A place in the line. `slot` is the engine's slot, -1 while waiting. Leave the line by `leave()`, always."""

    line: Line
    turn: int = 0
    slot: int = -1
    _served: threading.Event = field(default_factory=threading.Event)

    @property
    def place(self) -> int:
        """How many are to be served before this one, counted from 1; 0 once it is served."""
        return self.line.place(self)

    def wait(self, seconds: float | None = None) -> bool:
        """Block until it is this one's turn; whether it is."""
        return self._served.wait(seconds)

    def leave(self) -> None:
        """Give the slot, or the place, to the next. May be called twice."""
        self.line.leave(self)

    def __enter__(self) -> Ticket:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()


class Line:
    """A line for `slots` slots. Thread-safe.

    Args:
        longest: so many may wait.
    """

    def __init__(self, slots: int, longest: int = LONGEST_LINE) -> None:
        self._lock = threading.Lock()
        self.slots = slots
        self._free = list(range(slots))
        self._waiting: list[Ticket] = []
        self._running: list[Ticket] = []
        self._background: Ticket | None = None
        self._longest = longest
        # Turns are numbers: each owner's requests take consecutive ones, from the turn that is served now.
        self._now = 0
        self._last_turn: dict[str, int] = {}
        self._wanted = threading.Event()
        self._quiet = threading.Event()
        self._quiet.set()

    def enter(self, owner: str = "") -> Ticket:
        """Take a place.

        Args:
            owner: whose request it is; requests of one owner take turns with those of the others.

        Raises:
            ModelUnavailable: the line is full.
        """
        with self._lock:
            if len(self._waiting) >= self._longest:
                raise ModelUnavailable(
                    f"{len(self._waiting)} others are waiting for the language model.", "Ask again in a minute."
                )
            ticket = Ticket(self, self._turn(owner))
            self._waiting.append(ticket)
            self._wanted.set()
            self._quiet.clear()
            self._serve()
        return ticket

    def enter_background(self) -> Ticket | None:
        """A slot for work that nobody waits for, or None while anybody is being served. Give way by `wanted`."""
        with self._lock:
            if self._waiting or self._running or self._background is not None or not self._free:
                return None
            self._background = Ticket(self)
            self._background.slot = self._free.pop()
            self._wanted.clear()
            return self._background

    @property
    def in_background(self) -> bool:
        """Whether background work holds a slot."""
        return self._background is not None

    @property
    def wanted(self) -> bool:
        """Whether somebody has come since the background work began."""
        return self._wanted.is_set()

    def wait_quiet(self, seconds: float) -> bool:
        """Block until nobody is being served; whether that is so."""
        return self._quiet.wait(seconds)

    def place(self, ticket: Ticket) -> int:
        """See `Ticket.place`."""
        with self._lock:
            return self._order().index(ticket) + 1 if ticket in self._waiting else 0

    @property
    def length(self) -> int:
        """How many wait now."""
        return len(self._waiting)

    def leave(self, ticket: Ticket) -> None:
        """See `Ticket.leave`."""
        with self._lock:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
            elif ticket in self._running:
                self._running.remove(ticket)
                self._free.append(ticket.slot)
            elif ticket is self._background:
                self._background = None
                self._free.append(ticket.slot)
            self._serve()
            if not self._waiting and not self._running:
                self._quiet.set()
                self._last_turn.clear()

    def prefer(self, slot: int, ticket: Ticket) -> None:
        """Swap the ticket's slot for a free one that suits it better."""
        with self._lock:
            if slot in self._free and ticket.slot >= 0:
                self._free.remove(slot)
                self._free.append(ticket.slot)
                ticket.slot = slot

    def _serve(self) -> None:
        while self._waiting and self._free:
            ticket = self._order()[0]
            self._waiting.remove(ticket)
            self._running.append(ticket)
            self._now = max(self._now, ticket.turn - 1)
            # The slot that has been free for longest: the others may hold what their users ask about next.
            ticket.slot = self._free.pop(0)
            ticket._served.set()

    def _order(self) -> list[Ticket]:
        return sorted(self._waiting, key=lambda ticket: ticket.turn)

    def _turn(self, owner: str) -> int:
        """Start-time fair queueing (Goyal et al. 1996) with requests of equal size."""
        turn = max(self._now, self._last_turn.get(owner, 0) if owner else 0) + 1
        if owner:
            self._last_turn[owner] = turn
        return turn
