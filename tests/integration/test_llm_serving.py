"""The smallest real model, pulled, served by the real engine, killed, and left behind by its parent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import ModelUnavailable
from tutor.llm import Model, installed, open_model, pull, verify
from tutor.llm.chat import model_errors
from tutor.settings import Settings

pytestmark = pytest.mark.real_model

SMOL = "SmolLM2-135M-Instruct-Q4_1"
RULES = "You are a patient tutor for machine learning interviews. " * 12


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings over a data folder in which the model has been pulled for good (kept over test runs)."""
    kept = os.environ.get("TUTOR_TEST_DATA_DIR")
    settings = Settings(
        data_dir=Path(kept) if kept else tmp_path_factory.mktemp("data"),
        model=SMOL,
        context=1024,
        offline=True,
    )
    pull(SMOL, settings.models_dir)
    return settings


@pytest.fixture(scope="module")
def shared(settings: Settings) -> Iterator[Model]:
    with open_model(settings) as model:
        model.wait_ready(60)
        yield model


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def whole(chat: Any, *messages: tuple[str, str]) -> Any:
    full = None
    for chunk in chat.stream(list(messages)):
        full = chunk if full is None else full + chunk
    return full


def test_pulled_and_verified(settings: Settings) -> None:
    assert SMOL in [model.name for model in installed(settings.models_dir)]
    assert verify(SMOL, settings.models_dir).size == 98_362_432


def test_streams_words_and_says_what_it_cost(shared: Model) -> None:
    answer = whole(shared.chat(temperature=0, max_tokens=12), ("system", "Be brief."), ("user", "Say hello."))
    assert answer.content.strip()
    assert answer.usage_metadata["output_tokens"] <= 12
    assert answer.response_metadata["timings"]["predicted_n"] == answer.usage_metadata["output_tokens"]
    assert shared.last_timings == answer.response_metadata["timings"]


def test_counts_tokens_as_the_model_does(shared: Model) -> None:
    assert shared.count_tokens("hello world") == 2
    assert shared.token_count_exact
    assert shared.context_tokens == 1024


def test_json_by_schema_and_logprobs(shared: Model) -> None:
    schema = {"type": "object", "properties": {"met": {"enum": ["yes", "no"]}}, "required": ["met"]}
    form = {"type": "json_schema", "json_schema": {"name": "verdict", "schema": schema}}
    answer = shared.chat(temperature=0, max_tokens=100).bind(response_format=form).invoke("Is water wet?")
    assert json.loads(str(answer.content)) in ({"met": "yes"}, {"met": "no"})
    assert answer.response_metadata["timings"]["predicted_n"]
    odds = shared.chat(max_tokens=1, logprobs=True, top_logprobs=5, streaming=False).invoke("Is water wet?")
    assert len(odds.response_metadata["logprobs"]["content"][0]["top_logprobs"]) == 5


def test_many_streams_in_a_row_do_not_break(shared: Model) -> None:
    """llama.cpp closes some kept-alive connections after a stream; ours must not notice."""
    chat = shared.chat(max_tokens=1, max_retries=0)
    for _ in range(20):
        whole(chat, ("user", "hi"))


def test_too_long_a_prompt_is_an_error_with_a_mend(shared: Model) -> None:
    with pytest.raises(ModelUnavailable, match="TUTOR_CONTEXT"), model_errors():
        shared.chat().invoke("word " * 3000)


def test_a_killed_server_comes_back_and_old_clients_go_on(settings: Settings) -> None:
    with open_model(settings) as model:
        model.wait_ready(60)
        chat, pid = model.chat(temperature=0, max_tokens=400), model.pid
        assert pid is not None
        stream = chat.stream("Tell me a long story.")
        next(stream)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(ModelUnavailable, match="started again by itself"), model_errors():
            list(stream)
        wait_for(lambda: model.pid not in {None, pid})
        model.wait_ready(60)
        assert chat.invoke("Say hello.", max_tokens=4).content
    assert gone(pid)


def test_no_orphan_when_the_parent_is_killed(settings: Settings) -> None:
    code = textwrap.dedent(f"""
        import sys, threading
        sys.path[:0] = {sys.path!r}
        from tutor.llm import open_model
        from tutor.settings import Settings
        model = open_model(Settings(data_dir={str(settings.data_dir)!r}, model={SMOL!r}, offline=True))
        model.wait_ready(60)
        print(model.pid, flush=True)
        threading.Event().wait()
    """)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert not gone(child)
        parent.kill()
    wait_for(lambda: gone(child), 20)


def test_a_file_that_was_cut_off_fails_with_its_reason(settings: Settings, tmp_path: Path) -> None:
    whole = pull(SMOL, settings.models_dir).read_bytes()
    half = tmp_path / "half.gguf"
    half.write_bytes(whole[: len(whole) // 2])
    with (
        open_model(settings.model_copy(update={"model": str(half)})) as model,
        pytest.raises(ModelUnavailable, match="half cannot be served"),
    ):
        model.wait_ready(60)


def test_a_file_that_is_no_model_fails_with_its_reason(settings: Settings, tmp_path: Path) -> None:
    spoilt = tmp_path / "spoilt.gguf"
    spoilt.write_bytes(b"GGUF" + bytes(5000))
    with (
        open_model(settings.model_copy(update={"model": str(spoilt)})) as model,
        pytest.raises(ModelUnavailable, match="spoilt cannot be served"),
    ):
        model.wait_ready(60)
