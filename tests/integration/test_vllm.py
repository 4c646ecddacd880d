"""The real vLLM behind our own launch and client: streams, cancels, keeps to a schema, reads prompts from its prefix cache.

Needs vLLM's CPU build and two folders of weights; `vllm_setup.py` makes them. Minutes: vLLM starts twice.
"""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tutor.answering.answer import Done, Sources, Text
from tutor.answering.tutor import Ask, Tutor
from tutor.llm import Model, ModelChoice
from tutor.llm.gpu_plan import CLASSES, Cards, plan
from tutor.llm.launches import ALWAYS
from tutor.llm.model_shape import KNOWN
from tutor.retrieval.search import Searcher
from tutor.settings import Settings

FOLDER = Path(os.environ.get("TUTOR_TEST_VLLM") or "/nonexistent")
pytestmark = [
    pytest.mark.real_model,
    pytest.mark.skipif(
        not (FOLDER / "venv" / "bin" / "vllm").is_file(),
        reason="TUTOR_TEST_VLLM names no vLLM; make one: python tests/integration/vllm_setup.py FOLDER",
    ),
]
RULES = "You are a patient tutor for machine learning interviews. You answer briefly. " * 48
SENTENCE = (
    "The water cycle describes how water evaporates from the surface of the earth, rises into the atmosphere, cools and "
    "condenses into rain or snow in clouds, and falls again to the surface as precipitation."
)
CPU_BUILD = {"VLLM_TARGET_DEVICE": "cpu", "VLLM_CPU_KVCACHE_SPACE": "1"}
START_S = 420.0

PARSE = """
import json, sys
from vllm.entrypoints.cli.serve import make_arg_parser
from vllm.utils.argparse_utils import FlexibleArgumentParser
found = []
parser = make_arg_parser(FlexibleArgumentParser())
for argv in json.load(sys.stdin):
    known, unknown = parser.parse_known_args(argv)
    values = {k: v for k, v in vars(known).items() if isinstance(v, (str, int, float, bool))}
    found.append({"unknown": unknown, "values": values})
print("RESULT" + json.dumps(found))
"""


def parsed(argvs: list[list[str]]) -> list[dict[str, Any]]:
    """What vLLM's own parser makes of the arguments of `vllm serve`."""
    done = subprocess.run(
        [str(FOLDER / "venv" / "bin" / "python"), "-c", PARSE],
        input=json.dumps(argvs),
        env={**os.environ, **CPU_BUILD},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: list[dict[str, Any]] = json.loads(done.stdout.rpartition("RESULT")[2])
    return found


def test_every_flag_we_ship_is_known_to_vllm() -> None:
    """All card classes, one and several GPUs and machines, old and new cards: each plan parses to the values it names."""
    cards = [
        Cards(memory, per_node, nodes, capability)
        for memory in CLASSES.values()
        for per_node in (1, 2, 8)
        for nodes in (1, 2)
        for capability in (0.0, 7.5, 8.9)
    ]
    plans = [plan(shape, c, users=200) for shape in KNOWN.values() for c in cards]
    plans = [made for made in plans if made.fits]
    *rows, old = parsed(
        [["--model", "folder", "--served-model-name", "x", *ALWAYS, *made.flags()] for made in plans]
        + [["--model", "x", "--guided-decoding-backend-of-old", "1"]]
    )
    assert old["unknown"], "the parser would not have told"
    flags: set[str] = set()
    for made, row in zip(plans, rows, strict=True):
        assert row["unknown"] == []
        assert row["values"]["enable_prefix_caching"] is True
        for setting in made.settings:
            flags.add(setting.flag)
            assert str(row["values"][setting.flag[2:].replace("-", "_")]).startswith(setting.value.rstrip("0"))
    assert flags >= {
        "--tensor-parallel-size",
        "--pipeline-parallel-size",
        "--data-parallel-size",
        "--kv-cache-dtype",
        "--dtype",
    }


class Said(logging.Handler):
    """Keeps what the engine printed."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text += record.getMessage() + "\n"


def eager(program: Path) -> None:
    """A `vllm` that compiles nothing for the CPU first: it starts in 30 s in place of 100, and answers the same."""
    program.write_text(f'#!/bin/sh\nexec "{FOLDER / "venv" / "bin" / "vllm"}" "$@" --enforce-eager\n', encoding="utf-8")
    program.chmod(0o755)


class Served:
    """A folder of weights on the real vLLM, through `Model`.

    Args:
        commands: a folder for the program that starts it.
    """

    def __init__(self, name: str, commands: Path) -> None:
        self.said = Said()
        log = logging.getLogger("tutor.llm.server")
        level = log.level
        log.addHandler(self.said)
        log.setLevel(logging.DEBUG)
        before = {key: os.environ.get(key) for key in ("PATH", *CPU_BUILD)}
        eager(commands / "vllm")
        os.environ.update({**CPU_BUILD, "PATH": f"{commands}:{os.environ['PATH']}"})
        try:
            self.model = Model(
                Settings(offline=True),
                ModelChoice(name, "vllm", "a test", path=FOLDER / name, family="smollm2", context=4096),
            )
            self.model.start()
            self.model.wait_ready(START_S)
        finally:
            for key, value in before.items():
                os.environ.pop(key) if value is None else os.environ.update({key: value})
            log.setLevel(level)

    def surprise(self, text: str) -> float:
        """Mean negative log-probability of the tokens of `text`, nats, as the served model reads it."""
        chat = self.model.chat()
        key = chat.openai_api_key.get_secret_value()  # type: ignore[union-attr]
        body = {"model": self.model.name, "prompt": text, "max_tokens": 1, "prompt_logprobs": 0}
        headers = {"authorization": f"Bearer {key}"}
        url = f"{chat.openai_api_base}/completions"
        rows = httpx.post(url, json=body, headers=headers, timeout=60, trust_env=False).json()
        found = [next(iter(row.values()))["logprob"] for row in rows["choices"][0]["prompt_logprobs"] if row]
        assert len(found) > 20
        return -sum(found) / len(found)

    def metric(self, name: str, **labels: str) -> float:
        """A sample of vLLM's own metrics, summed over the labels that are not named."""
        chat = self.model.chat()
        root = str(chat.openai_api_base).removesuffix("/v1")
        text = httpx.get(f"{root}/metrics", timeout=30, trust_env=False).text
        rows = [line for line in text.splitlines() if re.match(rf"{re.escape(name)}(\{{|\s)", line)]
        assert rows, f"vLLM has no metric {name}"
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        return sum(float(row.rpartition(" ")[2]) for row in rows if all(label in row for label in wanted))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = Served("smollm2", tmp_path_factory.mktemp("commands"))
    yield made
    made.model.close()


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def whole(chat: Any, *messages: tuple[str, str]) -> Any:
    full = None
    for chunk in chat.stream(list(messages)):
        full = chunk if full is None else full + chunk
    return full


def test_streams_word_by_word_and_says_what_it_cost(served: Served) -> None:
    chunks = list(served.model.chat(temperature=0, max_tokens=12).stream([("user", "Count from one to ten.")]))
    assert sum(bool(chunk.content) for chunk in chunks) > 3
    usage = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata][-1]
    assert 0 < usage["output_tokens"] <= 12


