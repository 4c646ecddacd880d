"""The store as the other rooms see it: one object, opened by settings, with a part for each kind of row."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from tutor.settings import Settings
from tutor.store.accounts import LOCAL_USER, Accounts, account_name
from tutor.store.conversations import Conversations
from tutor.store.engine import Database, database_url
from tutor.store.feedback import Feedbacks
from tutor.store.interest import Interest, interest
from tutor.store.migrate import forget_copies, migrate
from tutor.store.practice import Attempts, Cards, Interviews
from tutor.store.rows import now
from tutor.store.tables import (
    AccountTable,
    AttemptTable,
    CardTable,
    ConversationTable,
    FeedbackTable,
    InterviewTable,
    KeyTable,
    MessageTable,
    SessionTable,
    Table,
)
from tutor.store.tokens import Keys, Sessions
from tutor.store.usage import Usage, usage

__all__ = ["LOCAL_USER", "Store", "open_store"]


_OF_A_USER = (InterviewTable, AttemptTable, CardTable, FeedbackTable)
_INTERNAL = {"user", "folded", "password", "token"}


class Store:
    """Users' data. Synchronous, safe to share among threads; every method takes the user and sees that user's rows only."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.conversations = Conversations(database)
        self.interviews = Interviews(database)
        self.attempts = Attempts(database)
        self.cards = Cards(database)
        self.feedback = Feedbacks(database)
        self.sessions = Sessions(database)
        self.keys = Keys(database)

    @cached_property
    def accounts(self) -> Accounts:
        """The accounts; making this object hashes a password once, which takes a moment."""
        return Accounts(self.database)

    def export(self, user: str) -> dict[str, Any]:
        """Everything that is kept about a user, ready for JSON: times in ISO 8601, deleted conversations too."""
        with self.database.reading() as session:
            conversations = []
            own = select(ConversationTable).where(ConversationTable.user == user).order_by(ConversationTable.created)
            for row in session.scalars(own).all():
                said = select(MessageTable).where(MessageTable.conversation == row.id).order_by(MessageTable.id)
                messages = [_plain(message, "conversation") for message in session.scalars(said)]
                conversations.append({**_plain(row), "messages": messages})
            found: dict[str, Any] = {"user": user, "exported": now().isoformat(), "conversations": conversations}
            for table in _OF_A_USER:
                rows = session.scalars(select(table).where(table.user == user).order_by(*table.__table__.primary_key))
                found[table.__tablename__] = [_plain(row) for row in rows]
            account = session.get(AccountTable, user)
            found["account"] = None if account is None else _plain(account)
            for held in (SessionTable, KeyTable):
                rows = session.scalars(select(held).where(held.user == user).order_by(held.created))
                found[held.__tablename__] = [_plain(row) for row in rows]
            return found

    def usage(self) -> dict[str, Usage]:
        """How much each user does, by name; only an admin may see it."""
        return usage(self.database)

    def interest(self, corpus: str) -> Interest:
        """What the users of a corpus will likely turn to next, in question numbers; nobody's name or words."""
        return interest(self.database, corpus)

    def erase(self, user: str) -> None:
        """Remove all study data of a user for good. An account that the user has stays."""
        with self.database.writing() as session:
            _erase(session, user)
        self._forget()

    def remove_user(self, name: str) -> None:
        """Remove an account with its sessions, its keys and all study data, for good.

        Raises:
            NotFound: there is no such user.
            UsageError: it is the last admin and others are left.
        """
        with self.database.writing() as session:
            self.accounts.drop(session, name)
            _erase(session, account_name(name))
        self._forget()

    def _forget(self) -> None:
        if self.database.is_sqlite:
            # The words are still in the log that comes before the file.
            with closing(self.database.engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close all connections."""
        self.database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(settings: Settings) -> Store:
    """Open the store that the settings name, made or migrated where it has to be.

    Raises:
        UsageError: TUTOR_DATABASE_URL is unusable, or its driver is not installed.
        StoreMismatch: the database was written by a newer tutor, or holds something else.
        StoreUnavailable: it cannot be opened.
    """
    database = Database(database_url(settings))
    try:
        migrate(database)
        forget_copies(database)
        store = Store(database)
        store.conversations.purge()
    except BaseException:
        database.close()
        raise
    return store


def _erase(session: Session, user: str) -> None:
    for table in (ConversationTable, *_OF_A_USER):
        session.execute(delete(table).where(table.user == user))


def _plain(row: Table, *left_out: str) -> dict[str, Any]:
    values = {column.key: getattr(row, column.key) for column in row.__table__.columns}
    return {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in values.items()
        if key not in _INTERNAL and key not in left_out
    }
