"""People who may sign in: names, roles, password hashes, and the lock after too many wrong passwords.

Knows the table of accounts, nothing of browsers. Hashes are argon2id with the parameters that RFC 9106 recommends
where memory is scarce (section 4): https://www.rfc-editor.org/rfc/rfc9106#section-4
"""

from __future__ import annotations

import builtins
import re
import threading
import unicodedata
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ingest.errors import NotFound, SignInNeeded, UsageError
from tutor.store.engine import Database
from tutor.store.rows import RANKS, Account, Rank, now
from tutor.store.tables import AccountTable, KeyTable, SessionTable

LOCAL_USER = "local"
"""The one user where sign-in is off."""
ATTEMPTS = 5
LOCKED_FOR = timedelta(minutes=15)
SHORTEST_PASSWORD = 10
# Hashing costs time by length: a megabyte of password is an attack.
LONGEST_PASSWORD = 1024
_NAME = re.compile(r"[^\W_][\w.@+-]{0,63}")
# One check takes 64 MiB and four threads; a flood of them must not take the machine.
_CHECKS_AT_ONCE = threading.BoundedSemaphore(2)


def account_name(text: str) -> str:
    """A name as it is kept: compatibility forms resolved, lower case.

    Raises:
        UsageError: it is no name.
    """
    name = unicodedata.normalize("NFKC", text).strip().casefold()
    if not _NAME.fullmatch(name) or name == LOCAL_USER:
        raise UsageError(
            f"{text[:80]!r} cannot be the name of a user.",
            "A name has 1 to 64 letters, digits or . _ - + @ and begins with a letter or digit; `local` is taken.",
        )
    return name


