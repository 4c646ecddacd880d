"""Backup and restore with a real index: taken while the database is written, brought back elsewhere, never half."""

from __future__ import annotations

import json
import threading
import zipfile
from pathlib import Path

import pytest

from ingest.corpora import document_path, ingest
from ingest.errors import StoreMismatch, UsageError
from tutor.backup import backup, restore
from tutor.retrieval.search import Searcher
from tutor.settings import Settings
from tutor.store import open_store

BANK = """# 題庫

### 問題 1：什麼是快取？
快取會把常用的資料存在較快的記憶體裡。

### 問題 2：什麼是索引？
索引讓資料庫不用掃描整張表就能找到資料。
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder: Path = tmp_path_factory.mktemp("backup")
    found = Settings(data_dir=folder / "data", embedders=["use"], corpus="bank")
    document = folder / "bank.md"
    document.write_text(BANK, encoding="utf-8")
    ingest(found.corpora_dir, "bank", document, embedders=["use"])
    with open_store(found) as store:
        made = store.conversations.create("anna", "bank", "標題")
        store.conversations.append("anna", made.id, "user", "什麼是快取？", {"a": [1, None, "二"]})
        store.accounts.add("anna", "correct horse 電池")
    return found


@pytest.fixture(scope="module")
def archive(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("archive") / "tutor.zip"
    report = backup(settings, path)
    assert (report.corpora, report.without_index, report.store) == (["bank"], [], "sqlite")
    return path


@pytest.fixture
def elsewhere(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "new", embedders=["use"], corpus="bank")


def titles(settings: Settings) -> list[str]:
    with open_store(settings) as store:
        return [c.title for c in store.conversations.list("anna")]


def first(settings: Settings) -> int:
    searcher = Searcher(settings.corpora_dir, "bank", ["use"])
    return searcher.search("快取是什麼").hits[0].question


def test_everything_is_back_on_another_machine(archive: Path, elsewhere: Settings, settings: Settings) -> None:
    report = restore(elsewhere, archive)
    assert report.corpora == ["bank"]
    with open_store(elsewhere) as store:
        (conversation,) = store.conversations.list("anna")
        (message,) = store.conversations.messages("anna", conversation.id)
        assert (message.content, message.payload) == ("什麼是快取？", {"a": [1, None, "二"]})
        assert store.accounts.check("anna", "correct horse 電池").name == "anna"
    assert first(elsewhere) == 1
    # The document came along: the index counts as up to date, and can be built again.
    kept = elsewhere.data_dir / "documents" / "bank.md"
    assert kept.read_text(encoding="utf-8") == BANK
    assert ingest(elsewhere.corpora_dir, "bank", kept, embedders=["use"]).unchanged


def test_each_corpus_gets_its_own_document_back(tmp_path: Path) -> None:
    before, after = (Settings(data_dir=tmp_path / name, embedders=["use"]) for name in ("before", "after"))
    for name in ("bank", "bank.old"):  # a name that begins with the other's
        (tmp_path / f"{name}.md").write_text(BANK.replace("題庫", name), encoding="utf-8")
        ingest(before.corpora_dir, name, tmp_path / f"{name}.md", embedders=["use"])
    backup(before, tmp_path / "two.zip")
    restore(after, tmp_path / "two.zip")
    for name in ("bank", "bank.old"):
        document = document_path(after.corpora_dir, name)
        assert document == after.data_dir / "documents" / f"{name}.md"
        assert document.read_text(encoding="utf-8").startswith(f"# {name}\n")


def test_what_lies_beside_a_document_is_what_the_backup_held(tmp_path: Path) -> None:
    before, after = (Settings(data_dir=tmp_path / name, embedders=["use"]) for name in ("before", "after"))
    (tmp_path / "bank.md").write_text(BANK, encoding="utf-8")
    (tmp_path / "bank.probes.yaml").write_text("[]", encoding="utf-8")
    ingest(before.corpora_dir, "bank", tmp_path / "bank.md", embedders=["use"])
    own, drafted = (Path("bank") / name for name in ("rubrics.yaml", "expansions.drafted.jsonl"))
    (before.corpora_dir / drafted).write_text('{"question": 1}', encoding="utf-8")
    backup(before, tmp_path / "bank.zip")
    restore(after, tmp_path / "bank.zip")
    kept = after.data_dir / "documents"
    for foreign in (kept / "bank.rubrics.yaml", kept / "bank.expansions.jsonl", after.corpora_dir / own):
        foreign.write_text("of another document", encoding="utf-8")
    restore(after, tmp_path / "bank.zip", force=True)
    assert sorted(path.name for path in kept.iterdir()) == ["bank.md", "bank.probes.yaml"]
    assert not (after.corpora_dir / own).exists()
    assert (after.corpora_dir / drafted).read_text(encoding="utf-8") == '{"question": 1}'


def test_the_shipped_document_takes_its_name_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = (Settings(data_dir=tmp_path / name, embedders=["use"]) for name in ("before", "after"))
    shipped = tmp_path / "shipped"
    for folder in (shipped, tmp_path / "other"):
        folder.mkdir()
        (folder / "bank.md").write_text(BANK, encoding="utf-8")
    monkeypatch.setattr("ingest.corpora.shipped_folder", lambda: shipped)
    ingest(before.corpora_dir, "bank", shipped / "bank.md", embedders=["use"])
    ingest(after.corpora_dir, "bank", tmp_path / "other" / "bank.md", embedders=["use"])
    backup(before, tmp_path / "bank.zip")
    restore(after, tmp_path / "bank.zip", force=True)
    assert document_path(after.corpora_dir, "bank") == shipped / "bank.md"


def test_what_is_there_is_replaced_only_when_told_and_a_copy_kept(archive: Path, elsewhere: Settings) -> None:
    with open_store(elsewhere) as store:
        store.conversations.create("anna", "bank", "newer")
    with pytest.raises(UsageError, match="already") as caught:
        restore(elsewhere, archive)
    assert "--force" in caught.value.mend
    assert titles(elsewhere) == ["newer"]
    with open_store(elsewhere) as running:  # a server that goes on
        restore(elsewhere, archive, force=True)
        assert [c.title for c in running.conversations.list("anna")] == ["標題"]
    (copy,) = elsewhere.data_dir.glob("tutor.sqlite.before-restore-*")
    assert titles(Settings(database_url=f"sqlite:///{copy}")) == ["newer"]
    with pytest.raises(UsageError, match="already"):
        restore(elsewhere, archive)
    restore(elsewhere, archive, force=True)
    assert first(elsewhere) == 1


def test_a_damaged_database_gives_way_and_is_kept(archive: Path, elsewhere: Settings) -> None:
    elsewhere.data_dir.mkdir()
    elsewhere.store_file.write_bytes(b"no database " * 999)
    restore(elsewhere, archive, force=True)
    assert titles(elsewhere) == ["標題"]
    (old,) = elsewhere.data_dir.glob("tutor.sqlite.unusable-*")
    assert old.read_bytes().startswith(b"no database")


def test_a_backup_taken_while_users_write_is_one_moment_of_it(settings: Settings, tmp_path: Path) -> None:
    stop = threading.Event()
    with open_store(settings) as store:

        def write() -> None:
            while not stop.is_set():
                made = store.conversations.create("busy", "bank", "pair")
                store.conversations.append("busy", made.id, "user", "x")

        writer = threading.Thread(target=write)
        writer.start()
        try:
            backup(settings, tmp_path / "busy.zip")
        finally:
            stop.set()
            writer.join()
        store.erase("busy")
    there = Settings(data_dir=tmp_path / "there", embedders=["use"])
    restore(there, tmp_path / "busy.zip")
    with open_store(there) as store:
        counts = [c.messages for c in store.conversations.list("busy", limit=100_000)]
        assert counts.count(0) <= 1  # the one that was just begun
        assert titles(there) == ["標題"]


def rewritten(archive: Path, target: Path, change: str) -> Path:
    """The archive with one thing wrong in it."""
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(target, "w") as new:
        manifest = json.loads(old.read("manifest.json"))
        for name in old.namelist():
            body = old.read(name)
            if change == "bytes" and name.endswith("content.sqlite"):
                body = body[:-1] + bytes([body[-1] ^ 1])
            if change == "cut" and name.startswith("store/"):
                body = body[: len(body) // 2]
            if change == "missing" and name.endswith("content.sqlite"):
                continue
            if name != "manifest.json":
                new.writestr(name, body)
        if change == "outside":
            manifest["files"]["corpora/../../../outside"] = {"sha256": "", "bytes": 1}
            new.writestr("corpora/../../../outside", b"x")
        if change == "format":
            manifest["format"] = 99
        if change == "revision":
            manifest["revision"] = "9999"
        if change == "no revision":
            del manifest["revision"]
        if change == "name":
            manifest["corpora"] = ["../bank"]
        if change == "no store":
            manifest["files"] = {k: v for k, v in manifest["files"].items() if not k.startswith("store/")}
        new.writestr("manifest.json", json.dumps(manifest) if change != "manifest" else "[]")
    return target


@pytest.mark.parametrize(
    "change",
    ["bytes", "cut", "missing", "outside", "format", "revision", "no revision", "name", "no store", "manifest"],
)
def test_an_archive_with_anything_wrong_changes_nothing(
    archive: Path, elsewhere: Settings, tmp_path: Path, change: str
) -> None:
    with open_store(elsewhere) as store:
        store.conversations.create("anna", "bank", "kept")
    wrong = rewritten(archive, tmp_path / "wrong.zip", change)
    with pytest.raises((UsageError, StoreMismatch)):
        restore(elsewhere, wrong, force=True)
    assert titles(elsewhere) == ["kept"]
    assert not elsewhere.corpora_dir.exists()
    assert not list(elsewhere.data_dir.glob(".restore-*"))
    assert not list(tmp_path.glob("**/outside"))


def test_a_file_that_is_no_backup_is_said_to_be_none(elsewhere: Settings, tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("hello")
    with pytest.raises(UsageError, match="no backup"):
        restore(elsewhere, tmp_path / "text.zip")
    with pytest.raises(UsageError, match="no file"):
        restore(elsewhere, tmp_path / "nowhere.zip")


def test_a_backup_overwrites_nothing_unless_told_and_leaves_no_half_file(settings: Settings, tmp_path: Path) -> None:
    target = tmp_path / "tutor.zip"
    target.write_text("precious")
    with pytest.raises(UsageError, match="exists already"):
        backup(settings, target)
    assert target.read_text() == "precious"
    backup(settings, target, force=True)
    assert zipfile.is_zipfile(target)
    with pytest.raises(UsageError, match="cannot be written"):
        backup(settings, tmp_path / "no" / "such" / "folder.zip")
    assert [p.name for p in tmp_path.iterdir()] == ["tutor.zip"]
