"""The application as clients see it: health, readiness, headers, figures, status, and what it does without a model or an index."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from fastapi.testclient import TestClient
from page_app import DOCUMENT, ask, opened, small

from tutor.settings import Settings
from tutor.web.app import create_app
from tutor.web.ask.conversation import Conversation
from tutor.web.backstage import Backstage, IndexState
from tutor.web.status.tab import status_page


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


def test_the_description_of_the_api_names_every_event_of_an_answer(client: TestClient) -> None:
    reply = client.get("/openapi.json").json()["paths"]["/api/v1/ask"]["post"]["responses"]["200"]
    named = reply["content"]["text/event-stream"]["schema"]["properties"]["event"]["enum"]
    assert set(named) == {"sources", "waiting", "checking", "text", "done", "problem"}


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
