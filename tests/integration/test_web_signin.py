"""The real application with sign-in on: Gradio's own addresses are shut, too, and open for who signed in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tutor.settings import Settings
from tutor.web.app import create_app
from tutor.web.backstage import Backstage

GOOD = "correct horse 電池"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Backstage:
    folder: Path = tmp_path_factory.mktemp("signed")
    found = Backstage(Settings(data_dir=folder, corpus="nowhere", model="none", host="0.0.0.0"))
    found.store.accounts.add("anna", GOOD)
    return found


@pytest.fixture(scope="module")
def client(stage: Backstage) -> Iterator[TestClient]:
    app = create_app(stage.settings, stage)
    with TestClient(app, base_url="http://tutor.example:7860", follow_redirects=False) as found:
        yield found


@pytest.fixture
def anna(client: TestClient) -> Iterator[TestClient]:
    assert client.post("/signin", data={"name": "anna", "password": GOOD}).status_code == 303
    yield client
    client.post("/signout")


GRADIO = [
    "/", "/config", "/gradio_api/info", "/gradio_api/queue/data?session_hash=x", "/gradio_api/startup-events",
    "/theme.css", "/gradio_api/app_id", "/gradio_api/token", "/gradio_api/user", "/gradio_api/file=/etc/passwd",
    "/assets/index.js", "/gradio_api/heartbeat/x", "/manifest.json", "/openapi.json",
]  # fmt: skip


@pytest.mark.parametrize("path", GRADIO)
def test_nothing_of_the_page_is_there_for_strangers(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 401
    assert client.get(path, headers={"accept": "text/html"}).headers["location"].startswith("/signin")


def test_strangers_start_no_work(client: TestClient) -> None:
    for path in ("/gradio_api/queue/join", "/gradio_api/run/x", "/gradio_api/call/x", "/gradio_api/upload"):
        assert client.post(path, json={"data": [], "fn_index": 0, "session_hash": "x"}).status_code == 401


def test_health_and_the_form_are_there_for_strangers(client: TestClient) -> None:
    assert client.get("/health").status_code == 200
    form = client.get("/signin", headers={"accept-language": "zh-TW"})
    assert "登入面試家教" in form.text
    assert form.headers["content-security-policy"].startswith("default-src 'self'")


def test_who_signed_in_has_the_page_under_their_name(anna: TestClient) -> None:
    page = anna.get("/", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert "gradio" in page.text
    assert anna.get("/gradio_api/user").json() == "anna"
    assert anna.get("/config").json()["username"] == "anna"


def test_with_sign_in_off_the_page_is_the_local_users(tmp_path: Path) -> None:
    app = create_app(Settings(data_dir=tmp_path, corpus="nowhere", model="none"))
    with TestClient(app, base_url="http://127.0.0.1:7860") as client:
        assert client.get("/gradio_api/user").json() == "local"
        foreign = client.post("/gradio_api/queue/join", json={}, headers={"origin": "https://evil.example"})
        assert foreign.status_code == 403
        assert not (tmp_path / "tutor.sqlite").exists()


def test_metrics_are_for_admins_and_for_keys_made_for_them(client: TestClient, stage: Backstage) -> None:
    assert client.get("/metrics").status_code == 401
    keys = {scope: stage.store.keys.add("anna", scope, [scope])[1] for scope in ("ask", "metrics")}
    asked = {s: client.get("/metrics", headers={"authorization": f"Bearer {key}"}) for s, key in keys.items()}
    assert asked["ask"].status_code == 403
    assert asked["metrics"].status_code == 200
    assert "tutor_answers_total" in asked["metrics"].text
