"""What every request passes first: who sent it, from where, how often, how large.

Plain ASGI, so that streams are not held up. With sign-in off everybody is the one local user; a request from a foreign
page is turned down all the same. Knows headers, cookies and the store's accounts, nothing of what lies behind.
"""

from __future__ import annotations

import ipaddress
import logging
import math
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingest.errors import Forbidden, SignInNeeded, TooMany, TutorError
from tutor.settings import LOOPBACK, Settings
from tutor.store import LOCAL_USER, Store
from tutor.web.identity import SLOT, Identity
from tutor.web.limits import Buckets

log = logging.getLogger(__name__)

COOKIE = "tutor_session"
# Answered to anybody: whether the process lives, and how to sign in.
OPEN = frozenset({"/health", "/ready", "/signin", "/signout", "/favicon.ico"})
# Names under which this machine is asked.
OWN_NAMES = (LOOPBACK, "localhost", "::1", "[::1]")
# Prometheus and the probes of Kubernetes find each replica by itself and know no name of it.
BY_ADDRESS = frozenset({"/health", "/ready", "/metrics"})
# Where documents are handed in; in JSON their bytes are base64, which makes three bytes four.
UPLOADS = frozenset({"/api/v1/corpora", "/files/documents"})
LARGEST_DOCUMENT = 32 << 20
LARGEST_OTHER = 8 << 20
_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_PORTS = {"http": 80, "https": 443}
# Turned by a browser that came from elsewhere and so could not send its SameSite=Strict cookie: it comes again by itself.
_AGAIN = '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0"><title>…</title>'
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Names(TrustedHostMiddleware):
    """Turns down requests to a name that is not ours: a foreign page that had its name point here sends them.

    With sign-in on such a page brings no cookie of ours, so that any name will do where none is set, and what programs
    ask by address passes under any.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        any_name = settings.signing_in and not settings.names
        names = ["*"] if any_name else [*OWN_NAMES, settings.host, *settings.names]
        super().__init__(app, allowed_hosts=names, www_redirect=False)
        self._passing = BY_ADDRESS if settings.signing_in else frozenset[str]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path") in self._passing:
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class Guard:
    """Turns requests down before they are read, and writes the user of the others into their scope.

    Args:
        open_store: gives the store; asked only where sign-in is on.
        shaped: (path, error, status) -> the response that a door gives to an error, or None.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        open_store: Callable[[], Store],
        shaped: Callable[[str, TutorError, int], Response | None] | None = None,
    ) -> None:
        self._app = app
        self._settings = settings
        self._open_store = open_store
        self._shaped = shaped
        self._idle = timedelta(hours=settings.session_hours)
        self._proxies = networks(settings.proxy_addresses) if settings.signing_in else []
        self._header = settings.proxy_user_header.lower()
        self._buckets = Buckets(settings.rate_limit, max(20, settings.rate_limit / 2))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # a web socket: nothing here speaks it
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = Headers(scope=scope)
        try:
            refusal = await self._refusal(scope, headers)
        except TutorError as error:
            refusal = self._answer(scope["path"], error, headers)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        limit = LARGEST_DOCUMENT if scope["path"] in UPLOADS else LARGEST_OTHER
        await _limited(self._app, scope, receive, send, limit)

    async def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        trusted = self._settings.signing_in and self._from_proxy(scope)
        if trusted:
            _believe(scope, headers)
        if scope["method"] in _CHANGING and not _from_here(headers, trusted):
            raise Forbidden("Requests from another site's page are not taken.", "Use the tutor's own page.")
        if not self._settings.signing_in:
            scope[SLOT] = Identity(LOCAL_USER, "admin", "local")
            return None
        if scope["path"] in OPEN:
            return None
        found = await to_thread.run_sync(self._identify, headers, trusted)
        if found is None:
            return self._to_sign_in(scope, headers)
        scope[SLOT] = found
        if self._settings.rate_limit and scope["method"] in _CHANGING:
            seconds = self._buckets.take(found.user)
            if seconds:
                raise TooMany("You have sent too many requests.", f"Try again in {math.ceil(seconds)} s.")
        return None

    def _from_proxy(self, scope: Scope) -> bool:
        try:
            peer = ipaddress.ip_address((scope.get("client") or ("",))[0])
        except ValueError:
            return False
        return any(peer in network for network in self._proxies)

    def _identify(self, headers: Headers, trusted: bool) -> Identity | None:
        store = self._open_store()
        scheme, _, secret = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            owned = store.keys.owner_of(secret.strip())
            if owned is None:
                raise SignInNeeded(
                    "The API key is unknown, revoked or has ended.", "tutor keys add USER makes a new one."
                )
            key, role = owned
            return Identity(key.user, role, "key", key.scopes)
        if self._header and trusted and headers.get(self._header):
            account = store.accounts.ensure(headers[self._header])
            return Identity(account.name, account.role, "proxy")
        token = cookie_parser(headers.get("cookie", "")).get(COOKIE)
        known = store.sessions.role_of(token, self._idle) if token else None
        return None if known is None else Identity(known[0], known[1], "session")

    def _to_sign_in(self, scope: Scope, headers: Headers) -> Response:
        if scope["method"] not in {"GET", "HEAD"} or "text/html" not in headers.get("accept", ""):
            raise SignInNeeded(
                "Nobody is signed in.", "Sign in at /signin, or send an API key: Authorization: Bearer KEY"
            )
        if headers.get("sec-fetch-site") == "cross-site":
            return HTMLResponse(_AGAIN, headers={"cache-control": "no-store"})
        asked = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
        target = "/signin" if asked == "/" else f"/signin?next={quote(asked, safe='')}"
        return RedirectResponse(target, 303, {"cache-control": "no-store"})

    def _answer(self, path: str, error: TutorError, headers: Headers) -> Response:
        status = {SignInNeeded: 401, Forbidden: 403, TooMany: 429}.get(type(error), 503)
        if status == 503:
            log.error("%s", error.message)
        extra = {401: {"www-authenticate": "Bearer"}, 429: {"retry-after": "5"}, 503: {"retry-after": "5"}}.get(
            status, {}
        )
        response = self._shaped(path, error, status) if self._shaped else None
        if response is None:
            members: dict[str, Any] = {"type": "about:blank", "status": status, "detail": error.message}
            if error.mend:
                members["mend"] = error.mend
            response = JSONResponse(members, status, media_type="application/problem+json")
        response.headers.update({"cache-control": "no-store", **extra})
        return response


