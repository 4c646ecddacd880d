"""A llama-server that somebody built for this very processor: found, looked over, and how it is started.

The packaged engine runs on any machine with AVX2; a build of one's own uses all that the processor has and reads
prompts faster. How to make one stands in docs/extending.md. Knows nothing of who supervises it.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ingest.errors import ModelUnavailable

log = logging.getLogger(__name__)

PROGRAM = "llama-server"
PACKAGED = "packaged"
LOOK_S = 20.0
_MEND = "Name another one in TUTOR_LLAMA_SERVER, or: TUTOR_LLAMA_SERVER=packaged"
# Options that the tutor starts it with; a build that lacks one is too old.
_OPTIONS = (
    "--alias", "--parallel", "--ctx-size", "--threads", "--threads-batch", "--cache-ram", "--batch-size",
    "--ubatch-size", "--slot-save-path", "--jinja", "--threads-http", "--offline", "--log-verbosity",
)  # fmt: skip


@dataclass(frozen=True)
class Engine:
    """Which llama.cpp serves GGUF files.

    Args:
        program: the server of one's own; None for the packaged one.
        reason: a sentence for users.
    """

    program: Path | None
    reason: str

    @property
    def identity(self) -> str:
        """Changes with the program: what one build computed, another does not read."""
        if self.program is None:
            return ""
        status = self.program.stat()
        return f"{self.program.name} {status.st_size} {status.st_mtime_ns}"


@lru_cache(maxsize=4)
def choose_engine(setting: str) -> Engine:
    """The engine for `TUTOR_LLAMA_SERVER`: a path, `packaged`, or empty for one on the path if it will do.

    Raises:
        ModelUnavailable: a path was named and cannot be used.
    """
    if setting == PACKAGED:
        return Engine(None, "the packaged engine, as TUTOR_LLAMA_SERVER says")
    found = Path(setting).expanduser() if setting else shutil.which(PROGRAM)
    if not found:
        return Engine(None, f"the packaged engine; there is no {PROGRAM} of your own on the path")
    program = Path(found).resolve()
    lacks = _lacks(program)
    if lacks == ():
        return Engine(program, "your own build of llama.cpp")
    if setting and lacks is None:
        raise ModelUnavailable(f"{program} does not run as a model server.", _MEND)
    if setting and lacks:
        raise ModelUnavailable(f"{program} is too old: it lacks {', '.join(lacks)}.", _MEND)
    fault = f"it lacks {', '.join(lacks)}" if lacks else "it does not run"
    log.warning("the %s on the path is not used: %s", PROGRAM, fault)
    return Engine(None, f"the packaged engine; the {PROGRAM} on the path is not used: {fault}")


def _lacks(program: Path) -> tuple[str, ...] | None:
    """Options that it does not know; None where it does not even say so."""
    try:
        shown = subprocess.run(
            [str(program), "--help"], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=LOOK_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    text = shown.stdout + shown.stderr
    return tuple(option for option in _OPTIONS if option not in text)


def arguments(
    program: Path, model: Path, *, alias: str, host: str, port: int, parallel: int, context: int, threads: int,
    cache_mib: int, batch: int, http_threads: int, prompts: Path | None,
) -> list[str]:  # fmt: skip
    """The command line; the key goes by environment, since every user of the machine can read a command line."""
    line = [
        str(program), "--model", str(model), "--alias", alias, "--host", host, "--port", str(port),
        "--parallel", str(parallel), "--ctx-size", str(context * parallel),
        "--threads", str(threads), "--threads-batch", str(threads), "--cache-ram", str(cache_mib),
        "--batch-size", str(batch), "--ubatch-size", str(batch), "--threads-http", str(http_threads),
        "--jinja", "--offline", "--log-verbosity", "1",
    ]  # fmt: skip
    return [*line, "--slot-save-path", f"{prompts}/"] if prompts else line
