"""/api/v1/conversations: what was asked and answered, kept for each user."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from tutor.web.api import shapes
from tutor.web.api.common import Asker, Corpora
from tutor.web.attachment import attachment
from tutor.web.strings import Tongue

router = APIRouter(prefix="/conversations", tags=["conversations"])
Id = Annotated[str, Path(max_length=64, description="Id of a conversation.")]
Kind = Annotated[Literal["md", "html"], Query(description="Kind of file.")]
Language = Annotated[Tongue, Query(description="Language of the words around it.")]


class ConversationReply(BaseModel):
    """One conversation."""

    id: str
    corpus: str
    title: str
    created: datetime
    updated: datetime
    messages: int = Field(description="How many messages it has.")


class ConversationsReply(BaseModel):
    """Conversations, those that went on last first."""

    conversations: list[ConversationReply]


class MessageReply(BaseModel):
    """One message."""

    id: int
    role: str
    content: str
    payload: dict[str, Any] = Field(description="Of an answer: `answer` as POST /ask gives it, `hits`, `rewritten`.")
    created: datetime


class WholeConversation(ConversationReply):
    """A conversation with what was said in it."""

    said: list[MessageReply]


class CreateConversation(shapes.Closed):
    """A new conversation."""

    corpus: shapes.Name | None = Field(default=None, description="The corpus of the settings where none is named.")
    title: shapes.Title = Field(default="", description="Without one it is called after its first question.")


class ChangeConversation(shapes.Closed):
    """Another title."""

    title: shapes.Title = Field(examples=["KV Cache"])


class CutConversation(shapes.Closed):
    """Where a conversation is cut off."""

    after: Annotated[int, Field(ge=0, le=2**53)] = Field(description="Id of the last message that stays; 0 drops all.")


@router.get("", summary="List conversations", response_model=ConversationsReply)
def list_conversations(
    corpora: Corpora,
    user: Asker,
    search: Annotated[str, Query(max_length=200, description="Words that must occur in title or messages.")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Any:
    """The user's conversations, those that went on last first."""
    return {"conversations": [vars(c) for c in corpora.store.conversations.list(user, search, limit)]}


@router.post("", summary="Begin a conversation", status_code=201, response_model=ConversationReply)
def create(body: CreateConversation, corpora: Corpora, user: Asker) -> Any:
    """An empty conversation; POST /ask adds to it when it is given its `id`."""
    name = corpora.name(body.corpus)
    corpora.material(name)
    return vars(corpora.store.conversations.create(user, name, body.title))


@router.get("/{id}", summary="Read a conversation", response_model=WholeConversation)
def read(id: Id, corpora: Corpora, user: Asker) -> Any:
    """A conversation with all that was said."""
    conversations = corpora.store.conversations
    return {**vars(conversations.get(user, id)), "said": [vars(m) for m in conversations.messages(user, id)]}


@router.get("/{id}/export", summary="Export a conversation", response_class=Response)
def export(id: Id, corpora: Corpora, user: Asker, kind: Kind = "md", language: Language = "en") -> Response:
    """The conversation as a Markdown or HTML file, every citation with its sentence of the document."""
    from tutor.web.ask.export import conversation_file

    title, text = conversation_file(corpora.store, user, id, kind, language)
    return attachment(text, title, kind)


@router.patch("/{id}", summary="Rename a conversation", response_model=ConversationReply)
def rename(id: Id, body: ChangeConversation, corpora: Corpora, user: Asker) -> Any:
    """Give it another title."""
    corpora.store.conversations.rename(user, id, body.title)
    return vars(corpora.store.conversations.get(user, id))


@router.post("/{id}/cut", summary="Drop the end of a conversation", response_model=ConversationReply)
def cut(id: Id, body: CutConversation, corpora: Corpora, user: Asker) -> Any:
    """Drop all messages after one of them, as asking again does."""
    corpora.store.conversations.truncate(user, id, body.after)
    return vars(corpora.store.conversations.get(user, id))


@router.delete("/{id}", summary="Delete a conversation", status_code=204)
def delete(id: Id, corpora: Corpora, user: Asker) -> None:
    """Delete it; `restore` brings it back for a week."""
    corpora.store.conversations.delete(user, id)


@router.post("/{id}/restore", summary="Undo a deletion", response_model=ConversationReply)
def restore(id: Id, corpora: Corpora, user: Asker) -> Any:
    """Bring a deleted conversation back."""
    corpora.store.conversations.restore(user, id)
    return vars(corpora.store.conversations.get(user, id))