class Accounts:
    """The accounts in a database.

    Args:
        hasher: how passwords are hashed; older hashes are renewed when their owner signs in.
    """

    def __init__(self, database: Database, hasher: PasswordHasher | None = None) -> None:
        self._database = database
        self._hasher = hasher or PasswordHasher()
        # Checked where there is no such user, so that the time taken tells nothing.
        self._nobody = self._hasher.hash("nobody has this password")

    def add(self, name: str, password: str | None, role: str = "user") -> Account:
        """Add an account; without a password only a proxy or an API key signs it in.

        Raises:
            UsageError: the name is taken or no name, the password too weak, the role unknown.
        """
        name = account_name(name)
        rank = _rank(role)
        hashed = None if password is None else self._hash(name, password)
        with self._database.writing() as session:
            if session.get(AccountTable, name) is not None:
                raise UsageError(f"There is a user {name!r} already.", f"tutor users password {name}")
            row = AccountTable(name=name, role=rank, password=hashed, created=now(), failures=0)
            session.add(row)
            session.flush()
            return _account(row)

    def ensure(self, name: str) -> Account:
        """The account of somebody whom a trusted proxy signed in, made at first sight.

        Raises:
            UsageError: the proxy's name is no name.
        """
        name = account_name(name)
        with self._database.reading() as session:
            row = session.get(AccountTable, name)
            if row is not None:
                return _account(row)
        with self._database.writing() as session:
            values = {"role": "user", "password": None, "created": now(), "failures": 0}
            self._database.put_new(session, AccountTable, {"name": name}, values)
            return _account(_row(session, name))

    def get(self, name: str) -> Account:
        """One account.

        Raises:
            NotFound: there is none of that name.
        """
        with self._database.reading() as session:
            return _account(_row(session, name))

    def list(self) -> builtins.list[Account]:
        """All accounts by name."""
        with self._database.reading() as session:
            return [_account(row) for row in session.scalars(select(AccountTable).order_by(AccountTable.name))]

    def count(self) -> int:
        """How many accounts there are."""
        with self._database.reading() as session:
            return session.scalar(select(func.count()).select_from(AccountTable)) or 0

    def set_password(self, name: str, password: str) -> None:
        """Set a new password; it unlocks the account and ends the user's sessions everywhere.

        Raises:
            NotFound: there is no such user.
            UsageError: the password is too weak.
        """
        self.change(name, password=password)

    def set_role(self, name: str, role: str) -> None:
        """Make somebody an admin, or no longer.

        Raises:
            NotFound: there is no such user.
            UsageError: the role is unknown, or nobody would be admin any more.
        """
        self.change(name, role=role)

    def change(self, name: str, *, password: str | None = None, role: str | None = None) -> None:
        """Set a password, a role or both; where one of them cannot be, neither is.

        Raises:
            NotFound: there is no such user.
            UsageError: as of `set_password` and `set_role`.
        """
        rank = None if role is None else _rank(role)
        hashed = None if password is None else self._hash(name, password)
        with self._database.writing() as session:
            if rank not in (None, "admin"):
                _hold_admins(session)
            row = _row(session, name)
            if rank is not None:
                if rank != "admin":
                    _keep_an_admin(session, row)
                row.role = rank
            if hashed is not None:
                row.password, row.failures, row.locked_until = hashed, 0, None
                session.execute(delete(SessionTable).where(SessionTable.user == row.name))

    def drop(self, session: Session, name: str) -> None:
        """Remove an account with its sessions and keys, inside a transaction of the caller's.

        Raises:
            NotFound: there is no such user.
            UsageError: it is the last admin and others are left.
        """
        _hold_admins(session)
        row = _row(session, name)
        _keep_an_admin(session, row)
        for table in (SessionTable, KeyTable):
            session.execute(delete(table).where(table.user == row.name))
        session.delete(row)

    def check(self, name: str, password: str) -> Account:
        """Whether a password is right.

        Each try counts before it is looked at, so that many at once are no way around the lock. A locked account, an
        unknown name and a wrong password give the same error: who asks learns nothing about who has an account.

        Raises:
            SignInNeeded: it is not.
        """
        try:
            name = account_name(name)
        except UsageError:
            name = LOCAL_USER  # nobody has it
        hashed = self._count_try(name)
        with _CHECKS_AT_ONCE:
            try:
                right: bool = self._hasher.verify(hashed or self._nobody, _normal(password[:LONGEST_PASSWORD]))
            except (VerificationError, InvalidHashError):
                right = False
        if not right or hashed is None:
            raise SignInNeeded(
                "The name or the password is wrong.",
                f"After {ATTEMPTS} wrong passwords an account is locked for {LOCKED_FOR.seconds // 60} minutes.",
            )
        renewed = self._hasher.hash(_normal(password)) if self._hasher.check_needs_rehash(hashed) else None
        with self._database.writing() as session:
            row = _row(session, name)
            row.failures, row.locked_until, row.seen = 0, None, now()
            if renewed:
                row.password = renewed
            return _account(row)

    def _count_try(self, name: str) -> str | None:
        """The hash to compare with; None where there is no such user, no password, or a lock."""
        moment = now()
        with self._database.writing() as session:
            row = session.get(AccountTable, name, with_for_update=True)
            if row is None or row.password is None:
                return None
            if row.locked_until is not None and moment < row.locked_until <= moment + LOCKED_FOR:
                return None
            if row.locked_until is not None:  # served, or the clock was set back since
                row.failures, row.locked_until = 0, None
            row.failures += 1
            if row.failures >= ATTEMPTS:
                row.locked_until = moment + LOCKED_FOR
            return row.password

    def _hash(self, name: str, password: str) -> str:
        text = _normal(password)
        if not SHORTEST_PASSWORD <= len(text) <= LONGEST_PASSWORD:
            raise UsageError(
                f"The password has {len(text)} characters.", f"Take {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} of them."
            )
        if name.casefold() in text.casefold() and len(text) < len(name) + SHORTEST_PASSWORD // 2:
            raise UsageError("The password is little more than the name.", "Take one that nobody can guess from it.")
        if len(set(text)) < SHORTEST_PASSWORD // 2:
            raise UsageError("The password repeats a few characters.", "Take one with more different ones.")
        return self._hasher.hash(text)


def _normal(password: str) -> str:
    # The same keys give composed or decomposed characters, full or half width, depending on the keyboard.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace").decode("utf-8")


def _rank(role: str) -> Rank:
    for rank in RANKS:
        if rank == role:
            return rank
    raise UsageError(f"There is no role {role!r}.", f"Take one of: {', '.join(RANKS)}.")


def _row(session: Session, name: str) -> AccountTable:
    row = session.get(AccountTable, unicodedata.normalize("NFKC", name).strip().casefold(), with_for_update=True)
    if row is None:
        raise NotFound(f"There is no user {name!r}.", "tutor users list")
    return row


def _hold_admins(session: Session) -> None:
    """Wait for whoever takes an admin away just now: on PostgreSQL two admins would else demote each other at once.

    Before any other row is held and in one order, so that nobody waits for who waits for them.
    """
    admins = select(AccountTable.name).where(AccountTable.role == "admin").order_by(AccountTable.name)
    session.execute(admins.with_for_update())


def _keep_an_admin(session: Session, row: AccountTable) -> None:
    others = select(AccountTable.role).where(AccountTable.name != row.name)
    roles = session.scalars(others).all()
    if row.role == "admin" and roles and "admin" not in roles:
        raise UsageError(f"{row.name!r} is the last admin.", "Make another one first: tutor users role NAME admin")


def _account(row: AccountTable) -> Account:
    locked = row.locked_until if row.locked_until is not None and row.locked_until > now() else None
    return Account(row.name, _rank(row.role), row.created, row.seen, locked, row.password is not None)
