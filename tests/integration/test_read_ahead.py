"""Reading ahead with the real engine and the smallest real model: kept, brought back, given up, spoilt."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tutor.llm import Model, open_model, pull
from tutor.settings import Settings

pytestmark = pytest.mark.real_model

SMOL = "SmolLM2-135M-Instruct-Q4_1"
BEGINNING = "You are a patient tutor for machine learning interviews."
SYSTEM = f"{BEGINNING} A key-value cache keeps what attention computed for earlier tokens. " * 8


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    kept = os.environ.get("TUTOR_TEST_DATA_DIR")
    pulled = Settings(data_dir=Path(kept) if kept else tmp_path_factory.mktemp("data"), offline=True)
    pull(SMOL, pulled.models_dir)
    path = next(pulled.models_dir.rglob("*.gguf"), None)
    found = next(p for p in pulled.models_dir.rglob("*.gguf") if "smol" in p.name.lower()) or path
    return Settings(data_dir=tmp_path_factory.mktemp("own"), model=str(found), context=1024, offline=True)


@pytest.fixture
def model(settings: Settings) -> Iterator[Model]:
    with open_model(settings) as opened:
        opened.wait_ready(60)
        yield opened


def asked(model: Model, system: str) -> dict[str, Any]:
    """Usage of one short answer."""
    with model.line.enter() as ticket:
        assert ticket.wait(60)
        chat = model.chat(ticket=ticket, system=system, beginning=BEGINNING, max_tokens=2, temperature=0)
        chunks = list(chat.stream([("system", system), ("user", "Why is it fast?")]))
    usage = next(c.usage_metadata for c in chunks if c.usage_metadata)
    return {"prompt": usage["input_tokens"], "cached": usage["input_token_details"].get("cache_read", 0)}


def files(settings: Settings) -> list[Path]:
    return sorted((settings.data_dir / "prompts").glob("*"))


def test_what_was_read_ahead_is_not_read_again_not_even_by_another_process(settings, model):
    assert not model.reads_at_once(SYSTEM)
    assert model.read_ahead(SYSTEM)
    assert model.reads_at_once(SYSTEM)
    here = asked(model, SYSTEM)
    assert here["cached"] > 0.8 * here["prompt"]
    model.close()
    with open_model(settings) as again:
        again.wait_ready(60)
        assert again.reads_at_once(SYSTEM)
        there = asked(again, SYSTEM)
    assert there["cached"] >= here["cached"] - 2


def test_slots_are_told_apart(model):
    other = SYSTEM.replace("key-value", "prompt")
    assert model.read_ahead(SYSTEM)
    assert model.read_ahead(other)
    for system in (SYSTEM, other, SYSTEM, other):
        usage = asked(model, system)
        assert usage["cached"] > 0.8 * usage["prompt"]


def test_a_file_that_cannot_be_read_goes_away_and_the_answer_still_comes(settings, model):
    system = SYSTEM.replace("patient", "spoilt")
    before = set(files(settings))
    assert model.read_ahead(system)
    (made,) = set(files(settings)) - before
    made.write_bytes(b"nothing of the kind")
    # Both slots read something else first: what they hold is not asked of the file.
    for other in ("a", "b"):
        asked(model, SYSTEM.replace("patient", other))
    assert asked(model, system)["prompt"] > 100
    assert not made.exists()


def test_whoever_comes_is_served_at_once_and_the_reading_is_given_up(model):
    long = SYSTEM.replace("patient", "slow") * 5
    done: list[bool] = []
    reading = threading.Thread(target=lambda: done.append(model.read_ahead(long)))
    reading.start()
    while not model.line.in_background:
        assert reading.is_alive()
    asked(model, SYSTEM)
    reading.join(60)
    assert done == [False]
    assert not model.reads_at_once(long)


def test_the_folder_stays_below_its_limit(settings):
    small = settings.model_copy(update={"prompt_cache_mib": 12, "data_dir": settings.data_dir / "small"})
    with open_model(small) as model:
        model.wait_ready(60)
        for word in ("one", "two", "three", "four"):
            assert model.read_ahead(SYSTEM.replace("patient", word))
        assert sum(f.stat().st_size for f in files(small)) <= 12 * 2**20
        assert model.reads_at_once(SYSTEM.replace("patient", "four"))
        assert not model.reads_at_once(SYSTEM.replace("patient", "one"))
        assert not model.keeps_prompts()


def test_without_room_for_prompts_nothing_is_kept(settings):
    with open_model(settings.model_copy(update={"prompt_cache_mib": 0})) as model:
        model.wait_ready(60)
        assert not model.read_ahead(SYSTEM)
        assert not model.reads_at_once(SYSTEM)
        assert asked(model, SYSTEM)["prompt"] > 100


def test_what_is_asked_in_idle_time_keeps_to_its_schema_and_gives_way(model):
    schema = {"type": "object", "properties": {"met": {"enum": ["yes", "no"]}}, "required": ["met"]}
    form = {"type": "json_schema", "json_schema": {"name": "verdict", "schema": schema}}
    asks = [("system", SYSTEM), ("user", "Is water wet? Answer as JSON.")]
    said = model.complete_in_idle_time(asks, max_tokens=40, response_format=form)
    assert said is not None
    assert json.loads(said) in ({"met": "yes"}, {"met": "no"})
    found: list[str | None] = []
    long = [("system", SYSTEM.replace("patient", "idle") * 5), ("user", "Tell a long story.")]
    asking = threading.Thread(target=lambda: found.append(model.complete_in_idle_time(long, max_tokens=400)))
    asking.start()
    while not model.line.in_background:
        assert asking.is_alive()
    assert asked(model, SYSTEM)["prompt"] > 100
    asking.join(60)
    assert found == [None]
