"""The store on SQLite: users kept apart, conversations, practice, feedback, export and erasure."""

import json
import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from threading import Barrier, Thread

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import make_url, update
from sqlalchemy.exc import DBAPIError

from ingest.errors import NotFound, StoreUnavailable, UsageError
from tutor.settings import Settings
from tutor.store import Attempt, open_store
from tutor.store.conversations import UNDO_PERIOD
from tutor.store.engine import unavailable
from tutor.store.tables import ConversationTable


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path)


@pytest.fixture
def store(settings):
    with open_store(settings) as found:
        yield found


def attempt(question=1, minutes=0, **fields):
    at = datetime(2026, 5, 1, 12, tzinfo=UTC) + timedelta(minutes=minutes)
    return Attempt(
        **{"corpus": "llm", "question": question, "answer": "答", "grade": {"points": []}, "at": at, **fields}
    )


def test_a_conversation_is_there_again_after_a_restart(settings):
    with open_store(settings) as store:
        made = store.conversations.create("anna", "llm", "KV Cache 是什麼")
        store.conversations.append("anna", made.id, "user", "KV Cache 是什麼？")
        store.conversations.append("anna", made.id, "assistant", "一種快取。", {"citations": [{"question": 19}]})
    with open_store(settings) as store:
        (found,) = store.conversations.list("anna")
        assert (found.title, found.corpus, found.messages) == ("KV Cache 是什麼", "llm", 2)
        assert found.updated > found.created
        assert found.updated.tzinfo is UTC
        asked, answered = store.conversations.messages("anna", found.id)
        assert (asked.role, asked.content, asked.payload) == ("user", "KV Cache 是什麼？", {})
        assert answered.payload == {"citations": [{"question": 19}]}


def test_the_conversation_that_went_on_last_comes_first(store):
    first, second, third = (store.conversations.create("anna", "llm", title) for title in ("a", "b", "c"))
    store.conversations.append("anna", first.id, "user", "more")
    assert [c.id for c in store.conversations.list("anna")] == [first.id, third.id, second.id]
    assert [c.id for c in store.conversations.list("anna", limit=1)] == [first.id]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("快取", ["cache"]), ("快", ["cache"]), ("键值", ["cache"]), ("ＫＶ", ["cache"]), ("kv cache", ["cache"]),
        ("cache 量化", []), ("精度 量化", ["quant"]), ("QUANTIZATION", ["quant"]), ("100%", ["quant"]), ("%", ["quant"]),
        ("_", []), ("'; DROP TABLE messages; --", []), ("沒有這個", []), ("  ", ["quant", "cache"]), ("秘密", []),
    ],
)  # fmt: skip
def test_search_finds_words_in_titles_and_messages_in_both_scripts(store, search, found):
    cache = store.conversations.create("anna", "llm", "KV Cache")
    store.conversations.append("anna", cache.id, "assistant", "鍵值快取省去重複計算")
    quant = store.conversations.create("anna", "llm", "模型量化 Quantization")
    store.conversations.append("anna", quant.id, "assistant", "損失一點精度，不是 100%")
    other = store.conversations.create("ben", "llm", "快取 量化 秘密 100% kv cache")
    names = {cache.id: "cache", quant.id: "quant", other.id: "ben's"}
    assert [names[c.id] for c in store.conversations.list("anna", search)] == found


def test_a_deleted_conversation_can_be_brought_back_until_it_is_gone_for_good(store):
    made = store.conversations.create("anna", "llm", "x")
    store.conversations.append("anna", made.id, "user", "bring me back")
    store.conversations.delete("anna", made.id)
    assert store.conversations.list("anna") == []
    assert store.conversations.list("anna", "bring") == []
    for touch in (store.conversations.messages, store.conversations.delete):
        with pytest.raises(NotFound):
            touch("anna", made.id)
    store.conversations.restore("anna", made.id)
    assert [m.content for m in store.conversations.messages("anna", made.id)] == ["bring me back"]

    store.conversations.delete("anna", made.id)
    with store.database.writing() as session:
        long_ago = datetime.now(UTC) - UNDO_PERIOD - timedelta(minutes=1)
        session.execute(update(ConversationTable).values(deleted=long_ago))
    with pytest.raises(NotFound):
        store.conversations.restore("anna", made.id)
    store.conversations.create("ben", "llm")  # a server that is never restarted forgets, too
    with sqlite3.connect(store.database.url.database) as raw:
        assert raw.execute("SELECT count(*) FROM messages").fetchone() == (0,)


