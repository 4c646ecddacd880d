"""The application as clients see it: health, readiness, headers, questions asked through its handlers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from fastapi.testclient import TestClient

from ingest.corpora import ingest
from ingest.errors import IndexMissing, TutorError
from ingest.shelf import remove
from tutor.interview.material import own_rubrics_path
from tutor.settings import Settings
from tutor.store import LOCAL_USER
from tutor.web.app import create_app
from tutor.web.ask.asking import Asking
from tutor.web.ask.conversation import Conversation
from tutor.web.backstage import Backstage, IndexState
from tutor.web.library.adding import MAX_MEGABYTES, Adding
from tutor.web.library.tab import LibraryTab, Shelfmark
from tutor.web.pane import Deed
from tutor.web.status.tab import status_page

USER = "ann"
DOCUMENT = """# 面試題

### 1. 什麼是 KV Cache？它如何加速推理？

#### 解釋

KV Cache 是一種避免重複計算的優化技術。它把先前每個字的 Key 和 Value 向量保存在記憶體裡。

### 2. 什麼是模型量化 (Quantization)？

#### 解釋

量化把模型權重從浮點數轉成低位元整數，用更少的記憶體換取一點精度損失。

### 3. 請解釋 LoRA 的原理。

#### 解釋

LoRA 凍結原本的權重，只訓練兩個低秩矩陣。
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder: Path = tmp_path_factory.mktemp("web-app")
    found = Settings(data_dir=folder, corpus="small", model="fake")
    document = folder / "small.md"
    document.write_text(DOCUMENT, encoding="utf-8")
    ingest(found.corpora_dir, "small", document, embedders=found.embedders)
    return found


@pytest.fixture(scope="module")
def stage(settings: Settings) -> Backstage:
    return Backstage(settings)


@pytest.fixture(scope="module")
def client(settings: Settings, stage: Backstage) -> Iterator[TestClient]:
    with TestClient(create_app(settings, stage), base_url="http://127.0.0.1:7860") as found:
        tutor = stage.wait(120)
        assert tutor is not None, stage.index
        tutor.model.wait_ready(60)
        yield found


def test_health_and_readiness_name_corpus_and_model(client: TestClient) -> None:
    assert client.get("/health").json()["status"] == "ok"
    ready = client.get("/ready")
    assert ready.status_code == 200
    assert ready.json()["model"]["name"] == "fake"
    assert ready.json()["corpus"] == {
        "name": "small", "state": "ready", "reason": "", "mend": "", "done": 0, "total": 0
    }  # fmt: skip


def test_readiness_is_refused_while_things_come_up(settings: Settings) -> None:
    client = TestClient(create_app(settings, Backstage(settings)), base_url="http://localhost")
    # Without its lifespan nothing has been started, which is the state in which a page is first seen.
    ready = client.get("/ready")
    assert ready.status_code == 503
    assert ready.json()["corpus"]["state"] == "opening"
    assert client.get("/").status_code == 200


