"""vLLM's settings are computed from sizes: known figures, limits that hold for any cards, and reasons."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from ingest.errors import ModelUnavailable, UsageError
from tutor.cli import app
from tutor.llm import hardware, launches
from tutor.llm.gpu_plan import CLASSES, MIB, Cards, GpuPlan, plan, utilisation
from tutor.llm.model_shape import KNOWN, LLAMA_8B, LLAMA_70B, shape_of
from tutor.llm.weights import chat_template, check_chat_template, read_shape

LLAMA_8B_CONFIG = {
    "num_hidden_layers": 32, "hidden_size": 4096, "intermediate_size": 14336, "num_attention_heads": 32,
    "num_key_value_heads": 8, "vocab_size": 128256, "max_position_embeddings": 131072, "tie_word_embeddings": False,
    "quantization_config": {"quant_method": "awq", "bits": 4, "group_size": 128},
}  # fmt: skip


def value(made: GpuPlan, flag: str) -> str | None:
    return next((setting.value for setting in made.settings if setting.flag == flag), None)


def test_sizes_are_those_of_the_published_files() -> None:
    """5.74 and 39.8 GB on the hub; 128 KiB of keys and values for a token of the 8B model, 320 for the 70B."""
    assert LLAMA_8B.weight_bytes == pytest.approx(5.74e9, rel=0.01)
    assert LLAMA_70B.weight_bytes == pytest.approx(39.8e9, rel=0.01)
    assert LLAMA_8B.kv_bytes() == 128 * 1024
    assert LLAMA_70B.kv_bytes() == 320 * 1024


@pytest.mark.parametrize(
    ("model", "cards", "tensor", "pipeline", "replicas"),
    [
        ("8b", "12x1", 1, 1, 1),
        ("8b", "16x1", 1, 1, 1),
        ("8b", "24x1", 1, 1, 1),
        ("8b", "24x2", 1, 1, 2),
        ("8b", "80x8x2", 1, 1, 16),
        ("70b", "48x1", 1, 1, 1),
        ("70b", "80x1", 1, 1, 1),
        ("70b", "24x2", 2, 1, 1),
        ("70b", "24x4", 4, 1, 1),
        ("70b", "16x4", 4, 1, 1),
        ("70b", "12x8", 8, 1, 1),
        ("70b", "24x4x2", 4, 1, 2),
        ("70b", "24x1x2", 1, 2, 1),
        ("70b", "12x4x2", 4, 2, 1),
    ],
)
def test_how_each_model_is_cut(model: str, cards: str, tensor: int, pipeline: int, replicas: int) -> None:
    made = plan(KNOWN[model], Cards.parse(cards))
    assert made.fits, made.reason
    assert (made.tensor_parallel, made.pipeline_parallel, made.replicas) == (tensor, pipeline, replicas)


@pytest.mark.parametrize("cards", ["12x1", "16x2", "24x1"])
def test_what_does_not_fit_says_what_is_missing(cards: str) -> None:
    made = plan(LLAMA_70B, Cards.parse(cards))
    assert not made.fits
    assert "does not fit" in made.reason
    assert made.flags() == []


def test_ray_only_where_one_machine_is_too_small() -> None:
    assert value(plan(LLAMA_70B, Cards.parse("24x1x2")), "--distributed-executor-backend") == "ray"
    assert any("ray start --head" in step for step in plan(LLAMA_70B, Cards.parse("24x1x2")).steps)
    own = plan(LLAMA_8B, Cards.parse("24x1x2"))
    assert value(own, "--distributed-executor-backend") is None
    assert any("router" in step for step in own.steps)


def test_context_shrinks_before_the_plan_gives_up() -> None:
    made = plan(LLAMA_70B, Cards.parse("24x2"))
    assert 2048 <= made.context < 8192
    assert value(made, "--max-model-len") == str(made.context)


def test_more_users_take_a_cut_that_holds_more_of_them() -> None:
    few, many = plan(LLAMA_70B, Cards.parse("48x4"), users=4), plan(LLAMA_70B, Cards.parse("48x4"), users=100)
    assert few.tensor_parallel == 1
    assert many.tensor_parallel > 1
    assert many.typical >= 100


def test_cards_that_compute_in_fp8_hold_twice_as_many() -> None:
    cards = Cards(CLASSES[12], 1, 1, 8.9)
    assert value(plan(LLAMA_8B, cards, users=8), "--kv-cache-dtype") is None
    dense = plan(LLAMA_8B, cards, users=30)
    assert value(dense, "--kv-cache-dtype") == "fp8"
    assert dense.kv_tokens == 2 * plan(LLAMA_8B, cards, users=8).kv_tokens
    assert value(plan(LLAMA_8B, Cards(CLASSES[12], 1, 1, 7.5)), "--dtype") == "float16"


@given(
    st.sampled_from(list(KNOWN.values())),
    st.integers(8_000, 200_000),
    st.integers(1, 16),
    st.integers(1, 4),
    st.integers(1024, 131072),
    st.integers(1, 5000),
)
def test_a_plan_never_promises_more_than_the_cards_hold(
    shape: object, memory: int, per_node: int, nodes: int, context: int, users: int
) -> None:
    cards = Cards(memory, per_node, nodes)
    made = plan(shape, cards, context=context, users=users)  # type: ignore[arg-type]
    if not made.fits:
        return
    used = made.weight_mib + made.working_mib
    assert used + made.kv_mib <= memory * utilisation(cards) + 3
    assert made.weight_mib * made.tensor_parallel * made.pipeline_parallel >= shape.weight_bytes / MIB - 8  # type: ignore[attr-defined]
    assert made.tensor_parallel * made.pipeline_parallel * made.replicas <= per_node * nodes
    assert 2048 <= made.context <= max(2048, context) or context < 2048
    assert made.context <= made.kv_tokens
    assert int(value(made, "--max-num-seqs") or 0) >= 1
    assert all(setting.reason for setting in made.settings)


@pytest.mark.parametrize("text", ["", "24", "0x1", "24x0", "axb", "24x1x2x3", "-24x1", "00x1", "24x00"])
def test_what_names_no_gpus_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="does not name GPUs"):
        Cards.parse(text)


def test_a_card_smaller_than_the_reserve_has_no_room_and_not_less() -> None:
    assert utilisation(Cards.parse("1x1")) == 0.0
    assert "of 0 MiB" in plan(LLAMA_8B, Cards.parse("1x1")).reason


def test_odd_quantisation_groups_cannot_be_cut_but_served_whole() -> None:
    odd = replace(LLAMA_8B, intermediate=14_000)
    assert (odd.splits(1), odd.splits(2)) == (True, False)
    assert plan(odd, Cards.parse("24x2")).tensor_parallel == 1


def test_a_shape_is_read_from_the_folder(tmp_path: Path) -> None:
    assert shape_of("x", LLAMA_8B_CONFIG).weight_bytes == LLAMA_8B.weight_bytes
    assert read_shape(tmp_path) is None
    (tmp_path / "config.json").write_text(json.dumps(LLAMA_8B_CONFIG))
    (tmp_path / "model-1.safetensors").write_bytes(bytes(1000))
    found = read_shape(tmp_path)
    assert found is not None
    assert found.weight_bytes == 1000, "what lies on disk is truer than what is computed"
    packed = {"config_groups": {"group_0": {"weights": {"num_bits": 4, "group_size": 128}}}}
    assert shape_of("x", LLAMA_8B_CONFIG | {"quantization_config": packed}).bits == 4


def test_a_chat_template_is_found_wherever_it_lies(tmp_path: Path) -> None:
    check_chat_template("x", tmp_path)  # nothing to judge yet
    (tmp_path / "tokenizer_config.json").write_text("{}")
    with pytest.raises(ModelUnavailable, match="no chat template"):
        check_chat_template("x", tmp_path)
    named = [{"name": "tool_use", "template": "t"}, {"name": "default", "template": "{{ messages }}"}]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": named}))
    assert chat_template(tmp_path) == "{{ messages }}"
    (tmp_path / "chat_template.jinja").write_text("{% for m in messages %}")
    assert chat_template(tmp_path) == "{% for m in messages %}"
    check_chat_template("x", tmp_path)


def smi(folder: Path, answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An `nvidia-smi` that answers so."""
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\nprintf '{answer}'\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    hardware.cuda_gpu.cache_clear()


