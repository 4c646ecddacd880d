"""A short load on a real application process: every answer the same as in calm, nothing lost, memory and files flat.

The long one is `python -m eval load`.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from eval.capacity import CARDS, capacity, write
from eval.load import crowd, processes, run, soak
from eval.load.questions import QUESTIONS
from eval.load.reader import Told
from tutor.llm.model_shape import LLAMA_8B, LLAMA_70B
from tutor.settings import Settings


def test_many_readers_at_once_each_get_their_own_answer(corpus_data: Path) -> None:
    with ExitStack() as stack:
        model = stack.enter_context(processes.stand_in(run.RATE, run.FIRST))
        host = stack.enter_context(processes.application(Settings(data_dir=corpus_data), model))

        def answer(query: str) -> str:
            reply = httpx.post(f"{host}/api/v1/ask", json={"query": query}, timeout=120, trust_env=False)
            assert reply.status_code == 200, reply.text
            return str(reply.json()["answer"])

        calm = {query: answer(query) for query in QUESTIONS}
        assert len(set(calm.values())) == len(QUESTIONS)
        before = processes.figures(host)
        asked = [QUESTIONS[n % len(QUESTIONS)] for n in range(64)]
        with ThreadPoolExecutor(16) as pool:
            given = list(pool.map(answer, asked))
        assert [calm[query] for query in asked] == given
        seen = asyncio.run(run.at_rate([host], 4.0, 3.0, QUESTIONS))
        assert seen
        assert [one.error for one in seen if one.error] == []
        after = processes.figures(host)
        assert after["open_files"] <= before["open_files"] + 16
        assert after["rss_mb"] <= before["rss_mb"] * 1.25
        text = httpx.get(f"{host}/metrics", trust_env=False).text
        assert "tutor_answers_running 0.0" in text


def test_a_crowd_reads_streams_of_its_own(corpus_data: Path) -> None:
    report = crowd.measure(Settings(data_dir=corpus_data), processes=1, users=12, minutes=0.2)
    assert report["errors"] == {}
    assert report["foreign"] == 0
    assert report["answers"] >= 12
    assert report["streams_at_once"] > 8
    assert report["different_texts"] > report["questions"] / 2  # or a foreign text could not be told


def test_a_foreign_word_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {q: Told(1.0, q, f"about {q}", {"answer": f"about {q}"}) for q in ("a", "b")}

    async def mixed_up(host: str, query: str) -> Told:
        return told["b" if query == "a" else "a"]

    monkeypatch.setattr(crowd, "ask", mixed_up)
    monkeypatch.setattr(crowd.random.Random, "uniform", lambda *_: 0.05)
    seen, _ = asyncio.run(crowd._crowd(["host"], 1, 0.1, told))
    assert seen.foreign == seen.answers > 0


def test_a_short_soak_loses_nothing(corpus_data: Path) -> None:
    report = soak.measure(Settings(data_dir=corpus_data), processes=1, minutes=0.25, per_second=3.0)
    assert report["errors"] == 0
    assert report["sent"] > 20
    files = [sample["open_files"] for sample in report["samples"][0]]
    assert files[-1] <= files[0] + 16


def test_growth_is_told_from_noise() -> None:
    flat = [{"second": 10.0 * i, "rss_mb": 600 + (i % 3), "open_files": 40.0} for i in range(90)]
    leaking = [{**row, "rss_mb": row["rss_mb"] + row["second"] / 30} for row in flat]
    found, leak = soak.growth(flat), soak.growth(leaking)
    assert abs(found["rss_percent_an_hour"]) < 3 * found["standard_error"]
    assert leak["rss_percent_an_hour"] > 15
    assert found["open_files_an_hour"] == 0


def test_faster_and_larger_cards_give_more_for_any_model() -> None:
    found = {c.name: capacity(c, LLAMA_8B, 8e9) for c in CARDS}
    h100, l4 = found["H100 80 GB"], found["L4 24 GB"]
    assert h100 is not None
    assert l4 is not None
    assert h100.answers_per_second > l4.answers_per_second
    assert h100.batch > l4.batch
    assert capacity(CARDS[0], LLAMA_70B, 70e9) is None


def test_the_documents_hold_what_is_computed() -> None:
    assert write(check=True), "python -m eval capacity"
