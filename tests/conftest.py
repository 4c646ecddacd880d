"""Shared fixtures: small real indexes, fake and real models."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest

from ingest.corpora import ingest, shipped_document
from tutor.llm import Model, open_model, pull
from tutor.retrieval.search import Searcher
from tutor.settings import Settings

FAST = ["use"]
TINY_BANK = """\
# Sample

### 問題 1：什麼是快取？
#### 解釋
快取會把常用的資料存在較快的記憶體裡。這樣可以省去重複計算，把延遲從 90 毫秒降到 3 毫秒。

### 問題 2：什麼是索引？
#### 解釋
索引讓資料庫不用掃描整張表就能找到資料。代價是寫入時要多更新一份結構。
詳見第 1 題。

### 問題 3：什麼是負載平衡？
負載平衡器把請求分散到多台伺服器，避免單一機器過載。
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser's tests come last: Playwright leaves an event loop running in the main thread."""
    items.sort(key=lambda item: "browser" in item.path.parts)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests may reach them."""
    for name in list(os.environ):
        if name.startswith("TUTOR_") and not name.startswith("TUTOR_TEST_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """Where the tests keep pulled models between runs: never the user's own data folder."""
    kept = os.environ.get("TUTOR_TEST_DATA_DIR") or platformdirs.user_cache_dir(
        "interview-tutor-tests", appauthor=False
    )
    return Path(kept) / "models"


@pytest.fixture(scope="session")
def corpus_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the shipped corpus, indexed with the default embedders."""
    data = tmp_path_factory.mktemp("data")
    defaults = Settings(data_dir=data)
    source = shipped_document("llm-vlm-80")
    assert source is not None
    ingest(defaults.corpora_dir, "llm-vlm-80", source, embedders=defaults.embedders)
    return data


@pytest.fixture(scope="session")
def corpus_settings(corpus_data: Path) -> Settings:
    """Settings over the shipped corpus with the fake model."""
    return Settings(data_dir=corpus_data, model="fake", offline=True)


@pytest.fixture(scope="session")
def searcher(corpus_settings: Settings) -> Searcher:
    """A searcher over the shipped corpus."""
    return Searcher(corpus_settings.corpora_dir, "llm-vlm-80", corpus_settings.embedders)


@pytest.fixture(scope="session")
def fake_model(corpus_settings: Settings) -> Iterator[Model]:
    """The fake model, ready."""
    with open_model(corpus_settings) as model:
        model.wait_ready(10)
        yield model


@pytest.fixture
def tiny_bank(tmp_path: Path) -> Path:
    """A small document of three questions."""
    path = tmp_path / "tiny.md"
    path.write_text(TINY_BANK, encoding="utf-8")
    return path


def _real(name: str, models_dir: Path, settings: Settings) -> Model:
    """A model of the catalogue, pulled through the real `pull` unless an earlier run left it there."""
    path = pull(name, models_dir)
    model = open_model(settings.model_copy(update={"model": str(path), "offline": False}))
    model.wait_ready(180)
    return model


@pytest.fixture(scope="module")
def smol_model(models_dir: Path, corpus_settings: Settings) -> Iterator[Model]:
    """SmolLM2 135M (Llama architecture) on the real engine."""
    model = _real("SmolLM2-135M-Instruct-Q4_1", models_dir, corpus_settings)
    yield model
    model.close()


@pytest.fixture(scope="module")
def packaged_model(models_dir: Path, corpus_settings: Settings) -> Iterator[Model]:
    """The packaged 1.5B model, the default where no hub answers, on the real engine."""
    model = _real("Qwen2.5-Coder-1.5B-Instruct-Q4_K_M", models_dir, corpus_settings)
    yield model
    model.close()
