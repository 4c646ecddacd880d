"""What the routes share: who asks, the open corpora, server-sent events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from typing import Annotated, Any, cast

from fastapi import Depends, Request
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from tutor.store.rows import Scope
from tutor.web.identity import current_user, require
from tutor.web.open_corpora import OpenCorpora
from tutor.web.problems import problem_of
from tutor.web.pump import pumped

# Proxies close connections that stay silent; a long prompt takes half a minute on a laptop.
BEAT_SECONDS = 10.0
EVENT_STREAM = "text/event-stream"
_NO_CACHE = {"cache-control": "no-cache", "x-accel-buffering": "no"}


# What a request needs is only looked up. Asynchronous, or FastAPI would change to another thread for each of them: a tenth
# of what an answer costs beside the model.
async def open_corpora(request: Request) -> OpenCorpora:
    """The corpora of the application."""
    return cast(OpenCorpora, request.app.state.corpora)


async def _caller(request: Request) -> str:
    return current_user(request)


def _allowed(scope: Scope) -> Callable[[Request], Awaitable[str]]:
    async def user(request: Request) -> str:
        return require(request, scope)

    return user


Corpora = Annotated[OpenCorpora, Depends(open_corpora)]
# The user behind a request, by what the request needs: a key may have been made for less.
Caller = Annotated[str, Depends(_caller)]
Asker = Annotated[str, Depends(_allowed("ask"))]
Practiser = Annotated[str, Depends(_allowed("practise"))]
Owner = Annotated[str, Depends(_allowed("data"))]
Admin = Annotated[str, Depends(_allowed("admin"))]


def event(name: str, data: Any) -> str:
    """One server-sent event: https://html.spec.whatwg.org/multipage/server-sent-events.html"""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


class ClosingStream(StreamingResponse):
    """A stream whose source is closed at once when the client hangs up, not when its garbage is collected."""

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            close = getattr(self.body_iterator, "aclose", None)
            if close is not None:
                await close()


def events(source: Callable[[], Iterator[tuple[str, Any]]], instance: str) -> ClosingStream:
    """`(name, data)` pairs of a blocking iterator as server-sent events; an error ends them with a `problem`."""

    async def lines() -> AsyncIterator[str]:
        try:
            async with aclosing(pumped(source, BEAT_SECONDS)) as items:  # type: ignore[type-var]
                async for item in items:
                    yield ": waiting\n\n" if item is None else event(*item)
        except Exception as error:
            yield event("problem", problem_of(error, instance))

    return ClosingStream(lines(), media_type=EVENT_STREAM, headers=_NO_CACHE)


def sse_documented(**said: str) -> dict[str, Any]:
    """The second form of a 200 response, for the OpenAPI document: event names, and what the data of each is."""
    data = "JSON. " + "; ".join(f"{name}: {words}" for name, words in said.items()) + "."
    schema = {
        "type": "object",
        "properties": {
            "event": {"type": "string", "enum": [*said]},
            "data": {"type": "string", "contentMediaType": "application/json", "description": data},
        },
        "required": ["event", "data"],
    }
    return {"content": {EVENT_STREAM: {"schema": schema}}}
