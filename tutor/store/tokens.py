"""Signed-in sessions and API keys. Both are long random tokens of which the database keeps only the SHA-256:
they cannot be guessed, so a fast hash is enough, and whoever reads the database can use none of them.

Knows their tables, nothing of cookies or headers.
"""

from __future__ import annotations

import builtins
import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select

from ingest.errors import NotFound, UsageError
from tutor.store.engine import Database
from tutor.store.rows import SCOPES, Account, Key, Scope, now
from tutor.store.tables import AccountTable, KeyTable, SessionTable

# However busy it is, a session ends after this long.
LONGEST_SESSION = timedelta(days=30)
# `seen` is not written at every request.
SEEN_STEP = timedelta(minutes=5)
PREFIX = "tutor_"
_HINT_LENGTH = len(PREFIX) + 4


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


class Sessions:
    """The signed-in sessions in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, account: Account, idle: timedelta) -> str:
        """Begin a session; its token comes back, to be kept by the browser alone.

        Args:
            idle: the session ends after so long without a request.
        """
        token = secrets.token_urlsafe(32)
        moment = now()
        with self._database.writing() as session:
            session.execute(delete(SessionTable).where(SessionTable.expires < moment))
            session.add(
                SessionTable(
                    token=_hashed(token), user=account.name, created=moment, seen=moment, expires=moment + idle
                )
            )
        return token

    def role_of(self, token: str, idle: timedelta) -> tuple[str, str] | None:
        """Name and role of the user whose session this is; None where it ended or never was."""
        moment = now()
        query = select(SessionTable, AccountTable.role).join(AccountTable, AccountTable.name == SessionTable.user)
        query = query.where(SessionTable.token == _hashed(token))
        with self._database.reading() as session:
            found = session.execute(query).first()
            if found is None:
                return None
            row, role = found
            if not row.created - SEEN_STEP <= moment < min(row.expires, row.created + LONGEST_SESSION):
                return None
            user, stale = row.user, abs(moment - row.seen) > min(SEEN_STEP, idle / 4)
        if stale:
            with self._database.writing() as session:
                kept = session.get(SessionTable, _hashed(token))
                if kept is not None:
                    kept.seen, kept.expires = moment, moment + idle
        return user, role

    def end(self, token: str) -> None:
        """End a session; one that ended before is no error."""
        with self._database.writing() as session:
            session.execute(delete(SessionTable).where(SessionTable.token == _hashed(token)))

    def end_all(self, user: str) -> None:
        """End all sessions of a user."""
        with self._database.writing() as session:
            session.execute(delete(SessionTable).where(SessionTable.user == user))


class Keys:
    """The API keys in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, user: str, name: str = "", scopes: Iterable[str] = ("ask", "practise"), expires: datetime | None = None
    ) -> tuple[Key, str]:
        """Make a key; its secret comes back beside it, and never again.

        Raises:
            NotFound: there is no such user.
            UsageError: a scope is unknown, or the key would have ended already.
        """
        wanted = sorted(set(scopes))
        if not wanted or not set(wanted) <= set(SCOPES):
            raise UsageError(
                f"These are no scopes of a key: {', '.join(wanted) or 'none'}.", f"Take some of: {', '.join(SCOPES)}."
            )
        if expires is not None and expires <= now():
            raise UsageError("The key would have ended already.", "Take a moment that is still to come.")
        secret = PREFIX + secrets.token_urlsafe(32)
        row = KeyTable(
            user=user,
            name=name,
            hint=secret[:_HINT_LENGTH],
            token=_hashed(secret),
            scopes=wanted,
            created=now(),
            expires=expires,
        )
        with self._database.writing() as session:
            if session.get(AccountTable, user) is None:
                raise NotFound(f"There is no user {user!r}.", f"tutor users add {user}")
            session.add(row)
            session.flush()
            return _key(row), secret

    def list(self, user: str | None) -> builtins.list[Key]:
        """The keys of a user, revoked ones too; None means everybody's, which only an admin may see."""
        query = select(KeyTable).order_by(KeyTable.id)
        if user is not None:
            query = query.where(KeyTable.user == user)
        with self._database.reading() as session:
            return [_key(row) for row in session.scalars(query)]

    def revoke(self, user: str | None, id: int) -> None:
        """Make a key useless from now on.

        Args:
            user: its owner; None for an admin, who may revoke any.

        Raises:
            NotFound: there is no such key.
        """
        with self._database.writing() as session:
            row = session.get(KeyTable, id)
            if row is None or (user is not None and row.user != user):
                raise NotFound(f"There is no key {id}.", "tutor keys list")
            row.revoked = row.revoked or now()

    def owner_of(self, secret: str) -> tuple[Key, str] | None:
        """The key of this secret and its owner's role; None where it is unknown, revoked or ended."""
        if not secret.startswith(PREFIX):
            return None
        moment = now()
        query = select(KeyTable, AccountTable.role).join(AccountTable, AccountTable.name == KeyTable.user)
        query = query.where(KeyTable.token == _hashed(secret), KeyTable.revoked.is_(None))
        query = query.where(or_(KeyTable.expires.is_(None), KeyTable.expires > moment))
        with self._database.reading() as session:
            found = session.execute(query).first()
            if found is None:
                return None
            row, role = found
            key = _key(row)
        if key.seen is None or abs(moment - key.seen) > SEEN_STEP:
            with self._database.writing() as session:
                kept = session.get(KeyTable, key.id)
                if kept is not None:
                    kept.seen = moment
        return key, role


def _key(row: KeyTable) -> Key:
    known: dict[str, Scope] = {scope: scope for scope in SCOPES}
    scopes = frozenset(known[scope] for scope in row.scopes if scope in known)
    return Key(row.id, row.user, row.name, row.hint, scopes, row.created, row.seen, row.expires, row.revoked)
