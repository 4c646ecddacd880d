"""`tutor serve` as a process: it says where it is, answers, and goes away cleanly."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from server_process import COMMAND, environment, served


def settings(folder: Path) -> dict[str, str]:
    return {"TUTOR_DATA_DIR": str(folder), "TUTOR_CORPUS": "nowhere", "TUTOR_MODEL": "fake"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal that asks politely")
def test_it_says_where_it_is_works_without_a_corpus_and_stops_on_ctrl_c(tmp_path: Path) -> None:
    with served(settings(tmp_path)) as (process, url):
        assert httpx.get(f"{url}/health").json()["status"] == "ok"
        page = httpx.get(url)
        assert page.status_code == 200
        assert "nowhere" in page.text
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


@pytest.mark.parametrize(
    ("options", "said"), [(["--host", "0.0.0.0"], "sign-in"), (["--host", "203.0.113.7"], "sign-in")]
)
def test_addresses_that_others_reach_are_refused_before_anything_starts(
    options: list[str], said: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [*COMMAND, *options],
        env=environment(settings(tmp_path)),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_said_with_the_mend(tmp_path: Path) -> None:
    with served(settings(tmp_path)) as (_, url):
        port = url.rpartition(":")[2]
        done = subprocess.run(
            [*COMMAND, "--port", port],
            env=environment(settings(tmp_path)),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
        )
    assert done.returncode == 2
    assert port in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr
