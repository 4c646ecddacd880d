"""The supervisor, with a small stand-in for a model server that crashes, hangs and lingers on order."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tutor.llm import launches, server
from tutor.llm.child import CANNOT_LOAD
from tutor.llm.server import Launch, Supervisor
from tutor.llm.state import ModelState, StateBox

# Answers 200 to its key; `crashes` times it ends with `status` before it listens.
STAND_IN = textwrap.dedent("""
    import http.server, json, os, pathlib, sys, threading
    order = json.loads(sys.stdin.readline())
    starts = pathlib.Path(order["starts"])
    with open(starts, "a") as log:
        log.write(json.dumps({"pid": os.getpid(), "port": order["port"], "argv": sys.argv}) + "\\n")
    if len(starts.read_text().splitlines()) <= order["crashes"]:
        print("cannot go on: the cat sits on the model", file=sys.stderr)
        sys.exit(order["status"])
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_): pass
        def do_GET(self):
            self.send_response(200 if self.headers["authorization"] == "Bearer " + order["key"] else 401)
            self.end_headers()
    if not order["deaf"]:
        server = http.server.HTTPServer(("127.0.0.1", order["port"]), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
""")


class Stand:
    """A supervisor over the stand-in, and what one can see of it from outside."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "stand_in.py"
        self.program.write_text(STAND_IN)
        self.starts_file = folder / "starts"
        self.starts_file.touch()
        self.box = StateBox()
        self.supervisor: Supervisor | None = None

    def start(self, *, crashes: int = 0, status: int = 1, deaf: bool = False, load_seconds: float = 20.0) -> Supervisor:
        launch = Launch(
            name="toy",
            order=lambda port, key: {
                "port": port,
                "key": key,
                "crashes": crashes,
                "status": status,
                "deaf": deaf,
                "starts": str(self.starts_file),
            },
            load_seconds=load_seconds,
            argv=(sys.executable, str(self.program)),
        )
        self.supervisor = Supervisor(launch, self.box, first_pause_s=0.01)
        self.supervisor.start()
        return self.supervisor

    def starts(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.starts_file.read_text().splitlines()]

    def until(self, *states: str) -> ModelState:
        state = self.box.wait(lambda now: now.state in states, 20.0)
        assert state.state in states, state
        return state


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    made = Stand(tmp_path)
    yield made
    if made.supervisor is not None:
        made.supervisor.close()


def gone(pid: int) -> bool:
    """Whether the process has ended (one that waits to be reaped counts as ended)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_ready_when_healthy_and_gone_when_closed(stand: Stand) -> None:
    supervisor = stand.start()
    stand.until("ready")
    pid = supervisor.pid
    assert pid is not None
    supervisor.close()
    assert gone(pid)
    assert stand.box.current.state == "stopped"
    supervisor.close()


def test_the_key_is_not_on_the_command_line(stand: Stand) -> None:
    supervisor = stand.start()
    stand.until("ready")
    command = Path(f"/proc/{supervisor.pid}/cmdline").read_text() + Path(f"/proc/{supervisor.pid}/environ").read_text()
    assert supervisor.api_key not in command


def test_a_killed_server_comes_back_on_the_same_port(stand: Stand) -> None:
    supervisor = stand.start()
    stand.until("ready")
    address, pid = supervisor.address, supervisor.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert "killed" in stand.until("loading").reason
    stand.until("ready")
    assert supervisor.address == address
    assert supervisor.pid not in {None, pid}
    assert len(stand.starts()) == 2


def test_early_crashes_are_survived(stand: Stand) -> None:
    stand.start(crashes=3)
    stand.until("ready", "failed")
    assert stand.box.current.state == "ready"
    assert len(stand.starts()) == 4


def test_five_crashes_are_enough(stand: Stand) -> None:
    stand.start(crashes=99)
    reason = stand.until("failed").reason
    assert "crashed 5 times" in reason
    assert "the cat sits on the model" in reason
    assert len(stand.starts()) == server.CRASHES


def test_what_cannot_be_loaded_is_not_tried_for_long(stand: Stand) -> None:
    stand.start(crashes=99, status=CANNOT_LOAD)
    reason = stand.until("failed").reason
    assert reason == "toy cannot be served: cannot go on: the cat sits on the model"
    starts = stand.starts()
    assert len(starts) == 2, "once more, on another port, in case the port was the trouble"
    assert starts[0]["port"] != starts[1]["port"]


def test_a_server_that_never_gets_healthy_is_stopped(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CRASHES", 1)
    stand.start(deaf=True, load_seconds=0.3)
    assert "it was not ready after 0 s" in stand.until("failed").reason
    wait_for(lambda: gone(int(str(stand.starts()[0]["pid"]))))


def test_closing_while_it_loads(stand: Stand) -> None:
    supervisor = stand.start(deaf=True)
    wait_for(lambda: len(stand.starts()) == 1)
    supervisor.close()
    assert gone(int(str(stand.starts()[0]["pid"])))
    assert stand.box.current.state == "stopped"


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    box = StateBox()
    launch = launches.vllm("toy", tmp_path, context=512, command=str(tmp_path / "no-such-program"))
    supervisor = Supervisor(launch, box, first_pause_s=0.01)
    supervisor.start()
    try:
        state = box.wait(lambda now: now.state in {"ready", "failed"}, 20)
        assert state.state == "failed"
        assert "cannot be started" in state.reason
    finally:
        supervisor.close()


VLLM = textwrap.dedent("""\
    #!{python}
    import http.server, json, os, subprocess, sys
    worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])  # as vLLM's engine core
    with open({log!r}, "w") as log:
        quiet = os.environ["DO_NOT_TRACK"]
        log.write(json.dumps({{"argv": sys.argv, "worker": worker.pid, "quiet": quiet}}))
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_): pass
        def do_GET(self):
            right = self.headers["authorization"] == "Bearer " + os.environ["VLLM_API_KEY"]
            self.send_response(200 if right and self.path == "/v1/models" else 401)
            self.end_headers()
    port = int(sys.argv[sys.argv.index("--port") + 1])
    http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
""")


def test_vllm_is_started_with_its_flags_and_ends_with_its_workers(tmp_path: Path) -> None:
    program, log = tmp_path / "vllm", tmp_path / "log"
    program.write_text(VLLM.format(python=sys.executable, log=str(log)))
    program.chmod(0o755)
    box = StateBox()
    supervisor = Supervisor(launches.vllm("Llama", tmp_path / "w", context=8192, command=str(program)), box)
    supervisor.start()
    try:
        assert box.wait(lambda now: now.state in {"ready", "failed"}, 20).state == "ready"
        said = json.loads(log.read_text())
        argv = said["argv"][1:]
        assert argv[:2] == ["serve", str(tmp_path / "w")]
        for pair in (["--max-model-len", "8192"], ["--host", "127.0.0.1"], ["--served-model-name", "Llama"]):
            assert argv[argv.index(pair[0]) + 1] == pair[1]
        assert "--enable-prefix-caching" in argv
        assert supervisor.api_key not in " ".join(argv)
        assert said["quiet"] == "1"
    finally:
        supervisor.close()
    wait_for(lambda: gone(said["worker"]))


def test_no_orphans_when_the_parent_is_killed(stand: Stand, tmp_path: Path) -> None:
    """The guard ends the whole group of a foreign server once its parent has gone."""
    log, program = tmp_path / "log", tmp_path / "vllm"
    program.write_text(VLLM.format(python=sys.executable, log=str(log)))
    program.chmod(0o755)
    code = textwrap.dedent(f"""
        import sys, threading
        sys.path[:0] = {sys.path!r}
        from pathlib import Path
        from tutor.llm import launches
        from tutor.llm.server import Supervisor
        from tutor.llm.state import StateBox
        box = StateBox()
        supervisor = Supervisor(launches.vllm("x", Path("w"), context=512, command={str(program)!r}), box)
        supervisor.start()
        box.wait(lambda now: now.state == "ready")
        print(supervisor.pid, flush=True)
        threading.Event().wait()
    """)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        guard = int(parent.stdout.readline())
        worker = json.loads(log.read_text())["worker"]
        parent.kill()
    wait_for(lambda: gone(guard))
    wait_for(lambda: gone(worker))


def test_waiters_wake_on_every_change_and_since_is_kept_within_a_state() -> None:
    box = StateBox()
    seen: list[str] = []
    threads = [
        threading.Thread(target=lambda: seen.append(box.wait(lambda now: now.state == "ready", 20).reason))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    box.set("pulling", "1 of 2 MB")
    since = box.current.since
    box.set("pulling", "2 of 2 MB")
    assert box.current.since == since
    box.set("ready", "here")
    for thread in threads:
        thread.join()
    assert seen == ["here"] * 3
    assert box.wait(lambda now: now.state == "failed", 0.0).state == "ready"


def test_a_child_that_died_before_its_order_is_put_away_quietly() -> None:
    with subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.PIPE) as process:
        process.wait()
        server._write_line(process, {"kind": "llama.cpp"})
    assert process.returncode == 0
