"""All rows of a database as JSON, and back: between PostgreSQL and SQLite, and between versions of the tables.

Reads what tables there are from the database itself, so a dump of an older revision goes into tables of that revision
and is migrated from there. Knows tables and types, nothing of what they hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Column, Connection, DateTime, MetaData, Table, insert, select, text

from tutor.store.engine import Database
from tutor.store.migrate import copy_sqlite, migrate, revision_of

REVISIONS = "alembic_version"
BATCH = 500
Row = tuple[str, dict[str, Any]]


def dump(database: Database) -> Iterator[Row]:
    """Every row as (table, values), of one moment, in an order in which they can be put back. Times are ISO 8601."""
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        for table in _tables(connection):
            query = select(table).order_by(*table.primary_key).execution_options(yield_per=BATCH)
            for row in connection.execute(query).mappings():
                yield table.name, {key: _iso(value) for key, value in row.items()}


def load(database: Database, rows: Iterable[Row]) -> int:
    """Put rows in place of all that is in a database, in one transaction; how many comes back.

    Args:
        rows: as `dump` gives them, of the same revision.
    """
    count = 0
    with database.engine.connect() as connection, connection.begin():
        tables = {table.name: table for table in _tables(connection)}
        for table in reversed(tables.values()):
            connection.execute(table.delete())
        for name, group in groupby(rows, key=lambda row: row[0]):
            table = tables[name]
            times = {c.name for c in table.columns if isinstance(c.type, DateTime)}
            batch: list[dict[str, Any]] = []
            for _, values in group:
                batch.append({k: _moment(v, database) if k in times else v for k, v in values.items()})
                count += 1
                if len(batch) == BATCH:
                    connection.execute(insert(table), batch)
                    batch = []
            if batch:
                connection.execute(insert(table), batch)
        if not database.is_sqlite:
            for table in tables.values():
                _count_on(connection, table)
    return count


def is_empty(database: Database) -> bool:
    """Whether a database holds no row of anybody's."""
    with database.engine.connect() as connection:
        return not any(connection.execute(select(table).limit(1)).first() for table in _tables(connection))


def revision(database: Database) -> str | None:
    """The revision a database is at; None where nothing of the tutor is in it."""
    with database.engine.connect() as connection:
        return revision_of(connection)


def open_file(path: Path) -> Database:
    """A SQLite database apart from the one in use."""
    return Database(URL.create("sqlite", database=str(path)))


def file_of_rows(path: Path, rows: Iterable[Row], at: str) -> None:
    """Make a SQLite file of rows that were dumped at a revision, migrated to the newest."""
    database = open_file(path)
    try:
        migrate(database, at)
        load(database, rows)
        migrate(database)
    finally:
        database.close()
    for copy in path.parent.glob(f"{path.name}.before-*"):
        copy.unlink()


def replace_file(live: Path, fresh: Path) -> None:
    """Put the contents of one SQLite file in place of another's, in one step, also while others have it open."""
    copy_sqlite(fresh, live)


def _tables(connection: Connection) -> list[Table]:
    metadata = MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != REVISIONS]


def _iso(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()


def _moment(value: str | None, database: Database) -> datetime | None:
    if value is None:
        return None
    moment = datetime.fromisoformat(value).astimezone(UTC)
    return moment.replace(tzinfo=None) if database.is_sqlite else moment


def _count_on(connection: Connection, table: Table) -> None:
    """Have PostgreSQL number new rows after the ones that were put in with their numbers."""
    key: list[Column[Any]] = list(table.primary_key)
    if len(key) != 1 or not key[0].autoincrement or key[0].type.python_type is not int:
        return
    name = key[0].name
    connection.execute(
        text(
            f"SELECT setval(pg_get_serial_sequence('\"{table.name}\"', '{name}'), "  # nosec B608: our own tables
            f'coalesce((SELECT max("{name}") FROM "{table.name}"), 0) + 1, false)'  # nosec B608
        )
    )
