"""The application as clients see it: health, readiness, headers, questions asked through its handlers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from ingest.corpora import ingest
from tutor.settings import Settings
from tutor.web.app import create_app
from tutor.web.asking import Asking
from tutor.web.backstage import Backstage, IndexState
from tutor.web.conversation import Conversation

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
    asking.take(query, conversation, "zh-TW")
    return list(asking.write(conversation, "zh-TW"))


def test_an_answer_streams_and_ends_with_its_sources(client: TestClient, stage: Backstage) -> None:
    conversation = Conversation()
    shown = ask(stage, conversation, "什麼是 KV Cache？")
    assert len(shown) >= 3
    messages, panel, _ = shown[-1]
    assert "【第1題】" in messages[-1]["content"]
    assert "<mark" in panel
    assert not conversation.busy


def test_a_refusal_offers_questions_and_a_follow_up_knows_what_was_said(client: TestClient, stage: Backstage) -> None:
    conversation = Conversation()
    messages = ask(stage, conversation, "台北今天的天氣如何？會下雨嗎？")[-1][0]
    assert len(messages[-1]["options"]) == 3
    ask(stage, conversation, "什麼是 LoRA？")
    assert len(conversation.history()) == 2
    assert conversation.exchanges[-1].answer is not None


def test_a_question_during_an_answer_is_not_taken(client: TestClient, stage: Backstage) -> None:
    conversation, asking = Conversation(), Asking(stage)
    asking.take("什麼是 KV Cache？", conversation, "en")
    asking.take("什麼是 LoRA？", conversation, "en")
    assert [e.query for e in conversation.exchanges] == ["什麼是 KV Cache？"]
    list(asking.write(conversation, "en"))


def test_closing_the_stream_leaves_a_stopped_answer(client: TestClient, stage: Backstage) -> None:
    conversation, asking = Conversation(), Asking(stage)
    asking.take("什麼是 KV Cache？", conversation, "en")
    stream = asking.write(conversation, "en")
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert conversation.exchanges[-1].stopped
    assert not conversation.busy


def test_a_bug_shows_as_one_and_the_page_goes_on(
    client: TestClient, stage: Backstage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    conversation = Conversation()
    with monkeypatch.context() as patch:
        patch.setattr(stage.tutor, "stream", broken)
        messages = ask(stage, conversation, "什麼是 KV Cache？")[-1][0]
    assert "程式出了意外的錯" in messages[-1]["content"]
    assert not conversation.busy
    assert "【第1題】" in ask(stage, conversation, "什麼是 KV Cache？")[-1][0][-1]["content"]


def test_without_a_model_the_page_answers_in_extracts(settings: Settings) -> None:
    stage = Backstage(settings.model_copy(update={"model": "none"}))
    stage.start()
    try:
        assert stage.wait(120) is not None
        assert stage.settled
        messages, panel, _ = ask(stage, Conversation(), "什麼是模型量化？")[-1]
        assert "【第2題】" in messages[-1]["content"]
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
        assert "【第2題】" in ask(stage, Conversation(), "什麼是模型量化？")[-1][0][-1]["content"]
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
        assert "題庫還在準備" in shown[0][0][-1]["content"]
        assert "【第1題】" in shown[-1][0][-1]["content"]
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
