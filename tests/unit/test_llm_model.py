"""The face of the room, over the fake model and over servers that behave badly."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from ingest.errors import DownloadFailed, ModelUnavailable
from tutor.llm import Model, ModelChoice, open_model
from tutor.llm.chat import make_chat, model_errors
from tutor.llm.client import HttpClients, ServerClient, estimate_tokens, is_loopback
from tutor.llm.fake import FakeServer
from tutor.llm.remote import RemoteWatch
from tutor.llm.state import StateBox
from tutor.settings import Settings

PROMPT = "【第3題】注意力很重要。更多。\n【第8題】KV cache 省時間。"
ANSWER = "注意力很重要。【第3題】\nKV cache 省時間。【第8題】"


@pytest.fixture
def model(tmp_path: Path) -> Iterator[Model]:
    with open_model(Settings(data_dir=tmp_path, model="fake", context=2048)) as opened:
        opened.wait_ready(20)
        yield opened


def test_streams_through_langchain_and_keeps_usage(model: Model) -> None:
    pieces = list(model.chat(temperature=0).stream(PROMPT))
    full = pieces[0]
    for piece in pieces[1:]:
        full += piece
    assert full.content == ANSWER
    assert len([piece for piece in pieces if piece.content]) > 1  # what comes at once is passed on together
    assert full.usage_metadata is not None
    assert full.usage_metadata["input_token_details"]["cache_read"] == 0
    assert full.response_metadata["model_name"] == model.name == "fake"


def test_async_in_two_event_loops(model: Model) -> None:
    async def once() -> str:
        return "".join([str(piece.content) async for piece in model.chat().astream(PROMPT)])

    # In a thread: the browser tests before this one keep an event loop running in the main one.
    with ThreadPoolExecutor(1) as thread:
        assert [thread.submit(lambda: asyncio.run(once())).result() for _ in range(2)] == [ANSWER, ANSWER]


def test_counts_tokens_with_the_servers_tokenizer_and_remembers(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    assert model.count_tokens("你好 hello") == 3
    assert model.token_count_exact
    assert model.context_tokens == 2048
    monkeypatch.setattr(ServerClient, "count_tokens", lambda *_: pytest.fail("asked twice"))
    assert model.count_tokens("你好 hello") == 3


def test_loopback_goes_past_a_proxy(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert model.chat().invoke("hi").content == "Echo: hi"
    assert model.count_tokens("new words") == 2


def test_after_close_it_says_so(tmp_path: Path) -> None:
    model = open_model(Settings(data_dir=tmp_path, model="fake"))
    model.wait_ready(20)
    model.close()
    model.close()
    assert model.state.state == "stopped"
    with pytest.raises(ModelUnavailable, match="is not running"):
        model.chat()


def test_not_started_until_asked(tmp_path: Path) -> None:
    with open_model(Settings(data_dir=tmp_path, model="fake"), start=False) as model:
        assert model.state.state == "stopped"
        model.start()
        model.start()
        model.wait_ready(20)
        assert model.state.ready


def test_no_model_is_a_state_and_a_mend(tmp_path: Path) -> None:
    with open_model(Settings(data_dir=tmp_path, model="none")) as model:
        assert model.state.state == "none"
        with pytest.raises(ModelUnavailable, match="tutor models use"):
            model.wait_ready(20)
        assert model.count_tokens("abc") == estimate_tokens("abc")
        assert not model.token_count_exact


def test_offline_with_a_model_that_is_not_there(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, model="SmolLM2-135M-Instruct-Q4_1", offline=True)
    with open_model(settings) as model, pytest.raises(ModelUnavailable, match="TUTOR_OFFLINE"):
        model.wait_ready(20)


def test_progress_of_a_fetch_is_the_states_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    halfway, go_on = threading.Event(), threading.Event()
    report: list[Callable[[int, int], None]] = []

    def slow_pull(entry: object, models_dir: Path, progress: Callable[[int, int], None], **_: object) -> Path:
        report.append(progress)
        progress(40_000_000, 98_362_432)
        halfway.set()
        go_on.wait(20)
        raise DownloadFailed("The line broke.", "Run the same again.")

    monkeypatch.setattr(sys.modules["tutor.llm.running"], "pull", slow_pull)
    with open_model(Settings(data_dir=tmp_path, model="SmolLM2-135M-Instruct-Q4_1")) as model:
        assert halfway.wait(20)
        assert model.state.state == "pulling"
        assert model.state.reason == "fetching SmolLM2-135M-Instruct-Q4_1: 40 of 98 MB"
        report[0](98_362_432, 98_362_432)
        assert model.state.reason == "checking SmolLM2-135M-Instruct-Q4_1: 98 MB"
        go_on.set()
        with pytest.raises(ModelUnavailable, match="The line broke"):
            model.wait_ready(20)


def test_when_the_hub_fails_the_packaged_model_takes_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def pull(entry: object, *_: object, **__: object) -> Path:
        asked.append(entry.name)  # type: ignore[attr-defined]
        raise DownloadFailed("The model hub answered 503.")

    monkeypatch.setattr(sys.modules["tutor.llm.running"], "pull", pull)
    from tutor.llm.catalogue import load_catalogue

    entry = load_catalogue()["Llama-3.2-3B-Instruct-Q4_K_M"]
    choice = ModelChoice(entry.name, "llama.cpp", "", needs_pull=True, automatic=True, entry=entry)
    with Model(Settings(data_dir=tmp_path), choice) as model:
        model.start()
        with pytest.raises(ModelUnavailable):
            model.wait_ready(20)
        assert asked == [entry.name, "Qwen2.5-Coder-1.5B-Instruct-Q4_K_M"]
        assert "answered 503; using the packaged 1.5B model" in model.choice.reason


@pytest.fixture
def elsewhere() -> Iterator[FakeServer]:
    """Somebody else's server."""
    server = FakeServer(context=1000)
    server.start()
    yield server
    server.close()


