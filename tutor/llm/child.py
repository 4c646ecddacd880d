"""The model server's own process: `python child.py`, started by `server.py`. It must not outlive its parent.

The first line of stdin is a JSON object that says what to run; then stdin stays open, and its end means
that the parent has gone. Runs llama.cpp's server in this process (`xllamacpp`), or guards another server's.
Exit status `CANNOT_LOAD` means that starting again would not help. Imports nothing of ours: it is a script.

Knows nothing of settings, catalogue or clients.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
from typing import Any

CANNOT_LOAD = 3
PR_SET_PDEATHSIG = 1
WARNINGS_AND_ERRORS = 2
# How long a thread looks for the others at an OpenMP barrier before it sleeps. libgomp's default spins for milliseconds,
# which ruins both sides when anything else wants the cores; sleeping at once costs a third of the words a second on an
# idle machine. A thousand looks are a few microseconds: `python -m eval engine`, docs/log.md.
SPIN = ("GOMP_SPINCOUNT", "1000")


def main() -> int:
    """Read the order, tie this process to its parent, run the server."""
    parent = os.getppid()
    order = json.loads(sys.stdin.buffer.readline() or b"{}")
    guards = order.get("kind") == "command"
    if not guards:
        _die_with_parent()
    if not order or os.getppid() != parent:  # the parent died before prctl
        return 0
    if guards:
        return _guard(order["argv"], {str(key): str(value) for key, value in order["environment"].items()})
    # The reader needs the GIL, which llama.cpp may hold while it loads; PDEATHSIG covers that time on Linux.
    threading.Thread(target=_exit_at_end_of_stdin, name="parent-watch", daemon=True).start()
    return _serve_llama_cpp(order)


def _die_with_parent() -> None:
    """Ask Linux to kill this process when the parent's thread that made it ends (`prctl(2)`)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _exit_at_end_of_stdin() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


def _serve_llama_cpp(order: dict[str, Any]) -> int:
    """Load the GGUF and serve it until told to stop.

    Server options and their meaning: llama.cpp `tools/server/README.md`; names: `xllamacpp.CommonParams`.
    """
    os.environ.setdefault(*SPIN)  # read when the engine's library is loaded
    try:
        import xllamacpp
    except ImportError as error:
        print(f"xllamacpp cannot be imported: {error}", file=sys.stderr)
        return CANNOT_LOAD
    params = xllamacpp.CommonParams()
    params.model.path = order["path"]
    params.model_alias = {order["alias"]}
    params.hostnames = ["127.0.0.1"]
    params.port = order["port"]
    params.api_keys = [order["api_key"]]
    params.n_parallel = order["parallel"]
    params.n_ctx = order["context"] * order["parallel"]  # llama.cpp divides it among the slots
    params.cpuparams.n_threads = order["threads"]
    params.cpuparams_batch.n_threads = order["threads"]
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_AUTO
    params.cache_prompt = True
    params.cache_ram_mib = order["cache_mib"]
    params.n_batch = params.n_ubatch = order["batch"]
    if order["prompts"]:
        params.slot_save_path = order["prompts"] + os.sep
    params.use_jinja = True
    params.n_threads_http = order["http_threads"]
    params.ui = False
    params.offline = True
    params.verbosity = WARNINGS_AND_ERRORS
    try:
        server = xllamacpp.Server(params)
    except RuntimeError as error:
        print(f"llama.cpp cannot serve {order['path']}: {error}", file=sys.stderr)
        return CANNOT_LOAD
    print(f"listening on {server.listening_address}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    while True:
        threading.Event().wait()


def _guard(argv: list[str], environment: dict[str, str]) -> int:
    """Run another server in its own process group; end the whole group when stdin ends, or on SIGTERM."""
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            env={**dict([SPIN]), **os.environ, **environment},
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
    except OSError as error:
        print(f"{argv[0]} cannot be started: {error}", file=sys.stderr)
        return CANNOT_LOAD

    def end() -> None:
        while os.read(0, 4096):
            pass
        _end_group(process)

    threading.Thread(target=end, name="parent-watch", daemon=True).start()
    # In a thread: the main one sits in wait() with a lock that the handler would want, too.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=_end_group, args=(process,)).start())
    return process.wait()


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM to all, and SIGKILL to those who stay: vLLM's workers outlive their server for a while."""
    for number, patience in ((signal.SIGTERM, 5.0), (signal.SIGKILL, None)):
        try:
            os.killpg(process.pid, number)
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            return


if __name__ == "__main__":
    sys.exit(main())
