"""Building indexes: unchanged, changed, busy, mismatched, spoilt."""

import json
import sqlite3
from contextlib import contextmanager

import pytest
from filelock import FileLock

from ingest import index as indexing
from ingest.builds import current_build, locked
from ingest.chroma import open_client
from ingest.corpora import document_path, ingest, name_for, read_document, read_expansions
from ingest.embed import load_embedder
from ingest.errors import DocumentError, IndexBusy, IndexMismatch, IndexMissing, IndexUnavailable, UsageError
from ingest.index import Index
from ingest.shelf import shelf
from tutor.retrieval import ranker
from tutor.retrieval.result import Turn
from tutor.retrieval.search import Searcher

FAST = ["use"]


@pytest.fixture
def corpora(tmp_path):
    return tmp_path / "corpora"


def test_builds_and_opens(corpora, tiny_bank):
    report = ingest(corpora, "tiny", tiny_bank, embedders=FAST)
    assert (report.questions, report.answered, report.unchanged) == (3, 3, False)
    index = Index.open(corpora / "tiny", FAST)
    assert list(index.content.questions) == [1, 2, 3]
    assert index.content.questions[2].links == (1,)
    assert ("use", "text") in index.collections()


def test_where_the_document_lies_is_written_down_whole_or_not_at_all(corpora, tiny_bank, tmp_path, monkeypatch):
    ingest(corpora, "tiny", tiny_bank, embedders=FAST)
    moved = tiny_bank.rename(tmp_path / "moved.md")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ingest.corpora.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        ingest(corpora, "tiny", moved, embedders=FAST)
    assert document_path(corpora, "tiny") == tiny_bank
    monkeypatch.undo()
    ingest(corpora, "tiny", moved, embedders=FAST)
    assert document_path(corpora, "tiny") == moved


def test_unchanged_input_is_recognised(corpora, tiny_bank):
    ingest(corpora, "tiny", tiny_bank, embedders=FAST)
    before = Index.open(corpora / "tiny", FAST).build_folder
    assert ingest(corpora, "tiny", tiny_bank, embedders=FAST).unchanged
    assert Index.open(corpora / "tiny", FAST).build_folder == before


def test_a_changed_answer_embeds_only_what_changed(corpora, tiny_bank, monkeypatch):
    ingest(corpora, "tiny", tiny_bank, embedders=FAST)
    model = load_embedder("use")
    embedded = []
    original = type(model).passages

    def counting(self, texts):
        embedded.extend(texts)
        return original(self, texts)

    monkeypatch.setattr(type(model), "passages", counting)
    tiny_bank.write_text(
        tiny_bank.read_text(encoding="utf-8").replace("避免單一機器過載", "避免任何一台過載"),
        encoding="utf-8",
    )
    report = ingest(corpora, "tiny", tiny_bank, embedders=FAST)
    assert not report.unchanged
    assert len(embedded) == 1
    assert "避免任何一台過載" in embedded[0]


def test_other_embedders_than_built_stop_with_the_mend(corpora, tiny_bank):
    ingest(corpora, "tiny", tiny_bank, embedders=FAST)
    with pytest.raises(IndexMismatch) as caught:
        Index.open(corpora / "tiny", ["e5"])
    assert caught.value.mend == "tutor ingest --corpus tiny"


def test_an_index_of_another_format_stops_with_the_mend(corpora, tiny_bank):
    ingest(corpora, "tiny", tiny_bank, embedders=FAST)
    manifest = next((corpora / "tiny").glob("build-*/manifest.json"))
    changed = json.loads(manifest.read_text(encoding="utf-8")) | {"format": 0}
    manifest.write_text(json.dumps(changed), encoding="utf-8")
    with pytest.raises(IndexMismatch, match="another version"):
        Index.open(corpora / "tiny", FAST)
    assert not ingest(corpora, "tiny", tiny_bank, embedders=FAST).unchanged
    assert Index.open(corpora / "tiny", FAST)


def test_nothing_ingested_names_the_command(corpora):
    with pytest.raises(IndexMissing) as caught:
        Index.open(corpora / "tiny", FAST)
    assert "tutor ingest" in caught.value.mend