def test_page_forbids_requests_to_elsewhere(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "connect-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "fonts.googleapis" not in page.text


def test_a_foreign_name_for_this_machine_is_refused(client: TestClient) -> None:
    assert client.get("/health", headers={"host": "evil.example"}).status_code == 400
    for name in ("localhost:7860", "127.0.0.1", "[::1]:7860"):
        assert client.get("/health", headers={"host": name}).status_code == 200


def test_telemetry_is_off(client: TestClient) -> None:
    import gradio as gr

    assert not gr.analytics.analytics_enabled()


def ask(stage: Backstage, conversation: Conversation, query: str) -> list[tuple[Any, ...]]:
    asking = Asking(stage)
    asking.take(typed(query), conversation, USER, "zh-TW")
    return list(asking.write(conversation, USER, "zh-TW"))


def typed(query: str) -> Deed:
    return Deed("ask", "", {"query": (query,)})


def test_an_answer_streams_and_ends_with_its_sources(client: TestClient, stage: Backstage) -> None:
    conversation = Conversation()
    shown = ask(stage, conversation, "什麼是 KV Cache？")
    assert len(shown) >= 3
    _, current, panel, history = shown[-1]
    assert 'class="cite supported"' in current
    assert "<mark" in panel
    assert "什麼是 KV Cache？" in history
    assert not conversation.busy


def test_a_refusal_offers_questions_and_a_follow_up_knows_what_was_said(client: TestClient, stage: Backstage) -> None:
    conversation = Conversation()
    current = ask(stage, conversation, "台北今天的天氣如何？會下雨嗎？")[-1][1]
    assert current.count('data-do="ask-question"') == 3
    ask(stage, conversation, "什麼是 LoRA？")
    assert len(conversation.history()) == 2
    assert conversation.exchanges[-1].answer is not None


def test_a_question_during_an_answer_is_not_taken(client: TestClient, stage: Backstage) -> None:
    conversation, asking = Conversation(), Asking(stage)
    asking.take(typed("什麼是 KV Cache？"), conversation, USER, "en")
    asking.take(typed("什麼是 LoRA？"), conversation, USER, "en")
    assert [e.query for e in conversation.exchanges] == ["什麼是 KV Cache？"]
    list(asking.write(conversation, USER, "en"))


def test_closing_the_stream_leaves_a_stopped_answer(client: TestClient, stage: Backstage) -> None:
    conversation, asking = Conversation(), Asking(stage)
    asking.take(typed("什麼是 KV Cache？"), conversation, USER, "en")
    stream = asking.write(conversation, USER, "en")
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert conversation.exchanges[-1].stopped
    assert not conversation.busy


def test_an_answer_that_is_stopped_as_it_ends_is_kept_once(
    client: TestClient, stage: Backstage, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation, asking = Conversation(), Asking(stage)
    asking.take(typed("什麼是 KV Cache？"), conversation, USER, "en")
    stream = asking.write(conversation, USER, "en")
    while not conversation.exchanges[-1].text:
        next(stream)
    append = stage.store.conversations.append

    def ended_meanwhile(*message: Any) -> Any:
        stream.close()  # type: ignore[attr-defined]
        return append(*message)

    with monkeypatch.context() as patch:
        patch.setattr(stage.store.conversations, "append", ended_meanwhile)
        asking.stop(conversation, USER, "en")
    kept = stage.store.conversations.messages(USER, conversation.id)
    assert [m.role for m in kept] == ["user", "assistant"]


def test_key_points_that_cannot_be_read_keep_no_question_from_being_answered(
    client: TestClient, stage: Backstage
) -> None:
    broken = own_rubrics_path(stage.settings.corpora_dir, "small")
    broken.write_text("[", encoding="utf-8")
    try:
        conversation = Conversation()
        shown = ask(stage, conversation, "什麼是 KV Cache？")
    finally:
        broken.unlink()
    assert 'class="cite supported"' in shown[-1][1]
    assert not conversation.exchanges[-1].failed


def test_a_bug_shows_as_one_and_the_page_goes_on(
    client: TestClient, stage: Backstage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    conversation = Conversation()
    with monkeypatch.context() as patch:
        patch.setattr(stage.tutor, "stream", broken)
        current = ask(stage, conversation, "什麼是 KV Cache？")[-1][1]
    assert "程式出了意外的錯" in current
    assert not conversation.busy
    assert 'data-question="1"' in ask(stage, conversation, "什麼是 KV Cache？")[-1][1]


def test_without_a_model_the_page_answers_in_extracts(settings: Settings) -> None:
    stage = Backstage(settings.model_copy(update={"model": "none"}))
    stage.start()
    try:
        assert stage.wait(120) is not None
        assert stage.settled
        _, current, panel, _ = ask(stage, Conversation(), "什麼是模型量化？")[-1]
        assert 'data-question="2"' in current
        assert "沒有經過語言模型" in panel
    finally:
        stage.close()


def test_a_model_that_does_not_exist_is_said_and_the_page_answers_all_the_same(settings: Settings) -> None:
    stage = Backstage(settings.model_copy(update={"model": "no-such-model"}))
    stage.start()
    try:
        assert stage.wait(120) is not None
        assert stage.model.phase == "failed"
        assert "no-such-model" in stage.model.reason
        assert 'data-question="2"' in ask(stage, Conversation(), "什麼是模型量化？")[-1][1]
    finally:
        stage.close()


def test_a_bug_while_the_model_is_opened_is_said_and_the_page_answers_all_the_same(settings: Settings) -> None:
    def broken(_: Settings) -> NoReturn:
        raise RuntimeError("secret detail")

    stage = Backstage(settings, broken)
    stage.start()
    try:
        assert stage.wait(120) is not None
        assert stage.model.phase == "failed"
        assert "log" in stage.model.reason
        assert "secret detail" not in stage.model.reason
    finally:
        stage.close()


def test_a_corpus_without_an_index_is_built_and_the_waiting_question_answered(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, corpus="fresh", model="none")
    document = tmp_path / "fresh.md"
    document.write_text(DOCUMENT, encoding="utf-8")
    record = settings.corpora_dir / "fresh" / "source.json"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"path": str(document)}), encoding="utf-8")
    stage = Backstage(settings)
    said: list[IndexState] = []
    stage.listen(said.append)
    stage.start()
    try:
        shown = ask(stage, Conversation(), "什麼是 KV Cache？")
        assert "題庫還在準備" in shown[0][1]
        assert 'data-question="1"' in shown[-1][1]
    finally:
        stage.close()
    assert {s.phase for s in said} >= {"building", "ready"}
    assert any(0 < s.done <= s.total for s in said)