def networks(addresses: Sequence[str]) -> list[Network]:
    """The networks that a setting names.

    Raises:
        UsageError: one of them is no address.
    """
    from ingest.errors import UsageError

    try:
        return [ipaddress.ip_network(address, strict=False) for address in addresses]
    except ValueError as error:
        raise UsageError(f"TUTOR_PROXY_ADDRESSES: {error}.", 'Set it as in ["10.0.0.0/8"].') from error


def _believe(scope: Scope, headers: Headers) -> None:
    """Take over what a trusted proxy says about its client: the scheme, and the nearest address it did not write itself."""
    scheme = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip()
    if scheme in _PORTS:
        scope["scheme"] = scheme
    client = headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    if client:
        scope["client"] = (client, 0)


def _from_here(headers: Headers, trusted: bool) -> bool:
    """Whether a request was not sent by a page of another site. Programs send none of these headers."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    if origin is None:
        return True
    host = (trusted and headers.get("x-forwarded-host")) or headers.get("host", "")
    try:
        parts, asked = urlsplit(origin), urlsplit(f"//{host}")
        port = _PORTS.get(parts.scheme)
        same = parts.hostname is not None and parts.hostname == asked.hostname
        return same and port is not None and (parts.port or port) == (asked.port or port)
    except ValueError:
        return False


async def _limited(app: ASGIApp, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
    """Run the application on at most `limit` bytes of body; what is larger ends in 413, whatever length was declared."""
    declared = Headers(scope=scope).get("content-length", "")
    # A number of thousands of digits is no length; Python would not even read it.
    over = declared.isascii() and declared.isdigit() and (len(declared) > 18 or int(declared) > limit)
    taken, started = 0, False

    async def counted() -> Message:
        nonlocal taken, over
        message = await receive()
        taken += len(message.get("body", b""))
        over = over or taken > limit
        return {"type": "http.disconnect"} if over else message

    async def sent(message: Message) -> None:
        nonlocal started
        if not over or started:
            started = True
            await send(message)

    if not over:
        try:
            await app(scope, counted, sent)
        except Exception:
            if not over or started:
                raise
            log.debug("a request that is too large was cut off", exc_info=True)
    if over and not started:
        detail = f"The request is larger than {limit >> 20} MB."
        response = JSONResponse({"type": "about:blank", "status": 413, "detail": detail}, 413)
        await response(scope, receive, send)
