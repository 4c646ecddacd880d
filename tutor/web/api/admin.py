"""/api/v1/me/password and /api/v1/me/keys: a user's own account. /api/v1/admin: everybody's, for admins."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, StringConstraints

from ingest.errors import Forbidden, NotFound
from tutor.store import LOCAL_USER
from tutor.store.rows import Account, Key, Rank, Scope
from tutor.web.api import shapes
from tutor.web.api.common import Admin, Corpora, Owner
from tutor.web.api.mine import FeedbackReply
from tutor.web.identity import identity_of

router = APIRouter(tags=["accounts"])

Secret = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
LARGEST_ID = 2**31 - 1


class PasswordRequest(shapes.Closed):
    """A new password; the old one shows that it is really its owner who asks."""

    old: Secret
    new: Secret


class KeyRequest(shapes.Closed):
    """A key for a program."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), shapes.Plain] = ""
    scopes: list[Scope] = Field(default=["ask", "practise"], min_length=1, max_length=10)
    days: int | None = Field(default=None, ge=1, le=3650, description="Days until it ends; null: never.")


class KeyReply(BaseModel):
    """A key without its secret."""

    id: int
    name: str
    hint: str = Field(description="How the secret begins.")
    scopes: list[str]
    created: datetime
    seen: datetime | None
    expires: datetime | None
    revoked: datetime | None


class KeyMade(KeyReply):
    """A key, and its secret, which is not shown again."""

    key: str


class KeysReply(BaseModel):
    """The user's keys."""

    keys: list[KeyReply]


class UserRequest(shapes.Closed):
    """Somebody who may sign in; without a password only through a proxy or with a key."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    password: Secret | None = None
    role: Rank = "user"


class ChangeRequest(shapes.Closed):
    """What is to change; what is not named stays."""

    role: Rank | None = None
    password: Secret | None = None


class UsageReply(BaseModel):
    """How much is kept of a user, in numbers."""

    conversations: int = 0
    asked: int = Field(default=0, description="Messages that the user wrote.")
    interviews: int = 0
    attempts: int = 0
    feedback: int = 0
    last: datetime | None = Field(default=None, description="When the user last did something.")


class UserReply(BaseModel):
    """A user as admins see them. `role` is null for somebody who has no account."""

    name: str
    role: Rank | None
    created: datetime | None
    seen: datetime | None = Field(description="The last sign-in.")
    locked_until: datetime | None
    has_password: bool
    usage: UsageReply


class UsersReply(BaseModel):
    """All users."""

    users: list[UserReply]


class AllFeedbackRow(FeedbackReply):
    """Feedback, and whose it is."""

    user: str


class AllFeedbackReply(BaseModel):
    """Everybody's feedback, oldest first."""

    feedback: list[AllFeedbackRow]


@router.put("/me/password", summary="Change my password", status_code=204)
def change_password(body: PasswordRequest, request: Request, corpora: Corpora, user: Owner) -> None:
    """Set a new password; every session of the user ends, this one too."""
    _in_person(request)
    accounts = corpora.store.accounts
    accounts.check(user, body.old)
    accounts.set_password(user, body.new)


@router.get("/me/keys", summary="List my API keys", response_model=KeysReply)
def list_keys(corpora: Corpora, user: Owner) -> Any:
    """The user's keys, revoked ones too."""
    return {"keys": [_key(key) for key in corpora.store.keys.list(user)]}


@router.post("/me/keys", summary="Make an API key", status_code=201, response_model=KeyMade)
def add_key(body: KeyRequest, request: Request, corpora: Corpora, user: Owner) -> Any:
    """A key for a program, to be sent as `Authorization: Bearer KEY`. A key cannot make another one."""
    _in_person(request)
    expires = None if body.days is None else datetime.now(UTC) + timedelta(days=body.days)
    key, secret = corpora.store.keys.add(user, body.name, body.scopes, expires)
    return {**_key(key), "key": secret}


@router.delete("/me/keys/{id}", summary="Revoke an API key", status_code=204)
def revoke_key(id: Annotated[int, Field(ge=0, le=LARGEST_ID)], corpora: Corpora, user: Owner) -> None:
    """Make one of the user's keys useless from now on."""
    corpora.store.keys.revoke(user, id)


@router.get("/admin/users", summary="List all users", response_model=UsersReply)
def list_users(corpora: Corpora, _: Admin) -> Any:
    """Everybody with an account, or of whom anything is kept, with their usage in numbers."""
    accounts = {account.name: account for account in corpora.store.accounts.list()}
    used = corpora.store.usage()
    found = []
    for name in sorted({*accounts, *used}):
        numbers = asdict(used[name]) if name in used else {}
        found.append({**_account(name, accounts.get(name)), "usage": numbers})
    return {"users": found}


@router.post("/admin/users", summary="Add a user", status_code=201, response_model=UserReply)
def add_user(body: UserRequest, corpora: Corpora, _: Admin) -> Any:
    """Let somebody sign in."""
    account = corpora.store.accounts.add(body.name, body.password, body.role)
    return {**_account(account.name, account), "usage": {}}


@router.patch("/admin/users/{name}", summary="Change a user", status_code=204)
def change_user(name: shapes.Name, body: ChangeRequest, corpora: Corpora, _: Admin) -> None:
    """Set another role or a new password; a new password unlocks the account and ends its sessions."""
    corpora.store.accounts.change(name, password=body.password, role=body.role)


@router.delete("/admin/users/{name}", summary="Remove a user", status_code=204)
def remove_user(name: shapes.Name, corpora: Corpora, _: Admin) -> None:
    """Remove an account with all that is kept about its user, for good."""
    corpora.store.remove_user(name)
    corpora.forget_user(name)


@router.get("/admin/feedback", summary="List everybody's feedback", response_model=AllFeedbackReply)
def all_feedback(corpora: Corpora, _: Admin) -> Any:
    """Thumbs and disputes of all users."""
    return {"feedback": [vars(row) for row in corpora.store.feedback.list(None)]}


def _in_person(request: Request) -> None:
    way = identity_of(request).way
    if way == "key":
        raise Forbidden("This cannot be done with an API key.", "Sign in at /signin and do it there.")
    if way == "local":
        raise NotFound(f"With sign-in off there is no account of {LOCAL_USER!r}.", "tutor users add NAME --role admin")


def _key(key: Key) -> dict[str, Any]:
    return {**asdict(key), "scopes": sorted(key.scopes)}


def _account(name: str, account: Account | None) -> dict[str, Any]:
    if account is not None:
        return asdict(account)
    return {"name": name, "role": None, "created": None, "seen": None, "locked_until": None, "has_password": False}
