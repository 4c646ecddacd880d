"""The doors for other programs, put into the application: JSON API, chat completions, MCP, reference.

Knows which door is where and what an unknown address answers. What is behind each is in its own module.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.routing import Match

from ingest.errors import TutorError
from tutor.web import chat_completions, mcp_door, problems
from tutor.web.api import admin, asking, conversations, library, mine, practise, reference, state
from tutor.web.api.shapes import PROBLEMS
from tutor.web.backstage import Backstage
from tutor.web.gate import DOORS, MEGABYTE, Gate
from tutor.web.uploads import LARGEST

# Of a request body, by the beginning of the path. Base64 makes three bytes four.
LARGEST_BODIES = (("/api/v1/corpora", LARGEST * 4 // 3 + MEGABYTE), ("/", MEGABYTE))
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
TAGS = [
    {"name": "ask", "description": "Search the corpus, and have it answer with sources."},
    {
        "name": "practise",
        "description": "Interviews and single answers, graded by key points; progress and what is due.",
    },
    {"name": "conversations", "description": "What was asked and answered, kept for each user."},
    {"name": "my data", "description": "Feedback, and everything that is kept: export it, erase it."},
    {"name": "accounts", "description": "Own password and API keys; for admins, users, usage and feedback."},
    {"name": "corpora", "description": "The documents: list, read, add, remove."},
    {"name": "chat", "description": "The tutor as a model, for any client that speaks the OpenAI protocol."},
    {"name": "status", "description": "What works, and why something does not."},
]


def add_doors(app: FastAPI, stage: Backstage) -> None:
    """Put every door into the application; to be called before anything is mounted at `/`."""
    app.state.corpora = stage.opened
    app.openapi_tags = TAGS
    app.add_middleware(Gate, largest=LARGEST_BODIES, shaped=shaped)
    problems.install(app, shaped)
    for router in (
        asking.router,
        practise.router,
        conversations.router,
        library.router,
        mine.router,
        admin.router,
        state.router,
    ):
        app.include_router(router, prefix="/api/v1", responses=PROBLEMS)
    app.include_router(chat_completions.router, prefix="/v1", responses=chat_completions.ERRORS)
    app.include_router(reference.router)
    mcp_door.add_mcp(app)
    for path in ("/api/{rest:path}", "/v1/{rest:path}"):
        app.add_api_route(path, nothing_here, methods=_METHODS, include_in_schema=False)


def shaped(path: str, members: Mapping[str, Any], headers: Mapping[str, str] | None) -> Response | None:
    """A problem in another form, where a door has one of its own."""
    return chat_completions.error(members, headers) if path.startswith("/v1/") else None


def refused(path: str, error: TutorError, status: int) -> Response | None:
    """What the guard turned down, as a problem; the page has its own form."""
    if not path.startswith(DOORS):
        return None
    members = problems.problem(status, error.message, error.mend, instance=path)
    return shaped(path, members, None) or problems.respond(members)


def nothing_here(request: Request) -> Response:
    """An address below a door that is none, or one that takes other methods. The page would answer it otherwise."""
    allowed = _allowed(request)
    status = 405 if allowed else 404
    message = f"{request.method} is not taken here." if allowed else "There is nothing at this address."
    members = problems.problem(status, message, instance=request.url.path)
    headers = {"allow": ", ".join(allowed)} if allowed else None
    return shaped(request.url.path, members, headers) or problems.respond(members, headers)


def _allowed(request: Request) -> list[str]:
    """Methods that the address of a request takes, asked of every route before the one that ends the doors."""
    found = set()
    for route in request.app.routes:
        if getattr(route, "endpoint", None) is nothing_here:
            break
        found |= {m for m in _METHODS if route.matches({**request.scope, "method": m})[0] is Match.FULL}
    return sorted(found)


@asynccontextmanager
async def doors_open(app: FastAPI) -> AsyncIterator[None]:
    """What the doors need while the application runs."""
    async with mcp_door.opened(app):
        yield