def test_somebody_elses_server(elsewhere: FakeServer, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, server_url=elsewhere.address, server_key=elsewhere.api_key)
    with open_model(settings) as model:
        model.wait_ready(20)
        assert model.choice.engine == "openai"
        assert model.name == "fake"
        assert model.chat().invoke("hi").content == "Echo: hi"
        assert (model.context_tokens, model.count_tokens("one two")) == (1000, 2)
        assert model.pid is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"server_key": "wrong"}, "TUTOR_SERVER_KEY"),
        ({"model": "llama-70b"}, "has no model 'llama-70b': fake"),
        ({"server_url": "http://127.0.0.1:9"}, "does not answer"),
    ],
)
def test_somebody_elses_server_refuses(
    elsewhere: FakeServer, tmp_path: Path, change: dict[str, str], message: str
) -> None:
    given = {"server_url": elsewhere.address, "server_key": elsewhere.api_key, **change}
    with (
        open_model(Settings(data_dir=tmp_path, **given)) as model,  # type: ignore[arg-type]
        pytest.raises(ModelUnavailable, match=message),
    ):
        model.wait_ready(20)


def test_connections_to_a_server_elsewhere_are_let_go(elsewhere: FakeServer, tmp_path: Path) -> None:
    given = Settings(data_dir=tmp_path, server_url=elsewhere.address, server_key=elsewhere.api_key)
    with open_model(given) as model:
        model.wait_ready(20)
        assert model.chat().invoke("hi").content == "Echo: hi"
        http = model._running.http
    assert http is not None
    assert http.sync.is_closed
    assert model.count_tokens("hi") > 0


