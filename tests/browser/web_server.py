"""What the browser tests run against: the application on a small corpus, and a model that waits for the test.

Real engine, real server, real tutor; only the words of the model come from here, one piece at a time.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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

# What a model could have been talked into: everything in it that is live must arrive dead.
HOSTILE = (
    "![chart](https://evil.example/pixel.png) <img src=https://evil.example/2.png> "
    "[click](https://evil.example/page) https://evil.example/bare <script>window.hacked = 1</script> "
)
DOCUMENT = """# 面試題

## A. 推理

### 1. 什麼是 KV Cache？它如何加速推理？

#### 解釋

KV Cache 是一種避免重複計算的優化技術。它把先前每個字的 Key 和 Value 向量保存在記憶體裡。

- **沒有 KV Cache**：每一步都要重新計算前面所有字的向量。
- **有 KV Cache**：每一步只需要計算最新一個字的向量。

#### 具體舉例

生成一百個字時，<b onclick="alert(1)">沒有快取</b>的計算量會隨長度平方成長。

### 2. 什麼是模型量化 (Quantization)？

#### 解釋

量化把模型權重從浮點數轉成低位元整數，用更少的記憶體換取一點精度損失。常見的做法有 INT8 和 INT4。

## B. 訓練

### 3. 請解釋 LoRA 的原理。

#### 解釋

LoRA 凍結原本的權重，只訓練兩個低秩矩陣。因此需要訓練的參數量大幅減少。

### 4. 什麼是學習率預熱 (Warmup)？

#### 解釋

預熱讓學習率在訓練初期由小到大，避免剛開始的梯度把模型帶壞。
"""
RUBRICS = """\
- question: 1
  points:
    - id: '1.1'
      kind: core
      weight: 3
      statement: KV Cache 避免重複計算
      statement_en: The KV cache avoids computing the same vectors again
      aliases:
        zh: [不用重算前面的向量, 省下重複的計算]
        en: [avoids recomputation, does not compute the earlier vectors again]
      quote: KV Cache 是一種避免重複計算的優化技術。
    - id: '1.2'
      kind: core
      weight: 2
      statement: 它把先前的 Key 和 Value 向量存在記憶體裡
      statement_en: It keeps the earlier Key and Value vectors in memory
      aliases:
        zh: [把 K 和 V 存起來]
        en: [stores keys and values]
      quote: 它把先前每個字的 Key 和 Value 向量保存在記憶體裡。
- question: 3
  points:
    - id: '3.1'
      kind: core
      weight: 3
      statement: LoRA 凍結原本的權重
      statement_en: LoRA freezes the original weights
      aliases:
        zh: [原來的參數不動]
        en: [base weights stay frozen]
      quote: LoRA 凍結原本的權重，只訓練兩個低秩矩陣。
    - id: '3.2'
      kind: core
      weight: 2
      statement: 需要訓練的參數量大幅減少
      statement_en: Far fewer parameters have to be trained
      aliases:
        zh: [只訓練很少的參數]
        en: [few trainable parameters]
      quote: 因此需要訓練的參數量大幅減少。
"""
SUPPORTED = (
    "KV Cache 是一種避免重複計算的",
    "優化技術。",
    "它把先前每個字的 Key 和 Value 向量",
    "保存在記憶體裡。",
)


@dataclass
class Script:
    """What the model says next. `gate` is awaited before each piece from `waits_at` on."""

    pieces: Sequence[str] = SUPPORTED
    waits_at: int | None = None
    gate: threading.Event = field(default_factory=threading.Event)
    waiting: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)
    said: int = 0


class ScriptedModel:
    """Stands in for `tutor.llm.Model`: always ready, says what its script says."""

    name = "scripted"
    context_tokens = 4096

    def __init__(self) -> None:
        self.script = Script()
        self.state = ModelState("ready", "scripted for tests")
        self.line = Line(4)

    @property
    def choice(self) -> Any:
        """Only the reason is asked for."""
        return self.state

    def wait_ready(self, _: float) -> None:
        """It is."""

    def keeps_prompts(self) -> bool:
        """It reads nothing, so nothing is read ahead."""
        return False

    def reads_at_once(self, _: str) -> bool:
        """Whatever it is."""
        return True

    def count_tokens(self, text: str) -> int:
        """About one for each character."""
        return len(text)

    def chat(self, **_: Any) -> ScriptedModel:
        """Itself: it is its own chat."""
        return self

    def stream(self, _: Any) -> Iterator[AIMessageChunk]:
        """The pieces of the script, one by one."""
        script = self.script
        try:
            for position, piece in enumerate(script.pieces):
                if script.waits_at is not None and position >= script.waits_at:
                    script.waiting.set()
                    script.gate.wait(30)
                script.said += 1
                yield AIMessageChunk(content=piece)
        finally:
            script.closed.set()

    def close(self) -> None:
        """Let go of whoever waits."""
        self.script.gate.set()


@dataclass
class Site:
    """A running server."""

    url: str
    model: ScriptedModel


@contextlib.contextmanager
def running(folder: Path, port: int = 0, users: Mapping[str, str] | None = None, model: Any = None) -> Iterator[Site]:
    """Build a small corpus under `folder` and serve it on a free port, or on `port`.

    Args:
        users: names and passwords; with them sign-in is on, and all are admins.
        model: a real one in place of the scripted one.
    """
    settings = Settings(data_dir=folder, corpus="small", model="none", port=port, sign_in=True if users else None)
    document = folder / "small.md"
    document.write_text(DOCUMENT, encoding="utf-8")
    (folder / "small.rubrics.yaml").write_text(RUBRICS, encoding="utf-8")
    ingest(settings.corpora_dir, "small", document, embedders=settings.embedders)
    model = model or ScriptedModel()
    stage = Backstage(settings, open_model=lambda _: model)
    for name, password in (users or {}).items():
        stage.store.accounts.add(name, password, "admin")
    server = uvicorn.Server(
        uvicorn.Config(create_app(settings, stage), log_level="warning", timeout_graceful_shutdown=1, ws="none")
    )
    with bind(settings.host, port) as sock:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
        thread.start()
        try:
            if stage.wait(120) is None:
                raise RuntimeError(f"the corpus did not open: {stage.index}")
            yield Site(url_of(settings.host, sock), model)
        finally:
            model.close()
            server.should_exit = True
            thread.join(15)
