"""Fixtures that several integration tests share; files with a stage of their own define it beside their tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from accounts import client_of, stage_of_two
from fastapi.testclient import TestClient

from tutor.web.backstage import Backstage


@pytest.fixture
def stage(tmp_path: Path) -> Backstage:
    """Sign-in is on; anna is an admin, ben is not (`accounts`)."""
    return stage_of_two(tmp_path)


@pytest.fixture
def client(stage: Backstage) -> Iterator[TestClient]:
    """A client of that stage, signed in as nobody yet (`accounts.enter`)."""
    with client_of(stage) as found:
        yield found