def test_editing_drops_what_came_after_and_numbers_are_not_given_twice(store):
    made = store.conversations.create("anna", "llm")
    first, second, third = (store.conversations.append("anna", made.id, "user", t) for t in "abc")
    store.conversations.truncate("anna", made.id, first.id)
    again = store.conversations.append("anna", made.id, "user", "d")
    assert [m.content for m in store.conversations.messages("anna", made.id)] == ["a", "d"]
    assert again.id > third.id > second.id
    store.conversations.truncate("anna", made.id, 0)
    assert store.conversations.messages("anna", made.id) == []
    store.conversations.rename("anna", made.id, "新的名字")
    assert store.conversations.get("anna", made.id).title == "新的名字"
    assert [c.id for c in store.conversations.list("anna", "名字")] == [made.id]


def test_no_user_reaches_the_rows_of_another(store):
    hers = store.conversations.create("anna", "llm", "private")
    message = store.conversations.append("anna", hers.id, "user", "private")
    store.interviews.save("anna", "i1", "llm", {"step": 1}, False)
    store.attempts.add("anna", attempt())
    store.cards.put("anna", "llm", 1, {"s": 1}, datetime.now(UTC))
    store.feedback.add("anna", "thumb", "message:1", 1, "good", {})
    his = store.conversations.create("ben", "llm", "his")
    for touch in (
        lambda: store.conversations.get("ben", hers.id),
        lambda: store.conversations.messages("ben", hers.id),
        lambda: store.conversations.append("ben", hers.id, "user", "x"),
        lambda: store.conversations.rename("ben", hers.id, "x"),
        lambda: store.conversations.delete("ben", hers.id),
        lambda: store.conversations.restore("ben", hers.id),
        lambda: store.conversations.truncate("ben", hers.id, 0),
        lambda: store.interviews.load("ben", "i1"),
        lambda: store.interviews.delete("ben", "i1"),
    ):
        with pytest.raises(NotFound):
            touch()
    store.conversations.truncate("ben", his.id, 0)
    store.interviews.save("ben", "i1", "llm", {"step": 9}, True)
    store.cards.put("ben", "llm", 1, {"s": 9}, datetime.now(UTC))
    store.erase("ben")
    assert [c.id for c in store.conversations.list("ben")] == []
    assert store.interviews.list("ben") == store.attempts.list("ben", "llm") == store.feedback.list("ben") == []
    assert store.cards.all("ben", "llm") == {}
    assert [m.id for m in store.conversations.messages("anna", hers.id)] == [message.id]
    assert store.interviews.load("anna", "i1") == {"step": 1}
    assert store.cards.all("anna", "llm") == {1: {"s": 1}}
    assert len(store.attempts.list("anna", "llm")) == len(store.feedback.list("anna")) == 1


def test_an_interview_is_kept_as_it_was_saved_last(store):
    store.interviews.save("anna", "i1", "llm", {"asked": [1]}, False)
    created = store.interviews.list("anna")[0].created
    store.interviews.save("anna", "i2", "llm", {"asked": []}, False)
    store.interviews.save("anna", "i1", "llm", {"asked": [1, 2], "答": "好"}, True)
    assert [(r.id, r.finished) for r in store.interviews.list("anna")] == [("i1", True), ("i2", False)]
    assert [r.id for r in store.interviews.list("anna", finished=False)] == ["i2"]
    (done,) = store.interviews.list("anna", finished=True)
    assert (done.state, done.created) == ({"asked": [1, 2], "答": "好"}, created)
    assert done.updated > created
    store.interviews.delete("anna", "i1")
    with pytest.raises(NotFound):
        store.interviews.load("anna", "i1")


def test_an_attempt_of_an_interview_is_kept_once(store):
    for _ in range(2):
        for question, interview in ((1, "i1"), (2, "i1"), (1, "i2")):
            store.attempts.add_once("anna", attempt(question, interview=interview))
    store.attempts.add_once("ben", attempt(1, interview="i1"))
    assert [(a.question, a.interview) for a in store.attempts.list("anna", "llm")] == [(1, "i1"), (2, "i1"), (1, "i2")]
    assert len(store.attempts.list("ben", "llm")) == 1


