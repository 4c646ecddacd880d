"""The JSON API: the contracts of the command line, problems with their mends, and what is turned away."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from doors_server import EndlessModel, served, small_settings

from tutor.settings import Settings
from tutor.web.backstage import Backstage

BANK = (
    "### 1. What is a cache?\n\nA store that keeps what is used often.\n\n### 2. What is an index?\n\nA sorted list.\n"
)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return small_settings(tmp_path_factory.mktemp("doors"))


@pytest.fixture(scope="module")
def api(settings: Settings) -> Iterator[httpx.Client]:
    with served(settings) as url, httpx.Client(base_url=f"{url}/api/v1", timeout=60) as client:
        yield client


def events_of(text: str) -> list[tuple[str, Any]]:
    found = []
    for block in text.strip().split("\n\n"):
        if block.startswith(":"):
            continue
        name, data = block.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def test_status_says_which_corpus_and_model(api: httpx.Client) -> None:
    answer = api.get("/status")
    found = answer.json()
    assert answer.status_code == 200, found
    assert found["ready"]
    assert (found["corpus"]["name"], found["model"]["name"]) == ("small", "fake")
    assert found["model"]["why"]


def test_search_is_the_contract_of_the_command_line(api: httpx.Client) -> None:
    found = api.post("/search", json={"query": "量化會損失精度嗎？", "top": 2}).json()
    assert set(found) == {"query", "rewritten", "in_corpus", "confidence", "hits", "ms"}
    assert found["hits"][0]["question"] == 2
    assert len(found["hits"]) == 2
    hit = found["hits"][0]
    assert set(hit) == {"question", "title", "score", "section", "passage", "start", "end"}


def test_history_makes_a_follow_up_understood(api: httpx.Client) -> None:
    history = [
        {"role": "user", "content": "什麼是 LoRA？"},
        {"role": "assistant", "content": "LoRA 凍結原本的權重【第3題】"},
    ]
    found = api.post("/search", json={"query": "為什麼？", "history": history}).json()
    assert found["hits"][0]["question"] == 3


def test_an_answer_comes_in_one_piece_with_its_citations(api: httpx.Client, settings: Settings) -> None:
    found = api.post("/ask", json={"query": "什麼是 KV Cache？"}).json()
    assert not found["refused"]
    assert "【第1題】" in found["answer"]
    source = (settings.data_dir / "small.md").read_text(encoding="utf-8")
    assert found["citations"]
    for cited in found["citations"]:
        assert source[cited["start"] : cited["end"]] == cited["quote"]


@pytest.mark.parametrize("how", ["field", "header"])
def test_a_stream_brings_sources_then_text_then_the_whole(api: httpx.Client, how: str) -> None:
    body = {"query": "什麼是 KV Cache？", **({"stream": True} if how == "field" else {})}
    headers = {"accept": "text/event-stream"} if how == "header" else {}
    found = api.post("/ask", json=body, headers=headers)
    assert found.headers["content-type"].startswith("text/event-stream")
    events = events_of(found.text)
    names = [name for name, _ in events]
    assert names[0] == "sources"
    assert names[-1] == "done"
    assert set(names[1:-1]) == {"text"}
    assert events[0][1]["used"] == [1]
    assert "【第1題】" in events[-1][1]["answer"]


def test_what_the_corpus_does_not_say_is_refused_with_suggestions(api: httpx.Client) -> None:
    found = api.post("/ask", json={"query": "台北今天的天氣如何？會下雨嗎？"}).json()
    assert found["refused"]
    assert len(found["suggestions"]) == 3
    assert found["citations"] == []


@pytest.mark.parametrize("stream", [True, False])
def test_hanging_up_stops_the_model(settings: Settings, stream: bool) -> None:
    model = EndlessModel()
    stage = Backstage(settings, lambda _: model)  # type: ignore[arg-type, return-value]
    with served(settings, stage) as url, httpx.Client(base_url=url, timeout=5) as client:
        body = {"query": "什麼是 KV Cache？", "stream": stream}
        if stream:
            with client.stream("POST", "/api/v1/ask", json=body) as answer:
                next(line for line in answer.iter_lines() if line == "event: text")
        else:
            with pytest.raises(httpx.ReadTimeout):
                client.post("/api/v1/ask", json=body, timeout=0.5)
        assert model.closed.wait(30)
        assert model.said < model.most


def test_grades_by_rubric_and_by_reference(api: httpx.Client) -> None:
    found = api.post("/grade", json={"question": 1, "answer": "KV Cache 避免重複計算"}).json()
    assert [p["id"] for p in found["points"]] == ["1.1", "1.2"]
    assert found["points"][0]["verdict"] == "met"
    body = {"question_text": "What is a cache?", "reference": "A store that keeps what is used often.",
            "answer": "It stores what is used often."}  # fmt: skip
    assert api.post("/grade", json=body).json()["score"] > 5


def test_questions_are_read_verbatim_and_rubrics_shown(api: httpx.Client, settings: Settings) -> None:
    rows = api.get("/corpora/small/questions").json()["questions"]
    assert [(r["number"], r["answered"], r["rubric"]) for r in rows] == [
        (1, True, True), (2, True, False), (3, True, False), (4, False, False),
    ]  # fmt: skip
    found = api.get("/corpora/small/questions/2").json()
    source = (settings.data_dir / "small.md").read_text(encoding="utf-8")
    assert [source[s["start"] : s["end"]] for s in found["sections"]] == [s["text"] for s in found["sections"]]
    assert found["links"] == [1]
    rubric = api.get("/corpora/small/questions/1/rubric").json()
    assert rubric["points"][0]["kind"] == "core"


def test_a_document_is_previewed_added_asked_and_removed(api: httpx.Client, settings: Settings) -> None:
    preview = api.post("/corpora", json={"filename": "bank.md", "text": BANK, "check": True}).json()
    assert [i["title"] for i in preview["items"]] == ["What is a cache?", "What is an index?"]
    assert "bank" not in [c["name"] for c in api.get("/corpora").json()["corpora"]]

    added = api.post("/corpora", json={"filename": "bank.md", "text": BANK, "stream": True})
    events = events_of(added.text)
    assert {name for name, _ in events[:-1]} == {"progress"}
    assert events[-1][0] == "done"
    assert events[-1][1]["questions"] == 2
    listed = {c["name"]: c for c in api.get("/corpora").json()["corpora"]}
    assert listed["bank"]["document"] == "bank.md"  # never where it lies on the server
    assert api.post("/search", json={"query": "cache", "corpus": "bank"}).json()["hits"][0]["question"] == 1

    again = api.post("/corpora", json={"filename": "bank.md", "text": BANK + "\n### 3. New?\n\nYes.\n"})
    assert again.status_code == 422
    assert "replace" in again.json()["mend"]
    more = {"filename": "bank.md", "base64": base64.b64encode((BANK + "\n### 3. New?\n\nYes.\n").encode()).decode()}
    assert api.post("/corpora", json={**more, "replace": True}).json()["questions"] == 3
    assert len(api.get("/corpora/bank/questions").json()["questions"]) == 3

    assert api.delete("/corpora/bank").json() == {"corpus": "bank", "removed": True, "shipped": False}
    assert not list((settings.data_dir / "documents").iterdir())
    assert api.delete("/corpora/bank").status_code == 404
    assert api.post("/search", json={"query": "cache", "corpus": "bank"}).status_code == 404


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"filename": "a.md"}, "text"),
        ({"filename": "a.md", "text": "x", "base64": "eA=="}, "one of the two"),
        ({"filename": "a.md", "base64": "?"}, "base64"),
        ({"filename": "a.exe", "text": BANK}, ".md"),
        ({"filename": "a.md", "text": ""}, "empty"),
        ({"filename": "a.md", "text": BANK, "name": "../../etc"}, "name"),
        ({"filename": "small.md", "text": BANK}, "already"),
        ({"filename": "a.pdf", "base64": base64.b64encode(b"%PDF-nonsense").decode()}, "PDF"),
    ],
)
def test_documents_that_cannot_be_added_are_said_and_leave_nothing(
    api: httpx.Client, settings: Settings, body: dict[str, str], said: str
) -> None:
    def kept() -> list[Path]:
        """All files but those that a database which is open comes and goes with."""
        found = Path(settings.data_dir).rglob("*")
        return sorted(p for p in found if p.name != "lock" and not p.name.endswith(("-shm", "-wal")))

    before = kept()
    found = api.post("/corpora", json=body)
    assert found.status_code == 422
    assert said in json.dumps(found.json(), ensure_ascii=False)
    assert kept() == before


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nothing", None, 404),
        ("GET", "/ask", None, 405),
        ("DELETE", "/status", None, 405),
        ("GET", "/corpora/nowhere/questions", None, 404),
        ("GET", "/corpora/%2e%2e/questions", None, 422),
        ("GET", "/corpora/small/questions/99", None, 404),
        ("GET", "/corpora/small/questions/2/rubric", None, 404),
        ("GET", "/corpora/small/questions/zero", None, 422),
        ("POST", "/search", {"query": ""}, 422),
        ("POST", "/search", {"query": "x", "topp": 3}, 422),
        ("POST", "/search", {"query": "x" * 5000}, 422),
        ("POST", "/search", {"query": "x", "corpus": "nowhere"}, 404),
        ("POST", "/search", {"query": "x", "corpus": "a/b"}, 422),
        ("POST", "/search", {"query": "x", "history": [{"role": "system", "content": "x"}]}, 422),
        ("POST", "/grade", {"answer": "x"}, 422),
        ("POST", "/grade", {"answer": "x", "question": 2}, 422),
        ("POST", "/grade", {"answer": "x", "question": 99}, 404),
        ("POST", "/ask", {"query": "x" * 2_000_000}, 413),
    ],
)
def test_every_error_is_a_problem_with_a_message(
    api: httpx.Client, method: str, path: str, body: Any, status: int
) -> None:
    found = api.request(method, path, json=body) if body is not None else api.request(method, path)
    assert found.status_code == status, found.text
    assert found.headers["content-type"] == "application/problem+json"
    members = found.json()
    assert members["status"] == status
    assert members["detail"]
    assert members["title"]
    assert "Traceback" not in found.text
    if status == 405:
        assert found.headers["allow"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"query": "\\ud800"}', "application/json", 422),
        (b'{"query": "KV\\u0000 Cache"}', "application/json", 200),
        (b'{"query": "x"}', "text/plain", 415),
        (b"query=x", "application/x-www-form-urlencoded", 415),
        (b"", "application/json", 422),
    ],
)
def test_only_json_is_taken(api: httpx.Client, content: bytes, kind: str, status: int) -> None:
    assert api.post("/search", content=content, headers={"content-type": kind}).status_code == status


def test_a_body_without_a_length_is_cut_off_too(api: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        yield b'{"query": "'
        for _ in range(3000):
            yield b"x" * 1000

    found = api.post("/search", content=endless(), headers={"content-type": "application/json"})
    assert found.status_code == 413


def test_pages_of_other_sites_change_nothing(api: httpx.Client) -> None:
    body = {"query": "KV Cache"}
    own = f"http://127.0.0.1:{api.base_url.port}"
    assert api.post("/search", json=body, headers={"origin": own}).status_code == 200
    for foreign in ("http://evil.example", "http://127.0.0.1:1", "null", "http://[", "file://127.0.0.1"):
        assert api.post("/search", json=body, headers={"origin": foreign}).status_code == 403
    assert api.delete("/corpora/small", headers={"origin": "http://evil.example"}).status_code == 403
    assert "small" in [c["name"] for c in api.get("/corpora").json()["corpora"]]


def test_the_reference_describes_every_operation(api: httpx.Client) -> None:
    document = httpx.get(str(api.base_url.copy_with(path="/openapi.json"))).json()
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    assert {path for path, _, _ in operations} >= {"/api/v1/ask", "/api/v1/grade", "/v1/chat/completions"}
    for path, method, operation in operations:
        assert operation["summary"], (path, method)
        assert operation["description"], (path, method)
        assert operation["tags"], (path, method)


def test_the_page_of_the_reference_shows_every_operation_and_fetches_nothing(api: httpx.Client) -> None:
    root = str(api.base_url.copy_with(path="/"))
    text = httpx.get(f"{root}docs").text
    for path in httpx.get(f"{root}openapi.json").json()["paths"]:
        assert f"<code>{path}</code>" in text
    assert "<script" not in text
    assert "http" not in text.replace("application/problem", "")
    assert "KV Cache 為什麼能加速推理？" in text