def test_a_server_that_comes_up_late_is_noticed() -> None:
    answers = iter([httpx.Response(503), httpx.Response(200, json={"data": [{"id": "late"}]}), httpx.Response(404)])
    http = httpx.Client(transport=httpx.MockTransport(lambda request: next(answers)))
    box = StateBox()
    watch = RemoteWatch(ServerClient("http://gpu/v1", "", http), box)
    watch.check()
    assert (box.current.state, box.current.reason) == ("failed", "the server at http://gpu/v1 answered 503")
    watch.check()
    assert (box.current.state, box.current.reason) == ("ready", "late at http://gpu/v1 is ready")


@pytest.mark.parametrize("answer", [[], "ok", {"data": 3}])
def test_a_server_of_another_kind_is_not_waited_for(answer: object) -> None:
    http = httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200, json=answer)))
    box = StateBox()
    RemoteWatch(ServerClient("http://gpu/v1", "", http), box).check()
    assert (box.current.state, "does not answer" in box.current.reason) == ("failed", True)


@pytest.mark.parametrize(
    "row", ["5", '"words"', '{"choices": [3]}', '{"choices": [], "usage": {"prompt_tokens": "x"}}']
)
def test_a_stream_that_is_no_chat_is_the_servers_fault(row: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        return httpx.Response(
            200, text=f"data: {row}\n\ndata: [DONE]\n\n", headers={"content-type": "text/event-stream"}
        )

    sent: list[dict[str, object]] = []
    chat = make_chat(
        model="m", base_url="http://gpu/v1", api_key="k", extra_body={"id_slot": 1}, http_async_client=httpx.AsyncClient(),
        http_client=httpx.Client(transport=httpx.MockTransport(answer)),
    )  # fmt: skip
    with pytest.raises(ModelUnavailable, match="cannot be understood"), model_errors():
        list(chat.stream("hi"))
    assert sent[0]["id_slot"] == 1
    assert "extra_body" not in sent[0]


@pytest.mark.parametrize(
    ("answers", "tokens", "context"),
    [
        (
            {"/tokenize": {"tokens": [1, 2, 3]}, "/props": {"default_generation_settings": {"n_ctx": 4096}}},
            3,
            4096,
        ),
        ({"/tokenize": {"count": 7}, "/v1/models": {"data": [{"id": "m", "max_model_len": 8192}]}}, 7, 8192),
        ({"/v1/models": {"data": [{"id": "m", "meta": {"n_ctx": 2048}}]}}, None, 2048),
        ({"/tokenize": [], "/v1/models": {"data": "odd"}}, None, None),
        ({}, None, None),
    ],
    ids=["llama.cpp", "vllm", "llama.cpp's models", "odd answers", "ollama"],
)
def test_what_each_engine_tells(answers: dict[str, object], tokens: int | None, context: int | None) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        found = answers.get(request.url.path)
        return httpx.Response(404) if found is None else httpx.Response(200, json=found)

    client = ServerClient("http://x/v1", "key", httpx.Client(transport=httpx.MockTransport(handle)))
    assert client.count_tokens("text") == tokens
    assert client.context_tokens() == context


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://localhost:8000", True),
        ("http://[::1]:8000", True),
        ("http://10.0.0.5:8000", False),
        ("https://localhost.example.com", False),
    ],
)
def test_what_counts_as_this_machine(url: str, local: bool) -> None:
    assert is_loopback(url) is local
    assert HttpClients.to(url).sync.trust_env is not local


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("很", 1), ("注意力機制", 5), ("attention", 3), ("a", 1)])
def test_estimates_are_on_the_high_side(text: str, tokens: int) -> None:
    assert estimate_tokens(text) >= tokens


def test_errors_while_streaming_are_the_users(model: Model) -> None:
    with pytest.raises(ModelUnavailable, match="longer than the model's context window"), model_errors():
        list(model.chat().stream("很" * 3000))
    chat = model.chat(max_retries=0)
    model.close()
    with pytest.raises(ModelUnavailable, match="connection to the model server broke"), model_errors():
        list(chat.stream("hi"))


def test_importing_the_room_stays_cheap() -> None:
    code = "import sys, tutor.llm; print({'httpx', 'openai', 'langchain_core', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
