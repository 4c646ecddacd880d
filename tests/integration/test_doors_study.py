"""What is kept for users, through the API: interviews, progress, conversations, feedback; and that it stays theirs."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import openai
import pytest
from doors_server import served, small_settings

from tutor.interview.export_kinds import KINDS
from tutor.settings import Settings
from tutor.store import open_store


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return small_settings(tmp_path_factory.mktemp("study"), sign_in=True)


@pytest.fixture(scope="module")
def keys(settings: Settings) -> dict[str, str]:
    """API keys: of an admin, of two users, and one of the first user that may only ask."""
    with open_store(settings) as store:
        for name, rank in (("root", "admin"), ("ada", "user"), ("bo", "user")):
            store.accounts.add(name, "a long enough password", rank)
        made = {
            name: store.keys.add(name, scopes=("ask", "practise", "data", "admin"))[1] for name in ("root", "ada", "bo")
        }
        return {**made, "ada asks": store.keys.add("ada", scopes=("ask",))[1]}


@pytest.fixture(scope="module")
def url(settings: Settings, keys: dict[str, str]) -> Iterator[str]:
    with served(settings) as found:
        yield found


def client(url: str, key: str) -> httpx.Client:
    return httpx.Client(base_url=f"{url}/api/v1", headers={"authorization": f"Bearer {key}"}, timeout=60)


@pytest.fixture
def ada(url: str, keys: dict[str, str]) -> Iterator[httpx.Client]:
    with client(url, keys["ada"]) as found:
        yield found


@pytest.fixture
def bo(url: str, keys: dict[str, str]) -> Iterator[httpx.Client]:
    with client(url, keys["bo"]) as found:
        yield found


def test_a_whole_interview(ada: httpx.Client) -> None:
    begun = ada.post("/interviews", json={"questions": [1], "follow_ups": 1, "language": "en"})
    assert begun.status_code == 201
    turn = begun.json()
    assert [u["kind"] for u in turn["said"]] == ["greeting", "question"]
    path = f"/interviews/{turn['interview']['id']}"
    assert "hint" in turn["interview"]["commands"]
    assert ada.post(f"{path}/hint").json()["said"][-1]["kind"] == "hint"
    assert ada.post(f"{path}/pause").json()["interview"]["phase"] == "paused"
    assert ada.post(f"{path}/go-on").json()["interview"]["phase"] == "answering"
    turn = ada.post(f"{path}/answer", json={"text": "KV Cache 避免重複計算。"}).json()
    while turn["interview"]["phase"] != "finished":
        turn = ada.post(f"{path}/answer", json={"text": "先前每個字的 Key 和 Value 向量保存在記憶體裡。"}).json()
    report = ada.get(f"{path}/report").json()
    for kind, found in KINDS.items():
        file = ada.get(f"{path}/export", params={"kind": kind})
        assert (file.status_code, file.headers["content-type"]) == (200, f"{found.media_type}; charset=utf-8")
        assert file.headers["content-disposition"].endswith(f".{kind}")
    calendar = ada.get(f"{path}/export", params={"kind": "ics"})
    assert calendar.content.startswith(b"BEGIN:VCALENDAR\r\n")
    assert ada.get(f"{path}/export", params={"kind": "exe"}).status_code == 422
    assert json.loads(ada.get(f"{path}/export", params={"kind": "json"}).text)["score"] == report["score"]
    assert report["score"] > 5
    assert {p["id"] for p in report["questions"][0]["covered"]} >= {"1.1"}
    assert [i["finished"] for i in ada.get("/interviews", params={"finished": True}).json()["interviews"]] == [True]
    progress = ada.get("/progress", params={"zone": "Asia/Taipei"}).json()
    assert (progress["asked"], progress["streak"]) == (1, 1)
    disputed = ada.post(f"{path}/dispute", json={"question": 1, "point": "1.2", "words": "向量保存在記憶體裡"})
    assert disputed.status_code == 200
    assert ada.post(f"{path}/dispute", json={"question": 1, "point": "9.9"}).status_code == 422


def test_an_answer_whose_reply_was_lost_stands_once(ada: httpx.Client) -> None:
    begun = ada.post("/interviews", json={"questions": [1], "follow_ups": 2, "language": "en"}).json()
    path = f"/interviews/{begun['interview']['id']}"
    body = {"text": "KV Cache 避免重複計算。", "seen": len(begun["interview"]["transcript"])}
    first = ada.post(f"{path}/answer", json=body).json()
    again = ada.post(f"{path}/answer", json=body)
    assert again.status_code == 200
    assert again.json()["said"] == first["said"]
    assert again.json()["interview"]["transcript"] == first["interview"]["transcript"]
    other = ada.post(f"{path}/answer", json={**body, "text": "something else"})
    assert other.status_code == 422
    assert "gone on" in other.text


def test_an_exam_tells_nothing_before_its_end(ada: httpx.Client) -> None:
    begun = ada.post("/interviews", json={"questions": [1], "exam": True}).json()
    path = f"/interviews/{begun['interview']['id']}"
    assert ada.get(f"{path}/report").status_code == 422
    assert ada.get(path).json()["closed"] == []
    assert ada.delete(path).status_code == 204
    assert ada.get(path).status_code == 404


def test_the_next_question_is_one_that_can_be_graded(bo: httpx.Client) -> None:
    found = bo.get("/next-question").json()
    assert (found["question"], found["why"]) == (1, "new")
    assert bo.get("/next-question", params={"without": [1]}).status_code == 404
    assert bo.get("/next-question", params={"category": "nowhere"}).status_code == 404


def test_a_conversation_is_kept_and_is_its_own_history(ada: httpx.Client) -> None:
    id = ada.post("/conversations", json={}).json()["id"]
    assert ada.post("/ask", json={"query": "什麼是 LoRA？", "conversation": id}).json()["conversation"] == id
    follow_up = ada.post("/ask", json={"query": "為什麼？", "conversation": id, "stream": True})
    assert "event: done" in follow_up.text
    whole = ada.get(f"/conversations/{id}").json()
    assert whole["title"] == "什麼是 LoRA？"
    assert [m["role"] for m in whole["said"]] == ["user", "assistant", "user", "assistant"]
    assert whole["said"][3]["payload"]["hits"][0]["question"] == 3  # it was understood from what came before
    assert whole["said"][1]["payload"]["answer"]["answer"] == whole["said"][1]["content"]
    assert ada.get("/conversations", params={"search": "lora"}).json()["conversations"][0]["id"] == id
    assert ada.post(f"/conversations/{id}/cut", json={"after": whole["said"][1]["id"]}).json()["messages"] == 2
    assert ada.patch(f"/conversations/{id}", json={"title": "LoRA"}).json()["title"] == "LoRA"
    mixed = {"query": "x", "conversation": id, "history": [{"role": "user", "content": "x"}]}
    assert ada.post("/ask", json=mixed).status_code == 422
    for kind, begins in (("md", "# LoRA"), ("html", "<!doctype html>")):
        file = ada.get(f"/conversations/{id}/export", params={"kind": kind})
        assert file.headers["content-disposition"].endswith(f"LoRA.{kind}")
        assert file.text.lower().startswith(begins.lower())
        assert "什麼是 LoRA？" in file.text
    assert ada.get(f"/conversations/{id}/export", params={"kind": "exe"}).status_code == 422
    assert ada.delete(f"/conversations/{id}").status_code == 204
    assert ada.get(f"/conversations/{id}").status_code == 404
    assert ada.post(f"/conversations/{id}/restore").status_code == 200


def test_users_never_see_each_other(ada: httpx.Client, bo: httpx.Client) -> None:
    id = ada.post("/conversations", json={"title": "mine"}).json()["id"]
    interview = ada.post("/interviews", json={"questions": [1]}).json()["interview"]["id"]
    for method, path in (
        ("GET", f"/conversations/{id}"),
        ("GET", f"/conversations/{id}/export"),
        ("DELETE", f"/conversations/{id}"),
        ("POST", f"/conversations/{id}/restore"),
        ("GET", f"/interviews/{interview}"),
        ("GET", f"/interviews/{interview}/report"),
        ("GET", f"/interviews/{interview}/export"),
        ("POST", f"/interviews/{interview}/end"),
        ("DELETE", f"/interviews/{interview}"),
    ):
        assert bo.request(method, path).status_code == 404, (method, path)
    assert bo.post("/ask", json={"query": "x", "conversation": id}).status_code == 404
    assert bo.get("/conversations").json()["conversations"] == []
    assert bo.get("/interviews").json()["interviews"] == []
    assert ada.get(f"/conversations/{id}").status_code == 200


def test_data_are_exported_and_erased(bo: httpx.Client, ada: httpx.Client) -> None:
    id = bo.post("/conversations", json={"title": "gone soon"}).json()["id"]
    assert bo.post("/feedback", json={"subject": "message:1", "value": 1, "reason": "清楚"}).status_code == 201
    assert bo.get("/feedback").json()["feedback"][0]["reason"] == "清楚"
    kept = bo.get("/me/export").json()
    assert kept["user"] == "bo"
    assert [c["title"] for c in kept["conversations"]] == ["gone soon"]
    assert bo.post("/me/erase", json={}).status_code == 422
    assert bo.post("/me/erase", json={"confirm": "erase"}).status_code == 204
    assert bo.get(f"/conversations/{id}").status_code == 404
    assert bo.get("/me").json() == {"user": "bo"}
    assert ada.get("/conversations").json()["conversations"]


def test_nobody_is_let_in_without_a_key(url: str) -> None:
    for headers in ({}, {"authorization": "Bearer nonsense"}):
        found = httpx.post(f"{url}/api/v1/search", json={"query": "x"}, headers=headers)
        assert found.status_code == 401
        assert found.headers["content-type"] == "application/problem+json"
        assert found.headers["www-authenticate"] == "Bearer"
        assert found.json()["mend"]
    assert httpx.post(f"{url}/mcp", json={}).status_code == 401


def test_a_key_does_what_it_was_made_for(url: str, keys: dict[str, str], ada: httpx.Client) -> None:
    with client(url, keys["ada asks"]) as asks:
        assert asks.post("/search", json={"query": "LoRA"}).status_code == 200
        for path in ("/progress", "/me/export", "/interviews"):
            assert asks.get(path).status_code == 403
    bank = {"filename": "a.md", "text": "### 1. What is a cache?\n\nA store.\n"}
    assert ada.post("/corpora", json=bank).status_code == 403
    assert ada.delete("/corpora/small").status_code == 403


def test_chat_clients_bring_their_key(url: str, keys: dict[str, str]) -> None:
    with openai.OpenAI(base_url=f"{url}/v1", api_key=keys["ada asks"], max_retries=0) as good:
        done = good.chat.completions.create(model="tutor", messages=[{"role": "user", "content": "什麼是 LoRA？"}])
        assert "【第3題】" in str(done.choices[0].message.content)
    with (
        openai.OpenAI(base_url=f"{url}/v1", api_key="wrong", max_retries=0) as bad,
        pytest.raises(openai.AuthenticationError, match="key"),
    ):
        bad.models.list()
