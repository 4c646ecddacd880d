"""Reasons in the visitor's language: every clause that the choice of a model can be made of has a Chinese wording."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ingest.corpora import ingest
from ingest.shelf import shelf
from tutor.llm.hardware import Finding
from tutor.llm.resolve import Machine, resolve
from tutor.settings import Settings
from tutor.web.status.reasons import reason

NO_GPU = (
    "no CUDA GPU found",
    "no working CUDA GPU (nvidia-smi is there but does not answer as it should)",
    "the GPU (Tesla K80) is too old for AWQ (compute capability 3.7 < 7.5)",
    "the GPU (GTX 1650) has 4096 MiB, the AWQ model wants 8000",
)
HUBS = (
    Finding(True, "the model hub answers"),
    Finding(False, "the model hub cannot be reached (ConnectError)"),
    Finding(False, "the model hub answered 503"),
    Finding(False, "the model hub did not answer within 3 s"),
)
GPU = Finding(True, "a CUDA GPU is here (H100, 80 GiB)")
VLLMS = (
    Finding(True, "vLLM is installed"),
    Finding(False, "vLLM is not installed (pip install 'interview-tutor[vllm]')"),
)


def machine(gpu: Finding, hub: Finding, vllm: Finding = VLLMS[1]) -> Machine:
    return Machine(gpu=lambda: gpu, vllm=lambda: vllm, hub=lambda _: hub)


def english_left(text: str) -> list[str]:
    """Words of two small letters and more that no name, code or path explains."""
    bare = re.sub(r"\S*[=/_\[\]]\S*|\S*[A-Z0-9-]\S*", " ", re.sub(r"（[^）]*）", " ", text))
    return re.findall(r"\b[a-z]{2,}\b", bare)


@pytest.mark.parametrize("gpu", NO_GPU)
@pytest.mark.parametrize("hub", HUBS)
@pytest.mark.parametrize("offline", [False, True])
def test_automatic_choices_without_a_gpu(gpu: str, hub: Finding, offline: bool, tmp_path: Path) -> None:
    chosen = resolve(Settings(data_dir=tmp_path, offline=offline), machine(Finding(False, gpu), hub))
    said = reason(chosen.reason, "zh-TW")
    assert english_left(said) == [], said
    assert reason(chosen.reason, "en") == chosen.reason


@pytest.mark.parametrize("vllm", VLLMS)
@pytest.mark.parametrize("hub", HUBS)
def test_automatic_choices_with_a_gpu(vllm: Finding, hub: Finding, tmp_path: Path) -> None:
    said = reason(resolve(Settings(data_dir=tmp_path), machine(GPU, hub, vllm)).reason, "zh-TW")
    assert english_left(said) == [], said


@pytest.mark.parametrize("model", ["fake", "none"])
def test_choices_of_the_user(model: str, tmp_path: Path) -> None:
    said = reason(resolve(Settings(data_dir=tmp_path, model=model)).reason, "zh-TW")
    assert said.startswith(f"由 TUTOR_MODEL={model} 指定：")
    assert english_left(said) == []


def test_what_is_not_known_stays_as_it_is() -> None:
    assert reason("something new", "zh-TW") == "something new"


def test_names_and_paths_keep_their_script() -> None:
    said = reason("chosen by TUTOR_MODEL=/home/陳/模型/機器.gguf; vLLM is installed", "zh-CN")
    assert said == "由 TUTOR_MODEL=/home/陳/模型/機器.gguf 指定；已安装 vLLM"
    assert reason("the settings ask for vectors of 向量; 檔案.gguf", "zh-CN") == "设置要的向量是 向量；檔案.gguf"
    said = reason("機器.gguf is not on disk and the model hub did not answer within 3 s", "zh-CN")
    assert said.startswith("機器.gguf 不在")
    assert reason(r"chosen by TUTOR_MODEL=C:\1\2.gguf", "zh-TW") == r"由 TUTOR_MODEL=C:\1\2.gguf 指定"


def test_states_of_a_corpus(tiny_bank: Path, tmp_path: Path) -> None:
    def state(embedders: tuple[str, ...] = ("use",)) -> str:
        return next(one.reason for one in shelf(tmp_path / "corpora", embedders) if one.name == "tiny")

    ingest(tmp_path / "corpora", "tiny", tiny_bank, embedders=["use"])
    assert state() == ""
    said = [state(("use", "e5"))]
    tiny_bank.write_text("## 1. What is new?\n\nAll of it.\n", encoding="utf-8")
    said.append(state())
    tiny_bank.write_bytes(b"%PDF-1.7")
    said.append(state())
    tiny_bank.unlink()
    said.append(state())
    (build,) = (tmp_path / "corpora" / "tiny").glob("build-*")
    (build / "content.sqlite").write_bytes(b"spoilt" * 1000)
    said.append(state())
    (build / "content.sqlite").unlink()
    said.append(state())
    (build / "manifest.json").write_text("{}", encoding="utf-8")
    said.append(state())
    assert len(set(said)) == 6
    for english in said:
        chinese = reason(english, "zh-TW")
        assert chinese != english
        assert set(english_left(chinese)) <= {"use"}, chinese


def test_a_model_on_its_way_is_told_in_chinese() -> None:
    assert reason("fetching m: 3 of 98 MB", "zh-TW") == "正在下載 m：3／98 MB"
    assert reason("checking m: 98 MB", "zh-TW") == "正在檢查 m：98 MB"
