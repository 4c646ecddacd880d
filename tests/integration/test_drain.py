"""A server that is told to stop, or killed, while a user reads an answer: SIGTERM lets it be finished, SIGKILL loses nothing."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from eval.load.stand_in import StandIn
from ingest.corpora import ingest
from tutor.settings import Settings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
DOCUMENT = """\
### 1. 什麼是 KV Cache？它如何加速推理？

#### 解釋

KV Cache 是一種避免重複計算的優化技術。它把先前每個字的 Key 和 Value 向量保存在記憶體裡。

### 2. 什麼是模型量化 (Quantization)？

#### 解釋

量化把模型權重從浮點數轉成低位元整數，用更少的記憶體換取一點精度損失。
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("drain")
    (found / "small.md").write_text(DOCUMENT, encoding="utf-8")
    settings = Settings(data_dir=found)
    ingest(settings.corpora_dir, "small", found / "small.md", embedders=settings.embedders)
    return found


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn(rate=2000) as made:
        yield made


def wait_for(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return found


class Served:
    """`tutor serve` as a process, ready."""

    def __init__(self, folder: Path, stand_in: StandIn) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("TUTOR_")}
        settings = {
            "TUTOR_DATA_DIR": str(folder), "TUTOR_CORPUS": "small", "TUTOR_SERVER_URL": stand_in.url, "TUTOR_PORT": "0",
            "TUTOR_LOG_FORMAT": "json", "TUTOR_LOG_LEVEL": "info",
        }  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from tutor.cli import main; main()", "serve"],
            env=kept | settings, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        )  # fmt: skip
        self.lines: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()
        self.url = wait_for(self._url)
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=60)
        wait_for(lambda: self.http.get("/ready").status_code == 200, 120)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)

    def _url(self) -> str:
        return next((m.group() for line in self.lines if (m := re.search(r"http://127\.0\.0\.1:\d+", line))), "")

    def figure(self, name: str) -> float:
        text = self.http.get("/metrics").text
        found = re.search(rf"^{re.escape(name)} ([0-9.e+]+)$", text, re.M)
        assert found, name
        return float(found[1])

    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines if line.startswith("{")]

    def ask(self) -> list[str]:
        """Ask through the page's own protocol; the text of every event, until the stream ends."""
        session = "s" + os.urandom(5).hex()
        config = self.http.get("/config").json()
        by_name = {d["api_name"]: d["id"] for d in config["dependencies"] if d.get("api_name")}
        raise NotImplementedError(by_name, session)


@pytest.fixture
def served(folder: Path, stand_in: StandIn) -> Iterator[Served]:
    made = Served(folder, stand_in)
    yield made
    made.process.kill()
    made.process.wait()
