"""The line to the server: no other machine can be reached, the server dies and comes back, the session ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from web_server import Site

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
TABS = {
    "ask": "#ask textarea", "practise": ".practise-home, .interview, .report", "progress": ".progress-page",
    "library/1": ".reading", "status": ".status-page",
}  # fmt: skip


def test_every_tab_loads_with_fonts_and_plots_while_nothing_else_can_be_reached(browser: Any, site: Site) -> None:
    context = browser.new_context(locale="zh-TW", viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(45_000)
    stopped: list[str] = []

    def cut(route: Any) -> None:
        if route.request.url.startswith((site.url, "data:", "blob:")):
            route.continue_()
        else:
            stopped.append(route.request.url)
            route.abort()

    context.route("**/*", cut)
    failed: list[str] = []
    page.on("requestfailed", lambda r: failed.append(r.url))
    page.goto(site.url)
    page.wait_for_function("document.documentElement.dataset.worded")
    page.locator("#ask textarea").fill("什麼是 KV Cache？")
    page.keyboard.press("Enter")
    page.locator("#current .cite").first.wait_for()
    for tab, shows in TABS.items():
        page.goto(f"{site.url}/#{tab}")
        page.locator(shows).first.wait_for()
    # An interview's report draws its charts with what this server gives.
    page.goto(f"{site.url}/#library/3")
    page.locator(".reading").get_by_role("button", name="用這題面試我").click()
    page.locator(".answer textarea").fill("LoRA 凍結原本的權重，需要訓練的參數量大幅減少。")
    page.locator(".answer").get_by_role("button", name="送出回答").click()
    page.locator(".interview .result, .report, .utterance.follow-up").first.wait_for()
    if page.locator(".report").count() == 0:
        page.get_by_role("button", name="結束面試").click()
    page.locator(".report .chart").first.wait_for()
    # Every font that is asked for by name lies on the machine: none is loaded, none is missing.
    assert page.evaluate("document.fonts.status") == "loaded"
    assert page.evaluate("[...document.fonts].filter(f => f.status === 'error').map(f => f.family)") == []
    assert stopped == []
    assert [url for url in failed if not url.startswith(site.url)] == []
    context.close()


@pytest.fixture
def killable(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Start the application as a process at an address that stays; a second call kills the first and starts anew."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running: list[subprocess.Popen[str]] = []
    script = Path(__file__).with_name("killable_server.py")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}

    def start(*arguments: str) -> str:
        process = subprocess.Popen(
            [sys.executable, str(script), str(tmp_path), str(port), *arguments],
            stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        running.append(process)
        assert process.stdout is not None
        return process.stdout.readline().strip()

    start.kill = lambda: _kill(running[-1])  # type: ignore[attr-defined]
    yield start
    for process in running:
        _kill(process)


def _kill(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.wait(30)


def test_a_server_that_dies_in_mid_answer_is_told_and_found_again(browser: Any, killable: Any) -> None:
    url = killable("waits")
    context = browser.new_context(locale="zh-TW")
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(url)
    page.wait_for_function("document.documentElement.dataset.worded")
    page.locator("#ask textarea").fill("什麼是 KV Cache？")
    page.keyboard.press("Enter")
    page.locator("#panel .source").first.wait_for()
    killable.kill()
    # It says so, in the visitor's language, and nothing turns as if it went on.
    page.locator("#notice").get_by_text("和伺服器的連線斷了").wait_for()
    page.locator("#current .note.bad", has_text="沒有做完").wait_for()
    assert page.locator(".note.busy").count() == 0
    assert page.locator("#ask .stop").is_hidden()
    assert not page.locator(".toast-wrap").is_visible()
    page.locator("#ask textarea").fill("寫到一半的問題")
    killable()
    # The conversation comes back by itself, says what became of the answer, and can be gone on with.
    page.locator("#current .note", has_text="伺服器中途停了").wait_for()
    assert page.locator("#notice:visible").count() == 0
    page.wait_for_function("document.querySelector('#ask textarea').value === '寫到一半的問題'")
    page.locator("#conversation").get_by_role("button", name="重試").click()
    page.locator("#current .cite").first.wait_for()
    assert page.locator("#conversation .asked-text").all_inner_texts() == ["什麼是 KV Cache？"]
    context.close()


def test_a_short_break_goes_by_and_leaves_what_was_typed(visit: Visit, browser: Any, site: Site) -> None:
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    page.set_default_timeout(45_000)
    page.goto(f"{site.url}/#library")
    page.wait_for_function("document.documentElement.dataset.worded")
    page.locator(".shelf").wait_for()
    page.evaluate("window.mark = 1")
    context.set_offline(True)
    page.locator(".titles a").first.click()
    page.locator("#notice").get_by_text("The connection to the server is lost").wait_for()
    context.set_offline(False)
    page.get_by_text("Connected again").wait_for()
    assert page.locator("#notice:visible").count() == 0
    assert page.evaluate("window.mark") == 1
    page.locator(".titles a").last.click()
    page.locator(".reading").wait_for()
    context.close()
