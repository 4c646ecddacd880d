"""Pictures of the page for the documentation: `python tests/browser/screenshots.py [--only NAME]`.

Uses the corpus and the model that the settings name (`TUTOR_MODEL`, `TUTOR_DATA_DIR`), and a Chromium.
"""

from __future__ import annotations

import argparse
import io
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from conftest import FLAGS, chromium
from PIL import Image
from playwright.sync_api import sync_playwright

from tutor.settings import Settings
from tutor.web.app import create_app
from tutor.web.backstage import Backstage
from tutor.web.serve import bind, url_of

# A model may have to be fetched first, and answers on a CPU take their time.
READY_SECONDS, ANSWER_SECONDS = 1800.0, 180.0
COLOURS = 256


@dataclass(frozen=True)
class Picture:
    """What to show: a visitor, and what he asks (nothing: the empty page)."""

    name: str
    locale: str
    scheme: str
    size: tuple[int, int]
    queries: tuple[str, ...] = ()


WIDE, PHONE = (1280, 800), (390, 844)
PICTURES = (
    Picture("ask-empty-zh", "zh-TW", "light", WIDE),
    Picture("ask-zh-light", "zh-TW", "light", WIDE, ("什麼是 KV Cache？它怎麼加速推理？",)),
    Picture("ask-zh-dark", "zh-TW", "dark", WIDE, ("LoRA 的原理是什麼？它怎麼省下參數？",)),
    Picture("ask-en-light", "en-US", "light", WIDE, ("How does FlashAttention save memory?",)),
    Picture("ask-en-dark", "en-US", "dark", WIDE, ("What is the difference between data and model parallelism?",)),
    Picture("ask-refusal-zh", "zh-TW", "light", WIDE, ("台北今天的天氣如何？會下雨嗎？",)),
    Picture("ask-phone-zh-light", "zh-TW", "light", PHONE, ("什麼是 KV Cache？它怎麼加速推理？",)),
    Picture("ask-phone-en-dark", "en-US", "dark", PHONE, ("How does FlashAttention save memory?",)),
)


def main() -> None:
    """Serve, visit, save."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, default=Path("docs/images"))
    arguments.add_argument("--only", action="append", help="name of a picture; may be given again")
    chosen = arguments.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    settings = Settings()
    stage = Backstage(settings)
    config = uvicorn.Config(create_app(settings, stage), log_level="warning", timeout_graceful_shutdown=1, ws="none")
    server = uvicorn.Server(config)
    with bind(settings.host, 0) as sock, sync_playwright() as playwright:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
        thread.start()
        try:
            tutor = stage.wait(READY_SECONDS)
            if tutor is None:
                raise SystemExit(f"the corpus did not open: {stage.index}")
            tutor.model.wait_ready(READY_SECONDS)
            browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            for picture in PICTURES:
                if not chosen.only or picture.name in chosen.only:
                    path = chosen.out / f"{picture.name}.png"
                    save(take(browser, url_of(settings.host, sock), picture), path)
                    print(f"{path}  {path.stat().st_size // 1024} kB")
            browser.close()
        finally:
            server.should_exit = True
            thread.join(15)


def take(browser: Any, url: str, picture: Picture) -> bytes:
    """The window of one visitor after the last answer."""
    width, height = picture.size
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=picture.scheme, locale=picture.locale,
        reduced_motion="reduce",
    )  # fmt: skip
    page = context.new_page()
    page.goto(url)
    page.wait_for_function("document.documentElement.dataset.worded")
    for number, query in enumerate(picture.queries, 1):
        page.locator("#ask textarea").fill(query)
        page.locator("#ask textarea").press("Enter")
        page.wait_for_function(
            f"""document.querySelectorAll('#conversation [data-testid="bot"]').length === {number}
                && document.querySelector('#ask .submit-button')
                && document.querySelector('#conversation .cite, #conversation .option')""",
            timeout=ANSWER_SECONDS * 1000,
        )
    if not picture.queries:
        page.locator("#conversation .example").first.wait_for()
    # Not a wait for the page but for the eye: no caret, no focus ring, the first mark in sight.
    page.evaluate(
        """() => { document.activeElement.blur();
          const mark = document.querySelector('#panel mark'), panel = document.querySelector('#panel');
          if (mark && innerWidth > 960) panel.scrollTop = mark.offsetTop - panel.offsetTop - 120; }"""
    )
    picture_bytes: bytes = page.screenshot(animations="disabled", caret="hide")
    context.close()
    return picture_bytes


def save(data: bytes, path: Path) -> None:
    """Write a PNG with a palette: a quarter of the size, and no difference to the eye."""
    Image.open(io.BytesIO(data)).convert("RGB").quantize(COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    main()
