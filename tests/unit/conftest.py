"""Fixtures that several tests of interviews share; files with others of these names define them beside their tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from practising import Clock, again

from tutor.interview.grading import Grader
from tutor.interview.items import Material
from tutor.interview.material import open_material
from tutor.interview.practice import Practice, grader_of
from tutor.settings import Settings
from tutor.store import Store, open_store


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return open_material(tmp_path_factory.mktemp("corpora"), "llm-vlm-80")


@pytest.fixture(scope="module")
def grader(material: Material) -> Grader:
    return grader_of(material)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(Settings(data_dir=tmp_path)) as opened:
        yield opened


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def practice(material: Material, grader: Grader, store: Store, clock: Clock) -> Practice:
    return again(material, grader, store, clock)
