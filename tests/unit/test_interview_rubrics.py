"""Rubrics drafted by rule, kept on this machine, and edited."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console
from typer.testing import CliRunner

from ingest.corpora import ingest, read_document
from ingest.errors import DocumentError, UsageError
from ingest.rubrics import quote_span, read_rubrics, rubrics_path
from tutor.cli import app
from tutor.interview import choosing, rubric_file
from tutor.interview.drafting import draft, draft_all
from tutor.interview.material import open_material, own_rubrics_path
from tutor.interview.practice import open_practice
from tutor.interview.rubric_file import editable, edited, keep
from tutor.interview.setup import Setup
from tutor.rubric_commands import draft_rubrics, edit_rubric
from tutor.settings import Settings
from tutor.store import open_store

runner = CliRunner()


@pytest.fixture
def settings(tmp_path: Path, tiny_bank: Path) -> Settings:
    found = Settings(data_dir=tmp_path / "data", embedders=["use"])
    ingest(found.corpora_dir, "tiny", tiny_bank, embedders=found.embedders)
    return found


def test_a_draft_says_so_and_every_quote_resolves(tiny_bank: Path) -> None:
    document = read_document(tiny_bank)
    drafts = draft_all(document)
    assert set(drafts) == {1, 2, 3}
    for question in document.questions:
        rubric = drafts[question.number]
        assert rubric.drafted
        assert any(p.kind == "core" for p in rubric.points)
        assert all(quote_span(p, question, document.source) for p in rubric.points)
        assert len({p.id for p in rubric.points}) == len(rubric.points)


def test_examples_are_details_and_markers_are_no_words(tmp_path: Path) -> None:
    path = tmp_path / "list.md"
    path.write_text(
        "### 問題 1：什麼是快取？\n#### 解釋\n1. **速度**：快取把常用的資料放在較快的記憶體裡。\n"
        "2. **代價**：快取要處理資料過期的問題，而且佔用記憶體。\n#### 具體舉例\n- 例如瀏覽器會把圖片存在硬碟裡，下次就不用下載。\n",
        encoding="utf-8",
    )
    document = read_document(path)
    rubric = draft(document.questions[0], document)
    assert rubric is not None
    kinds = {p.statement[:4]: p.kind for p in rubric.points}
    assert kinds["例如瀏覽"] == "detail"
    assert not any(p.statement[0] in "-*1234" for p in rubric.points)


def test_what_has_no_answer_has_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "bare.md"
    path.write_text(
        "### 問題 1：什麼是快取？\n\n### 問題 2：什麼是索引？\n索引讓資料庫不用掃描整張表就能找到資料。\n",
        encoding="utf-8",
    )
    document = read_document(path)
    assert set(draft_all(document)) == {2}


def test_practice_with_an_added_document_drafts_on_first_use(settings: Settings) -> None:
    with open_store(settings) as store:
        practice = open_practice(settings, store, "ada", "tiny")
        session = practice.start(Setup(corpus="tiny", number=3, follow_ups=0))
        session.answer("快取會把常用的資料存在較快的記憶體裡，省去重複計算。")
        grade = session.state.asked[0].grade
        assert grade is not None
        assert grade.score is not None
        assert grade.score > 5
        assert grade.uncertain
    text = own_rubrics_path(settings.corpora_dir, "tiny").read_text(encoding="utf-8")
    assert "drafted: true" in text


def test_an_edited_rubric_is_no_draft_and_wins(settings: Settings, tmp_path: Path) -> None:
    material = open_material(settings.corpora_dir, "tiny")
    own = own_rubrics_path(settings.corpora_dir, "tiny")
    keep(own, "tiny", draft_all(material.document), material.document)
    drafted = read_rubrics(own, material.document)[1]
    text = editable(drafted, "什麼是快取？").replace("weight: 3.0", "weight: 2.5")
    result = edited(text, 1, material.document, tmp_path)
    keep(own, "tiny", {1: result}, material.document)
    found = open_material(settings.corpora_dir, "tiny").rubrics
    assert not found[1].drafted
    assert found[1].points[0].weight == 2.5
    assert found[2].drafted


@pytest.mark.parametrize(
    "change",
    [
        ("question: 1", "question: 2"),
        ("quote: ", "quote: 沒有這句話"),
        ("kind: core", "kind: best"),
        ("- question", "question"),
        ("question: 1", "question: '('"),
        ("question: 1", "question: 2024-13-01"),
    ],
)
def test_what_is_wrong_in_an_edited_rubric_is_said(settings: Settings, tmp_path: Path, change: tuple[str, str]) -> None:
    document = open_material(settings.corpora_dir, "tiny").document
    rubric = draft(document.questions[0], document)
    assert rubric is not None
    with pytest.raises(DocumentError):
        edited(editable(rubric, "t").replace(*change), 1, document, tmp_path)
    assert not list(tmp_path.glob(".edited*"))


def test_a_key_points_id_of_another_question_is_refused_and_nothing_is_lost(settings: Settings, tmp_path: Path) -> None:
    document = open_material(settings.corpora_dir, "tiny").document
    own = own_rubrics_path(settings.corpora_dir, "tiny")
    drafts = draft_all(document)
    keep(own, "tiny", drafts, document)
    taken = edited(editable(drafts[1], "t").replace("id: '1.1'", "id: '2.1'"), 1, document, tmp_path)
    with pytest.raises(DocumentError, match=r"2\.1"):
        keep(own, "tiny", {1: taken}, document)
    assert read_rubrics(own, document) == drafts


def test_two_who_keep_at_once_lose_nothing(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = open_material(settings.corpora_dir, "tiny").document
    drafts = draft_all(document)
    own = tmp_path / "own.yaml"
    both_have_read = threading.Barrier(2)

    def reading(*asked):
        found = read_rubrics(*asked)
        with suppress(threading.BrokenBarrierError):  # who holds the file alone waits for nobody
            both_have_read.wait(0.2)
        return found

    monkeypatch.setattr(rubric_file, "read_rubrics", reading)
    threads = [threading.Thread(target=keep, args=(own, "tiny", {n: drafts[n]}, document)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(read_rubrics(own, document)) == {1, 2}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "big5"])
def test_rubrics_may_be_in_any_encoding_that_documents_may_be_in(tiny_bank: Path, encoding: str) -> None:
    document = read_document(tiny_bank)
    rubric = draft(document.questions[0], document)
    assert rubric is not None
    beside = rubrics_path(tiny_bank)
    beside.write_text(editable(rubric, "t"), encoding=encoding)
    assert read_rubrics(beside, document)[1].points == rubric.points


def test_the_command_lists_drafts_shows_and_edits(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTOR_DATA_DIR", str(settings.data_dir))
    listed = runner.invoke(app, ["corpus", "rubric", "-c", "tiny"])
    assert listed.output.count("none") == 3
    assert runner.invoke(app, ["corpus", "rubric", "-c", "tiny", "--draft"]).exit_code == 0
    shown = runner.invoke(app, ["corpus", "rubric", "1", "-c", "tiny"])
    assert "drafted" in shown.output
    assert "「" in shown.output
    monkeypatch.setattr("click.edit", lambda text, extension: text.replace("weight: 3.0", "weight: 4.0"))
    assert runner.invoke(app, ["corpus", "rubric", "1", "-c", "tiny", "--edit"]).exit_code == 0
    assert "edited" in runner.invoke(app, ["corpus", "rubric", "1", "-c", "tiny"]).output
    assert '"origin": "drafted"' in runner.invoke(app, ["corpus", "rubric", "2", "-c", "tiny", "--json"]).output


@pytest.mark.parametrize(
    ("numbers", "by_model"),
    [([2, 1, 3], True), ([], False), ([99, 0, "x", None, [1], {"number": 1}], False), ([1, 1, 1, 99], True)],
)
def test_what_the_model_chooses_is_the_documents_own_text(tmp_path, monkeypatch, numbers, by_model):
    path = tmp_path / "list.md"
    lines = [f"- 快取的第{n}個特點是它會把資料{n}放在較快的記憶體裡，省去重複的計算。\n" for n in "一二三四五六"]
    path.write_text("### 問題 1：什麼是快取？\n#### 解釋\n" + "".join(lines), encoding="utf-8")
    document = read_document(path)
    monkeypatch.setattr(choosing, "_ask", lambda *_: numbers)
    rubric = choosing.draft_with(SimpleNamespace(name="tiny-model"), document.questions[0], document)
    assert rubric is not None
    assert rubric.drafted
    assert rubric.drafted_by == ("tiny-model" if by_model else "")
    assert len(rubric.points) >= 3
    assert all(quote_span(p, document.questions[0], document.source) for p in rubric.points)
    own = tmp_path / "own.yaml"
    keep(own, "list", {1: rubric}, document)
    assert ("drafted_by: tiny-model" in own.read_text(encoding="utf-8")) == by_model
    assert read_rubrics(own, document) == {1: rubric}


def test_drafting_with_a_model_goes_on_where_it_was(settings, monkeypatch):
    asked: list[str] = []
    monkeypatch.setattr(choosing, "_ask", lambda model, title, *_: asked.append(title) or [1])
    fake = settings.model_copy(update={"model": "fake"})
    console = Console(quiet=True)
    draft_rubrics(fake, "tiny", 1, console)
    assert len(asked) == 1
    draft_rubrics(fake, "tiny", None, console)
    assert len(asked) == len(set(asked)) == 3
    draft_rubrics(fake, "tiny", None, console)
    assert len(asked) == 3


def test_a_draft_by_rule_never_takes_the_place_of_one_by_a_model(settings, monkeypatch):
    monkeypatch.setattr(choosing, "_ask", lambda *_: [1])
    fake, none = (settings.model_copy(update={"model": model}) for model in ("fake", "none"))
    console = Console(quiet=True)
    draft_rubrics(fake, "tiny", 1, console)
    with pytest.raises(UsageError, match="fake has drafted the key points of question 1"):
        draft_rubrics(none, "tiny", 1, console)
    monkeypatch.setattr(choosing, "_ask", lambda *_: [])
    draft_rubrics(fake, "tiny", 1, console)
    assert open_material(settings.corpora_dir, "tiny").rubrics[1].drafted_by == "fake"
    draft_rubrics(none, "tiny", 2, console)
    assert open_material(settings.corpora_dir, "tiny").rubrics[2].drafted


def test_what_a_person_writes_while_the_model_drafts_stays(settings, monkeypatch):
    console = Console(quiet=True)
    monkeypatch.setattr("click.edit", lambda text, extension: text.replace("weight: 3.0", "weight: 4.0"))
    monkeypatch.setattr(choosing, "_ask", lambda *_: edit_rubric(settings, "tiny", 1, console) or [1])
    draft_rubrics(settings.model_copy(update={"model": "fake"}), "tiny", 1, console)
    assert not open_material(settings.corpora_dir, "tiny").rubrics[1].drafted
