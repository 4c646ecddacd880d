"""Documents on the page: handed in, added, removed and brought back, looked through."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from page_app import DOCUMENT, ask, opened, small

from ingest.corpora import ingest
from ingest.errors import IndexMissing, TutorError
from ingest.shelf import remove
from tutor.settings import Settings
from tutor.web.ask.conversation import Conversation
from tutor.web.backstage import Backstage
from tutor.web.library.adding import MAX_MEGABYTES, Adding
from tutor.web.library.tab import LibraryTab, Shelfmark
from tutor.web.pane import Deed


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return small(tmp_path_factory.mktemp("web-app"))


@pytest.fixture(scope="module")
def stage(settings: Settings) -> Backstage:
    return Backstage(settings)


@pytest.fixture(scope="module")
def client(settings: Settings, stage: Backstage) -> Iterator[TestClient]:
    with opened(settings, stage) as found:
        yield found


def test_uploads_are_checked_and_want_the_page_s_own_header(client: TestClient) -> None:
    own = {"x-tutor-upload": "1"}
    assert client.post("/files/documents?name=a.md", content=b"# x").status_code == 403
    assert client.post("/files/documents?name=a.exe", content=b"MZ", headers=own).status_code == 422
    assert client.post("/files/documents?name=a.md", content=b"", headers=own).status_code == 422
    sent = client.post("/files/documents?name=../../a%20b.md", content=DOCUMENT.encode(), headers=own)
    assert sent.status_code == 200
    preview = Adding(stage_settings(client), client.app.state.backstage.corpora).preview(sent.json()["token"])  # type: ignore[attr-defined]
    assert preview.path.name == "a-b.md"
    assert len(preview.document.questions) == 3


def test_a_document_as_large_as_the_page_says_arrives(client: TestClient) -> None:
    body = DOCUMENT.encode() + b"x" * ((MAX_MEGABYTES << 20) - len(DOCUMENT.encode()))
    own = {"x-tutor-upload": "1"}
    assert client.post("/files/documents?name=a.md", content=body, headers=own).status_code == 200
    assert client.post("/files/documents?name=a.md", content=body + b"x", headers=own).status_code == 413


def stage_settings(client: TestClient) -> Settings:
    found: Settings = client.app.state.backstage.settings  # type: ignore[attr-defined]
    return found


def test_a_document_is_added_from_the_page_removed_and_brought_back(client: TestClient, stage: Backstage) -> None:
    tab = LibraryTab.__new__(LibraryTab)
    tab._stage, tab._adding = stage, Adding(stage.settings, stage.corpora)
    mark = Shelfmark(adding=tab._adding.receive("Zweite Bank.md", DOCUMENT.encode()))
    assert "3 題" in tab.html(mark, "zh-TW")
    shown = list(tab.add(Deed("add", "", {"name": ("zweite",)}), mark, "zh-TW"))
    assert any("<progress" in one for one in shown)
    assert "已加入「zweite」" in shown[-1]
    assert "zweite" in stage.corpora.names()
    conversation = Conversation(corpus="zweite")
    assert 'data-question="3"' in ask(stage, conversation, "什麼是 LoRA？")[-1][1]
    assert "復原" in tab.act(Deed("remove"), mark, "zh-TW")
    assert "zweite" not in stage.corpora.names()
    assert "已復原" in list(tab.add(Deed("add-again"), mark, "zh-TW"))[-1]
    with pytest.raises(TutorError):
        tab._adding.remove("small")


def test_a_corpus_that_is_removed_elsewhere_is_gone_here_too(
    client: TestClient, stage: Backstage, tmp_path: Path
) -> None:
    document = tmp_path / "third.md"
    document.write_text(DOCUMENT, encoding="utf-8")
    ingest(stage.settings.corpora_dir, "third", document, embedders=stage.settings.embedders)
    tab = LibraryTab.__new__(LibraryTab)
    tab._stage, tab._adding = stage, Adding(stage.settings, stage.corpora)
    mark = Shelfmark(corpus="third", number=1)
    assert 'data-question="1"' in tab.html(mark, "en")
    assert stage.opened.tutor("third").searcher.titles
    remove(stage.settings.corpora_dir, "third")
    with pytest.raises(IndexMissing):
        stage.opened.tutor("third")
    assert "That did not work" in tab.html(mark, "en")
    assert 'class="titles"' in tab.html(mark, "en"), "the next action leads out"


def test_the_library_finds_by_words_and_shows_a_question(client: TestClient, stage: Backstage) -> None:
    tab = LibraryTab.__new__(LibraryTab)
    tab._stage, tab._adding = stage, Adding(stage.settings, stage.corpora)
    mark = Shelfmark()
    found = tab.act(Deed("search", "lora"), mark, "en")
    assert 'href="#library/3"' in found
    assert 'href="#library/1"' not in found
    assert "低秩矩陣" in tab.act(Deed("show", "3"), mark, "en")
    assert "Nothing matches" in tab.act(Deed("search", "zzzz"), mark, "en")
