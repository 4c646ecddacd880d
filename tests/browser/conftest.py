"""A Chromium on this machine, a page that reports what should not happen, and the server they visit."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import platformdirs
import pytest
from web_server import Script, Site, running

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
AXE = "4.11.0"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


def chromium() -> str | None:
    """Path of a Chromium: `TUTOR_TEST_CHROMIUM`, or one on the PATH."""
    return os.environ.get("TUTOR_TEST_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One browser for all tests."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install -e '.[dev]'")
    path = chromium()
    if path is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium, or set TUTOR_TEST_CHROMIUM")
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield found
        found.close()


@pytest.fixture(scope="session")
def server(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The application, serving the small corpus; after the browser, so that a skip costs nothing."""
    folder: Path = tmp_path_factory.mktemp("web")
    with running(folder) as site:
        yield site


@pytest.fixture(scope="session")
def axe() -> str:
    """The axe-core script: `TUTOR_TEST_AXE`, or fetched from the npm registry into the cache of the tests."""
    named = os.environ.get("TUTOR_TEST_AXE")
    if named:
        return Path(named).read_text(encoding="utf-8")
    folder = Path(platformdirs.user_cache_dir("interview-tutor-tests", appauthor=False)) / f"axe-core-{AXE}"
    script = folder / "node_modules" / "axe-core" / "axe.min.js"
    npm = shutil.which("npm")
    if not script.exists():
        if npm is None:
            pytest.skip("no npm on this machine to fetch axe-core with; or set TUTOR_TEST_AXE to an axe.min.js")
        folder.mkdir(parents=True, exist_ok=True)
        command = [
            npm,
            "install",
            "--prefix",
            str(folder),
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--fetch-retries=0",
            f"axe-core@{AXE}",
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode or not script.exists():
            pytest.skip(f"axe-core could not be fetched from the npm registry: {done.stderr.strip()[-200:]}")
    return script.read_text(encoding="utf-8")


@pytest.fixture
def site(server: Site) -> Iterator[Site]:
    """The server with a fresh script; whatever still waits at the end is let go."""
    server.model.script = Script()
    yield server
    server.model.script.gate.set()


@pytest.fixture
def visit(browser: Any, site: Site) -> Iterator[Callable[..., Any]]:
    """Open the page as some visitor; at the end nothing foreign was asked for and the console is clean."""
    contexts: list[Any] = []
    wrong: list[str] = []

    def open_page(at: str = "", **options: Any) -> Any:
        options = {"locale": "zh-TW", "viewport": {"width": 1280, "height": 800}, **options}
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(45_000)
        page.on("request", lambda r: _own(r.url, site.url) or wrong.append(f"foreign request: {r.url}"))
        page.on("console", lambda m: m.type in {"error", "warning"} and wrong.append(f"console: {m.text}"))
        page.on("pageerror", lambda e: wrong.append(f"page error: {e}"))
        page.goto(f"{site.url}/{at}")
        page.wait_for_function("document.documentElement.dataset.worded")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def _own(url: str, site: str) -> bool:
    return url.startswith((site, "data:", "blob:", "about:"))