def test_metrics_count_what_was_asked_and_nothing_that_was_said(client: TestClient, stage: Backstage) -> None:
    before = stage.watcher.metrics.registry.get_sample_value("tutor_answer_seconds_count", {"stage": "total"}) or 0
    ask(stage, Conversation(), "什麼是 LoRA？")
    page = client.get("/metrics")
    assert page.status_code == 200
    assert f'tutor_answer_seconds_count{{stage="total"}} {before + 1}' in page.text
    assert 'tutor_ready{part="corpus"} 1.0' in page.text
    assert "LoRA" not in page.text
    assert len(client.get("/health").headers["x-request-id"]) == 32


def test_frames_devices_and_other_origins_are_shut_out(client: TestClient) -> None:
    headers = client.get("/").headers
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]


def test_a_conversation_comes_back_with_its_sources_and_belongs_to_one_user(
    client: TestClient, stage: Backstage
) -> None:
    asking, conversation = Asking(stage), Conversation()
    ask(stage, conversation, "什麼是 KV Cache？")
    ask(stage, conversation, "台北今天的天氣如何？")
    again = Conversation()
    asking.reopen(conversation.id, again, USER)
    assert [e.query for e in again.exchanges] == [e.query for e in conversation.exchanges]
    assert again.exchanges[0].answer == conversation.exchanges[0].answer
    assert "<mark" in asking._panel(again.exchanges[0], again, "en")
    with pytest.raises(TutorError):
        asking.reopen(conversation.id, Conversation(), "bob")
    assert conversation.id not in asking.history(Conversation(), "bob", "en")


def test_editing_forgets_what_came_after(client: TestClient, stage: Backstage) -> None:
    asking, conversation = Asking(stage), Conversation()
    for query in ("什麼是 KV Cache？", "什麼是 LoRA？", "什麼是模型量化？"):
        ask(stage, conversation, query)
    asking.take(Deed("edit", "1", {"query": ("LoRA 凍結什麼？",)}), conversation, USER, "en")
    list(asking.write(conversation, USER, "en"))
    kept = stage.store.conversations.messages(USER, conversation.id)
    assert [m.content for m in kept if m.role == "user"] == ["什麼是 KV Cache？", "LoRA 凍結什麼？"]


def test_deleting_can_be_undone_and_renaming_is_kept(client: TestClient, stage: Backstage) -> None:
    asking, conversation = Asking(stage), Conversation()
    ask(stage, conversation, "什麼是 LoRA？")
    id = conversation.id
    asking.act(Deed("rename", id, {"title": ("低秩",)}), conversation, USER, "en")
    gone = asking.act(Deed("delete", id), conversation, USER, "en")
    assert "低秩" in gone[3]
    assert conversation.exchanges == []
    assert id not in asking.history(conversation, USER, "en")
    assert id in asking.act(Deed("restore", id), conversation, USER, "en")[3]


