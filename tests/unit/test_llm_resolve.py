"""Which model is chosen, and the reason given: a table of machines and settings."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest

from ingest.errors import UsageError
from tutor.llm import hardware, resolve, use
from tutor.llm.catalogue import CatalogueEntry, load_catalogue
from tutor.llm.hardware import Finding
from tutor.llm.on_disk import model_path, record
from tutor.llm.resolve import Machine, without_hub
from tutor.settings import Settings

LLAMA = "Llama-3.2-3B-Instruct-Q4_K_M"
TAIWAN = "Llama-3-Taiwan-8B-Instruct-Q4_K_M"
AWQ = "Llama-3.1-8B-Instruct-AWQ-INT4"
PACKAGED = "Qwen2.5-Coder-1.5B-Instruct-Q4_K_M"
SMALL = "Qwen2.5-Coder-0.5B-Instruct-Q4_K_M"
SMOL = "SmolLM2-135M-Instruct-Q4_1"

NO_GPU = Finding(False, "no CUDA GPU found")
GPU = Finding(True, "a CUDA GPU is here (RTX 4090, 24 GiB)")
HUB_DOWN = Finding(False, "the model hub did not answer within 3 s")
HUB_UP = Finding(True, "the model hub answers")


def machine(gpu: Finding = NO_GPU, vllm: bool = False, hub: Finding = HUB_DOWN) -> Machine:
    return Machine(gpu=lambda: gpu, vllm=lambda: Finding(vllm, "vLLM is here or not"), hub=lambda url: hub)


def pretend_installed(name: str, models_dir: Path) -> None:
    """Put a small file in the model's place, with a record that says it was verified."""
    entry = load_catalogue()[name]
    path = model_path(entry, models_dir)
    if not entry.files:
        path /= "config.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"GGUF")
    known = entry.files[0].sha256 if entry.files else None
    record(entry, models_dir, {path: known or hashlib.sha256(b"GGUF").hexdigest()})


@pytest.mark.parametrize(
    ("on_disk", "here", "offline", "name", "engine", "needs_pull", "said"),
    [
        (
            [],
            machine(),
            False,
            PACKAGED,
            "llama.cpp",
            True,
            "no CUDA GPU found; the model hub did not answer",
        ),
        ([], machine(hub=HUB_UP), False, LLAMA, "llama.cpp", True, "the model hub answers; using Llama"),
        ([LLAMA], machine(), False, LLAMA, "llama.cpp", False, "is on disk"),
        ([TAIWAN], machine(hub=HUB_UP), False, TAIWAN, "llama.cpp", False, "is on disk"),
        ([TAIWAN, LLAMA], machine(), False, LLAMA, "llama.cpp", False, "is on disk"),
        ([SMOL], machine(), False, PACKAGED, "llama.cpp", True, "packaged 1.5B"),
        ([PACKAGED], machine(), True, PACKAGED, "llama.cpp", False, "TUTOR_OFFLINE is set"),
        ([SMALL], machine(), True, SMALL, "llama.cpp", False, "is on disk"),
        ([], machine(hub=HUB_UP), True, "none", "none", False, "tutor models pull"),
        ([], machine(GPU, True, HUB_UP), False, AWQ, "vllm", True, "RTX 4090"),
        ([AWQ], machine(GPU, True), True, AWQ, "vllm", False, "RTX 4090"),
        ([], machine(GPU, True), False, PACKAGED, "llama.cpp", True, f"{AWQ} is not on disk"),
        ([], machine(GPU, False, HUB_UP), False, LLAMA, "llama.cpp", True, "vLLM is here or not"),
        ([AWQ], machine(NO_GPU, True), False, PACKAGED, "llama.cpp", True, "no CUDA GPU found"),
    ],
)
def test_automatic_choice(
    tmp_path: Path,
    on_disk: list[str],
    here: Machine,
    offline: bool,
    name: str,
    engine: str,
    needs_pull: bool,
    said: str,
) -> None:
    settings = Settings(data_dir=tmp_path, offline=offline)
    for model in on_disk:
        pretend_installed(model, settings.models_dir)
    choice = resolve(settings, here)
    assert (choice.name, choice.engine, choice.needs_pull) == (name, engine, needs_pull)
    assert said in choice.reason
    assert choice.automatic


def test_a_server_wins_over_everything(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, server_url="http://gpu:8000", model="some-model")
    pretend_installed(LLAMA, settings.models_dir)
    choice = resolve(settings, machine(GPU, True, HUB_UP))
    assert (choice.engine, choice.base_url, choice.name) == ("openai", "http://gpu:8000/v1", "some-model")


@pytest.mark.parametrize("url", ["http://gpu:8000/v1", "http://gpu:8000/v1/", "http://gpu:8000/"])
def test_the_servers_address_ends_in_v1_once(tmp_path: Path, url: str) -> None:
    assert resolve(Settings(data_dir=tmp_path, server_url=url)).base_url == "http://gpu:8000/v1"


