"""`transformers serve` with 4-bit weights behind the same client: for machines on which vLLM does not run.

Needs an environment with `transformers[serving]`, bitsandbytes and a folder of weights; `vllm_setup.py` makes the weights.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tutor.answering.answer import Done
from tutor.answering.tutor import Ask, Tutor
from tutor.llm import Model, open_model
from tutor.retrieval.search import Searcher
from tutor.settings import Settings

PROGRAM = Path(os.environ.get("TUTOR_TEST_TRANSFORMERS") or "/nonexistent")
WEIGHTS = Path(os.environ.get("TUTOR_TEST_WEIGHTS") or "/nonexistent")
pytestmark = [
    pytest.mark.real_model,
    pytest.mark.skipif(
        not (PROGRAM.is_file() and (WEIGHTS / "config.json").is_file()),
        reason="TUTOR_TEST_TRANSFORMERS names no `transformers` command (pip install 'transformers[serving]' accelerate "
        "bitsandbytes), or TUTOR_TEST_WEIGHTS no folder of weights (tests/integration/vllm_setup.py makes one)",
    ),
]
READY_S = 180.0


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server as docs/operations.md starts it, with the same flags but the device."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    # It lists the models of its cache, and fails where there is no cache.
    cache = tmp_path_factory.mktemp("hub")
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(cache)}
    command = [PROGRAM, "serve", WEIGHTS, "--quantization", "bnb-4bit", "--device", "cpu", "--host", "127.0.0.1", "--port", str(port)]  # fmt: skip
    log = tmp_path_factory.mktemp("log") / "serve.log"
    with log.open("wb") as file, subprocess.Popen(command, env=environment, stdout=file, stderr=file) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + READY_S
            while not _up(address):
                assert process.poll() is None, log.read_text(encoding="utf-8", errors="replace")[-2000:]
                assert time.monotonic() < deadline, "it did not come up"
                time.sleep(0.3)
            yield address
        finally:
            process.kill()


def _up(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def model(url: str) -> Iterator[Model]:
    with open_model(Settings(server_url=url, model=str(WEIGHTS), offline=True)) as found:
        found.wait_ready(60)
        yield found


def test_it_streams_words_and_counts_them(model: Model) -> None:
    chunks = list(model.chat(temperature=0, max_tokens=24).stream([("human", "What is the capital of France?")]))
    assert "".join(str(chunk.content) for chunk in chunks).strip()
    counted = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
    assert counted[-1]["output_tokens"] > 2
    assert counted[-1]["input_tokens"] > 5


def test_the_same_question_gets_the_same_words(model: Model) -> None:
    ask = [("human", "Name three colours.")]
    first, second = (model.chat(temperature=0, max_tokens=16).invoke(ask).content for _ in range(2))
    assert first == second


def test_a_reader_who_leaves_is_no_harm(model: Model) -> None:
    stream = model.chat(temperature=0, max_tokens=200).stream([("human", "Tell me a long story.")])
    assert next(iter(stream)) is not None
    stream.close()  # type: ignore[attr-defined]
    assert model.chat(temperature=0, max_tokens=4).invoke([("human", "Hello")]).content


def test_the_whole_road_answers_with_sources_that_hold(model: Model, searcher: Searcher) -> None:
    events = list(Tutor(searcher, model).stream(Ask("什麼是 KV Cache？")))
    done = events[-1]
    assert isinstance(done, Done)
    assert done.answer.usage["completion_tokens"] > 0
    assert "extractive" not in done.answer.flags
    source = searcher.index.content.source
    assert done.answer.citations
    assert all(source[c.start : c.end] == c.quote for c in done.answer.citations)