def test_two_builders_do_not_meet(corpora, tiny_bank):
    (corpora / "tiny").mkdir(parents=True)
    with FileLock(corpora / "tiny" / "lock"), pytest.raises(IndexBusy):
        ingest(corpora, "tiny", tiny_bank, embedders=FAST)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "empty"), (b"   \n", "empty"), (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\xff\xfe", "not text")],
)
def test_an_unusable_document_harms_nothing(corpora, tiny_bank, tmp_path, content, message):
    ingest(corpora, "tiny", tiny_bank, embedders=FAST)
    bad = tmp_path / "bad.md"
    bad.write_bytes(content)
    with pytest.raises(DocumentError, match=message):
        ingest(corpora, "tiny", bad, embedders=FAST)
    assert len(Index.open(corpora / "tiny", FAST).content.questions) == 3


def test_a_build_that_was_finished_while_another_waited_is_not_removed(corpora, tiny_bank, monkeypatch):
    ingest(corpora, "tiny", tiny_bank, embedders=FAST)
    text = tiny_bank.read_text(encoding="utf-8")
    theirs = []

    @contextmanager
    def later(folder, name):
        if not theirs:
            theirs.append(None)
            tiny_bank.write_text(text + "\n別人的補充。\n", encoding="utf-8")
            ingest(corpora, "tiny", tiny_bank, embedders=FAST)
            theirs[0] = current_build(folder)
        with locked(folder, name):
            yield

    monkeypatch.setattr(indexing, "locked", later)
    tiny_bank.write_text(text + "\n補充。\n", encoding="utf-8")
    ingest(corpora, "tiny", tiny_bank, embedders=FAST)
    assert set((corpora / "tiny").glob("build-*")) == {theirs[0], current_build(corpora / "tiny")}


@pytest.mark.parametrize("spoil", [lambda file: file.unlink(), lambda file: file.write_bytes(b"spoilt" * 1000)])
def test_a_damaged_index_stands_on_the_shelf_as_one(corpora, tiny_bank, spoil):
    ingest(corpora, "tiny", tiny_bank, embedders=FAST)
    spoil(current_build(corpora / "tiny") / "content.sqlite")
    shelved = next(one for one in shelf(corpora, FAST) if one.name == "tiny")
    assert (shelved.questions, shelved.stale, shelved.reason) == (None, True, "its index is damaged")
    ingest(corpora, "tiny", tiny_bank, embedders=FAST)
    assert next(one for one in shelf(corpora, FAST) if one.name == "tiny").questions == 3


def test_expansions_may_hold_any_line_end_and_be_in_any_encoding(tiny_bank):
    row = json.dumps({"question": 1, "asks_zh": ["快取\u2028是什麼？"]}, ensure_ascii=False)
    beside = tiny_bank.with_suffix(".expansions.jsonl")
    document = read_document(tiny_bank)
    for encoding in ("utf-8-sig", "utf-16"):
        beside.write_text(row + "\n", encoding=encoding)
        assert read_expansions(tiny_bank, document)[0].asks == ("快取\u2028是什麼？",)
    beside.write_bytes(b"\xff\x00\xff")
    with pytest.raises(DocumentError):
        read_expansions(tiny_bank, document)


@pytest.mark.parametrize("url", ["http://host:99999", "http://[::1", "host:8000", "ftp://host"])
def test_an_address_of_a_chroma_server_that_is_none_is_said(tmp_path, url):
    with pytest.raises(UsageError, match="no address of a Chroma server"):
        open_client(tmp_path, url)


def test_old_builds_do_not_pile_up(corpora, tiny_bank):
    text = tiny_bank.read_text(encoding="utf-8")
    for number in range(4):
        tiny_bank.write_text(text + f"補充 {number}。", encoding="utf-8")
        ingest(corpora, "tiny", tiny_bank, embedders=FAST)
    assert len(list((corpora / "tiny").glob("build-*"))) == 2


@pytest.mark.parametrize("name", ["../evil", "", "a/b", ".", "a" * 100])
def test_corpus_names_are_folder_names(corpora, tiny_bank, name):
    with pytest.raises(UsageError):
        ingest(corpora, name, tiny_bank, embedders=FAST)


