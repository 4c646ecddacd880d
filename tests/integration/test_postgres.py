"""The store on a real PostgreSQL: the same behaviour as on SQLite, migrations raced, the server gone and back."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest

pytest.importorskip("psycopg", reason="no PostgreSQL driver: pip install 'interview-tutor[postgres]'")
pytest.importorskip("pwd", reason="this test starts PostgreSQL as POSIX systems do")

import postgres
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from sqlalchemy import text

from ingest.errors import NotFound, SignInNeeded, StoreMismatch, StoreUnavailable, UsageError
from tutor.backup import backup, restore
from tutor.settings import Settings
from tutor.store import Attempt, Store, open_store
from tutor.store.engine import Database, database_url
from tutor.store.migrate import HEAD, migrate, revision_of
from tutor.store.tables import Table
from tutor.web.guard import Guard
from tutor.web.identity import current_user

GOOD = "correct horse 電池"
_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def cluster() -> Iterator[postgres.Cluster]:
    bin, owner = postgres.binaries(), postgres.user()
    if bin is None or owner is None:
        pytest.skip("no PostgreSQL server on this machine: apt-get install postgresql")
    with postgres.running(bin, owner) as found:
        yield found


@pytest.fixture
def settings(cluster: postgres.Cluster, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, database_url=cluster.create(f"t{next(_NUMBERS)}"))


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with open_store(settings) as found:
        yield found


def fill(store: Store) -> dict[str, Any]:
    """One row of everything, and what `export` says of it without the moment it was asked."""
    made = store.conversations.create("anna", "llm", "KV Cache 鍵值")
    store.conversations.append("anna", made.id, "user", "零\0寬 \ud800 100%", {"nul\0": ["\0", 1.5, None]})
    gone = store.conversations.create("anna", "llm", "deleted")
    store.conversations.delete("anna", gone.id)
    store.interviews.save("anna", "i1", "llm", {"asked": [1]}, False)
    store.interviews.save("anna", "i1", "llm", {"asked": [1, 2]}, True)
    store.attempts.add("anna", Attempt("llm", 3, "答", {"points": []}, 7.5, 3, 61.5, "i1"))
    store.cards.put("anna", "llm", 3, {"s": 1}, datetime(2026, 6, 1, tzinfo=UTC))
    store.cards.put("anna", "llm", 3, {"s": 2}, datetime(2026, 6, 2, tzinfo=UTC))
    store.feedback.add("anna", "dispute", "attempt:1", 0, "不公平", {"v": "missing"})
    account = store.accounts.add("anna", GOOD, "admin")
    store.sessions.start(account, timedelta(hours=1))
    store.keys.add("anna", "script")
    return told(store)


def told(store: Store) -> dict[str, Any]:
    return {key: value for key, value in store.export("anna").items() if key != "exported"}


def test_it_keeps_and_finds_what_sqlite_keeps_and_finds(store: Store, tmp_path: Path) -> None:
    found = fill(store)
    with open_store(Settings(data_dir=tmp_path / "sqlite")) as other:
        same = fill(other)

    def shape(value: Any) -> Any:
        """Without what differs by nature: ids and moments."""
        moving = {"id", "created", "updated", "seen", "at", "deleted", "expires", "hint"}
        if isinstance(value, dict):
            return {k: shape(v) for k, v in value.items() if k not in moving}
        return [shape(v) for v in value] if isinstance(value, list) else value

    assert shape(found) == shape(same)
    assert [c.title for c in store.conversations.list("anna", "键值 CACHE")] == ["KV Cache 鍵值"]
    assert [c.title for c in store.conversations.list("anna", "100%")] == ["KV Cache 鍵值"]
    assert store.conversations.list("anna", "_") == []
    assert store.accounts.check("anna", GOOD).name == "anna"
    with pytest.raises(SignInNeeded):
        store.accounts.check("anna", GOOD + "x")
    with pytest.raises(NotFound):
        store.conversations.messages("ben", store.conversations.list("anna")[0].id)
    for odd in ("\0", "a\0b", "\ud800", "x" * 500):
        with pytest.raises(NotFound):
            store.conversations.messages("anna", odd)
        with pytest.raises(NotFound):
            store.interviews.load(odd, odd)
        with pytest.raises(NotFound):
            store.accounts.get(odd)
        assert store.sessions.role_of(odd, timedelta(hours=1)) is None
        assert store.keys.owner_of("tutor_" + odd) is None
    assert (store.usage()["anna"].asked, store.usage()["anna"].attempts) == (1, 1)
    store.remove_user("anna")
    assert not any(told(store)[key] for key in found if key != "user")


def test_migrations_make_exactly_the_tables_of_the_code(store: Store) -> None:
    with store.database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []


def test_an_older_database_is_brought_up_and_a_newer_one_left_alone(settings: Settings) -> None:
    database = Database(database_url(settings))
    migrate(database, "0001")
    with database.writing() as session:
        session.execute(
            text(
                'INSERT INTO feedback ("user", kind, subject, value, reason, payload, created) '
                "VALUES ('anna', 'thumb', 'm', 1, '', '{}', now())"
            )
        )
    with open_store(settings) as store:
        assert len(store.feedback.list("anna")) == 1
        with store.database.engine.connect() as connection:
            assert revision_of(connection) == HEAD
    with database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(StoreMismatch, match="newer version") as caught:
        open_store(settings)
    assert "hush-hush" not in str(caught.value)


OPENER = """
import sys
from tutor.settings import Settings
from tutor.store import open_store
with open_store(Settings(database_url=sys.argv[1])) as store:
    made = store.conversations.create(sys.argv[2], "llm")
    for turn in range(10):
        store.conversations.append(sys.argv[2], made.id, "user", str(turn))
