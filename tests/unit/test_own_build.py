"""A llama-server of the user's own: when it is taken, when not, and what it is started with."""

import stat
from pathlib import Path

import pytest

from ingest.errors import ModelUnavailable
from tutor.llm import launches
from tutor.llm.own_build import _OPTIONS, PROGRAM, Engine, choose_engine
from tutor.llm.prefixes import engine_identity


@pytest.fixture(autouse=True)
def nothing_remembered():
    choose_engine.cache_clear()
    yield
    choose_engine.cache_clear()


def program(folder: Path, shown: str, status: int = 0) -> Path:
    path = folder / PROGRAM
    path.write_text(f"#!/bin/sh\necho '{shown}'\nexit {status}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_one_on_the_path_is_taken(tmp_path, monkeypatch):
    path = program(tmp_path, " ".join(_OPTIONS))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert choose_engine("").program == path.resolve()
    assert choose_engine("packaged").program is None


def test_one_that_is_too_old_is_left_alone_and_the_reason_is_said(tmp_path, monkeypatch):
    program(tmp_path, " ".join(_OPTIONS[:-1]))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    engine = choose_engine("")
    assert engine.program is None
    assert _OPTIONS[-1] in engine.reason


@pytest.mark.parametrize("shown", ["", "usage: something else"])
def test_one_that_was_named_and_cannot_serve_is_an_error_with_a_mend(tmp_path, shown):
    path = program(tmp_path, shown, status=1)
    with pytest.raises(ModelUnavailable) as raised:
        choose_engine(str(path))
    assert "packaged" in raised.value.mend
    with pytest.raises(ModelUnavailable, match="does not run"):
        choose_engine(str(tmp_path / "gone"))


def test_its_command_line_hides_the_key_and_shares_out_the_context(tmp_path):
    engine = Engine(program(tmp_path, ""), "")
    launch = launches.llama_cpp("m", tmp_path / "m.gguf", context=4096, threads=3, prompts=tmp_path, engine=engine)
    order = launch.order(8123, "secret-key")
    line = order["argv"]
    assert order["kind"] == "command"
    assert "secret-key" not in " ".join(line)
    assert order["environment"]["LLAMA_API_KEY"] == "secret-key"
    assert line[line.index("--ctx-size") + 1] == str(4096 * launches.PARALLEL)
    assert line[line.index("--slot-save-path") + 1] == f"{tmp_path}/"
    assert {part for part in line if part.startswith("--")} <= {*_OPTIONS, "--model", "--host", "--port"}
    assert launches.llama_cpp("m", tmp_path / "m.gguf", context=4096).order(1, "k")["kind"] == "llama.cpp"


def test_what_one_build_computed_another_does_not_read(tmp_path):
    weights = tmp_path / "m.gguf"
    weights.write_bytes(b"GGUF")
    own = Engine(program(tmp_path, "a"), "").identity
    other = Engine(program(tmp_path, "a longer one"), "").identity
    assert len({engine_identity(weights), engine_identity(weights, own), engine_identity(weights, other)}) == 3
