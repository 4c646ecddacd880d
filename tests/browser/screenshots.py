"""Pictures of the page for the documentation: `python tests/browser/screenshots.py [--only NAME]`.

Uses the corpus and the model that the settings name (`TUTOR_MODEL`, `TUTOR_DATA_DIR`), and a Chromium. Who appears in the
pictures has practised for two weeks: real interviews, graded by the real grader, in a database of their own.
"""

from __future__ import annotations

import argparse
import io
import itertools
import tempfile
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from conftest import FLAGS, chromium
from PIL import Image
from playwright.sync_api import sync_playwright

from tutor.interview.practice import Practice
from tutor.interview.setup import Setup
from tutor.settings import Settings
from tutor.store import LOCAL_USER
from tutor.web.app import create_app
from tutor.web.backstage import Backstage
from tutor.web.serve import bind, url_of

# A model may have to be fetched first, and answers on a CPU take their time.
READY_SECONDS, ANSWER_SECONDS = 1800.0, 180.0
COLOURS = 256


@dataclass(frozen=True)
class Picture:
    """What to show: a visitor, a place of the page, and what he asks there (nothing: the place as it is)."""

    name: str
    locale: str
    scheme: str
    size: tuple[int, int]
    queries: tuple[str, ...] = ()
    place: str = ""


WIDE, PHONE = (1280, 800), (390, 844)
KV, LORA, FLASH = (
    "什麼是 KV Cache？它怎麼加速推理？",
    "LoRA 的原理是什麼？它怎麼省下參數？",
    "How does FlashAttention save memory?",
)
PICTURES = (
    Picture("ask-empty-zh", "zh-TW", "light", WIDE),
    Picture("ask-zh-light", "zh-TW", "light", WIDE, (KV,)),
    Picture("ask-zh-dark", "zh-TW", "dark", WIDE, (LORA,)),
    Picture("ask-en-light", "en-US", "light", WIDE, (FLASH,)),
    Picture("ask-en-dark", "en-US", "dark", WIDE, ("What is the difference between data and model parallelism?",)),
    Picture("ask-refusal-zh", "zh-TW", "light", WIDE, ("台北今天的天氣如何？會下雨嗎？",)),
    Picture("ask-phone-zh-light", "zh-TW", "light", PHONE, (KV,)),
    Picture("ask-phone-en-dark", "en-US", "dark", PHONE, (FLASH,)),
    Picture("practise-zh-light", "zh-TW", "light", WIDE, place="practise"),
    Picture("practise-en-dark", "en-US", "dark", WIDE, place="practise"),
    Picture("interview-zh-light", "zh-TW", "light", WIDE, place="practise/interview"),
    Picture("interview-phone-zh-dark", "zh-TW", "dark", PHONE, place="practise/interview"),
    Picture("report-zh-light", "zh-TW", "light", (1280, 1400), place="practise/report"),
    Picture("report-en-dark", "en-US", "dark", (1280, 1400), place="practise/report"),
    Picture("report-phone-zh-light", "zh-TW", "light", PHONE, place="practise/report"),
    Picture("progress-zh-light", "zh-TW", "light", (1280, 1100), place="progress"),
    Picture("progress-en-dark", "en-US", "dark", (1280, 1100), place="progress"),
    Picture("progress-phone-zh-light", "zh-TW", "light", PHONE, place="progress"),
    Picture("library-zh-light", "zh-TW", "light", WIDE, place="library/19"),
    Picture("library-en-dark", "en-US", "dark", WIDE, place="library/19"),
    Picture("library-phone-zh-dark", "zh-TW", "dark", PHONE, place="library/19"),
    Picture("status-zh-light", "zh-TW", "light", WIDE, place="status"),
    Picture("status-en-dark", "en-US", "dark", WIDE, place="status"),
    Picture("status-phone-zh-cn-light", "zh-CN", "light", PHONE, place="status"),
)
# What a place must show before it is taken.
SHOWN = {
    "practise": ".practise-home", "practise/interview": ".interview .result", "practise/report": ".report svg.chart",
    "progress": ".progress-page svg.chart", "library/19": ".reading", "status": ".status-page",
}  # fmt: skip


