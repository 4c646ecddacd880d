"""The tables. A change here needs a migration beside it (`tutor/store/migrations/versions`); a test compares the two.

Rows of study data carry the user's name and no foreign key: with sign-in off, or behind a proxy that signs people
in, there is no account to point to.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Float, ForeignKey, Index, Integer, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tutor.store.columns import Document, Short, UtcTime, Words

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
# SQLite numbers rows by itself only in a column called INTEGER.
RowId = BigInteger().with_variant(Integer, "sqlite")
UserName = Short(200)
# SQLite would give the number of a deleted last row away again.
NO_REUSE: dict[str, Any] = {"sqlite_autoincrement": True}


class Table(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(naming_convention=NAMES)


class ConversationTable(Table):
    """Conversations; `deleted` is set while a deletion can still be undone. `folded` is the title for search."""

    __tablename__ = "conversations"
    id: Mapped[str] = mapped_column(Short(32), primary_key=True)
    user: Mapped[str] = mapped_column(UserName)
    corpus: Mapped[str] = mapped_column(Words)
    title: Mapped[str] = mapped_column(Words)
    folded: Mapped[str] = mapped_column(Words)
    created: Mapped[datetime] = mapped_column(UtcTime)
    updated: Mapped[datetime] = mapped_column(UtcTime)
    deleted: Mapped[datetime | None] = mapped_column(UtcTime)
    __table_args__ = (Index(None, "user", "updated"), Index(None, "deleted"))


class MessageTable(Table):
    """Messages; `folded` is the content for search: lower case, half width, Simplified."""

    __tablename__ = "messages"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    conversation: Mapped[str] = mapped_column(Short(32), ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(Short(20))
    content: Mapped[str] = mapped_column(Words)
    folded: Mapped[str] = mapped_column(Words)
    payload: Mapped[dict[str, Any]] = mapped_column(Document)
    created: Mapped[datetime] = mapped_column(UtcTime)
    __table_args__ = (NO_REUSE,)


class InterviewTable(Table):
    """Interviews; the id is the caller's, so it is unique only beside the user."""

    __tablename__ = "interviews"
    user: Mapped[str] = mapped_column(UserName, primary_key=True)
    id: Mapped[str] = mapped_column(Short(64), primary_key=True)
    corpus: Mapped[str] = mapped_column(Words)
    state: Mapped[dict[str, Any]] = mapped_column(Document)
    finished: Mapped[bool]
    created: Mapped[datetime] = mapped_column(UtcTime)
    updated: Mapped[datetime] = mapped_column(UtcTime)


class AttemptTable(Table):
    """Graded answers. They outlive their interview: progress is counted from them."""

    __tablename__ = "attempts"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user: Mapped[str] = mapped_column(UserName)
    corpus: Mapped[str] = mapped_column(Words)
    question: Mapped[int] = mapped_column(Integer)
    answer: Mapped[str] = mapped_column(Words)
    grade: Mapped[dict[str, Any]] = mapped_column(Document)
    score: Mapped[float | None] = mapped_column(Float)
    level: Mapped[int | None] = mapped_column(Integer)
    seconds: Mapped[float] = mapped_column(Float)
    interview: Mapped[str | None] = mapped_column(Short(64))
    at: Mapped[datetime] = mapped_column(UtcTime)
    __table_args__ = (Index(None, "user", "corpus", "question"), NO_REUSE)


class CardTable(Table):
    """One card of spaced repetition per user and question."""

    __tablename__ = "cards"
    user: Mapped[str] = mapped_column(UserName, primary_key=True)
    corpus: Mapped[str] = mapped_column(Words, primary_key=True)
    question: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    card: Mapped[dict[str, Any]] = mapped_column(Document)
    due: Mapped[datetime] = mapped_column(UtcTime)
    updated: Mapped[datetime] = mapped_column(UtcTime)


class FeedbackTable(Table):
    """Thumbs and disputes."""

    __tablename__ = "feedback"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user: Mapped[str] = mapped_column(UserName, index=True)
    kind: Mapped[str] = mapped_column(Short(20))
    subject: Mapped[str] = mapped_column(Words)
    value: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(Words)
    payload: Mapped[dict[str, Any]] = mapped_column(Document)
    created: Mapped[datetime] = mapped_column(UtcTime)
    __table_args__ = (NO_REUSE,)


class AccountTable(Table):
    """People who may sign in. `password` is an argon2 hash, or none where a proxy signs them in."""

    __tablename__ = "accounts"
    name: Mapped[str] = mapped_column(UserName, primary_key=True)
    role: Mapped[str] = mapped_column(Short(20))
    password: Mapped[str | None] = mapped_column(Short(200))
    created: Mapped[datetime] = mapped_column(UtcTime)
    seen: Mapped[datetime | None] = mapped_column(UtcTime)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    locked_until: Mapped[datetime | None] = mapped_column(UtcTime)


class SessionTable(Table):
    """Signed-in browsers, by the SHA-256 of their token: the database gives nobody away."""

    __tablename__ = "sessions"
    token: Mapped[str] = mapped_column(Short(64), primary_key=True)
    user: Mapped[str] = mapped_column(UserName, ForeignKey("accounts.name", ondelete="CASCADE"), index=True)
    created: Mapped[datetime] = mapped_column(UtcTime)
    seen: Mapped[datetime] = mapped_column(UtcTime)
    expires: Mapped[datetime] = mapped_column(UtcTime, index=True)


class KeyTable(Table):
    """API keys, by their SHA-256; `hint` is the beginning that may be shown."""

    __tablename__ = "api_keys"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user: Mapped[str] = mapped_column(UserName, ForeignKey("accounts.name", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(Words)
    hint: Mapped[str] = mapped_column(Short(20))
    token: Mapped[str] = mapped_column(Short(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(Document)
    created: Mapped[datetime] = mapped_column(UtcTime)
    seen: Mapped[datetime | None] = mapped_column(UtcTime)
    expires: Mapped[datetime | None] = mapped_column(UtcTime)
    revoked: Mapped[datetime | None] = mapped_column(UtcTime)
    __table_args__ = (NO_REUSE,)
