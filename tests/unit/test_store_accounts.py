"""Accounts, sessions and keys: what lets people in, and what does not."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import update

from ingest.errors import NotFound, SignInNeeded, UsageError
from tutor.settings import Settings
from tutor.store import open_store
from tutor.store.accounts import ATTEMPTS, LOCKED_FOR, Accounts
from tutor.store.tables import AccountTable, KeyTable, SessionTable
from tutor.store.tokens import LONGEST_SESSION

GOOD = "correct horse 電池"
HOUR = timedelta(hours=1)
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def store(tmp_path):
    with open_store(Settings(data_dir=tmp_path)) as found:
        found.__dict__["accounts"] = Accounts(found.database, CHEAP)  # the real parameters cost a second in all
        yield found


@pytest.fixture
def anna(store):
    return store.accounts.add("Anna", GOOD, "admin")


def test_the_right_password_lets_in_whatever_the_keyboard_composes(store, anna):
    assert (anna.name, anna.role, anna.has_password) == ("anna", "admin", True)
    assert store.accounts.check("ANNA ", GOOD).name == "anna"
    assert store.accounts.get("anna").seen is not None
    store.accounts.set_password("anna", "pass-é-word-ﾊﾛ")
    assert store.accounts.check("anna", "pass-e\u0301-word-ハロ").name == "anna"


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("anna", GOOD + "x"),
        ("anna", ""),
        ("ben", GOOD),
        ("", ""),
        ("local", GOOD),
        ("an\0na", GOOD),
        ("anna", "\ud800"),
    ],
)
def test_all_failures_look_the_same(store, anna, name, password):
    with pytest.raises(SignInNeeded, match="name or the password is wrong"):
        store.accounts.check(name, password)


def test_the_default_hash_is_argon2id_and_no_password_is_in_the_file(tmp_path):
    with open_store(Settings(data_dir=tmp_path)) as store:
        store.accounts.add("anna", "UNMISTAKABLE-1")
        (hashed,) = sqlite3.connect(tmp_path / "tutor.sqlite").execute("SELECT password FROM accounts").fetchone()
        assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
        assert b"UNMISTAKABLE" not in b"".join(p.read_bytes() for p in tmp_path.iterdir())


def test_an_older_hash_is_renewed_at_the_next_sign_in(store, anna):
    stronger = Accounts(store.database, PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    stronger.check("anna", GOOD)
    with store.database.reading() as session:
        assert "m=16,t=2" in (session.get(AccountTable, "anna").password or "")
    assert stronger.check("anna", GOOD).name == "anna"


def test_too_many_wrong_passwords_lock_and_time_unlocks(store, anna):
    for _ in range(ATTEMPTS):
        with pytest.raises(SignInNeeded):
            store.accounts.check("anna", "wrong wrong")
    assert store.accounts.get("anna").locked_until is not None
    with pytest.raises(SignInNeeded):
        store.accounts.check("anna", GOOD)
    with store.database.writing() as session:
        session.execute(update(AccountTable).values(locked_until=datetime.now(UTC) - timedelta(seconds=1)))
    assert store.accounts.check("anna", GOOD).locked_until is None


def test_success_forgets_earlier_failures(store, anna):
    for _ in range(2):
        for _ in range(ATTEMPTS - 1):
            with pytest.raises(SignInNeeded):
                store.accounts.check("anna", "wrong wrong")
        store.accounts.check("anna", GOOD)


def test_a_clock_that_was_set_back_locks_nobody_out_for_long(store, anna):
    with store.database.writing() as session:
        session.execute(update(AccountTable).values(locked_until=datetime.now(UTC) + LOCKED_FOR + 24 * HOUR))
    assert store.accounts.check("anna", GOOD).name == "anna"


@pytest.mark.parametrize("name", ["", "local", "LOCAL", "a b", "a/b", "<b>", "-x", "x" * 65, "a\nb", "a:b"])
def test_unusable_names_are_refused(store, name):
    with pytest.raises(UsageError, match="cannot be the name"):
        store.accounts.add(name, GOOD)


@pytest.mark.parametrize("password", ["short", "x" * 2000, "anna-anna1", "aaaaaaaaaaaaaaa", ""])
def test_weak_passwords_are_refused(store, password):
    with pytest.raises(UsageError, match="password"):
        store.accounts.add("anna", password)
    assert store.accounts.count() == 0


def test_names_are_taken_once_and_roles_are_known(store, anna):
    with pytest.raises(UsageError, match="already"):
        store.accounts.add("ANNA", GOOD)
    with pytest.raises(UsageError, match="no role"):
        store.accounts.add("ben", GOOD, "root")
    with pytest.raises(NotFound):
        store.accounts.set_role("ben", "admin")


def test_the_last_admin_stays_while_others_are_left(store, anna):
    store.accounts.add("王小明", GOOD)
    for touch in (lambda: store.accounts.set_role("anna", "user"), lambda: store.remove_user("anna")):
        with pytest.raises(UsageError, match="last admin"):
            touch()
    with pytest.raises(UsageError, match="last admin"):
        store.accounts.change("anna", password="another one entirely", role="user")
    assert store.accounts.check("anna", GOOD).role == "admin"
    with pytest.raises(UsageError, match="characters"):
        store.accounts.change("王小明", password="short", role="admin")
    assert store.accounts.get("王小明").role == "user"
    store.accounts.change("王小明", password="another one entirely", role="admin")
    assert store.accounts.check("王小明", "another one entirely").role == "admin"
    store.remove_user("anna")
    store.remove_user("王小明")
    assert store.accounts.list() == []


def test_a_removed_user_leaves_nothing_and_a_new_one_of_that_name_finds_nothing(store, anna):
    store.conversations.create("anna", "llm", "hers")
    token = store.sessions.start(anna, HOUR)
    _, secret = store.keys.add("anna")
    store.remove_user("ANNA")
    again = store.accounts.add("anna", GOOD)
    assert store.conversations.list(again.name) == []
    assert store.sessions.role_of(token, HOUR) is None
    assert store.keys.owner_of(secret) is None


def test_somebody_whom_a_proxy_signed_in_has_an_account_but_no_password(store):
    assert store.accounts.ensure("Chen@Example.org").name == "chen@example.org"
    assert store.accounts.ensure("chen@example.org").has_password is False
    with pytest.raises(SignInNeeded):
        store.accounts.check("chen@example.org", "")
    with pytest.raises(UsageError):
        store.accounts.ensure("local")


def test_a_session_lasts_as_long_as_it_is_used_and_not_for_ever(store, anna):
    token = store.sessions.start(anna, HOUR)
    assert store.sessions.role_of(token, HOUR) == ("anna", "admin")
    store.accounts.add("ben", GOOD, "admin")
    store.accounts.set_role("anna", "user")
    assert store.sessions.role_of(token, HOUR) == ("anna", "user")

    def turn(**columns):
        with store.database.writing() as session:
            session.execute(update(SessionTable).values(**columns))

    moment = datetime.now(UTC)
    turn(seen=moment - HOUR / 2, expires=moment + HOUR / 2)
    store.sessions.role_of(token, HOUR)
    with store.database.reading() as session:
        assert session.query(SessionTable).one().expires > moment + 0.9 * HOUR
    turn(expires=moment - timedelta(seconds=1))
    assert store.sessions.role_of(token, HOUR) is None
    turn(expires=moment + HOUR, created=moment - LONGEST_SESSION)
    assert store.sessions.role_of(token, HOUR) is None
    turn(expires=moment + HOUR, created=moment + 24 * HOUR)  # begun in what is now the future
    assert store.sessions.role_of(token, HOUR) is None


def test_sessions_end_by_signing_out_and_by_a_new_password(store, anna):
    first, second, third = (store.sessions.start(anna, HOUR) for _ in range(3))
    store.sessions.end(first)
    store.sessions.end("never was")
    assert [store.sessions.role_of(t, HOUR) is None for t in (first, second, third)] == [True, False, False]
    store.accounts.set_password("anna", "another one entirely")
    assert store.sessions.role_of(second, HOUR) is None


def test_a_key_is_shown_once_scoped_and_revocable(store, anna):
    key, secret = store.keys.add("anna", "my script", ["ask"])
    assert secret.startswith(key.hint)
    assert len(secret) > len(key.hint) + 30
    assert store.keys.owner_of(secret)[0].scopes == {"ask"}
    assert store.keys.list("anna")[0].seen is not None
    with sqlite3.connect(store.database.url.database) as raw:
        assert secret not in str(raw.execute("SELECT * FROM api_keys").fetchall())
    with pytest.raises(NotFound):
        store.keys.revoke("ben", key.id)
    store.keys.revoke("anna", key.id)
    assert store.keys.owner_of(secret) is None
    assert store.keys.list("anna")[0].revoked is not None


def test_a_key_ends_when_it_was_said_to(store, anna):
    _, secret = store.keys.add("anna", expires=datetime.now(UTC) + HOUR)
    assert store.keys.owner_of(secret) is not None
    with store.database.writing() as session:
        session.execute(update(KeyTable).values(expires=datetime.now(UTC) - timedelta(seconds=1)))
    assert store.keys.owner_of(secret) is None


def test_unusable_keys_are_refused(store, anna):
    for wrong in ({"scopes": ["everything"]}, {"scopes": []}, {"expires": datetime.now(UTC) - HOUR}):
        with pytest.raises(UsageError):
            store.keys.add("anna", **wrong)
    with pytest.raises(NotFound):
        store.keys.add("nobody")
    for text in ("", "tutor_", "tutor_" + "x" * 40, "\ud800"):
        assert store.keys.owner_of(text) is None


def test_an_export_tells_of_account_sessions_and_keys_but_no_secret(store, anna):
    store.sessions.start(anna, HOUR)
    store.keys.add("anna", "my script")
    told = store.export("anna")
    assert told["account"]["role"] == "admin"
    assert told["api_keys"][0]["name"] == "my script"
    assert len(told["sessions"]) == 1
    assert not {"password", "token"} & {
        key for row in (told["account"], *told["api_keys"], *told["sessions"]) for key in row
    }
