"""Errors as clients of the doors see them: `application/problem+json` (RFC 9457) with what happened and the mend.

    https://www.rfc-editor.org/rfc/rfc9457

Knows the error tree and status codes, nothing of routes. A bug shows as one, without its traceback: that is in the log.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from ingest import errors
from tutor.web.pump import CallerGone

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
# The first class that fits counts.
_STATUS: tuple[tuple[type[errors.TutorError], int], ...] = (
    (errors.SignInNeeded, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.TooMany, 429),
    (errors.IndexMissing, 404),
    (errors.IndexMismatch, 409),
    (errors.IndexBusy, 409),
    (errors.BuildEnded, 503),
    (errors.IndexUnavailable, 503),
    (errors.StoreMismatch, 503),
    (errors.StoreUnavailable, 503),
    (errors.ModelMissing, 503),
    (errors.ModelUnavailable, 503),
    (errors.DownloadFailed, 503),
    (errors.DiskFull, 507),
    (errors.DocumentError, 422),
    (errors.UsageError, 422),
)
_TITLES = {
    400: "The request is malformed", 401: "Sign in first", 403: "Not allowed", 404: "Not there", 405: "Method not allowed",
    409: "Not possible in this state", 413: "Too large", 415: "Wrong media type", 422: "Not usable as it is",
    429: "Too many requests", 499: "The caller hung up", 500: "An error in the program", 503: "Not available now",
    507: "No room left",
}  # fmt: skip
_MENDS = {
    404: "GET /openapi.json lists what there is.",
    405: "GET /openapi.json lists the methods of every address.",
    413: "Send less at once.",
    415: "Send JSON, with the header Content-Type: application/json.",
    500: "The server's log says more. Try again, or report it.",
}


class Refused(Exception):
    """A request that a door turns down by itself.

    Args:
        status: HTTP status.
        message: what is wrong, one sentence.
        mend: what the caller can do about it.
    """

    def __init__(self, status: int, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.mend = status, message, mend


def status_of(error: errors.TutorError) -> int:
    """The HTTP status of an error for users."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def problem(
    status: int, message: str, mend: str = "", *, instance: str = "", fields: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """The members of a problem; `mend` and `errors` are extensions of ours."""
    found: dict[str, Any] = {
        "type": "about:blank", "title": _TITLES.get(status, "Error"), "status": status, "detail": message,
    }  # fmt: skip
    if instance:
        found["instance"] = instance
    mend = mend or _MENDS.get(status, "")
    if mend:
        found["mend"] = mend
    if fields:
        found["errors"] = list(fields)
    return found


def problem_of(error: Exception, instance: str = "") -> dict[str, Any]:
    """The problem that an exception is; anything but an error for users is a bug, logged here."""
    if isinstance(error, errors.TutorError):
        return problem(status_of(error), error.message, error.mend, instance=instance)
    if isinstance(error, Refused):
        return problem(error.status, error.message, error.mend, instance=instance)
    if isinstance(error, CallerGone):
        return problem(499, "The connection was closed before the answer was there.", instance=instance)
    log.error("a request failed", exc_info=error)
    return problem(500, "Something unexpected happened in the program.", instance=instance)


def fields_of(error: RequestValidationError) -> list[dict[str, str]]:
    """What is wrong with each field, without the value: it may be long, secret, or not even encodable."""
    return [
        {
            "field": ".".join(str(part) for part in found["loc"] if part != "body") or "body",
            "message": str(found["msg"]),
        }
        for found in error.errors()
    ]


def respond(members: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """A problem as a response."""
    return JSONResponse(dict(members), int(members["status"]), dict(headers or {}), MEDIA_TYPE)


def _ended(text: str) -> str:
    """A sentence with its full stop, once."""
    return text if text.endswith((".", "。")) else f"{text}."


def install(app: FastAPI, shaped: Any = None) -> None:
    """Turn every error of the application's own routes into a problem.

    Args:
        shaped: (path, members, headers) -> a response in another form for some paths, or None; chat clients expect theirs.
    """

    def answer(request: Request, members: dict[str, Any], headers: Mapping[str, str] | None = None) -> Response:
        if members["status"] == 401:
            headers = {"www-authenticate": "Bearer", **(headers or {})}
        if members["status"] in {409, 429, 503}:
            headers = {"retry-after": "5", **(headers or {})}
        other = shaped(request.url.path, members, headers) if shaped else None
        return other if other is not None else respond(members, headers)

    async def for_users(request: Request, error: Exception) -> Response:
        return answer(request, problem_of(error, request.url.path))

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        fields = fields_of(error)
        broken = any(found["type"] == "json_invalid" for found in error.errors())
        said = "The body is not JSON" if broken else "; ".join(f"{f['field']}: {f['message']}" for f in fields[:3])
        members = problem(
            400 if broken else 422, _ended(said), "GET /openapi.json says what is expected.", instance=request.url.path,
            fields=() if broken else fields,
        )  # fmt: skip
        return answer(request, members)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        members = problem(error.status_code, _ended(str(error.detail)), instance=request.url.path)
        return answer(request, members, error.headers)

    for kind in (errors.TutorError, Refused, CallerGone, Exception):
        app.add_exception_handler(kind, for_users)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
