"""Watches what passes: every request gets an id, a line in the log and a count; every answer, its figures and a trace.

Texts of users are logged only where `TUTOR_LOG_TEXTS` asks for it. Knows events and ASGI messages, nothing of pages.
"""

from __future__ import annotations

import logging
import re
import threading
import time
import uuid
from collections.abc import Generator
from contextlib import closing
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tutor.answering.answer import Done, Event
from tutor.web.metrics import Metrics
from tutor.web.traces import Traces

if TYPE_CHECKING:
    from tutor.answering.tutor import Ask

log = logging.getLogger("tutor.web.requests")
answers_log = logging.getLogger("tutor.web.answers")

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
# What is asked every few seconds by machines is counted, not logged.
QUIET = frozenset({"/health", "/ready", "/metrics"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Watch:
    """ASGI middleware, the outermost. Takes a proxy's `X-Request-ID` or makes one, and sends it back."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _ID.fullmatch(given) else uuid.uuid4().hex
        token = REQUEST_ID.set(request_id)
        started = time.perf_counter()
        status = 500
        first_byte: float | None = None

        async def send_watched(message: Message) -> None:
            nonlocal status, first_byte
            if message["type"] == "http.response.start":
                status, first_byte = message["status"], time.perf_counter() - started
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        try:
            await self._app(scope, receive, send_watched)
        except Exception as error:
            self._metrics.error(error)
            raise
        finally:
            seconds = time.perf_counter() - started
            method = scope["method"] if scope["method"] in METHODS else "other"
            self._metrics.request(method, route_of(scope), status, first_byte if first_byte is not None else seconds)
            if scope["path"] not in QUIET:
                log.info(
                    "%s %s %s", method, _in_one_line(scope["path"]), status,
                    extra={"status": status, "ms": round(seconds * 1000, 1), "route": route_of(scope)},
                )  # fmt: skip
            REQUEST_ID.reset(token)


def route_of(scope: Scope) -> str:
    """The template of the route that served a request; "page" for everything below the mounted page."""
    route = scope.get("route")
    path = getattr(route, "path", None)
    return str(path) if path and not scope.get("root_path") else "page"


def _in_one_line(path: str) -> str:
    """A path as the log has it: a line break that was sent in it begins no line there."""
    return "".join(c if c.isprintable() else quote(c) for c in path)


class Running:
    """How many answers are being written, and a way to wait until there is none."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._changed = threading.Condition()
        self._count = 0

    def begin(self) -> None:
        """An answer has begun."""
        self._add(1)

    def end(self) -> None:
        """An answer has ended, one way or the other."""
        self._add(-1)

    @property
    def count(self) -> int:
        """Answers being written now."""
        return self._count

    def wait_until_none(self, seconds: float) -> bool:
        """Block until no answer is being written; False after `seconds`."""
        with self._changed:
            return self._changed.wait_for(lambda: self._count == 0, seconds)

    def _add(self, change: int) -> None:
        with self._changed:
            self._count += change
            self._metrics.running.set(self._count)
            self._changed.notify_all()


class Watcher:
    """What watches answers, whichever door they leave by."""

    def __init__(self, *, log_texts: bool = False, traces: Traces | None = None) -> None:
        self.metrics = Metrics()
        self.running = Running(self.metrics)
        self._log_texts = log_texts
        self._traces = traces or Traces()

    def watch(self, ask: Ask, events: Generator[Event]) -> Generator[Event]:
        """The same events; what is seen of them is counted, logged and traced when they end."""
        started_ns, started = time.time_ns(), time.perf_counter()
        done: Done | None = None
        outcome = "stopped"
        self.running.begin()
        try:
            with closing(events):
                for event in events:
                    if isinstance(event, Done):
                        done = event
                    yield event
            outcome = "answered" if done is not None else "failed"
        except Exception as error:
            outcome = "failed"
            self.metrics.error(error)
            raise
        finally:
            self.running.end()
            if done is not None:
                self.metrics.answer(done.answer)
                outcome = "refused" if done.answer.refused else "answered"
            else:
                self.metrics.unfinished("failed" if outcome == "failed" else "stopped")
            self._note(ask, done, outcome, time.perf_counter() - started)
            self._traces.answer(started_ns, done.answer if done else None, outcome, REQUEST_ID.get())

    def close(self) -> None:
        """Send the traces that are still held back."""
        self._traces.close()

    def _note(self, ask: Ask, done: Done | None, outcome: str, seconds: float) -> None:
        figures: dict[str, Any] = {"outcome": outcome, "ms": round(seconds * 1000, 1)}
        if done is not None:
            answer = done.answer
            # Behind its colon a flag may quote what somebody wrote.
            flags = [flag if self._log_texts else flag.partition(":")[0] for flag in answer.flags]
            figures |= {
                **answer.timings,
                **answer.usage,
                "language": answer.language,
                "flags": flags,
                "model": answer.model,
            }
            figures["questions"] = sorted({citation.question for citation in answer.citations})
        if self._log_texts:
            figures |= {"query": ask.query, "answer": done.answer.answer if done else None}
        answers_log.info("answer %s", outcome, extra=figures)
