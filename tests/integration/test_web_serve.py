"""`tutor serve` as a process: it says where it is, answers, and goes away cleanly."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

COMMAND = [sys.executable, "-c", "from tutor.cli import main; main()", "serve"]


def environment(folder: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TUTOR_")}
    return {**kept, "TUTOR_DATA_DIR": str(folder), "TUTOR_CORPUS": "nowhere", "TUTOR_MODEL": "fake"}


@contextmanager
def served(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        [*COMMAND, "--port", "0"],
        env=environment(folder),
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert process.stderr is not None
    try:
        lines = []
        for line in process.stderr:
            lines.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                yield process, found.group()
                return
        raise AssertionError("".join(lines))
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal that asks politely")
def test_it_says_where_it_is_works_without_a_corpus_and_stops_on_ctrl_c(tmp_path: Path) -> None:
    with served(tmp_path) as (process, url):
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
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_said_with_the_mend(tmp_path: Path) -> None:
    with served(tmp_path) as (_, url):
        port = url.rpartition(":")[2]
        done = subprocess.run(
            [*COMMAND, "--port", port],
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
        )
    assert done.returncode == 2
    assert port in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr
