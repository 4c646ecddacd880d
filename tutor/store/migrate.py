"""Brings a database to the tables of this code, once, whoever opens it first; a SQLite file is copied before.

Knows revisions and locks, no rows. Alembic is imported only where there is something to do.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from ingest.errors import StoreMismatch, StoreUnavailable
from tutor.store.engine import Database, unavailable

MIGRATIONS = Path(__file__).parent / "migrations"
# The newest revision; a test compares it with the scripts.
HEAD = "0002"
LOCK_SECONDS = 120
COPIES_KEPT = timedelta(days=30)
# Any number will do, as long as all processes take the same.
ADVISORY_LOCK = 7_305_186_110


def migrate(database: Database, to: str = HEAD) -> None:
    """Bring the database to a revision; nothing happens where it is there already.

    Args:
        to: the revision; anything but the newest is for tests.

    Raises:
        StoreMismatch: the database is newer than this code, or holds something else.
        StoreUnavailable: it does not answer, or another process is migrating and does not finish.
    """
    try:
        with database.engine.connect() as connection:
            if revision_of(connection) == to:
                return
        with _alone(database) as connection:
            found = revision_of(connection)
            if found == to:
                return
            _check(found, database)
            if found is None and _foreign(connection):
                raise StoreMismatch(
                    f"The database {_name(database)} holds tables that are not the tutor's.",
                    "Set TUTOR_DATABASE_URL to an empty database of its own.",
                )
            if found is not None and database.is_sqlite:
                copy_sqlite(Path(str(database.url.database)), _copy_name(database, found))
            _upgrade(connection, to)
    except DBAPIError as error:
        told = unavailable(database.url, error)
        if told is None:
            raise
        raise told from error


def revision_of(connection: Connection) -> str | None:
    """The revision a database is at; None where nothing of the tutor is in it."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a SQLite database that may be in use, through SQLite's own online backup."""
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        target.chmod(0o600)
        old.backup(new)


def _copy_name(database: Database, revision: str) -> Path:
    path = Path(str(database.url.database))
    return path.with_name(f"{path.name}.before-{HEAD}-at-{revision}")


def forget_copies(database: Database) -> None:
    """Remove copies of the SQLite file older than `COPIES_KEPT`: what users erased since is still in them."""
    if not database.is_sqlite:
        return
    path = Path(str(database.url.database))
    for copy in path.parent.glob(f"{path.name}.before-*"):
        with suppress(OSError):  # another process may have been faster
            if time.time() - copy.stat().st_mtime > COPIES_KEPT.total_seconds():
                copy.unlink()


def known_revisions() -> set[str]:
    """Every revision that this code can read and bring up."""
    from alembic.script import ScriptDirectory

    return {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}


def _check(found: str | None, database: Database) -> None:
    if found is not None and found not in known_revisions():
        raise StoreMismatch(
            f"The database {_name(database)} was written by a newer version of the tutor (revision {found}; this one knows {HEAD}).",
            "Update the tutor: pip install --upgrade interview-tutor",
        )


def _foreign(connection: Connection) -> bool:
    return bool(inspect(connection).get_table_names())


def _name(database: Database) -> str:
    return str(database.url.database) if database.is_sqlite else database.url.render_as_string(hide_password=True)


@contextmanager
def _alone(database: Database) -> Iterator[Connection]:
    """A connection while no other process migrates the same database."""
    if database.is_sqlite:
        try:
            with (
                FileLock(f"{database.url.database}.lock", timeout=LOCK_SECONDS, mode=0o600),
                database.engine.connect() as connection,
            ):
                yield connection
        except Timeout as error:
            raise StoreUnavailable(
                f"Another process has been migrating {_name(database)} for {LOCK_SECONDS} s.",
                "Wait for it, or stop it and try again.",
            ) from error
        return
    with database.engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
        connection.commit()  # the lock belongs to the connection, not to the transaction
        try:
            yield connection
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})
            connection.commit()


def _upgrade(connection: Connection, to: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    connection.rollback()  # the look at the revision began a transaction
    with connection.begin():
        command.upgrade(config, to)
