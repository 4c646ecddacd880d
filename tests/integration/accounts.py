"""Two people who may sign in, anna (an admin) and ben, and the application they sign in to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi.testclient import TestClient

from tutor.settings import Settings
from tutor.web.app import create_app
from tutor.web.backstage import Backstage

GOOD, BETTER = "correct horse 電池", "another battery 2"


def stage_of_two(folder: Path) -> Backstage:
    """A backstage without corpus or model, with both accounts in its store."""
    stage = Backstage(Settings(data_dir=folder, corpus="nowhere", model="none", host="0.0.0.0"))
    stage.store.accounts.add("anna", GOOD, "admin")
    stage.store.accounts.add("ben", GOOD)
    return stage


@contextmanager
def client_of(stage: Backstage) -> Iterator[TestClient]:
    """A client of the application; it follows no redirect."""
    app = create_app(stage.settings, stage)
    with TestClient(app, base_url="http://tutor.example", follow_redirects=False) as client:
        yield client


def enter(client: TestClient, name: str, password: str = GOOD) -> int:
    """Sign in, as nobody before; the status of the reply."""
    client.cookies.clear()
    return client.post("/signin", data={"name": name, "password": password}).status_code