def test_an_attempt_and_the_card_that_it_moves_are_kept_together_or_not_at_all(store):
    due = datetime(2026, 6, 1, tzinfo=UTC)

    def moved(attempts):
        return {"levels": [a.level for a in attempts]}, due

    def broken(attempts):
        raise ZeroDivisionError

    store.attempts.add_once("anna", attempt(1, level=2, interview="i1"), moved)
    store.attempts.add_once("anna", attempt(1, minutes=5, level=3, interview="i2"), moved)
    assert store.cards.all("anna", "llm") == {1: {"levels": [2, 3]}}
    first = store.attempts.list("anna", "llm")[0].id
    with pytest.raises(ZeroDivisionError):
        store.attempts.add_once("anna", attempt(1, level=4, interview="i3"), broken)
    with pytest.raises(ZeroDivisionError):
        store.attempts.regrade("anna", first, {}, 9.0, 4, broken)
    assert [a.level for a in store.attempts.list("anna", "llm")] == [2, 3]
    store.attempts.regrade("anna", first, {}, 9.0, 4, moved)
    assert store.cards.all("anna", "llm") == {1: {"levels": [4, 3]}}


def test_attempts_come_back_whole_and_oldest_first(store):
    late = attempt(2, minutes=9, score=7.5, level=3, seconds=61.5, interview="i1", grade={"flags": ["off-topic"]})
    ids = [store.attempts.add("anna", a) for a in (late, attempt(1, minutes=1), attempt(2, minutes=5))]
    assert [a.id for a in store.attempts.list("anna", "llm")] == [ids[1], ids[2], ids[0]]
    kept = store.attempts.list("anna", "llm", 2)[-1]
    assert kept == Attempt(**{**vars(late), "id": ids[0]})
    assert store.attempts.list("anna", "llm", 1)[0].score is None
    assert store.attempts.list("anna", "other") == []


def test_a_moment_in_another_zone_comes_back_in_utc_and_one_without_is_refused(store):
    taipei = datetime(2026, 5, 1, 20, tzinfo=timezone(timedelta(hours=8)))
    store.attempts.add("anna", attempt(at=taipei))
    (kept,) = store.attempts.list("anna", "llm")
    assert kept.at == taipei
    assert kept.at.utcoffset() == timedelta(0)
    with pytest.raises(Exception, match="zone"):
        store.attempts.add("anna", attempt(at=datetime(2026, 5, 1)))


def test_export_holds_everything_and_erase_leaves_nothing_in_the_file(store, settings):
    made = store.conversations.create("anna", "llm", "標題標題")
    store.conversations.append("anna", made.id, "user", "UNMISTAKABLE-WORDS", {"a": 1})
    gone = store.conversations.create("anna", "llm", "deleted")
    store.conversations.delete("anna", gone.id)
    store.interviews.save("anna", "i1", "llm", {"x": 1}, False)
    store.attempts.add("anna", attempt(3, answer="UNMISTAKABLE-ANSWER"))
    store.cards.put("anna", "llm", 3, {"stability": 2.5}, datetime(2026, 6, 1, tzinfo=UTC))
    store.feedback.add("anna", "dispute", "attempt:1", 0, "不公平", {"verdict": "missing"})
    store.conversations.create("ben", "llm", "not hers")

    told = json.loads(json.dumps(store.export("anna"), ensure_ascii=False))
    assert [c["title"] for c in told["conversations"]] == ["標題標題", "deleted"]
    assert told["conversations"][0]["messages"][0]["content"] == "UNMISTAKABLE-WORDS"
    assert told["attempts"][0]["answer"] == "UNMISTAKABLE-ANSWER"
    assert told["cards"][0]["due"] == "2026-06-01T00:00:00+00:00"
    assert (told["interviews"][0]["state"], told["feedback"][0]["reason"]) == ({"x": 1}, "不公平")
    assert "not hers" not in json.dumps(told)

    store.erase("anna")
    empty = store.export("anna")
    assert all(not rows for rows in empty.values() if isinstance(rows, list))
    assert [c.title for c in store.conversations.list("ben")] == ["not hers"]
    left = b"".join(p.read_bytes() for p in settings.data_dir.iterdir())
    assert b"UNMISTAKABLE" not in left


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=st.characters(exclude_categories=[])), st.dictionaries(st.text(), st.text()))
def test_any_text_can_be_kept_and_searched(store, text, payload):
    made = store.conversations.create("anna", "llm", text)
    kept = store.conversations.append("anna", made.id, "user", text, payload)
    (found,) = store.conversations.messages("anna", made.id)
    assert found.content == "".join("\ufffd" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in text)
    assert found.id == kept.id
    store.conversations.list("anna", text)


