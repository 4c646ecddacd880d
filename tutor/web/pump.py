"""From a blocking iterator to an asynchronous one that stops its source when nobody listens any more.

The tutor streams in plain Python, HTTP is served by an event loop; one thread per stream stands between. Knows
nothing of what is streamed.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, suppress
from contextvars import copy_context
from typing import Any, TypeVar

from fastapi import Request

T = TypeVar("T")
# Streams at a time; more wait. A thread that waits for the model's next words costs 0.1 MB and no processor time; who
# comes in what order to a model that serves few at a time is settled in front of it.
STREAMS = 512
_slots = threading.BoundedSemaphore(STREAMS)
# How long a waiting stream takes to notice that nobody wants it any more.
_WAIT_SECONDS = 0.5


class _End:
    """Behind the last item; `error` is what the source raised."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error


class CallerGone(Exception):
    """The one who asked has hung up; nobody is there to read an answer."""


async def pumped(source: Callable[[], Iterator[T]], beat: float | None = None) -> AsyncIterator[T | None]:
    """The items of `source()`, which runs in a thread of its own. Closing this closes the source after its next item.

    Args:
        source: opens the iterator; called in the thread.
        beat: seconds of silence after which None is yielded, so that a connection can be kept alive; None for never.

    Raises:
        Exception: what the source raised.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[T | _End] = asyncio.Queue()
    stopped = threading.Event()

    def tell(item: T | _End) -> None:
        with suppress(RuntimeError):  # the loop is closed: the server stops
            loop.call_soon_threadsafe(queue.put_nowait, item)

    def work() -> None:
        while not _slots.acquire(timeout=_WAIT_SECONDS):
            if stopped.is_set():
                return
        try:
            run()
        finally:
            _slots.release()

    def run() -> None:
        error: Exception | None = None
        items: Iterator[T] | None = None
        try:
            items = iter(()) if stopped.is_set() else source()
            for item in items:
                if stopped.is_set():
                    break
                tell(item)
        except Exception as raised:
            error = raised
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()
        tell(_End(error))

    # The request's id goes along. A daemon: a source that hangs must not keep the server from stopping.
    threading.Thread(target=copy_context().run, args=(work,), name="stream", daemon=True).start()
    try:
        while True:
            try:
                item = await asyncio.wait_for(queue.get(), beat)
            except TimeoutError:
                yield None
                continue
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        stopped.set()


async def last_of(request: Request, source: Callable[[], Iterator[T]]) -> T:
    """The last item of `source()`; the source is stopped when the caller of the request hangs up.

    Raises:
        CallerGone: the caller has hung up.
        Exception: what the source raised.
    """
    last: list[T] = []

    async def collect() -> None:
        async with aclosing(pumped(source)) as items:  # type: ignore[type-var]
            async for item in items:
                if item is not None:
                    last[:] = [item]

    async def gone() -> None:
        message: Any = None
        while message is None or message["type"] != "http.disconnect":
            message = await request.receive()

    work, watch = asyncio.create_task(collect()), asyncio.create_task(gone())
    try:
        await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise CallerGone
        await work
        return last[0]
    finally:
        for task in (work, watch):
            task.cancel()
        await asyncio.gather(work, watch, return_exceptions=True)
