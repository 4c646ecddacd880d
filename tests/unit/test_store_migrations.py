"""The database's shape: migrations make what the tables say, older files are brought up, newer ones refused."""

import os
import sqlite3
import time
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from ingest.errors import StoreMismatch
from tutor.settings import Settings
from tutor.store import open_store
from tutor.store.engine import Database, database_url
from tutor.store.migrate import COPIES_KEPT, HEAD, MIGRATIONS, migrate, revision_of
from tutor.store.tables import Table


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path)


def older(settings, revision="0001"):
    """A database as an earlier version of the tutor left it, with one conversation."""
    database = Database(database_url(settings))
    migrate(database, revision)
    with database.writing() as session:
        session.execute(
            text(
                'INSERT INTO conversations (id, "user", corpus, title, folded, created, updated) VALUES '
                "('c1', 'anna', 'llm', 'old', 'old', '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000')"
            )
        )
    database.close()


def test_the_newest_migration_is_the_one_the_code_asks_for():
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [HEAD]


def test_migrations_make_exactly_the_tables_of_the_code(settings):
    with open_store(settings) as store, store.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []


def test_an_older_database_is_brought_up_and_a_copy_kept(settings):
    older(settings)
    with open_store(settings) as store:
        assert [c.title for c in store.conversations.list("anna")] == ["old"]
        with store.database.engine.connect() as connection:
            assert revision_of(connection) == HEAD
    (copy,) = settings.data_dir.glob("tutor.sqlite.before-*")
    assert "0001" in copy.name
    with closing(sqlite3.connect(copy)) as raw:
        assert raw.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
        assert raw.execute("SELECT title FROM conversations").fetchone() == ("old",)


def test_a_copy_does_not_keep_for_ever_what_users_erased(settings):
    older(settings)
    open_store(settings).close()
    (copy,) = settings.data_dir.glob("tutor.sqlite.before-*")
    open_store(settings).close()
    assert copy.exists()
    long_ago = time.time() - COPIES_KEPT.total_seconds() - 60
    os.utime(copy, (long_ago, long_ago))
    open_store(settings).close()
    assert not copy.exists()


def test_a_new_database_needs_no_copy_and_a_second_opening_changes_nothing(settings):
    open_store(settings).close()
    with closing(sqlite3.connect(settings.store_file)) as raw:
        before = raw.execute("PRAGMA schema_version").fetchone()
    open_store(settings).close()
    with closing(sqlite3.connect(settings.store_file)) as raw:
        assert raw.execute("PRAGMA schema_version").fetchone() == before
    assert not list(settings.data_dir.glob("*.before-*"))


def test_a_newer_database_is_left_alone(settings):
    open_store(settings).close()
    with closing(sqlite3.connect(settings.store_file)) as raw, raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreMismatch, match="newer version") as caught:
        open_store(settings)
    assert "pip install --upgrade" in caught.value.mend
    with closing(sqlite3.connect(settings.store_file)) as raw:
        assert raw.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)


def test_a_database_of_something_else_is_left_alone(settings):
    with closing(sqlite3.connect(settings.store_file)) as raw, raw:
        raw.execute("CREATE TABLE invoices (id INTEGER)")
    with pytest.raises(StoreMismatch, match="not the tutor's"):
        open_store(settings)
    with closing(sqlite3.connect(settings.store_file)) as raw:
        assert raw.execute("SELECT name FROM sqlite_master").fetchall() == [("invoices",)]


def test_a_migration_that_fails_leaves_the_older_database_whole(settings):
    older(settings)
    with closing(sqlite3.connect(settings.store_file)) as raw, raw:
        raw.execute("CREATE TABLE sessions (in_the_way INTEGER)")  # accounts is made before it
    with pytest.raises(Exception, match="sessions"):
        open_store(settings)
    with closing(sqlite3.connect(settings.store_file)) as raw:
        tables = {name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type='table'")}
        assert "accounts" not in tables
        assert raw.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
        raw.execute("DROP TABLE sessions")
        raw.commit()
    with open_store(settings) as store:
        assert [c.title for c in store.conversations.list("anna")] == ["old"]