@pytest.fixture(autouse=True)
def _forget_cards() -> object:
    yield
    hardware.cuda_gpu.cache_clear()


def test_flags_of_a_launch_come_from_the_cards_that_are_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    smi(tmp_path, "NVIDIA L4, 23034, 8.9\\nNVIDIA L4, 23034, 8.9\\n", monkeypatch)
    assert "2 of them" in hardware.cuda_gpu().reason
    (tmp_path / "config.json").write_text(json.dumps(LLAMA_8B_CONFIG))
    launch = launches.vllm("Llama", tmp_path, context=8192, command="vllm")
    argv = launch.order(1234, "key")["argv"]
    assert argv[argv.index("--data-parallel-size") + 1] == "2"
    assert argv[argv.index("--max-model-len") + 1] == "8192"
    assert "key" not in argv


def test_weights_that_do_not_fit_are_not_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    smi(tmp_path, "NVIDIA T4, 3000, 7.5\\n", monkeypatch)
    (tmp_path / "config.json").write_text(json.dumps(LLAMA_8B_CONFIG))
    with pytest.raises(ModelUnavailable, match="does not fit"):
        launches.vllm("Llama", tmp_path, context=8192, command="vllm")


def test_a_driver_that_does_not_answer_is_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    smi(tmp_path, "NVIDIA-SMI has failed\\n", monkeypatch)
    assert not hardware.cuda_gpu().yes
    assert launches.vllm_flags(tmp_path, 512) == ["--max-model-len", "512"]


def test_the_command_prints_plans_with_their_reasons() -> None:
    done = CliRunner().invoke(app, ["doctor", "--plan-gpu", "48x1", "--json"])
    assert done.exit_code == 0
    rows = json.loads(done.stdout)
    assert [row["fits"] for row in rows] == [True, True]
    assert "--enable-prefix-caching" in rows[0]["command"]
    words = CliRunner().invoke(app, ["doctor", "--plan-gpu", "12x1", "--plan-model", "70b"])
    assert words.exit_code == 1
    assert "does not fit" in words.stdout
