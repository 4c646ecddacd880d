"""What the tests of the doors run against: the application on a small corpus, served on a free port."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from langchain_core.messages import AIMessageChunk

from ingest.corpora import ingest
from tutor.llm.line import Line
from tutor.llm.state import ModelState
from tutor.settings import Settings
from tutor.web.app import create_app
from tutor.web.backstage import Backstage
from tutor.web.serve import bind, url_of

DOCUMENT = """# 面試題

## A. 推理

### 1. 什麼是 KV Cache？它如何加速推理？

#### 解釋

KV Cache 是一種避免重複計算的優化技術。它把先前每個字的 Key 和 Value 向量保存在記憶體裡。

### 2. 什麼是模型量化 (Quantization)？

#### 解釋

量化把模型權重從浮點數轉成低位元整數，用更少的記憶體換取一點精度損失。詳見第 1 題。

## B. 訓練

### 3. 請解釋 LoRA 的原理。

#### 解釋

LoRA 凍結原本的權重，只訓練兩個低秩矩陣。

### 4. 什麼是學習率預熱？
"""
RUBRICS = """\
- question: 1
  points:
    - id: "1.1"
      kind: core
      weight: 2
      statement: KV Cache 避免重複計算
      quote: KV Cache 是一種避免重複計算的優化技術
    - id: "1.2"
      kind: detail
      weight: 1
      statement: 先前每個字的 Key 和 Value 向量保存在記憶體裡
      quote: 它把先前每個字的 Key 和 Value 向量保存在記憶體裡
"""


def small_settings(folder: Path, **changes: Any) -> Settings:
    """Settings over an indexed corpus `small` of four questions, and the fake model."""
    settings = Settings(data_dir=folder, corpus="small", model="fake", offline=True, **changes)
    document = folder / "small.md"
    document.write_text(DOCUMENT, encoding="utf-8")
    (folder / "small.rubrics.yaml").write_text(RUBRICS, encoding="utf-8")
    ingest(settings.corpora_dir, "small", document, embedders=settings.embedders)
    return settings


@contextmanager
def served(settings: Settings, stage: Backstage | None = None) -> Iterator[str]:
    """The address of the application, once its corpus and model are ready."""
    stage = stage or Backstage(settings)
    sock = bind("127.0.0.1", 0)
    config = uvicorn.Config(create_app(settings, stage), log_level="warning", ws="none", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    thread.start()
    try:
        tutor = stage.wait(120)
        assert tutor is not None, stage.index
        tutor.model.wait_ready(60)
        yield url_of("127.0.0.1", sock)
    finally:
        server.should_exit = True
        thread.join(30)
        sock.close()


class EndlessModel:
    """Stands in for `tutor.llm.Model`: says one supported sentence again and again until it is stopped."""

    name = "endless"
    context_tokens = 4096
    most = 5000

    def __init__(self) -> None:
        self.state = ModelState("ready", "scripted for tests")
        self.choice = self.state
        self.line = Line(4)
        self.said = 0
        self.closed = threading.Event()
        self._pause = threading.Event()

    def count_tokens(self, text: str) -> int:
        return len(text)

    def wait_ready(self, _: float) -> None: ...

    def keeps_prompts(self) -> bool:
        return False

    def reads_at_once(self, _: str) -> bool:
        return True

    def close(self) -> None: ...

    def chat(self, **_: Any) -> EndlessModel:
        return self

    def stream(self, _: Any) -> Iterator[AIMessageChunk]:
        try:
            while self.said < self.most:
                self.said += 1
                self._pause.wait(0.01)
                yield AIMessageChunk(content="KV Cache 是一種避免重複計算的優化技術。\n")
        finally:
            self.closed.set()
