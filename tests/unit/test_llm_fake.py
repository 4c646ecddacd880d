"""The fake model: the same request, the same answer; a real server as far as its clients can tell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutor.llm.fake import FakeServer, complete, fake_answer, smallest, tokenize


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    server = FakeServer(context=200)
    server.start()
    headers = {"Authorization": f"Bearer {server.api_key}"}
    with httpx.Client(base_url=server.address, headers=headers, trust_env=False) as client:
        yield client
    server.close()
    server.close()


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ("你好", "Echo: 你好"),
        ("", "Echo: "),
        ("【第3題】注意力很重要。第二句。", "注意力很重要。【第3題】"),
        ("【第3題】 甲。乙。\n【第12題】丙！\n【第5題】丁。", "甲。【第3題】\n丙！【第12題】"),
        ("【第3題】甲。【第3題】乙。【第4題】丙。", "甲。【第3題】\n丙。【第4題】"),
        ("【Q7】Use v1.5 of it. Then more.", "Use v1.5 of it.【Q7】"),
        ("【第3題】\n沒有句號", "沒有句號【第3題】"),
        ("【第3題】【第4題】甲。", "甲。【第4題】"),
        ("【重要】沒有題號", "Echo: 【重要】沒有題號"),
    ],
)
def test_answers_by_rule(prompt: str, answer: str) -> None:
    assert fake_answer(prompt) == answer


@given(st.text())
def test_tokens_join_to_the_text(text: str) -> None:
    assert "".join(tokenize(text)) == text


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (
            {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}},
            {"a": "", "b": 0},
        ),
        ({"type": "array", "items": {"enum": ["yes", "no"]}, "minItems": 2}, ["yes", "yes"]),
        ({"$ref": "#/$defs/P", "$defs": {"P": {"properties": {"ok": {"type": "boolean"}}}}}, {"ok": False}),
        ({"anyOf": [{"type": "null"}, {"type": "string"}]}, None),
        ({"type": "integer", "minimum": 3}, 3),
    ],
)
def test_the_smallest_value_of_a_schema(schema: dict[str, Any], value: Any) -> None:
    assert smallest(schema) == value


def ask(client: httpx.Client, content: str = "hi there", **more: Any) -> httpx.Response:
    return client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": content}], **more})


def test_streaming_gives_the_same_text_token_by_token(client: httpx.Client) -> None:
    whole = ask(client).json()
    lines = [
        line for line in ask(client, stream=True, stream_options={"include_usage": True}).text.split("\n\n") if line
    ]
    assert lines[-1] == "data: [DONE]"
    events = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
    pieces = [choice["delta"].get("content", "") for event in events for choice in event["choices"]]
    assert "".join(pieces) == whole["choices"][0]["message"]["content"] == "Echo: hi there"
    assert len([piece for piece in pieces if piece]) == whole["usage"]["completion_tokens"] > 1
    assert events[-1]["usage"] == whole["usage"]


def test_a_token_limit_ends_it(client: httpx.Client) -> None:
    choice = ask(client, max_tokens=2).json()["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("Echo:", "length")


def test_a_prompt_longer_than_the_context_is_refused_as_llama_cpp_does(client: httpx.Client) -> None:
    answer = ask(client, "很" * 300)
    assert answer.status_code == 400
    assert "context size" in answer.json()["error"]["message"]


def test_its_other_endpoints(client: httpx.Client) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    assert client.get("/v1/models").json()["data"][0]["id"] == "fake"
    assert client.get("/props").json()["default_generation_settings"]["n_ctx"] == 200
    assert len(client.post("/tokenize", json={"content": "你好 hello"}).json()["tokens"]) == 3
    assert client.get("/nothing").status_code == 404


def test_a_wrong_key_is_refused(client: httpx.Client) -> None:
    assert client.get("/v1/models", headers={"Authorization": "Bearer no"}).status_code == 401


def test_the_last_user_message_counts_also_in_parts() -> None:
    parts = [{"type": "text", "text": "【第9題】甲"}, {"type": "text", "text": "乙。丙。"}]
    messages = [
        {"role": "user", "content": "before"},
        {"role": "assistant", "content": "x"},
        {"role": "user", "content": parts},
    ]
    tokens, _, _ = complete({"messages": messages}, 1000)
    assert "".join(tokens) == "甲乙。【第9題】"
