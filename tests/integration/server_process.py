"""`tutor serve` as a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

COMMAND = [sys.executable, "-c", "from tutor.cli import main; main()", "serve"]


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process' environment with these settings of the tutor and no others."""
    return {**{k: v for k, v in os.environ.items() if not k.startswith("TUTOR_")}, **settings}


@contextmanager
def served(settings: Mapping[str, str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its address. Killed at the end, never asked to stop."""
    process = subprocess.Popen(
        [*COMMAND, "--port", "0"], env=environment(settings), stderr=subprocess.PIPE, text=True, encoding="utf-8"
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
