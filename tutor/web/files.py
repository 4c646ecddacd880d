"""What a browser fetches or sends outside the Gradio page: exports and uploads.

Knows HTTP and who is asking; what is exported is worded in the tabs' own modules.
"""

from __future__ import annotations

import json

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from ingest.errors import DocumentError, TutorError
from tutor.interview.export_kinds import KINDS as REPORTS
from tutor.interview.exports import export
from tutor.web.ask.export import conversation_file
from tutor.web.attachment import attachment
from tutor.web.backstage import Backstage
from tutor.web.library.adding import MAX_MEGABYTES, Adding
from tutor.web.mishaps import message, told
from tutor.web.strings import say
from tutor.web.visitor import visitor

# A page of another site cannot send this header without asking first, and it is never allowed to.
UPLOAD_HEADER = "x-tutor-upload"


def router(stage: Backstage) -> APIRouter:
    """The routes under `/files`."""
    routes = APIRouter(prefix="/files", include_in_schema=False)
    adding = Adding(stage.settings, stage.corpora)

    @routes.get("/conversations/{name}")
    def conversation(name: str, request: Request) -> Response:
        """A conversation as Markdown or HTML."""
        id, _, kind = name.rpartition(".")
        if kind not in {"md", "html"}:
            raise HTTPException(404)
        who = visitor(request)
        try:
            title, text = conversation_file(stage.store, who.user, id, kind, who.tongue)
        except TutorError as error:
            raise HTTPException(404, message(error, who.tongue)) from error
        return attachment(text, title, kind)

    @routes.get("/interviews/{name}")
    def interview(name: str, request: Request) -> Response:
        """The report of an interview, as what its ending says."""
        id, _, kind = name.rpartition(".")
        if kind not in REPORTS:
            raise HTTPException(404)
        who = visitor(request)
        try:
            practice = stage.practices.with_interview(who.user, id)
            text = export(practice.report(id), kind)
        except TutorError as error:
            raise HTTPException(404, message(error, who.tongue)) from error
        return attachment(text, f"{say('report-heading', who.tongue)} {practice.corpus}", kind)

    @routes.get("/mine.json")
    def mine(request: Request) -> Response:
        """Everything that is kept about the user."""
        found = stage.store.export(visitor(request).user)
        return attachment(json.dumps(found, ensure_ascii=False, indent=1), "tutor", "json")

    @routes.post("/documents")
    async def upload(request: Request, name: str = "") -> JSONResponse:
        """Receive a document, the body as it stands; it is looked at before it is added."""
        if UPLOAD_HEADER not in request.headers:
            raise HTTPException(403)
        if not visitor(request).admin:
            raise HTTPException(403)
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_MEGABYTES * 1024 * 1024:
                raise HTTPException(413)
        try:
            token = await run_in_threadpool(adding.receive, name, bytes(body))
        except DocumentError as error:
            return JSONResponse({"error": told(error, visitor(request).tongue)}, status_code=422)
        return JSONResponse({"token": token})

    return routes
