"""One database: its address, how it is opened, and transactions that fail with a message for people.

Knows SQLite and PostgreSQL, no tables.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session

from ingest.errors import StoreUnavailable, UsageError
from tutor.settings import Settings

BUSY_SECONDS = 30
POSTGRES = {"postgres", "postgresql", "postgresql+psycopg"}


def database_url(settings: Settings) -> URL:
    """The address of the database: the one that is set, else the SQLite file of the data folder.

    Raises:
        UsageError: TUTOR_DATABASE_URL is no address of a SQLite or PostgreSQL database.
    """
    if not settings.database_url:
        return URL.create("sqlite", database=str(settings.store_file.absolute()))
    mend = "Set TUTOR_DATABASE_URL to postgresql://USER:PASSWORD@HOST/NAME, or unset it to use a SQLite file."
    try:
        url = make_url(settings.database_url)
    except ArgumentError as error:
        raise UsageError("TUTOR_DATABASE_URL is no database address.", mend) from error
    if url.drivername in POSTGRES:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername != "sqlite" or url.database in (None, "", ":memory:"):
        raise UsageError(
            f"TUTOR_DATABASE_URL names {url.drivername!r}: only PostgreSQL or a SQLite file can be used.", mend
        )
    return url


class Database:
    """An engine and its two kinds of transaction. Thread-safe; close it when done."""

    def __init__(self, url: URL) -> None:
        """Opens nothing yet.

        Raises:
            UsageError: the driver of PostgreSQL is not installed.
        """
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.engine = self._engine()
        self._reading = self.engine.execution_options(writing=False)

    def _engine(self) -> Engine:
        options: dict[str, Any] = {"json_serializer": _json}
        if self.is_sqlite:
            _create_private(str(self.url.database))
            engine = create_engine(self.url, connect_args={"timeout": BUSY_SECONDS}, **options)
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        try:
            # A server that was restarted leaves dead connections in the pool; they are tried before use.
            return create_engine(
                self.url,
                pool_pre_ping=True,
                pool_size=10,
                max_overflow=20,
                connect_args={"connect_timeout": 10},
                **options,
            )
        except (ModuleNotFoundError, NoSuchModuleError) as error:
            raise UsageError(
                "The PostgreSQL driver is not installed.", "pip install 'interview-tutor[postgres]'"
            ) from error

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that only reads: one consistent picture.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        with self._errors(), Session(self._reading) as session, session.begin():
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that writes: all of it or nothing. On SQLite writers wait for each other here.

        Raises:
            StoreUnavailable: the database does not answer, is locked or full.
        """
        with self._errors(), Session(self.engine) as session, session.begin():
            yield session

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except PoolTimeout as error:
            raise StoreUnavailable("The database is too busy.", "Try again in a moment.") from error
        except DBAPIError as error:
            told = unavailable(self.url, error)
            if told is None:
                raise
            raise told from error

    def put(self, session: Session, table: type[DeclarativeBase], key: dict[str, Any], values: dict[str, Any]) -> None:
        """Insert a row, or replace the values (all but `created`) of the one with that key; two writers at once do not collide."""
        make = sqlite_insert if self.is_sqlite else postgres_insert
        row = make(table).values(**key, **values)
        kept = {name: value for name, value in values.items() if name != "created"}
        session.execute(row.on_conflict_do_update(index_elements=list(key), set_=kept))

    def put_new(
        self, session: Session, table: type[DeclarativeBase], key: dict[str, Any], values: dict[str, Any]
    ) -> None:
        """Insert a row unless there is one with that primary key."""
        make = sqlite_insert if self.is_sqlite else postgres_insert
        session.execute(make(table).values(**key, **values).on_conflict_do_nothing(index_elements=list(key)))

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def unavailable(url: URL, error: DBAPIError) -> StoreUnavailable | None:
    """What to tell people about an error of the driver; None where it is a bug of ours."""
    reason = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
    if url.get_backend_name() != "sqlite":
        # Class 53 of its codes: insufficient resources.
        if str(getattr(error.orig, "sqlstate", None) or "").startswith("53"):
            return StoreUnavailable(
                f"The PostgreSQL server at {url.host or 'localhost'} is out of space or memory: {reason}.",
                "Free some on its machine and try again; nothing that was stored is lost.",
            )
        if not (error.connection_invalidated or type(error.orig).__name__ in ("OperationalError", "AdminShutdown")):
            return None
        return StoreUnavailable(
            f"The PostgreSQL server at {url.host or 'localhost'} does not answer: {reason}.",
            "Start it, or correct TUTOR_DATABASE_URL; the tutor goes on by itself once it answers.",
        )
    cause = error.orig
    if not isinstance(cause, sqlite3.DatabaseError):
        return None
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    mends = {
        sqlite3.SQLITE_BUSY: "Another program holds it; close that one and try again.",
        sqlite3.SQLITE_LOCKED: "Another program holds it; close that one and try again.",
        sqlite3.SQLITE_FULL: "Free some space on the disk and try again; nothing that was stored is lost.",
        sqlite3.SQLITE_IOERR: "Look after the disk; nothing that was stored before is lost.",
        sqlite3.SQLITE_READONLY: "Make the file and its folder writable.",
        sqlite3.SQLITE_CANTOPEN: "Make the folder readable and writable, or set TUTOR_DATA_DIR to another.",
        sqlite3.SQLITE_PERM: "Make the file and its folder writable.",
        sqlite3.SQLITE_CORRUPT: "Bring a backup back with `tutor restore FILE --force`, or move the file away to start anew.",
        sqlite3.SQLITE_NOTADB: "Bring a backup back with `tutor restore FILE --force`, or move the file away to start anew.",
    }
    if code not in mends:
        return None
    return StoreUnavailable(f"The database {url.database} cannot be used: {reason}.", mends[code])


def _create_private(path: str) -> None:
    """Create the file for its owner alone; SQLite gives its side files the same rights."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreUnavailable(
            f"The database {path} cannot be used: {error.strerror or error}.",
            "Make the folder readable and writable, or set TUTOR_DATA_DIR to another.",
        ) from error


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    # The driver's own transaction handling begins too late and not before reads; `_begin_sqlite` does it.
    connection.isolation_level = None
    run: Callable[[str], object] = connection.execute
    run("PRAGMA journal_mode=WAL")
    run("PRAGMA foreign_keys=ON")
    # Erased words are overwritten, not only unlinked.
    run("PRAGMA secure_delete=ON")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later can fail half-way when another writer was faster:
    # a writer therefore takes its turn at the start, where waiting is possible.
    writing = connection.get_execution_options().get("writing", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
