"""What stands before the doors, behind the guard: whatever changes something is JSON, and no larger than it need be.

A page of another site may send a form or a plain text to this machine without asking; it may not send JSON.
Plain ASGI, so that streams are not held up. Knows paths and headers, nothing of what lies behind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tutor.web.problems import problem, respond

DOORS = ("/api/", "/v1/", "/mcp")
_CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
MEGABYTE = 1 << 20
Shaped = Callable[[str, dict[str, Any], Mapping[str, str] | None], Response | None]


class Gate:
    """Turns requests down before they are read.

    Args:
        largest: bytes of a request body by path; the first prefix that fits counts.
        shaped: a response in another form for some paths, as in `problems.install`.
    """

    def __init__(self, app: ASGIApp, largest: tuple[tuple[str, int], ...], shaped: Shaped) -> None:
        self._app = app
        self._largest = largest
        self._shaped = shaped

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith(DOORS):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope["method"], headers)
        limit = next(size for prefix, size in self._largest if path.startswith(prefix))
        if refusal is None and _declared(headers) > limit:
            refusal = too_large(limit)
        if refusal is None:
            body, refusal = await _read(receive, limit) if scope["method"] in _CHANGING else (None, None)
        if refusal is not None:
            members = {**refusal, "instance": path}
            response = self._shaped(path, members, None) or respond(members)
            await response(scope, receive, send)
            return
        await self._app(scope, _replayed(body, receive) if body is not None else receive, send)

    @staticmethod
    def _refusal(method: str, headers: Headers) -> dict[str, Any] | None:
        if method not in _CHANGING:
            return None
        has_body = _declared(headers) > 0 or "transfer-encoding" in headers
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if (has_body or kind) and kind != "application/json":
            return problem(415, f"The media type {kind[:100] or 'that is missing'} is not taken.")
        return None


def too_large(limit: int) -> dict[str, Any]:
    """The problem of a body above the limit."""
    return problem(413, f"The request is larger than {limit / MEGABYTE:g} MB.")


def _declared(headers: Headers) -> int:
    length = headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else 0


async def _read(receive: Receive, limit: int) -> tuple[bytes | None, dict[str, Any] | None]:
    """The whole body, at most `limit` bytes of it: a length that was declared need not be true."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(body), None
        body += message.get("body", b"")
        if len(body) > limit:
            return None, too_large(limit)
        if not message.get("more_body", False):
            return bytes(body), None


def _replayed(body: bytes, receive: Receive) -> Receive:
    pending = [body]

    async def replay() -> Message:
        if pending:
            return {"type": "http.request", "body": pending.pop(), "more_body": False}
        return await receive()

    return replay
