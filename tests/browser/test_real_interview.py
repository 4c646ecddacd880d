"""A whole interview and an answer in the browser, with a real language model behind the page."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from web_server import running

from tutor.llm import installed, open_model
from tutor.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.real_model]
# Small ones: what is looked at is the way through the page, not what the model knows.
NAMES = ("SmolLM2-135M-Instruct-Q4_1", "Qwen2.5-Coder-1.5B-Instruct-Q4_K_M")
GOOD = "KV Cache 避免重複計算，它把先前每個字的 Key 和 Value 向量存在記憶體裡，不用重算前面的向量。"


def weights(models_dir: Path) -> Path:
    """A model that is on disk: the GGUF that `TUTOR_TEST_MODEL` names, or one that the tests or the user pulled before."""
    named = os.environ.get("TUTOR_TEST_MODEL")
    if named:
        return Path(named)
    for folder in (models_dir, Settings().models_dir):
        for model in installed(folder):
            if model.name in NAMES:
                return model.path
    pytest.skip("no weights on this machine: tutor models pull, or set TUTOR_TEST_MODEL to a GGUF file")


@pytest.fixture(scope="module")
def real_site(browser: Any, models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = weights(models_dir)
    settings = Settings(data_dir=tmp_path_factory.mktemp("real"), model=str(path), offline=True, context=2048)
    with open_model(settings) as model:
        model.wait_ready(180)
        with running(settings.data_dir, model=model) as site:
            yield site.url


def test_an_answer_and_a_whole_interview_with_a_real_model(browser: Any, real_site: str) -> None:
    context = browser.new_context(locale="zh-TW")
    page = context.new_page()
    page.set_default_timeout(240_000)
    page.goto(real_site)
    page.wait_for_function("document.documentElement.dataset.worded")
    page.locator("#ask textarea").fill("什麼是 KV Cache？")
    page.keyboard.press("Enter")
    page.locator("#current .actions").wait_for()
    page.locator("#current .cite").first.wait_for()
    assert page.locator("#panel #q-1 mark").count() > 0
    # Who wrote it is said: a model of this engine, not an extract of the document alone.
    page.goto(f"{real_site}/#status")
    page.locator(".status-page", has_text="llama.cpp").wait_for()

    page.goto(f"{real_site}/#practise")
    page.locator(".more-choices summary").click()
    page.locator("[name=order]").select_option("document")
    page.locator("[name=follow_ups]").select_option("1")
    page.get_by_role("button", name="開始面試").click()
    for _ in range(8):
        page.locator(".answer textarea:enabled, .report").first.wait_for()
        if page.locator(".report").count():
            break
        page.locator(".answer textarea").fill(GOOD)
        page.locator(".answer").get_by_role("button", name="送出回答").click()
        page.wait_for_function(
            "document.querySelector('.report') || document.querySelector('.answer textarea:enabled')?.value === ''"
        )
    page.locator(".report .summary").wait_for()
    page.locator(".report .chart").first.wait_for()
    assert page.locator(".report .result").count() == 2
    assert page.locator(".report .verdict.met").count() > 0
    context.close()
