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
            "TUTOR_LOG_FORMAT": "json", "TUTOR_LOG_LEVEL": "info", "TUTOR_DRAIN_SECONDS": "600",  # longer than a test waits
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

    def ask(self) -> Asked:
        """A question that is being answered, in a thread of its own."""
        return Asked(self)


class Asked(threading.Thread):
    """A reader of one streamed answer."""

    def __init__(self, served: Served) -> None:
        super().__init__(daemon=True)
        self._served = served
        self.lines: list[str] = []
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        body = {"model": "tutor", "stream": True, "messages": [{"role": "user", "content": "什麼是 KV Cache？"}]}
        try:
            with httpx.stream(
                "POST", f"{self._served.url}/v1/chat/completions", json=body, trust_env=False, timeout=60
            ) as stream:
                self.lines += [line for line in stream.iter_lines() if line]
        except httpx.HTTPError as error:
            self.error = error

    @property
    def finished(self) -> bool:
        """Whether the stream came to its proper end."""
        return self.lines[-1:] == ["data: [DONE]"]


@pytest.fixture
def served(folder: Path, stand_in: StandIn) -> Iterator[Served]:
    made = Served(folder, stand_in)
    yield made
    made.process.kill()
    made.process.wait()


def test_sigterm_lets_answers_be_finished_and_takes_no_new_users(served: Served, stand_in: StandIn) -> None:
    stand_in.hold.set()
    asked = [served.ask() for _ in range(3)]
    wait_for(lambda: stand_in.running == 3)
    assert served.figure("tutor_answers_running") == 3
    served.process.send_signal(signal.SIGTERM)
    wait_for(lambda: served.http.get("/health").status_code == 503)
    assert served.process.poll() is None
    stand_in.hold.clear()
    for one in asked:
        one.join(60)
    assert all(one.finished for one in asked), [one.error for one in asked]
    assert served.process.wait(60) in {0, -signal.SIGTERM}
    rows = [row for row in served.rows() if row["logger"] == "tutor.web.answers"]
    assert [row["outcome"] for row in rows] == ["answered"] * 3
    assert len({row["request"] for row in rows}) == 3
    assert not any("KV Cache" in json.dumps(row, ensure_ascii=False) for row in rows)


def test_a_second_sigterm_does_not_wait(served: Served, stand_in: StandIn) -> None:
    stand_in.hold.set()
    served.ask()
    wait_for(lambda: stand_in.running == 1)
    served.process.send_signal(signal.SIGTERM)
    wait_for(lambda: served.http.get("/health").status_code == 503)
    served.process.send_signal(signal.SIGTERM)
    served.process.wait(60)
    wait_for(lambda: stand_in.running == 0)


def test_sigkill_in_mid_answer_costs_that_answer_alone(folder: Path, stand_in: StandIn) -> None:
    first = Served(folder, stand_in)
    stand_in.hold.set()
    asked = first.ask()
    wait_for(lambda: stand_in.running == 1)
    first.process.kill()
    first.process.wait()
    asked.join(60)
    assert not asked.finished
    stand_in.hold.clear()
    wait_for(lambda: stand_in.running == 0)  # nothing goes on writing for a reader that is gone
    second = Served(folder, stand_in)
    try:
        again = second.ask()
        again.join(60)
        assert again.finished
    finally:
        second.process.kill()
        second.process.wait()
