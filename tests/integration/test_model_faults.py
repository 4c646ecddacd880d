"""A model server in trouble: the user gets an answer that holds or a clear state, and the next question works again.

The server is real HTTP (`eval.load.stand_in`), the road is the whole one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from eval.load.stand_in import StandIn, Trouble
from ingest.corpora import ingest
from tutor.answering.answer import Answer
from tutor.answering.tutor import Ask, Tutor
from tutor.llm import Model, open_model
from tutor.llm import remote as remote_module
from tutor.retrieval.search import Searcher
from tutor.settings import Settings

DOCUMENT = """\
### 1. 什麼是 KV Cache？它如何加速推理？

#### 解釋

KV Cache 是一種避免重複計算的優化技術。它把先前每個字的 Key 和 Value 向量保存在記憶體裡。生成下一個字時只需要計算新的部分。

### 2. 什麼是模型量化 (Quantization)？

#### 解釋

量化把模型權重從浮點數轉成低位元整數，用更少的記憶體換取一點精度損失。
"""
QUESTION = Ask("什麼是 KV Cache？")


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    folder = tmp_path_factory.mktemp("faults")
    document = folder / "tiny.md"
    document.write_text(DOCUMENT, encoding="utf-8")
    ingest(folder / "corpora", "tiny", document, embedders=Settings().embedders)
    return Searcher(folder / "corpora", "tiny", Settings().embedders)


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn(rate=2000) as made:
        yield made


@pytest.fixture
def model(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[Model]:
    monkeypatch.setattr(remote_module, "EVERY_S", 0.05)
    with open_model(Settings(server_url=stand_in.url)) as found:
        found.wait_ready(20)
        yield found


@pytest.fixture
def tutor(searcher: Searcher, model: Model) -> Tutor:
    return Tutor(searcher, model)


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def holds(answer: Answer, tutor: Tutor) -> None:
    """Every answer, whatever befell it: not empty, and each citation is the document's own words."""
    source = tutor.searcher.index.content.source
    assert answer.answer.strip()
    assert answer.citations
    assert all(source[c.start : c.end] == c.quote for c in answer.citations)


@pytest.mark.parametrize("trouble", ["error", "html", "garbage", "cut", "out-of-memory", "empty"])
def test_trouble_costs_the_words_and_not_the_answer(stand_in: StandIn, tutor: Tutor, trouble: Trouble) -> None:
    stand_in.trouble = trouble
    answer = tutor.answer(QUESTION)
    holds(answer, tutor)
    assert 1 in {citation.question for citation in answer.citations}
    if trouble != "empty":
        assert {"extractive", "model-lost", "unsupported-draft-replaced"} & set(answer.flags)
        assert any(flag.startswith("reason: ") for flag in answer.flags), answer.flags
    stand_in.trouble = ""
    again = tutor.answer(QUESTION)
    holds(again, tutor)
    assert again.model == "stand-in"
    assert not any(flag.startswith("reason: ") for flag in again.flags)


def test_a_server_that_says_nothing_is_given_up(
    stand_in: StandIn, searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tutor.llm.client.READ_PATIENCE_S", 0.3)
    with open_model(Settings(server_url=stand_in.url)) as model:
        model.wait_ready(20)
        stand_in.trouble = "hang"
        answer = Tutor(searcher, model).answer(QUESTION)
        holds(answer, Tutor(searcher, model))
        assert "reason: The model did not answer in time." in answer.flags


def test_a_server_that_goes_away_and_comes_back(searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_module, "EVERY_S", 0.05)
    first = StandIn(rate=2000)
    port = first.port
    with first, open_model(Settings(server_url=first.url)) as model:
        model.wait_ready(20)
        tutor = Tutor(searcher, model)
        first.__exit__()
        wait_for(lambda: model.state.state == "failed")
        assert "does not answer" in model.state.reason
        without = tutor.answer(QUESTION)
        holds(without, tutor)
        assert "extractive" in without.flags
        with StandIn(rate=2000, port=port):
            wait_for(lambda: model.state.ready)
            assert tutor.answer(QUESTION).model == "stand-in"


def test_a_reader_that_leaves_frees_the_server(stand_in: StandIn, tutor: Tutor) -> None:
    stand_in.hold.set()
    stream = tutor.stream(QUESTION)
    next(stream)

    reader = threading.Thread(target=lambda: next(stream, None), daemon=True)
    reader.start()
    wait_for(lambda: stand_in.running == 1)
    stand_in.hold.clear()
    reader.join(20)
    stand_in.hold.set()
    stream.close()  # type: ignore[attr-defined]
    stand_in.hold.clear()
    wait_for(lambda: stand_in.running == 0)


def test_the_stand_in_itself_streams(stand_in: StandIn) -> None:
    body = {"stream": True, "messages": [{"role": "user", "content": "hello there"}]}
    text = httpx.post(f"{stand_in.url}/v1/chat/completions", json=body, trust_env=False).text
    assert text.count("data: ") > 4
    assert text.endswith("[DONE]\n\n")


def test_a_base_model_is_noticed_before_anybody_asks_it(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_module, "EVERY_S", 0.05)
    stand_in.template = False
    with open_model(Settings(server_url=stand_in.url)) as model:
        wait_for(lambda: model.state.state == "failed")
        assert "--chat-template" in model.state.reason
        stand_in.template = True  # started anew with one
        wait_for(lambda: model.state.ready)