def test_an_explicit_model_wins_over_a_saved_one_and_a_saved_one_over_the_machine(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    use("smollm2-135M-instruct-q4_1", settings.models_dir)
    saved = resolve(settings, machine(GPU, True, HUB_UP))
    assert (saved.name, saved.automatic) == (SMOL, False)
    assert "tutor models use" in saved.reason
    assert resolve(Settings(data_dir=tmp_path, model="fake")).engine == "fake"
    assert resolve(Settings(data_dir=tmp_path, model="none")).engine == "none"
    use("auto", settings.models_dir)
    assert resolve(settings, machine()).name == PACKAGED


def test_a_gguf_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.gguf"
    path.write_bytes(b"GGUF...")
    choice = resolve(Settings(data_dir=tmp_path, model=str(path)))
    assert (choice.name, choice.path, choice.engine, choice.needs_pull) == ("mine", path, "llama.cpp", False)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": "llama-9"}, "no model named 'llama-9'"),
        ({"model": "/nowhere/at/all.gguf"}, "There is no file /nowhere/at/all.gguf"),
        ({"server_url": "gpu:8000"}, "is not an address"),
        ({"server_url": "http://"}, "is not an address"),
        ({"server_url": "http://gpu:port/v1"}, "is not an address"),
        ({"server_url": "http://[::1/v1"}, "is not an address"),
    ],
)
def test_a_wrong_setting_is_a_usage_error(tmp_path: Path, settings: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        resolve(Settings(data_dir=tmp_path, **settings))  # type: ignore[arg-type]


def test_a_file_that_is_no_gguf_is_a_usage_error(tmp_path: Path) -> None:
    path = tmp_path / "page.gguf"
    path.write_text("<html>")
    with pytest.raises(UsageError, match="not a GGUF file"):
        use(str(path), tmp_path)


def test_a_spoilt_choice_names_its_mend(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    settings.models_dir.mkdir()
    (settings.models_dir / "choice.json").write_text("{")
    with pytest.raises(UsageError, match="tutor models use auto"):
        resolve(settings)


def test_context_is_the_models_at_most_and_larger_on_a_gpu_unless_set(tmp_path: Path) -> None:
    def context(**settings: int) -> int:
        return resolve(Settings(data_dir=tmp_path, **settings), machine(GPU, True, HUB_UP)).context  # type: ignore[arg-type]

    assert context() == 8192
    assert context(context=2048) == 2048
    big = resolve(Settings(data_dir=tmp_path, model=SMOL, context=100_000))
    assert big.context == 8192


def test_a_hub_that_fails_during_the_fetch_leads_to_the_packaged_model(tmp_path: Path) -> None:
    choice = without_hub(Settings(data_dir=tmp_path), "The model hub answered 503.")
    assert choice.name == PACKAGED
    assert choice.reason.startswith("The model hub answered 503; using the packaged")


def test_a_record_counts_only_while_the_file_is_as_it_was(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    pretend_installed(LLAMA, settings.models_dir)
    entry: CatalogueEntry = load_catalogue()[LLAMA]
    os.utime(model_path(entry, settings.models_dir), ns=(1, 1))
    assert resolve(settings, machine()).name == PACKAGED


def test_a_silent_hub_costs_three_seconds_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(hardware, "HUB_PATIENCE_S", 0.05)

    def never(url: str, **options: object) -> None:
        asked.append(url)
        threading.Event().wait()

    monkeypatch.setattr("httpx.head", never)
    hardware.hub_answers.cache_clear()
    try:
        assert not hardware.hub_answers("http://hub").yes
        assert "did not answer" in hardware.hub_answers("http://hub").reason
        assert asked == ["http://hub"]
    finally:
        hardware.hub_answers.cache_clear()


@pytest.mark.parametrize(
    ("output", "yes", "said"),
    [
        ("NVIDIA GeForce RTX 4090, 24564, 8.9\n", True, "RTX 4090, 24 GiB"),
        ("Tesla V100-SXM2-16GB, 16384, 7.0\n", False, "too old for AWQ"),
        ("NVIDIA T400, 2048, 7.5\n", False, "2048 MiB"),
        ("NVIDIA-SMI has failed because it couldn't communicate with the driver\n", False, "no working"),
        ("", False, "no working"),
    ],
)
def test_what_nvidia_smi_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str, yes: bool, said: str
) -> None:
    program = tmp_path / "nvidia-smi"
    (tmp_path / "says").write_text(output)
    program.write_text(f"#!/bin/sh\ncat {tmp_path / 'says'}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    hardware.cuda_gpu.cache_clear()
    try:
        found = hardware.cuda_gpu()
    finally:
        hardware.cuda_gpu.cache_clear()
    assert found.yes is yes
    assert said in found.reason


def test_threads_are_cores_that_this_process_may_use() -> None:
    assert 1 <= hardware.physical_cores() <= len(os.sched_getaffinity(0))