def test_knows_its_context_and_counts_tokens(served: Served) -> None:
    assert served.model.context_tokens == 4096
    assert served.model.count_tokens("hello world") == 2
    assert served.model.token_count_exact


def test_a_prompt_seen_before_is_read_from_the_prefix_cache(served: Served) -> None:
    chat = served.model.chat(temperature=0, max_tokens=2)
    before = served.metric("vllm:prefix_cache_hits_total")
    first = whole(chat, ("system", RULES), ("user", "What is attention?"))
    again = whole(chat, ("system", RULES), ("user", "What is a KV cache?"))
    read = again.usage_metadata["input_token_details"]["cache_read"]
    assert read > 0.7 * first.usage_metadata["input_tokens"]
    assert served.metric("vllm:prefix_cache_hits_total") - before >= read


def test_keeps_to_a_schema(served: Served) -> None:
    schema = {
        "type": "object",
        "properties": {"met": {"enum": ["yes", "no"]}},
        "required": ["met"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "verdict", "schema": schema}}
    answer = served.model.chat(temperature=0, max_tokens=60).bind(response_format=form).invoke("Is water wet?")
    assert json.loads(str(answer.content)) in ({"met": "yes"}, {"met": "no"})


def test_closing_a_stream_ends_its_request_in_the_engine(served: Served) -> None:
    ended = served.metric("vllm:generation_tokens_total")
    stream = served.model.chat(temperature=0, max_tokens=3000, extra_body={"ignore_eos": True}).stream("A long story.")
    next(stream)
    assert served.metric("vllm:num_requests_running") == 1
    stream.close()  # type: ignore[attr-defined]
    wait_for(lambda: served.metric("vllm:num_requests_running") == 0)
    assert served.metric("vllm:generation_tokens_total") - ended < 3000


def test_the_tutor_answers_through_it_and_the_next_question_finds_its_prompt_cached(
    served: Served, searcher: Searcher
) -> None:
    tutor = Tutor(searcher, served.model)
    events = list(tutor.stream(Ask("What is a KV cache and why does it speed up inference?")))
    assert isinstance(events[0], Sources)
    assert any(isinstance(event, Text) for event in events)
    done = events[-1]
    assert isinstance(done, Done)
    assert not done.answer.refused
    assert 19 in {citation.question for citation in done.answer.citations}
    assert done.answer.usage["prompt_tokens"] > 100
    again = tutor.answer(Ask("What is a KV cache and why does it speed up inference?"))
    assert again.usage["cached_tokens"] > 0.7 * again.usage["prompt_tokens"]


def test_an_answer_that_nobody_reads_any_more_stops(served: Served, searcher: Searcher) -> None:
    stream = Tutor(searcher, served.model).stream(Ask("Explain LoRA and its advantages in detail."))
    for event in stream:
        if isinstance(event, Text):
            break
    stream.close()  # type: ignore[attr-defined]
    wait_for(lambda: served.metric("vllm:num_requests_running") == 0)


def test_quantised_weights_are_served_and_read_text_as_the_others_do(served: Served, tmp_path: Path) -> None:
    """INT8 weights and activations (compressed-tensors): the form that vLLM's CPU build runs. Closes the other server."""
    plain = served.surprise(SENTENCE)
    served.model.close()
    quantised = Served("smollm2-w8a8", tmp_path)
    try:
        assert "quantization=compressed-tensors" in quantised.said.text
        answer = whole(quantised.model.chat(temperature=0, max_tokens=24), ("user", "What is the capital of France?"))
        assert answer.usage_metadata["output_tokens"] > 1
        # 135M parameters lose a little to INT8; wrong scales would cost several nats.
        assert quantised.surprise(SENTENCE) == pytest.approx(plain, abs=0.5)
    finally:
        quantised.model.close()
