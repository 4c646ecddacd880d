"""The page in a browser, by the clock: first paint, when one can ask, a keystroke's way to the screen. `python -m eval page`.

Serves the shipped corpus with the fake model from this process and visits it with a Chromium of the machine. Knows no
layout: what it looks at are the box to ask in and what the browser itself reports.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import uvicorn

from eval.speed.machine import describe
from ingest.errors import UsageError
from tutor.settings import Settings
from tutor.web.app import create_app
from tutor.web.backstage import Backstage
from tutor.web.serve import bind, url_of

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TABS = {
    "ask": "#ask textarea", "practise": ".practise-home", "progress": ".progress-page", "library/19": ".reading",
    "status": ".status-page",
}  # fmt: skip
OPENINGS, EXCHANGES, KEYSTROKES = 7, 30, 60
# Milliseconds.
BARS = {"first_paint_ms": 2000.0, "keystroke_to_paint_ms": 100.0}
READY_SECONDS = 600.0
QUERIES = ("什麼是 KV Cache？", "LoRA 的原理是什麼？", "FlashAttention 為什麼快？", "什麼是 RLHF？", "CLIP 怎麼訓練？")
# The clock of the page itself, from the moment the address was entered.
_WATCH = """
new MutationObserver(() => {
  const box = document.querySelector("#ask textarea");
  if (window.usable === undefined && document.documentElement.dataset.worded && box && box.offsetParent && !box.disabled)
    window.usable = performance.now();
}).observe(document, {childList: true, subtree: true, attributes: true});
"""
# From the key's own time stamp until the frame that shows it has been handed over.
_KEYS = """
window.keys = [];
document.querySelector("#ask textarea").addEventListener("keydown", (event) => {
  requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => window.keys.push(performance.now() - event.timeStamp);
    channel.port2.postMessage(0);
  });
});
"""


def measure(settings: Settings, say: Callable[[str], None]) -> dict[str, Any]:
    """Medians and worst values with their bars, console errors and foreign requests of all tabs.

    Raises:
        UsageError: there is no Playwright or no Chromium on this machine.
    """
    path = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise UsageError("The page's measure wants Playwright.", "pip install playwright") from error
    if path is None:
        raise UsageError("There is no Chromium on this machine.", "apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, _served(settings, Path(folder)) as url:
        conversation = _conversation(url, say)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
            wrong: list[str] = []
            foreign: list[str] = []
            openings = [_opening(browser, url, wrong, foreign) for _ in range(OPENINGS)]
            say(f"opened {len(openings)} times")
            keys = _keystrokes(browser, url, conversation, wrong, foreign)
            say(f"typed {len(keys)} keys")
            _walk(browser, url, wrong, foreign)
            version = browser.version
            browser.close()
    figures = {
        "first_paint_ms": _summary([paint for paint, _ in openings]),
        "box_usable_ms": _summary([usable for _, usable in openings]),
        "keystroke_to_paint_ms": _summary(keys),
    }
    passed = {name: figures[name]["median"] < bar for name, bar in BARS.items()}
    return {
        "machine": describe(settings.model_copy(update={"model": "fake", "server_url": ""})), "chromium": version, "messages": 2 * EXCHANGES, **figures, "bars": BARS,
        "console_errors": wrong, "foreign_requests": foreign,
        "passed": all(passed.values()) and not wrong and not foreign,
    }  # fmt: skip


def _summary(values: list[float]) -> dict[str, float]:
    return {
        "median": round(float(np.median(values)), 1), "p95": round(float(np.percentile(values, 95)), 1),
        "worst": round(max(values), 1), "count": len(values),
    }  # fmt: skip


@contextlib.contextmanager
def _served(settings: Settings, folder: Path) -> Iterator[str]:
    own = settings.model_copy(
        update={"model": "fake", "server_url": "", "database_url": f"sqlite:///{folder}/page.sqlite", "sign_in": False}
    )
    stage = Backstage(own)
    config = uvicorn.Config(create_app(own, stage), log_level="warning", timeout_graceful_shutdown=1, ws="none")
    server = uvicorn.Server(config)
    with bind(own.host, 0) as sock:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
        thread.start()
        try:
            if stage.wait(READY_SECONDS) is None:
                raise UsageError(f"The corpus did not open: {stage.index.reason}", stage.index.mend)
            yield url_of(own.host, sock)
        finally:
            server.should_exit = True
            thread.join(15)


def _conversation(url: str, say: Callable[[str], None]) -> str:
    """A kept conversation of `EXCHANGES` questions and as many answers; its id."""
    with httpx.Client(base_url=f"{url}/api/v1", timeout=120, trust_env=False) as client:
        begun = client.post("/conversations", json={"title": "long"}).raise_for_status().json()
        for number in range(EXCHANGES):
            query = QUERIES[number % len(QUERIES)]
            client.post("/ask", json={"query": query, "conversation": begun["id"]}).raise_for_status()
        say(f"a conversation of {2 * EXCHANGES} messages")
        return str(begun["id"])


def _page(browser: Any, url: str, wrong: list[str], foreign: list[str]) -> Any:
    context = browser.new_context(locale="zh-TW", viewport={"width": 1280, "height": 800})
    context.add_init_script(_WATCH)
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.on("console", lambda m: wrong.extend([m.text] if m.type == "error" else []))
    page.on("pageerror", lambda e: wrong.append(str(e)))
    own = (url, "data:", "blob:", "about:")
    page.on("request", lambda r: foreign.extend([] if r.url.startswith(own) else [r.url]))
    return page


def _opening(browser: Any, url: str, wrong: list[str], foreign: list[str]) -> tuple[float, float]:
    """First contentful paint, and when the box can be used; milliseconds, with an empty cache."""
    page = _page(browser, url, wrong, foreign)
    page.goto(url)
    page.wait_for_function("window.usable !== undefined")
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    usable = page.evaluate("window.usable")
    page.context.close()
    return float(paint), float(usable)


def _keystrokes(browser: Any, url: str, conversation: str, wrong: list[str], foreign: list[str]) -> list[float]:
    """Milliseconds from a key to the frame that shows it, in the long conversation."""
    page = _page(browser, url, wrong, foreign)
    page.context.add_init_script(f"sessionStorage.setItem('tutor_conversation', '{conversation}')")
    page.goto(url)
    page.wait_for_function(f"document.querySelectorAll('#conversation .exchange').length === {EXCHANGES}")
    page.evaluate(_KEYS)
    page.locator("#ask textarea").focus()
    for number in range(KEYSTROKES):
        page.keyboard.press("abcde "[number % 6] if number % 6 < 5 else "Space")
        page.wait_for_function(f"window.keys.length > {number}")
    found = [float(k) for k in page.evaluate("window.keys")]
    page.context.close()
    return found


def _walk(browser: Any, url: str, wrong: list[str], foreign: list[str]) -> None:
    """Every tab once."""
    page = _page(browser, url, wrong, foreign)
    page.goto(url)
    page.wait_for_function("window.usable !== undefined")
    for tab, shows in TABS.items():
        page.goto(f"{url}/#{tab}")
        page.locator(shows).first.wait_for()
    page.context.close()


def lines(report: dict[str, Any]) -> Iterator[str]:
    """The report for a terminal."""
    for name in ("first_paint_ms", "box_usable_ms", "keystroke_to_paint_ms"):
        found, bar = report[name], report["bars"].get(name)
        wanted = f"  bar {bar:.0f}" if bar else ""
        yield f"{name:24} median {found['median']:8.1f}  p95 {found['p95']:8.1f}  n {found['count']}{wanted}"
    yield f"console errors {len(report['console_errors'])}  foreign requests {len(report['foreign_requests'])}"
    yield from (*report["console_errors"][:5], *report["foreign_requests"][:5])
