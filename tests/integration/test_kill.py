"""Killed, stopped or starved for real: the builder in the middle of its work, the model in the middle of an answer."""

import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from ingest.corpora import ingest
from ingest.index import Index
from tutor.answering.answer import Done, Text
from tutor.answering.tutor import Ask, Tutor

FAST = ["use"]
BUILDER = """
import sys
from pathlib import Path
from ingest.corpora import ingest
def progress(stage, done, total):
    print(stage, done, total, flush=True)
    if stage == sys.argv[3] and done >= int(sys.argv[4]):
        sys.stdin.readline()
ingest(Path(sys.argv[1]), "tiny", Path(sys.argv[2]), embedders=["use"], progress=progress)
"""


def big_bank(word: str) -> str:
    return "".join(
        f"### 問題 {n}：第 {n} 個{word}是什麼？\n第 {n} 個{word}是一種東西，編號 {n}。它有 {n * 7} 個部分。\n\n"
        for n in range(1, 101)
    )


@pytest.mark.parametrize(
    ("stage", "done"),
    [("keywords", 0), ("keywords", 1), ("use-text", 64), ("use-text", 300), ("use-ask", 100)],
)
def test_a_killed_build_leaves_the_old_index_in_use(tmp_path, stage, done):
    corpora, document = tmp_path / "corpora", tmp_path / "bank.md"
    document.write_text(big_bank("蘋果"), encoding="utf-8")
    ingest(corpora, "tiny", document, embedders=FAST)
    old = Index.open(corpora / "tiny", FAST)
    document.write_text(big_bank("香蕉"), encoding="utf-8")

    builder = subprocess.Popen(
        [sys.executable, "-c", BUILDER, str(corpora), str(document), stage, str(done)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert builder.stdout is not None
    for line in builder.stdout:  # it stops at the stage, waiting for us
        name, at, _ = line.split()
        if name == stage and int(at) >= done:
            break
    os.kill(builder.pid, signal.SIGKILL)
    builder.wait()

    still = Index.open(corpora / "tiny", FAST)
    assert still.build_folder == old.build_folder
    assert "蘋果" in still.content.questions[1].title
    assert still.keyword_questions.scores(["苹果"]).max() > 0
    assert not ingest(corpora, "tiny", document, embedders=FAST).unchanged
    assert "香蕉" in Index.open(corpora / "tiny", FAST).content.questions[1].title


@pytest.mark.real_model
def test_the_model_killed_in_mid_answer_costs_the_words_and_not_the_answer(searcher, smol_model):
    tutor = Tutor(searcher, smol_model)
    pid = smol_model.pid
    assert pid
    killed = False
    final = None
    for event in tutor.stream(Ask("What is a KV cache and why does it speed up inference?")):
        if isinstance(event, Text) and not killed:
            os.kill(pid, signal.SIGKILL)
            killed = True
        if isinstance(event, Done):
            final = event.answer
    assert killed
    assert final is not None
    assert not final.refused
    assert 19 in {c.question for c in final.citations}

    wait_for(lambda: smol_model.state.ready and smol_model.pid not in {None, pid})
    assert not tutor.answer(Ask("What is a KV cache?")).refused


@pytest.mark.real_model
def test_the_model_stopped_in_mid_answer_is_waited_for_and_then_given_up(searcher, smol_model, monkeypatch):
    monkeypatch.setattr("tutor.llm.chat.SILENCE_S", 1.0)
    tutor, pid = Tutor(searcher, smol_model), smol_model.pid
    assert pid
    stopped = False
    final = None
    try:
        for event in tutor.stream(Ask("What is a KV cache and why does it speed up inference?")):
            if isinstance(event, Text) and not stopped:
                os.kill(pid, signal.SIGSTOP)
                stopped = True
            if isinstance(event, Done):
                final = event.answer
    finally:
        os.kill(pid, signal.SIGCONT)
    assert stopped
    assert final is not None
    assert 19 in {c.question for c in final.citations}
    assert "reason: The model did not answer in time." in final.flags
    wait_for(lambda: not tutor_in_trouble(tutor))


@pytest.mark.real_model
def test_the_model_that_gets_no_more_memory_costs_no_answer(searcher, smol_model):
    """It has most of it from the start; where it wants more it dies, and is started again."""
    tutor, pid = Tutor(searcher, smol_model), smol_model.pid
    assert pid
    before = resource.prlimit(pid, resource.RLIMIT_AS)
    resource.prlimit(pid, resource.RLIMIT_AS, (1 << 20, before[1]))
    for _ in range(3):
        assert 19 in {c.question for c in tutor.answer(Ask("What is a KV cache?")).citations}
    with suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_AS, before)
    wait_for(lambda: smol_model.state.ready and not tutor_in_trouble(tutor))


def tutor_in_trouble(tutor):
    """Whether an answer still goes without the model."""
    return any(flag.startswith("reason: ") for flag in tutor.answer(Ask("What is a KV cache?")).flags)


def wait_for(true, seconds=60):
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert true()
