"""A short load on a real application process: every answer the same as in calm, nothing lost, memory and files flat.

The long one is `python -m eval load`.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx

from eval.capacity import CARDS, capacity, write
from eval.load import run
from eval.load.questions import QUESTIONS
from tutor.llm.model_shape import LLAMA_8B, LLAMA_70B
from tutor.settings import Settings


def test_many_readers_at_once_each_get_their_own_answer(corpus_data: Path) -> None:
    with ExitStack() as stack:
        model = stack.enter_context(run._stand_in())
        host = stack.enter_context(run._application(Settings(data_dir=corpus_data), model))

        def answer(query: str) -> str:
            reply = httpx.post(f"{host}/api/v1/ask", json={"query": query}, timeout=120, trust_env=False)
            assert reply.status_code == 200, reply.text
            return str(reply.json()["answer"])

        calm = {query: answer(query) for query in QUESTIONS}
        assert len(set(calm.values())) == len(QUESTIONS)
        before = run.figures(host)
        asked = [QUESTIONS[n % len(QUESTIONS)] for n in range(64)]
        with ThreadPoolExecutor(16) as pool:
            given = list(pool.map(answer, asked))
        assert [calm[query] for query in asked] == given
        seen = asyncio.run(run._at_rate([host], 4.0, 3.0))
        assert seen
        assert [one.error for one in seen if one.error] == []
        after = run.figures(host)
        assert after["open_files"] <= before["open_files"] + 16
        assert after["rss_mb"] <= before["rss_mb"] * 1.25
        text = httpx.get(f"{host}/metrics", trust_env=False).text
        assert "tutor_answers_running 0.0" in text


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