def test_a_name_is_made_from_the_file(tmp_path):
    assert name_for(tmp_path / "My Questions (2).md") == "my-questions-2"


def test_unknown_embedders_are_refused():
    with pytest.raises(UsageError, match="no embedder called 'nope'"):
        load_embedder("nope")


def test_a_searcher_follows_rebuilds_and_lets_go_of_old_ones(corpora, tiny_bank):
    ingest(corpora, "tiny", tiny_bank, embedders=FAST)
    searcher = Searcher(corpora, "tiny", FAST)
    text = tiny_bank.read_text(encoding="utf-8")
    opened = [searcher.index]
    for number in range(3):
        tiny_bank.write_text(text + f"補充 {number}。", encoding="utf-8")
        ingest(corpora, "tiny", tiny_bank, embedders=FAST)
        assert searcher.search("什麼是負載平衡？").hits[0].question == 3
        opened.append(searcher.index)
    assert len({index.build_folder for index in opened}) == 4
    for index in opened[:2]:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            index.content.entry(0)
    assert opened[2].content.entry(0).question == 1


def with_another_first(bank):
    """Another question before all others, so that positions and numbers of the builds differ."""
    text = bank.read_text(encoding="utf-8")
    bank.write_text("### **問題 9：什麼是雜湊？**\n\n雜湊把資料變成固定長度的值。\n\n" + text, encoding="utf-8")


def test_a_new_build_that_cannot_be_opened_leaves_nothing_mixed(corpora, tiny_bank, monkeypatch):
    ingest(corpora, "tiny", tiny_bank, embedders=FAST)
    searcher = Searcher(corpora, "tiny", FAST)
    with_another_first(tiny_bank)
    ingest(corpora, "tiny", tiny_bank, embedders=FAST)

    def away(index):
        raise IndexUnavailable("The Chroma server does not answer.")

    with monkeypatch.context() as patched:
        patched.setattr(ranker, "Legs", away)
        with pytest.raises(IndexUnavailable):
            searcher.search("什麼是雜湊？")
    assert searcher.search("什麼是雜湊？").hits[0].question == 9
    assert searcher.search("什麼是負載平衡？").hits[0].question == 3


def test_a_search_keeps_to_the_build_that_it_began_with(corpora, tiny_bank, monkeypatch):
    """Another search comes after a rebuild, while this one is on its way."""
    ingest(corpora, "tiny", tiny_bank, embedders=FAST)
    searcher = Searcher(corpora, "tiny", FAST)
    context = ranker.Ranker.context

    def overtaken(first, *given):
        if len(first.titles) == 3 and len(searcher.titles) == 3:
            with_another_first(tiny_bank)
            ingest(corpora, "tiny", tiny_bank, embedders=FAST)
            assert searcher.search("什麼是雜湊？").hits[0].question == 9
        return context(first, *given)

    monkeypatch.setattr(ranker.Ranker, "context", overtaken)
    history = [Turn("user", "什麼是索引？"), Turn("assistant", "索引是目錄。【第2題】")]
    assert searcher.search("它有什麼代價？", history).hits[0].question == 2
    assert len(searcher.titles) == 4


def test_a_conversation_may_be_of_any_length(corpora, tiny_bank):
    ingest(corpora, "tiny", tiny_bank, embedders=FAST)
    searcher = Searcher(corpora, "tiny", FAST)
    history = [Turn("user", "今天天氣如何？"), Turn("assistant", "文件裡沒有。")] * 600
    assert searcher.search("什麼是負載平衡？", history).hits[0].question == 3


def test_every_vector_is_saved_when_a_build_is_done(corpora, tiny_bank):
    """What is left in Chroma's log is worked in again at every opening; it writes this file when it saves the graph."""
    ingest(corpora, "tiny", tiny_bank, embedders=FAST)
    index = Index.open(corpora / "tiny", FAST)
    assert len(list(index.build_folder.glob("chroma/*/index_metadata.pickle"))) == len(index.collections()) == 2