def test_deleting_another_conversation_does_not_end_the_answer_that_is_written(
    client: TestClient, stage: Backstage
) -> None:
    asking, other, conversation = Asking(stage), Conversation(), Conversation()
    ask(stage, other, "什麼是 LoRA？")
    ask(stage, conversation, "什麼是 KV Cache？")
    shown = asking.history(conversation, USER, "en")
    leaves = {
        id: f'data-do="delete" data-value="{id}" data-event="select"' in shown for id in (other.id, conversation.id)
    }
    assert leaves == {other.id: False, conversation.id: True}
    assert f'data-do="delete" data-value="{other.id}"' in shown


def test_a_thumb_is_kept_with_its_reason(client: TestClient, stage: Backstage) -> None:
    asking, conversation = Asking(stage), Conversation()
    ask(stage, conversation, "什麼是 LoRA？")
    fields = {"thumb": ("down",), "why": ("It is wrong",), "words": ("no",)}
    asking.act(Deed("thumb", "0", fields), conversation, USER, "en")
    kept = stage.store.feedback.list(USER)[-1]
    assert (kept.value, kept.reason) == (-1, "It is wrong; no")


def test_a_conversation_is_exported_with_the_sentences_it_rests_on(client: TestClient, stage: Backstage) -> None:
    conversation = Conversation()
    asking = Asking(stage)
    asking.take(typed("什麼是 LoRA？"), conversation, LOCAL_USER, "en")
    list(asking.write(conversation, LOCAL_USER, "en"))
    asking.act(Deed("rename", conversation.id, {"title": ("<b>low rank",)}), conversation, LOCAL_USER, "en")
    text = client.get(f"/files/conversations/{conversation.id}.md").text
    assert "LoRA 凍結原本的權重" in text
    page = client.get(f"/files/conversations/{conversation.id}.html")
    assert "attachment" in page.headers["content-disposition"]
    assert "<b>" not in page.text
    assert "<blockquote>" in page.text
    gone = client.get("/files/conversations/nonsense.md")
    assert (gone.status_code, gone.json()["detail"]) == (404, "There is no such conversation.")


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


def test_the_description_of_the_api_names_every_event_of_an_answer(client: TestClient) -> None:
    reply = client.get("/openapi.json").json()["paths"]["/api/v1/ask"]["post"]["responses"]["200"]
    named = reply["content"]["text/event-stream"]["schema"]["properties"]["event"]["enum"]
    assert set(named) == {"sources", "waiting", "checking", "text", "done", "problem"}


def test_the_library_finds_by_words_and_shows_a_question(client: TestClient, stage: Backstage) -> None:
    tab = LibraryTab.__new__(LibraryTab)
    tab._stage, tab._adding = stage, Adding(stage.settings, stage.corpora)
    mark = Shelfmark()
    found = tab.act(Deed("search", "lora"), mark, "en")
    assert 'href="#library/3"' in found
    assert 'href="#library/1"' not in found
    assert "低秩矩陣" in tab.act(Deed("show", "3"), mark, "en")
    assert "Nothing matches" in tab.act(Deed("search", "zzzz"), mark, "en")


def test_the_status_tab_gives_a_reason_for_everything_in_the_visitor_s_language(
    client: TestClient, stage: Backstage
) -> None:
    ask(stage, Conversation(), "什麼是 LoRA？")
    for tongue, words in (("zh-TW", "測試用的替身"), ("zh-CN", "测试用的替身"), ("en", "a stand-in for tests")):
        page = status_page(stage, tongue)  # type: ignore[arg-type]
        assert words in page
        assert str(stage.settings.data_dir) in page
        assert "<td data-label=" in page
    assert "stand-in" not in status_page(stage, "zh-TW")


def test_the_status_tab_does_not_say_that_all_runs_here_where_other_servers_are_set(
    client: TestClient, stage: Backstage, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = "runs on this machine and asks nobody else"
    assert alone in status_page(stage, "en")
    with monkeypatch.context() as patch:
        patch.setattr(stage, "settings", stage.settings.model_copy(update={"server_url": "http://gpu:8000/v1"}))
        assert alone not in status_page(stage, "en")
