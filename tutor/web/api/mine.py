"""/api/v1/feedback and /api/v1/me: what a user thinks of answers, and everything that is kept about them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field, StringConstraints

from tutor.web.api import shapes
from tutor.web.api.common import Asker, Corpora, Owner

router = APIRouter(tags=["my data"])


class FeedbackRequest(shapes.Closed):
    """A thumb for an answer."""

    subject: Annotated[str, StringConstraints(min_length=1, max_length=200), shapes.Plain] = Field(
        description="What it is about.", examples=["message:12"]
    )
    value: Literal[1, -1] = Field(description="1 for a thumb up, -1 for one down.")
    reason: Annotated[str, StringConstraints(max_length=2000), shapes.Plain] = ""


class FeedbackReply(BaseModel):
    """Kept feedback."""

    id: int
    kind: str
    subject: str
    value: int
    reason: str
    created: datetime


class FeedbacksReply(BaseModel):
    """The user's feedback."""

    feedback: list[FeedbackReply]


class FeedbackAdded(BaseModel):
    """The id of what was kept."""

    id: int


class EraseRequest(shapes.Closed):
    """A deletion that cannot be undone, so that it must be spelt out."""

    confirm: Literal["erase"]


class MeReply(BaseModel):
    """Who the server takes the caller for."""

    user: str


@router.post("/feedback", summary="Say what an answer was worth", status_code=201, response_model=FeedbackAdded)
def add_feedback(body: FeedbackRequest, corpora: Corpora, user: Asker) -> Any:
    """A thumb up or down, with the reason in the user's words."""
    return {"id": corpora.store.feedback.add(user, "thumb", body.subject, body.value, body.reason)}


@router.get("/feedback", summary="List my feedback", response_model=FeedbacksReply)
def list_feedback(corpora: Corpora, user: Asker) -> Any:
    """The user's thumbs and disputes."""
    return {"feedback": [vars(f) for f in corpora.store.feedback.list(user)]}


@router.get("/me", summary="Say who I am", response_model=MeReply)
def me(user: Owner) -> Any:
    """The user behind the request; `local` where sign-in is off."""
    return {"user": user}


@router.get("/me/export", summary="Export my data", response_model=dict[str, Any])
def export(corpora: Corpora, user: Owner) -> Response:
    """Everything that is kept about the user: conversations, interviews, attempts, review cards, feedback."""
    headers = {"content-disposition": 'attachment; filename="tutor-data.json"'}
    return JSONResponse(corpora.store.export(user), headers=headers)


@router.post("/me/erase", summary="Erase my data", status_code=204)
def erase(_: EraseRequest, corpora: Corpora, user: Owner) -> None:
    """Remove everything that is kept about the user, for good. An account stays."""
    corpora.store.erase(user)
    corpora.forget_user(user)
