"""The tutor as tools of the Model Context Protocol: over HTTP at /mcp, and over standard input and output.

    https://modelcontextprotocol.io

Knows the protocol and what each tool is for; the work is that of the JSON API. Results are structured, and cancelling
a call stops the model.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Annotated, Any, TypeVar

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ToolError
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import ToolAnnotations
from pydantic import Field
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ingest.errors import IndexBusy, TutorError
from tutor import __version__
from tutor.answering.answer import Done, Event, Sources
from tutor.answering.tutor import Ask, Tutor
from tutor.commands import search_row
from tutor.store import LOCAL_USER
from tutor.store.rows import Scope as RightTo
from tutor.web import problems
from tutor.web.api.asking import graded
from tutor.web.api.practise import NextReply, chosen
from tutor.web.api.shapes import (
    LARGEST_NUMBER,
    LONGEST_ANSWER,
    LONGEST_QUERY,
    AnswerReply,
    GradeReply,
    GradeRequest,
    SearchReply,
)
from tutor.web.identity import require
from tutor.web.open_corpora import OpenCorpora
from tutor.web.pump import pumped

PATH = "/mcp"
INSTRUCTIONS = (
    "This server knows one document of interview questions and answers. Use `ask` for an answer with citations, "
    "`search` for the passages themselves, `next_question` to choose what to practise, `grade` to mark an answer of the "
    "user against the key points of a question. "
    "What the document does not say is refused: pass that on, do not fill it in. Citations name question numbers."
)
# A corpus that is being built is waited for so long before a tool says so.
OPENING_SECONDS = 60.0
T = TypeVar("T")
Corpus = Annotated[str | None, Field(description="Name of a corpus; leave it out for the default one.", max_length=80)]
Query = Annotated[str, Field(description="In any language.", min_length=1, max_length=LONGEST_QUERY)]
Text = Annotated[str, Field(max_length=LONGEST_ANSWER)]
_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)


def build_server(corpora: OpenCorpora) -> MCPServer[Any]:
    """The server with its tools and resources, for any transport."""
    server: MCPServer[Any] = MCPServer(
        "interview-tutor",
        title="Interview tutor",
        instructions=INSTRUCTIONS,
        version=__version__,
        log_level="WARNING",
    )

    async def tutor_of(corpus: str | None) -> Tutor:
        # Over standard input a client asks in the first second, when nothing is open yet.
        def opened() -> Tutor:
            until = time.monotonic() + OPENING_SECONDS
            while True:
                try:
                    return corpora.tutor(corpus)
                except IndexBusy:
                    left = until - time.monotonic()
                    if left <= 0 or corpora.stage.closed:
                        raise
                    corpora.stage.wait(min(left, 1.0))

        return await _told(opened)

    @server.tool(title="Search the document", annotations=_READS)
    async def search(
        query: Query, ctx: Context[Any, Any], top: Annotated[int, Field(ge=1, le=20)] = 5, corpus: Corpus = None
    ) -> SearchReply:
        """Find the questions of the document that answer a query, each with its best passage, verbatim. No model."""
        _user(ctx, "ask")
        tutor = await tutor_of(corpus)
        return SearchReply(**await _told(lambda: search_row(tutor.searcher, query, (), top)))

    @server.tool(title="Ask the document", annotations=_READS)
    async def ask(query: Query, ctx: Context[Any, Any], corpus: Corpus = None) -> AnswerReply:
        """Answer a question from the document. Every sentence names the question it rests on, as 【第19題】 or 【Q19】;
        `refused` means that the document does not say it, and `suggestions` are the nearest questions.
        """
        user = _user(ctx, "ask")
        tutor = await tutor_of(corpus)
        await ctx.report_progress(0, message="searching")
        done: Event | None = None
        try:
            async with aclosing(pumped(lambda: tutor.stream(Ask(query, owner=user)))) as events:  # type: ignore[type-var]
                async for event in events:
                    if isinstance(event, Sources):
                        await ctx.report_progress(1, message="answering")
                    done = event
        except TutorError as error:
            raise _said(error) from error
        assert isinstance(done, Done), "the stream ended without an answer"
        return AnswerReply(**done.answer.as_dict())

    @server.tool(title="Grade an answer", annotations=_READS)
    async def grade(
        answer: Annotated[Text, Field(description="The candidate's answer, in their own words.")],
        question: Annotated[int | None, Field(ge=0, le=LARGEST_NUMBER, description="Number of the question.")] = None,
        question_text: Annotated[Text | None, Field(description="Any other question, with `reference`.")] = None,
        reference: Annotated[Text | None, Field(description="A right answer to `question_text`.")] = None,
        corpus: Corpus = None,
        *,
        ctx: Context[Any, Any],
    ) -> GradeReply:
        """Grade an answer key point by key point: score 0 to 10, level 0 to 4, verdicts with quotes, feedback."""
        _user(ctx, "practise")
        body = GradeRequest(
            answer=answer, question=question, question_text=question_text, reference=reference, corpus=corpus
        )
        return GradeReply(**await _told(lambda: graded(body, corpora)))

    @server.tool(title="Choose the next question", annotations=_READS)
    async def next_question(
        ctx: Context[Any, Any],
        category: Annotated[str | None, Field(max_length=200, description="Only from this category.")] = None,
        without: Annotated[list[int], Field(max_length=500, description="Numbers that were asked already.")] = [],  # noqa: B006
        corpus: Corpus = None,
    ) -> NextReply:
        """The question that the user should practise next: due first, then weak, then new. Ask it in your own words,
        let the user answer, then call `grade`.
        """
        user = _user(ctx, "practise")
        return NextReply(**await _told(lambda: chosen(corpora, user, corpus, category, without)))

    @server.resource("corpus://{corpus}/questions", title="List of questions", mime_type="text/markdown")
    async def questions(corpus: str, ctx: Context[Any, Any]) -> str:
        """The questions of a corpus, one line each."""
        material = await _read(ctx, lambda: corpora.material(corpus))
        return "\n".join(f"{q.number}. {q.title}" for q in material.document.questions)

    @server.resource("corpus://{corpus}/questions/{number}", title="A question", mime_type="text/markdown")
    async def question(corpus: str, number: int, ctx: Context[Any, Any]) -> str:
        """A question with its answer, verbatim."""

        def text() -> str:
            found = corpora.question(corpus, number)
            return corpora.material(corpus).document.source[found.start : found.end]

        return await _read(ctx, text)

    return server


def _user(ctx: Context[Any, Any], scope: RightTo) -> str:
    """The user behind a call; over standard input it is the one of this machine."""
    try:
        return _allowed(ctx, scope)
    except TutorError as error:
        raise _said(error) from error


def _allowed(ctx: Context[Any, Any], scope: RightTo) -> str:
    request = ctx.request_context.request
    return LOCAL_USER if request is None else require(request, scope)


async def _told(work: Callable[[], T]) -> T:
    """Do it in a thread; an error for users becomes one that the calling model reads."""
    try:
        return await run_in_threadpool(work)
    except TutorError as error:
        raise _said(error) from error


async def _read(ctx: Context[Any, Any], work: Callable[[], T]) -> T:
    """As `_told`, for a resource: reading the document takes what asking it takes."""
    try:
        _allowed(ctx, "ask")
        return await run_in_threadpool(work)
    except TutorError as error:
        raise ResourceError(f"{error.message} {error.mend}".strip()) from error


def _said(error: TutorError) -> ToolError:
    return ToolError(f"{error.message} {error.mend}".strip())


def add_mcp(app: FastAPI) -> None:
    """Put the door at /mcp; it opens with `opened`."""
    app.router.routes.append(Route(PATH, _Door(app), include_in_schema=False))


@asynccontextmanager
async def opened(app: FastAPI) -> AsyncIterator[None]:
    """Serve MCP while this is entered. Stateless: any process of several may answer any request."""
    # Host and Origin are checked before this is reached, by the application's own middleware.
    checked = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    server = build_server(app.state.corpora)
    server.streamable_http_app(stateless_http=True, transport_security=checked)
    async with server.session_manager.run():
        app.state.mcp = server.session_manager
        try:
            yield
        finally:
            app.state.mcp = None


class _Door:
    """Hands requests to the session manager that is running."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        manager: StreamableHTTPSessionManager | None = getattr(self._app.state, "mcp", None)
        if manager is None:
            await problems.respond(problems.problem(503, "The server is starting."))(scope, receive, send)
            return
        await manager.asgi_app(scope, receive, send)
