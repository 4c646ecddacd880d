"""The machine's clock jumps by hours, as after a suspend or when a time server corrects it: nobody is locked out for long,
nothing is lost, and durations are not measured by it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import tutor
from ingest.errors import SignInNeeded
from tutor.interview.memory import due_at, review
from tutor.settings import Settings
from tutor.store import Store, open_store, rows
from tutor.store.accounts import ATTEMPTS
from tutor.web.limits import Buckets

GOOD = "correct horse 電池"
IDLE = timedelta(hours=12)
JUMPS = [timedelta(hours=5), timedelta(hours=-5), timedelta(days=-3)]


class Clock:
    """The wall clock of the store, to be turned."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made, before = Clock(), rows.now
    for name, module in list(sys.modules.items()):
        if name.startswith("tutor.store") and getattr(module, "now", None) is before:
            monkeypatch.setattr(module, "now", made)
    return made


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(Settings(data_dir=tmp_path)) as found:
        yield found


@pytest.mark.parametrize("jump", JUMPS)
def test_whoever_was_signed_in_is_or_can_sign_in_again(store: Store, clock: Clock, jump: timedelta) -> None:
    anna = store.accounts.add("anna", GOOD, "admin")
    token = store.sessions.start(anna, IDLE)
    clock.offset = jump
    kept = store.sessions.role_of(token, IDLE)
    assert kept in {("anna", "admin"), None}
    assert kept is not None or jump < timedelta()  # begun in what is now the future: asked to sign in
    fresh = store.sessions.start(store.accounts.check("anna", GOOD), IDLE)
    assert store.sessions.role_of(fresh, IDLE) == ("anna", "admin")
    clock.offset = timedelta()
    assert store.sessions.role_of(token, IDLE) == ("anna", "admin")  # the first one was not lost by it


@pytest.mark.parametrize("jump", JUMPS)
def test_a_lock_never_outlasts_itself(store: Store, clock: Clock, jump: timedelta) -> None:
    store.accounts.add("anna", GOOD)
    clock.offset = max(jump, -jump)  # wrong passwords while the clock is fast
    for _ in range(ATTEMPTS):
        with pytest.raises(SignInNeeded):
            store.accounts.check("anna", "wrong wrong")
    with pytest.raises(SignInNeeded):
        store.accounts.check("anna", GOOD)
    clock.offset = timedelta()  # set right: the lock ends in hours by the stored moment, and must not
    assert store.accounts.check("anna", GOOD).name == "anna"


@pytest.mark.parametrize("jump", JUMPS)
def test_conversations_keep_their_order_and_their_words(store: Store, clock: Clock, jump: timedelta) -> None:
    talk = store.conversations.create("anna", "llm")
    store.conversations.append("anna", talk.id, "user", "first")
    gone = store.conversations.create("anna", "llm", "deleted")
    store.conversations.delete("anna", gone.id)
    clock.offset = jump
    store.conversations.append("anna", talk.id, "assistant", "second")
    store.conversations.purge()
    clock.offset = timedelta()
    store.conversations.append("anna", talk.id, "user", "third")
    assert [m.content for m in store.conversations.messages("anna", talk.id)] == ["first", "second", "third"]
    store.conversations.restore("anna", gone.id)  # hours use up little of the days in which it can be undone
    assert {c.id for c in store.conversations.list("anna")} == {talk.id, gone.id}


@pytest.mark.parametrize("jump", JUMPS)
def test_keys_go_on(store: Store, clock: Clock, jump: timedelta) -> None:
    store.accounts.add("anna", GOOD)
    _, secret = store.keys.add("anna", expires=datetime.now(UTC) + timedelta(days=30))
    for offset in (timedelta(), jump, timedelta()):
        clock.offset = offset
        found = store.keys.owner_of(secret)
        assert found is not None
        assert found[0].user == "anna"


@pytest.mark.parametrize("jump", JUMPS)
@pytest.mark.parametrize("level", [0, 2, 4])
def test_cards_stay_due_in_days_not_in_years(jump: timedelta, level: int) -> None:
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    card = review(None, 7, 3, 0, moment)
    card = review(card, 7, level, 0, moment + jump)  # before it was asked, by the clock
    card = review(card, 7, level, 0, moment + timedelta(days=1))
    assert moment < due_at(card) <= moment + timedelta(days=367)


def test_a_rate_limit_does_not_hear_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    buckets = Buckets(60, 2)
    assert [buckets.take("anna") for _ in range(2)] == [0, 0]
    for moment in (0.0, 4e9):  # 1970, 2096
        monkeypatch.setattr("time.time", lambda moment=moment: moment)
        assert 0 < buckets.take("anna") <= 1


# Moments that are shown or kept, and the age of a file: those are the wall clock's. Everything else is a duration.
WALL = {
    "backup.py", "cli_interview.py", "cli_users.py", "interview/practice.py", "interview/report_calendar.py", "llm/state.py",
    "store/migrate.py", "store/rows.py", "web/api/admin.py", "web/chat_completions.py", "web/library/adding.py", "web/progress/tab.py",
    "web/traces.py", "web/watching.py",
}  # fmt: skip


def test_durations_are_measured_by_a_clock_that_never_jumps() -> None:
    room = Path(tutor.__file__).parent
    asked = {
        path.relative_to(room).as_posix()
        for path in room.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in {("time", "time"), ("time", "time_ns"), ("datetime", "now")}
    }
    assert asked <= WALL
