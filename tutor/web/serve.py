"""`tutor serve`: binds an address, runs the application until it is stopped.

Knows sockets and signals, nothing of what is served.
"""

from __future__ import annotations

import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from types import FrameType

import uvicorn

from ingest.errors import UsageError
from tutor.settings import Settings
from tutor.store import open_store
from tutor.web.signin import check_can_sign_in

# Open pages hold a stream; they are given so many seconds when the server stops.
GRACE_SECONDS = 2
# Connections that wait to be taken: a class that begins at the same moment.
BACKLOG = 1024
# A thread that computes lets the others in after so long (Python's own: 5 ms). The event loop asks to be let in at every
# piece of every stream.
SWITCH_SECONDS = 0.0005


def serve(settings: Settings, *, open_page: bool) -> None:
    """Serve the page until Ctrl-C.

    Raises:
        UsageError: the address is in use or cannot be bound, or others can reach it and nobody could sign in.
    """
    if settings.signing_in or not settings.on_loopback:
        with open_store(settings) as store:
            check_can_sign_in(settings, store)
    with bind(settings.host, settings.port) as sock:
        from tutor.web import logs
        from tutor.web.app import create_app

        logs.set_up(settings)
        sys.setswitchinterval(SWITCH_SECONDS)
        app = create_app(settings)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            ws="none",
            proxy_headers=False,  # the guard decides whom it believes
        )
        try:
            server = _Server(config, url_of(settings.host, sock), open_page)
            server.drain = lambda: app.state.backstage.drain(settings.drain_seconds)
            server.run(sockets=[sock])
        except KeyboardInterrupt:
            # Ctrl-C is how a server is stopped; the application has closed the model by now.
            return


class _Server(uvicorn.Server):
    """Says where it is, once it answers; on SIGTERM, lets the answers that are being written be finished first."""

    drain: Callable[[], object] | None = None
    _draining = False

    def __init__(self, config: uvicorn.Config, url: str, open_page: bool) -> None:
        super().__init__(config)
        self._url = url
        self._open_page = open_page

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM drains once; a second one, and Ctrl-C, stop at once."""
        if sig != signal.SIGTERM or self._draining or self.drain is None:
            super().handle_exit(sig, frame)
            return
        self._draining = True
        drain = self.drain

        def finish() -> None:
            drain()
            super(_Server, self).handle_exit(sig, frame)

        # Not here: a signal's handler must not wait, and the answers need this very thread.
        threading.Thread(target=finish, name="drain", daemon=True).start()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(f"Interview tutor: {self._url}  (Ctrl-C stops it)", file=sys.stderr, flush=True)
            if self._open_page:
                webbrowser.open(self._url)


def bind(host: str, port: int) -> socket.socket:
    """A socket bound to the address; port 0 takes a free one.

    Raises:
        UsageError: it cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # there it would let two servers share a port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        # Only a listening socket is noticed by the next one that tries.
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise UsageError(
            f"{host}:{port} cannot be used: {error.strerror or error}.",
            f"Stop the program that uses it, or take another port: tutor serve --port {_other(port)}",
        ) from error
    return sock


def _other(port: int) -> int:
    return port + 1 if 0 < port < 65535 else 7860


def url_of(host: str, sock: socket.socket) -> str:
    """The address of a bound socket as a browser wants it."""
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{sock.getsockname()[1]}"
