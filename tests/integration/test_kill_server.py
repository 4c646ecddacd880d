"""The server killed in mid-interview: started again, it goes on at the exact place and nothing is lost or said twice.

No model at all: grading needs none, and what is saved does not depend on one.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from server_process import served
from small_bank import indexed

from tutor.settings import Settings
from tutor.store import LOCAL_USER, open_store

CACHE = "A cache keeps data that is used often in fast memory."
INDEX = "An index lets a database find rows without reading the whole table, and it makes writing slower."
BALANCER = "A load balancer spreads requests over several servers."
# Long enough that the kill comes while it is graded.
AT_LENGTH = INDEX + "".join(
    f" In project number {n} we looked at another part of the system first." for n in range(120)
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return indexed(tmp_path)


@contextmanager
def serving(settings: Settings) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """`tutor serve` on the same data each time, and a client of its API."""
    own = {"TUTOR_DATA_DIR": str(settings.data_dir), "TUTOR_CORPUS": "bank", "TUTOR_MODEL": "none"}
    with served(own) as (process, url), httpx.Client(base_url=f"{url}/api/v1", timeout=60) as client:
        yield process, client


def place(view: dict[str, Any]) -> dict[str, Any]:
    """Everything about where an interview stands but the seconds that ran on."""
    asked = [{**a, "seconds": 0} for a in view["closed"]]
    return {**view, "used": 0, "closed": asked}


def kill_while_grading(process: subprocess.Popen[str], settings: Settings, path: str, client: httpx.Client) -> None:
    """Send the long answer and kill the server once it is saved and not yet graded."""
    lost: list[httpx.HTTPError] = []

    def send() -> None:
        try:
            client.post(f"{path}/answer", json={"text": AT_LENGTH})
        except httpx.HTTPError as error:
            lost.append(error)

    sending = threading.Thread(target=send)
    with open_store(settings) as store:
        sending.start()
        while store.interviews.load(LOCAL_USER, path.rpartition("/")[2])["phase"] != "grading":
            assert sending.is_alive(), "the answer was graded before it was seen to be saved"
        process.send_signal(signal.SIGSTOP)
        assert store.interviews.load(LOCAL_USER, path.rpartition("/")[2])["phase"] == "grading"
        process.kill()
    sending.join(60)
    assert lost


def test_an_interview_goes_on_at_the_exact_place_after_the_server_was_killed(settings: Settings) -> None:
    with serving(settings) as (_, client):
        choices = {"questions": [1, 2, 3], "follow_ups": 1, "language": "en"}
        path = f"/interviews/{client.post('/interviews', json=choices).json()['interview']['id']}"
        at_follow_up = client.post(f"{path}/answer", json={"text": CACHE}).json()["interview"]
        assert at_follow_up["follow_up"]

    with serving(settings) as (process, client):
        assert place(client.get(path).json()) == place(at_follow_up)
        at_second = client.post(f"{path}/answer", json={"text": "It saves computing the same thing twice."}).json()
        assert at_second["interview"]["question"] == 2
        graded = place(at_second["interview"])["closed"]
        assert graded[0]["grade"]["score"] == 10
        kill_while_grading(process, settings, path, client)

    with serving(settings) as (_, client):
        cut_off = client.get(path).json()
        assert (cut_off["phase"], cut_off["question"], cut_off["pending"]) == (
            "grading", 2, at_second["interview"]["pending"],
        )  # fmt: skip
        assert place(cut_off)["closed"] == graded
        turn = client.post(f"{path}/answer", json={"text": AT_LENGTH}).json()
        assert turn["interview"]["question"] == 3
        transcript = turn["interview"]["transcript"]
        assert [u["text"] for u in transcript].count(AT_LENGTH) == 1
        assert not [u for u in transcript if u["kind"] == "notice"]
        assert place(turn["interview"])["closed"][0] == graded[0]
        assert client.post(f"{path}/answer", json={"text": BALANCER}).json()["interview"]["phase"] == "finished"
        report = client.get(f"{path}/report").json()
        assert [q["number"] for q in report["questions"]] == [1, 2, 3]
        assert [q["score"] for q in report["questions"]] == [10, 10, 10]
        assert report["score"] == 10
        # Each question was kept as one attempt, however often its answer came.
        assert client.get("/progress").json()["attempts"] == 3
