"""The application on a corpus of three questions with the fake model, and questions asked through the page's handlers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from ingest.corpora import ingest
from tutor.settings import Settings
from tutor.web.app import create_app
from tutor.web.ask.asking import Asking
from tutor.web.ask.conversation import Conversation
from tutor.web.backstage import Backstage
from tutor.web.pane import Deed

USER = "ann"
DOCUMENT = """# 面試題

### 1. 什麼是 KV Cache？它如何加速推理？

#### 解釋

KV Cache 是一種避免重複計算的優化技術。它把先前每個字的 Key 和 Value 向量保存在記憶體裡。

### 2. 什麼是模型量化 (Quantization)？

#### 解釋

量化把模型權重從浮點數轉成低位元整數，用更少的記憶體換取一點精度損失。

### 3. 請解釋 LoRA 的原理。

#### 解釋

LoRA 凍結原本的權重，只訓練兩個低秩矩陣。
"""


def small(folder: Path) -> Settings:
    """Settings over the indexed corpus `small`, and the fake model."""
    found = Settings(data_dir=folder, corpus="small", model="fake")
    document = folder / "small.md"
    document.write_text(DOCUMENT, encoding="utf-8")
    ingest(found.corpora_dir, "small", document, embedders=found.embedders)
    return found


@contextmanager
def opened(settings: Settings, stage: Backstage) -> Iterator[TestClient]:
    """A client of the application, once corpus and model are ready."""
    with TestClient(create_app(settings, stage), base_url="http://127.0.0.1:7860") as found:
        tutor = stage.wait(120)
        assert tutor is not None, stage.index
        tutor.model.wait_ready(60)
        yield found


def ask(stage: Backstage, conversation: Conversation, query: str) -> list[tuple[Any, ...]]:
    """Ask a question; all that the panes show until it is answered."""
    asking = Asking(stage)
    asking.take(typed(query), conversation, USER, "zh-TW")
    return list(asking.write(conversation, USER, "zh-TW"))


def typed(query: str) -> Deed:
    """What the browser sends for a question that was typed."""
    return Deed("ask", "", {"query": (query,)})