"""


def test_several_processes_open_a_new_database_at_once(settings: Settings) -> None:
    users = ("anna", "ben", "chen")
    running = [subprocess.Popen([sys.executable, "-c", OPENER, settings.database_url, user]) for user in users]
    assert [process.wait(120) for process in running] == [0, 0, 0]
    with open_store(settings) as store:
        assert [[c.messages for c in store.conversations.list(user)] for user in users] == [[10]] * 3


def test_writers_at_once_lose_nothing(store: Store) -> None:
    made = store.conversations.create("anna", "llm")
    together = Barrier(6)
    failed: list[Exception] = []

    def write(who: int) -> None:
        together.wait()
        try:
            for turn in range(15):
                store.conversations.append("anna", made.id, "user", f"{who}-{turn}")
                store.interviews.save("anna", f"i{turn}", "llm", {"who": who}, False)
                store.attempts.add_once("anna", Attempt("llm", 1, "x", {}, interview=f"i{turn}"))
                store.cards.put("anna", "llm", turn, {"who": who}, datetime.now(UTC))
                store.accounts.ensure(f"user{turn}")
        except Exception as error:
            failed.append(error)

    threads = [Thread(target=write, args=(who,)) for who in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(store.conversations.messages("anna", made.id)) == 90
    assert len(store.interviews.list("anna")) == len(store.cards.all("anna", "llm")) == store.accounts.count() == 15
    assert len(store.attempts.list("anna", "llm")) == 15


def test_admins_who_take_each_other_away_at_once_leave_one(store: Store) -> None:
    for name in ("anna", "ben"):
        store.accounts.add(name, GOOD, "admin")
    store.accounts.add("chen", GOOD)
    refused: list[UsageError] = []

    def demote() -> None:
        try:
            store.accounts.set_role("ben", "user")
        except UsageError as error:
            refused.append(error)

    def waits() -> bool:
        with store.database.reading() as session:
            query = (
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            return bool(session.scalar(text(query)))

    other = Thread(target=demote)
    with store.database.writing() as session:
        store.accounts.drop(session, "anna")
        other.start()
        while other.is_alive() and not waits():
            pass
    other.join()
    assert [(a.name, a.role) for a in store.accounts.list()] == [("ben", "admin"), ("chen", "user")]
    assert "last admin" in refused[0].message


def test_the_server_goes_and_comes_back(cluster: postgres.Cluster, store: Store, settings: Settings) -> None:
    made = store.conversations.create("anna", "llm", "kept")
    account = store.accounts.add("anna", GOOD)
    _, secret = store.keys.add(account.name)
    app = FastAPI()
    app.get("/who")(_who)
    app.add_middleware(Guard, settings=settings.model_copy(update={"sign_in": True}), open_store=lambda: store)
    client = TestClient(app, headers={"authorization": f"Bearer {secret}"})
    assert client.get("/who").json() == "anna"
    cluster.stop()
    try:
        with pytest.raises(StoreUnavailable, match="does not answer") as caught:
            store.conversations.append("anna", made.id, "user", "lost?")
        assert "hush-hush" not in str(caught.value)
        with pytest.raises(StoreUnavailable):
            store.conversations.list("anna")
        with pytest.raises(StoreUnavailable):
            open_store(settings)
        assert client.get("/who").status_code == 503
    finally:
        cluster.start()
    store.conversations.append("anna", made.id, "user", "after")
    assert [m.content for m in store.conversations.messages("anna", made.id)] == ["after"]
    assert client.get("/who").json() == "anna"


def _who(request: Request) -> str:
    return current_user(request)


def test_a_wrong_password_or_name_is_said_without_the_password(cluster: postgres.Cluster, tmp_path: Path) -> None:
    for url in (cluster.url().replace("hush-hush", "wrong-one"), cluster.url("not-there")):
        with pytest.raises(StoreUnavailable) as caught:
            open_store(Settings(data_dir=tmp_path, database_url=url))
        assert "hush" not in str(caught.value)
        assert "wrong-one" not in str(caught.value)


def test_a_backup_comes_back_into_postgresql_and_into_sqlite(
    store: Store, settings: Settings, cluster: postgres.Cluster, tmp_path: Path
) -> None:
    found = fill(store)
    backup(settings, tmp_path / "pg.zip")

    other = Settings(data_dir=tmp_path / "other", database_url=cluster.create(f"t{next(_NUMBERS)}"))
    restore(other, tmp_path / "pg.zip")
    with open_store(other) as there:
        assert told(there) == found
        assert there.accounts.check("anna", GOOD).role == "admin"
        highest = there.attempts.list("anna", "llm")[-1].id
        assert there.attempts.add("anna", Attempt("llm", 4, "x", {})) > highest  # numbers go on after the old ones
    with pytest.raises(UsageError, match="already"):
        restore(other, tmp_path / "pg.zip")
    restore(other, tmp_path / "pg.zip", force=True)
    with open_store(other) as there:
        assert told(there)["attempts"] == found["attempts"]

    local = Settings(data_dir=tmp_path / "local")
    restore(local, tmp_path / "pg.zip")
    with open_store(local) as there:
        assert told(there) == found
    backup(local, tmp_path / "sqlite.zip")
    third = Settings(data_dir=tmp_path / "third", database_url=cluster.create(f"t{next(_NUMBERS)}"))
    restore(third, tmp_path / "sqlite.zip")
    with open_store(third) as there:
        assert told(there) == found