def main() -> None:
    """Serve, practise, visit, save."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, default=Path("docs/images"))
    arguments.add_argument("--only", action="append", help="name of a picture; may be given again")
    chosen = arguments.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=f"sqlite:///{folder}/pictures.sqlite")
        stage = Backstage(settings)
        app = create_app(settings, stage)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1, ws="none"))
        with bind(settings.host, 0) as sock, sync_playwright() as playwright:
            thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
            thread.start()
            try:
                tutor = stage.wait(READY_SECONDS)
                if tutor is None:
                    raise SystemExit(f"the corpus did not open: {stage.index}")
                tutor.model.wait_ready(READY_SECONDS)
                places = practised(stage)
                browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
                for picture in PICTURES:
                    if not chosen.only or picture.name in chosen.only:
                        path = chosen.out / f"{picture.name}.png"
                        save(take(browser, url_of(settings.host, sock), picture, places), path)
                        print(f"{path}  {path.stat().st_size // 1024} kB", flush=True)
                browser.close()
            finally:
                server.should_exit = True
                thread.join(timeout=15)


def practised(stage: Backstage) -> dict[str, str]:
    """Practise on some days of the last two weeks; the places of a running interview and of a report come back."""
    practice = stage.practices.of(LOCAL_USER)
    numbers = [c.number for c in practice.candidates]
    weeks = [
        (13, numbers[0:4]),
        (10, numbers[10:15]),
        (6, numbers[18:22] + numbers[33:35] + numbers[45:46] + numbers[52:53]),
        (2, numbers[0:3] + numbers[30:33]),
    ]
    weeks += [(1, numbers[40:44]), (0, numbers[10:12])]
    report = ""
    ticks = itertools.count(0, 37)  # seconds: an answer is not given in an instant
    for days, asked in weeks:
        then = datetime.now(UTC) - timedelta(days=days)
        own = Practice(
            practice.corpus, practice.material, stage.opened.material(None).grader, stage.store, LOCAL_USER,
            now=lambda then=then: then,  # type: ignore[misc]
            clock=lambda: float(next(ticks)),
        )  # fmt: skip
        session = own.start(Setup(corpus=own.corpus, questions=tuple(asked), number=len(asked), follow_ups=0))
        for position, number in enumerate(asked):
            session.answer(said(stage, number, position + days))
        report = session.id if days == 6 else report
    live = practice.start(Setup(corpus=practice.corpus, questions=(19, 18, 34), number=3, follow_ups=1))
    live.answer(said(stage, 19, 1))
    while not live.view().closed:
        live.skip()
    return {"practise/interview": f"practise/{live.id}", "practise/report": f"practise/{report}"}


def said(stage: Backstage, number: int, care: int) -> str:
    """What a candidate says who knows some of the key points: more of them with more `care`, modulo four."""
    points = [p for p in stage.corpora.material().rubrics[number].points if p.kind != "misconception"]
    known = points[: max(1, len(points) * (care % 4 + 1) // 4)]
    return "我的理解是，" + "。另外，".join(next(iter(p.aliases.zh), p.statement) for p in known) + "。"


def take(browser: Any, url: str, picture: Picture, places: dict[str, str]) -> bytes:
    """The window of one visitor after the last answer."""
    width, height = picture.size
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=picture.scheme, locale=picture.locale,
        reduced_motion="reduce",
    )  # fmt: skip
    page = context.new_page()
    page.goto(f"{url}/#{places.get(picture.place, picture.place)}")
    page.wait_for_function("document.documentElement.dataset.worded")
    for query in picture.queries:
        page.locator("#ask textarea").fill(query)
        page.locator("#ask textarea").press("Enter")
        page.locator("#current .asked-text", has_text=query).wait_for()
        page.locator("#current .actions").wait_for(timeout=ANSWER_SECONDS * 1000)
    if picture.place:
        page.locator(SHOWN[picture.place]).first.wait_for()
    elif not picture.queries:
        page.locator(".example").first.wait_for()
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
