"""`tutor corpus list | add | remove` through the real command line."""

import json

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from ingest.corpora import read_document
from ingest.errors import IndexBusy, IndexMissing, UsageError
from tutor.cli import app
from tutor.retrieval.search import Searcher


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("TUTOR_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TUTOR_EMBEDDERS", '["use"]')

    def call(*arguments, answer=None):
        result = CliRunner().invoke(app, ["corpus", *arguments], input=answer)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


def listed(run):
    return {row["name"]: row for row in json.loads(run("list", "--json").stdout)["corpora"]}


def test_the_shipped_corpus_is_listed_before_it_is_built(run):
    row = listed(run)["llm-vlm-80"]
    assert row["shipped"]
    assert (row["questions"], row["built"], row["stale"]) == (None, None, True)


def test_add_lists_and_notices_a_changed_document(run, tiny_bank):
    report = json.loads(run("add", str(tiny_bank), "--json").stdout)
    assert (report["corpus"], report["questions"], report["document"]) == ("tiny", 3, str(tiny_bank))
    row = listed(run)["tiny"]
    assert (row["questions"], row["embedders"], row["stale"], row["reason"]) == (3, ["use"], False, "")
    tiny_bank.write_text(tiny_bank.read_text(encoding="utf-8") + "\n補充。\n", encoding="utf-8")
    assert listed(run)["tiny"]["reason"] == "its document has changed"
    tiny_bank.unlink()
    assert listed(run)["tiny"]["reason"] == "its document is gone"


def test_add_says_what_was_left_out(run, tmp_path):
    bank = tmp_path / "bank.md"
    bank.write_text("## 1. What is a cache?\nFast storage.\n\n## 2. What is an index?\n", encoding="utf-8")
    assert "2 questions, 1 answered" in " ".join(run("add", str(bank), "--name", "mine").stderr.split())
    assert "mine" in listed(run)


def test_a_name_in_use_is_kept_unless_told_otherwise(run, tiny_bank, tmp_path):
    run("add", str(tiny_bank))
    other = tmp_path / "other.md"
    other.write_text(tiny_bank.read_text(encoding="utf-8") + "\n補充。\n", encoding="utf-8")
    with pytest.raises(UsageError, match="already stands for"):
        run("add", str(other), "--name", "tiny")
    with pytest.raises(UsageError, match="already stands for"):
        run("add", str(other), "--name", "llm-vlm-80")
    run("add", str(other), "--name", "tiny", "--replace")
    assert listed(run)["tiny"]["document"] == str(other)


def test_remove_asks_and_obeys(run, tiny_bank, tmp_path):
    run("add", str(tiny_bank))
    assert run("remove", "tiny", answer="n\n").exit_code == 1
    assert "tiny" in listed(run)
    assert run("remove", "tiny", answer="y\n").exit_code == 0
    assert "tiny" not in listed(run)
    assert not (tmp_path / "data" / "corpora" / "tiny").exists()
    assert tiny_bank.exists()
    with pytest.raises(IndexMissing):
        run("remove", "tiny", "--yes")


def test_remove_with_json_wants_yes(run, tiny_bank):
    run("add", str(tiny_bank))
    with pytest.raises(UsageError, match="nobody can be asked"):
        run("remove", "tiny", "--json")
    assert json.loads(run("remove", "tiny", "--json", "--yes").stdout) == {
        "corpus": "tiny", "removed": True, "shipped": False,
    }  # fmt: skip


def test_remove_waits_for_no_build(run, tiny_bank, tmp_path):
    run("add", str(tiny_bank))
    with FileLock(tmp_path / "data" / "corpora" / "tiny" / "lock"), pytest.raises(IndexBusy):
        run("remove", "tiny", "--yes")
    assert not listed(run)["tiny"]["stale"]


@pytest.mark.parametrize("name", ["../evil", "a/b", "."])
def test_remove_stays_inside_the_data_folder(run, name):
    with pytest.raises(UsageError):
        run("remove", name, "--yes")


def test_expand_drafts_indexes_and_goes_on_where_it_was(run, tiny_bank, tmp_path, monkeypatch):
    monkeypatch.setenv("TUTOR_MODEL", "fake")
    run("add", str(tiny_bank), "--name", "tiny")
    report = json.loads(run("expand", "tiny", "--json").stdout)
    assert (report["drafted"], report["failed"], report["unchanged"]) == (3, 0, False)
    file = tmp_path / "data" / "corpora" / "tiny" / "expansions.drafted.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [row["question"] for row in rows] == [1, 2, 3]
    assert all(row["drafted"] and row["title"] for row in rows)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows[:2]), encoding="utf-8")
    again = json.loads(run("expand", "tiny", "--json").stdout)
    assert (again["drafted"], again["unchanged"]) == (1, True)


def test_drafted_questions_are_found_and_do_not_pass_as_reviewed(run, tiny_bank, tmp_path):
    run("add", str(tiny_bank), "--name", "tiny")
    folder = tmp_path / "data" / "corpora" / "tiny"
    document = read_document(tiny_bank)
    second = document.questions[1]
    draft = {
        "question": second.number,
        "title": second.title,
        "asks_zh": [],
        "asks_en": ["quokka zeppelin"],
        "drafted": True,
    }
    other = {"question": 1, "title": "an earlier title", "asks_en": ["quokka zeppelin"], "drafted": True}
    lines = [json.dumps(row) + "\n" for row in (draft, other)]
    (folder / "expansions.drafted.jsonl").write_text("".join(lines), encoding="utf-8")
    assert not json.loads(run("add", str(tiny_bank), "--name", "tiny", "--json").stdout)["unchanged"]
    searcher = Searcher(folder.parent, "tiny", ["use"])
    assert searcher.search("quokka zeppelin").hits[0].question == second.number
    assert not searcher.index.expanded


def test_expand_says_what_it_cannot_do(run, tiny_bank, monkeypatch):
    monkeypatch.setenv("TUTOR_MODEL", "none")
    with pytest.raises(UsageError, match="reviewed expansions"):
        run("expand", "llm-vlm-80")
    run("add", str(tiny_bank), "--name", "tiny")
    with pytest.raises(UsageError, match="no question 99"):
        run("expand", "tiny", "--question", "99")
    with pytest.raises(UsageError, match="needs a model"):
        run("expand", "tiny")