def test_writers_in_many_threads_lose_nothing(store):
    made = store.conversations.create("anna", "llm")
    together = Barrier(6)

    def write(who):
        together.wait()
        for turn in range(15):
            store.conversations.append("anna", made.id, "user", f"{who}-{turn}")
            store.interviews.save("anna", "i1", "llm", {"who": who, "turn": turn}, False)
            store.cards.put("anna", "llm", 1, {"who": who}, datetime.now(UTC))

    threads = [Thread(target=write, args=(who,)) for who in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {m.content for m in store.conversations.messages("anna", made.id)} == {
        f"{who}-{turn}" for who in range(6) for turn in range(15)
    }
    assert len(store.interviews.list("anna")) == len(store.cards.all("anna", "llm")) == 1


WRITER = """
import sys
from pathlib import Path
from tutor.settings import Settings
from tutor.store import open_store
with open_store(Settings(data_dir=Path(sys.argv[1]))) as store:
    made = store.conversations.create(sys.argv[2], "llm")
    for turn in range(20):
        store.conversations.append(sys.argv[2], made.id, "user", str(turn))
"""


def test_two_processes_make_and_fill_the_same_new_database(tmp_path):
    users = ("anna", "ben", "chen")
    running = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), user]) for user in users]
    assert [process.wait(120) for process in running] == [0, 0, 0]
    with open_store(Settings(data_dir=tmp_path)) as store:
        assert [[c.messages for c in store.conversations.list(user)] for user in users] == [[20]] * 3


KILLED = """
import sys
from pathlib import Path
from tutor.settings import Settings
from tutor.store import open_store
store = open_store(Settings(data_dir=Path(sys.argv[1])))
made = store.conversations.create("anna", "llm")
for turn in range(100_000):
    print(store.conversations.append("anna", made.id, "user", "x" * 2000).id, flush=True)
"""


def test_what_was_acknowledged_outlives_a_killed_process(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    told = [process.stdout.readline() for _ in range(40)]
    process.kill()
    told += process.stdout.readlines()
    process.wait(60)
    process.stdout.close()
    acknowledged = {int(line) for line in told if line.endswith("\n")}
    with open_store(Settings(data_dir=tmp_path)) as store:
        (made,) = store.conversations.list("anna")
        kept = store.conversations.messages("anna", made.id)
        assert acknowledged <= {message.id for message in kept}
        assert {len(message.content) for message in kept} == {2000}
        store.conversations.append("anna", made.id, "user", "and on")


def test_a_failing_transaction_leaves_nothing_behind(store):
    made = store.conversations.create("anna", "llm")
    with pytest.raises(Exception, match="JSON"):
        store.conversations.append("anna", made.id, "assistant", "half", {"x": float("nan")})
    assert store.conversations.messages("anna", made.id) == []
    assert store.conversations.get("anna", made.id).updated == made.updated


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", "sqlite://", "postgresql+asyncpg://x/y"])
def test_an_unusable_address_is_refused_with_its_name(tmp_path, url):
    with pytest.raises(UsageError) as caught:
        open_store(Settings(data_dir=tmp_path, database_url=url))
    assert "TUTOR_DATABASE_URL" in str(caught.value)


def test_a_password_in_the_address_never_shows(tmp_path):
    settings = Settings(data_dir=tmp_path, database_url="postgresql://anna:hush-hush@127.0.0.1:1/tutor")
    with pytest.raises(StoreUnavailable) as caught:
        open_store(settings)
    assert "hush-hush" not in str(caught.value)


def test_a_file_that_is_no_database_says_so(settings):
    settings.store_file.write_bytes(b"this is not a database, " * 100)
    with pytest.raises(StoreUnavailable, match="not a database") as caught:
        open_store(settings)
    assert "restore" in caught.value.mend


def test_a_full_disk_is_told_and_what_was_stored_stays(store, settings):
    made = store.conversations.create("anna", "llm", "kept")
    with store.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1")  # the limit belongs to this connection
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreUnavailable, match="full"):
        store.conversations.append("anna", made.id, "user", "x" * 3_000_000)
    assert [c.title for c in store.conversations.list("anna")] == ["kept"]


def test_a_full_disk_of_postgresql_is_told_too():
    errors = pytest.importorskip("psycopg").errors
    cause = errors.DiskFull("could not extend file: No space left on device")
    told = unavailable(make_url("postgresql+psycopg://db/tutor"), DBAPIError("INSERT", None, cause))
    assert told is not None
    assert "out of space" in told.message


@pytest.mark.skipif(os.name != "posix", reason="file rights are POSIX")
def test_the_file_is_for_its_owner_alone(store, settings):
    store.conversations.create("anna", "llm")
    rights = {p.name: p.stat().st_mode & 0o077 for p in settings.data_dir.iterdir() if p.is_file()}
    assert rights
    assert not any(rights.values()), rights
