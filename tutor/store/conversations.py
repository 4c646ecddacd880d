"""Conversations of a user: kept, searched, renamed, deleted with a way back.

Knows the tables of conversations and messages, nothing of what is said in them.
"""

from __future__ import annotations

import builtins
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, delete, exists, func, or_, select
from sqlalchemy.orm import Session

from ingest.errors import NotFound
from ingest.text import fold
from tutor.store.engine import Database
from tutor.store.rows import Conversation, Message, now
from tutor.store.tables import ConversationTable, MessageTable

# How long a deletion can be undone. After that the words are gone.
UNDO_PERIOD = timedelta(days=7)


class Conversations:
    """The conversations in a database. Every method takes the user first and sees only that user's rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, user: str, corpus: str, title: str = "") -> Conversation:
        """Start a conversation about a corpus. Whoever does so also removes what can no longer be restored."""
        moment = now()
        row = ConversationTable(
            id=uuid.uuid4().hex, user=user, corpus=corpus, title=title, folded=fold(title), created=moment, updated=moment
        )  # fmt: skip
        with self._database.writing() as session:
            _purge(session)
            session.add(row)
            session.flush()
            return _conversation(row, 0)

    def get(self, user: str, id: str) -> Conversation:
        """One conversation.

        Raises:
            NotFound: the user has no such conversation, or has deleted it.
        """
        with self._database.reading() as session:
            row = _own(session, user, id)
            count = session.scalar(select(func.count()).where(MessageTable.conversation == id))
            return _conversation(row, count or 0)

    def list(self, user: str, search: str = "", limit: int = 100) -> builtins.list[Conversation]:
        """The user's conversations, those that went on last first.

        Args:
            search: words that must all occur in the title or the messages; Traditional and Simplified are the same,
                and so are upper and lower case.
            limit: at most so many.
        """
        count = select(func.count()).where(MessageTable.conversation == ConversationTable.id).scalar_subquery()
        query = select(ConversationTable, count).where(
            ConversationTable.user == user, ConversationTable.deleted.is_(None)
        )
        for word in fold(search).split():
            query = _containing(query, word)
        query = query.order_by(ConversationTable.updated.desc(), ConversationTable.id).limit(limit)
        with self._database.reading() as session:
            return [_conversation(row, messages) for row, messages in session.execute(query)]

    def rename(self, user: str, id: str, title: str) -> None:
        """Give a conversation another title.

        Raises:
            NotFound: the user has no such conversation.
        """
        with self._database.writing() as session:
            row = _own(session, user, id)
            row.title, row.folded = title, fold(title)

    def delete(self, user: str, id: str) -> None:
        """Delete a conversation; `restore` brings it back for `UNDO_PERIOD`, then it is gone for good.

        Raises:
            NotFound: the user has no such conversation.
        """
        with self._database.writing() as session:
            _own(session, user, id).deleted = now()
            _purge(session)

    def restore(self, user: str, id: str) -> None:
        """Undo a deletion.

        Raises:
            NotFound: the user has no such conversation, or it is gone for good.
        """
        with self._database.writing() as session:
            row = _own(session, user, id, deleted=True)
            if row.deleted is not None and row.deleted < now() - UNDO_PERIOD:
                raise _no_conversation()
            row.deleted = None

    def purge(self) -> None:
        """Remove for good, for all users, what was deleted longer ago than `UNDO_PERIOD`."""
        with self._database.writing() as session:
            _purge(session)

    def messages(self, user: str, id: str) -> builtins.list[Message]:
        """The messages of a conversation in order.

        Raises:
            NotFound: the user has no such conversation.
        """
        query = select(MessageTable).where(MessageTable.conversation == id).order_by(MessageTable.id)
        with self._database.reading() as session:
            _own(session, user, id)
            return [_message(row) for row in session.scalars(query)]

    def append(self, user: str, id: str, role: str, content: str, payload: Mapping[str, Any] | None = None) -> Message:
        """Add a message at the end.

        Raises:
            NotFound: the user has no such conversation.
        """
        moment = now()
        row = MessageTable(
            conversation=id,
            role=role,
            content=content,
            folded=fold(content),
            payload=dict(payload or {}),
            created=moment,
        )
        with self._database.writing() as session:
            _own(session, user, id).updated = moment
            session.add(row)
            session.flush()
            return _message(row)

    def truncate(self, user: str, id: str, after_message_id: int) -> None:
        """Drop all messages after one of them, as editing or retrying does; 0 drops all.

        Raises:
            NotFound: the user has no such conversation.
        """
        with self._database.writing() as session:
            _own(session, user, id).updated = now()
            session.execute(
                delete(MessageTable).where(MessageTable.conversation == id, MessageTable.id > after_message_id)
            )


def _own(session: Session, user: str, id: str, *, deleted: bool = False) -> ConversationTable:
    row = session.scalar(select(ConversationTable).where(ConversationTable.id == id, ConversationTable.user == user))
    if row is None or (row.deleted is not None and not deleted):
        raise _no_conversation()
    return row


def _no_conversation() -> NotFound:
    return NotFound("There is no such conversation.", "It may have been deleted; look at the list of conversations.")


def _containing(query: Select[Any], word: str) -> Select[Any]:
    message = exists().where(
        MessageTable.conversation == ConversationTable.id, MessageTable.folded.contains(word, autoescape=True)
    )
    return query.where(or_(ConversationTable.folded.contains(word, autoescape=True), message))


def _purge(session: Session) -> None:
    session.execute(delete(ConversationTable).where(ConversationTable.deleted < now() - UNDO_PERIOD))


def _conversation(row: ConversationTable, messages: int) -> Conversation:
    return Conversation(row.id, row.corpus, row.title, row.created, row.updated, messages)


def _message(row: MessageTable) -> Message:
    return Message(row.id, row.role, row.content, dict(row.payload), row.created)
