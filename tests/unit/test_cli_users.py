"""`tutor users`, `tutor keys` and `tutor data` as they are typed."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from ingest.errors import NotFound, UsageError
from tutor.cli import app
from tutor.settings import Settings
from tutor.store import open_store

GOOD = "correct horse 電池\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TUTOR_DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def tutor(folder):
    def run(*words, typed=""):
        done = CliRunner().invoke(app, list(words), input=typed)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    return run


@pytest.fixture
def store(folder):
    with open_store(Settings(data_dir=folder)) as found:
        yield found


def test_a_user_comes_changes_and_goes(tutor, store):
    assert "tutor users add" in tutor("users", "list").stdout
    tutor("users", "add", "Anna", "--role", "admin", "--password-file", "-", typed=GOOD)
    assert store.accounts.check("anna", GOOD.strip()).role == "admin"
    tutor("users", "add", "ben", "--no-password")
    listed = json.loads(tutor("users", "list", "--json").stdout)["users"]
    assert [(u["name"], u["role"], u["has_password"]) for u in listed] == [
        ("anna", "admin", True),
        ("ben", "user", False),
    ]
    assert "ben" in tutor("users", "list").stdout
    tutor("users", "role", "ben", "admin")
    made = json.loads(tutor("users", "password", "ben", "--generate", "--json").stdout)["password"]
    assert store.accounts.check("ben", made).role == "admin"
    store.conversations.create("ben", "llm")
    assert tutor("users", "remove", "ben", typed="n\n").exit_code == 1
    assert len(store.accounts.list()) == 2
    tutor("users", "remove", "ben", "--yes")
    assert [u.name for u in store.accounts.list()] == ["anna"]
    assert store.conversations.list("ben") == []


def test_a_password_is_never_asked_of_nobody_or_printed_unasked(tutor):
    with pytest.raises(UsageError, match="type a password"):
        tutor("users", "add", "anna")
    with pytest.raises(UsageError, match="cannot be read"):
        tutor("users", "add", "anna", "--password-file", "/nowhere/at/all")
    assert "correct" not in tutor("users", "add", "anna", "--password-file", "-", typed=GOOD).output


def test_a_key_is_printed_once(tutor, store):
    tutor("users", "add", "anna", "--password-file", "-", typed=GOOD)
    done = tutor("keys", "add", "ANNA", "--for", "my script", "--scope", "ask", "--days", "3")
    secret = done.stdout.strip()
    assert store.keys.owner_of(secret)[0].scopes == {"ask"}
    told = json.loads(tutor("keys", "list", "--json").stdout)["keys"][0]
    assert (told["user"], told["name"], told["scopes"]) == ("anna", "my script", ["ask"])
    assert secret not in tutor("keys", "list").stdout
    tutor("keys", "revoke", str(told["id"]))
    assert store.keys.owner_of(secret) is None
    assert "revoked" in tutor("keys", "list", "anna").stdout
    for words in (["keys", "revoke", "99"], ["keys", "add", "nobody"]):
        with pytest.raises(NotFound):
            tutor(*words)


def test_my_data_can_be_taken_out_and_erased(tutor, store, folder):
    made = store.conversations.create("local", "llm", "標題")
    store.conversations.append("local", made.id, "user", "說過的話")
    assert json.loads(tutor("data", "export").stdout)["conversations"][0]["messages"][0]["content"] == "說過的話"
    done = json.loads(tutor("data", "export", "--out", str(folder / "mine.json"), "--json").stdout)
    assert done["rows"]["conversations"] == 1
    assert json.loads((folder / "mine.json").read_text(encoding="utf-8"))["conversations"][0]["title"] == "標題"
    assert (folder / "mine.json").stat().st_mode & 0o077 == 0 or sys.platform == "win32"
    assert tutor("data", "erase", typed="n\n").exit_code == 1
    with pytest.raises(UsageError, match="nobody can be asked"):
        tutor("data", "erase", "--json")
    assert json.loads(tutor("data", "erase", "--yes", "--json").stdout)["erased"]["conversations"] == 1
    assert store.conversations.list("local") == []


def test_help_needs_no_database_library():
    check = "import sys, tutor.cli; sys.exit('sqlalchemy' in sys.modules or 'argon2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False, timeout=60).returncode == 0
