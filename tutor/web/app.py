"""The FastAPI application: health, readiness, the doors for other programs, and the Gradio page at `/`.

Knows routes and headers. What the page shows is in `page`, what it waits for in `backstage`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tutor import __version__
from tutor.settings import Settings
from tutor.web.admin_page import add_admin_page
from tutor.web.backstage import Backstage
from tutor.web.guard import Guard, Names
from tutor.web.identity import identity_of
from tutor.web.signin import add_sign_in, gradio_user
from tutor.web.watching import Watch

# The browser itself refuses every request to elsewhere, whatever an answer or a library asks it to load.
# Gradio needs inline scripts and styles, and builds its HTML templates with `new Function`.
HEADERS = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}


def create_app(settings: Settings, backstage: Backstage | None = None) -> FastAPI:
    """The application. Its lifespan opens the corpus and the model, and closes the model.

    Args:
        backstage: one to use in place of a new one; tests hand in their own.
    """
    import gradio as gr

    from tutor.web import files, look
    from tutor.web.doors import add_doors, doors_open, refused
    from tutor.web.page import build_page

    stage = backstage or Backstage(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        stage.start()
        try:
            async with doors_open(app):
                yield
        finally:
            stage.close()

    app = FastAPI(title="Interview tutor", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.backstage = stage
    add_sign_in(app, settings, lambda: stage.store)

    @app.get("/health", tags=["status"])
    def health() -> JSONResponse:
        """Whether the process lives and takes new users: 503 once it has been told to stop."""
        state = "stopping" if stage.draining else "ok"
        return JSONResponse({"status": state, "version": __version__}, status_code=503 if stage.draining else 200)

    @app.get("/metrics", include_in_schema=False)
    def metrics(request: Request) -> Response:
        """Figures for Prometheus: with sign-in on, for admins and for keys with the scope `metrics`."""
        asker = identity_of(request)
        if not (asker.is_admin or (asker.way == "key" and "metrics" in asker.scopes)):
            raise HTTPException(403, "Metrics are for admins.")
        content, content_type = stage.watcher.metrics.page(request.headers.get("accept", ""))
        return Response(content, headers={"content-type": content_type})

    @app.get("/ready", tags=["status"])
    def ready() -> JSONResponse:
        """Whether questions are answered in full now (200) or not yet (503), and why."""
        report = stage.report()
        return JSONResponse(report, status_code=200 if report["ready"] else 503)

    add_doors(app, stage)
    app.include_router(files.router(stage))
    add_admin_page(app, stage)
    gr.mount_gradio_app(
        app,
        build_page(stage),
        path="/",
        theme=look.theme(),
        css=look.css(),
        head=look.head(),
        footer_links=[],
        run_history=False,
        show_error=True,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
        auth_dependency=gradio_user,
        max_file_size="1kb",  # documents come through /files, nothing through Gradio
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
    )
    # The last one is passed first: names, headers, then who it is, before anything reads the request.
    app.add_middleware(Guard, settings=settings, open_store=lambda: stage.store, shaped=refused)
    app.add_middleware(_OwnHeaders)
    app.add_middleware(Names, settings=settings)
    app.add_middleware(Watch, metrics=stage.watcher.metrics)
    return app


class _OwnHeaders:
    """Puts `HEADERS` on every response. Plain ASGI: a wrapper that buffers would hold up streams."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers)
