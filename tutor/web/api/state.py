"""GET /api/v1/status: what works here, with what, and why."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from tutor import __version__
from tutor.web.api.common import Caller, Corpora

router = APIRouter(tags=["status"])


class CorpusState(BaseModel):
    """How far the corpus of the settings is."""

    name: str
    state: str = Field(description="opening, building, ready or failed.")
    reason: str
    mend: str
    done: int = Field(description="Of `total` vectors, while it is being built.")
    total: int


class ModelState(BaseModel):
    """How far the model is."""

    name: str
    state: str = Field(description="choosing, none, stopped, pulling, loading, ready or failed.")
    reason: str
    why: str = Field(description="Why it is this model.")


class StatusReply(BaseModel):
    """The whole."""

    version: str
    ready: bool = Field(description="Whether questions are answered in full now.")
    corpus: CorpusState
    model: ModelState


@router.get("/status", summary="Say what works, and why", response_model=StatusReply)
def status(corpora: Corpora, _: Caller) -> Any:
    """Corpus and model, each with its state and the reason for it."""
    return {"version": __version__, **corpora.stage.report()}
