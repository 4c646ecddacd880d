"""How each engine is started: the order that `child.py` carries out.

Knows nothing of processes (that is `server.py`) or of where the files came from.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ingest.errors import ModelUnavailable
from tutor.llm import own_build
from tutor.llm.gpu_plan import plan
from tutor.llm.hardware import cuda_cards, physical_cores
from tutor.llm.own_build import Engine
from tutor.llm.server import LOOPBACK, Launch
from tutor.llm.weights import check_chat_template, read_shape

# Two slots: on 2 cores a second stream halves the first; a third would wait less than it costs.
PARALLEL = 2
# Host memory for prompts that left their slot. None: what is worth keeping is kept in files, which cost no memory,
# outlive a restart and come back in 3 ms for 256 tokens.
CACHE_MIB = 0
# Tokens computed at a time: the engine looks up from its work after each batch, to stop or to let another stream
# have its token. Smaller is politer, larger reads faster: `python -m eval engine`, docs/log.md.
BATCH = 64
# One thread serves one open stream; llama.cpp's default (slots + 4) lets waiting streams block /health.
HTTP_THREADS = 64
VLLM_LOAD_S = 900.0  # 110 to 130 s measured with a 135M model on CPU; the AWQ kernels add compilation
# Cached prompt tokens are counted in `usage`, which is how the tutor measures them.
ALWAYS = ("--enable-prefix-caching", "--enable-prompt-tokens-details")
NO_TELEMETRY = {
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}


def llama_cpp(
    name: str, path: Path, *, context: int, threads: int = 0, prompts: Path | None = None, engine: Engine | None = None
) -> Launch:
    """llama.cpp's own server with one GGUF: the packaged one in a process of ours, or one of the user's own.

    Args:
        context: tokens that one conversation may use (each of the slots gets as many).
        threads: CPU threads; 0 means all physical cores.
        prompts: folder where slots may be saved to and restored from.
    """
    cores = threads or physical_cores()
    program = engine.program if engine is not None else None

    def packaged(port: int, api_key: str) -> Mapping[str, Any]:
        return {
            "kind": "llama.cpp", "path": str(path), "alias": name, "context": context, "parallel": PARALLEL,
            "threads": cores, "cache_mib": CACHE_MIB, "batch": BATCH, "http_threads": HTTP_THREADS,
            "prompts": str(prompts) if prompts else "", "port": port, "api_key": api_key,
        }  # fmt: skip

    def own(port: int, api_key: str) -> Mapping[str, Any]:
        assert program is not None
        argv = own_build.arguments(
            program, path, alias=name, host=LOOPBACK, port=port, parallel=PARALLEL, context=context, threads=cores,
            cache_mib=CACHE_MIB, batch=BATCH, http_threads=HTTP_THREADS, prompts=prompts,
        )  # fmt: skip
        return {"kind": "command", "argv": argv, "environment": {"LLAMA_API_KEY": api_key}}

    # /props wants the key and answers 503 while loading: health and identity in one request.
    return Launch(name=name, order=own if program else packaged, health="/props")


def vllm(name: str, path: Path, *, context: int, command: str = "") -> Launch:
    """`vllm serve` with a folder of weights, with the settings that `gpu_plan` computes for the GPUs that are here.

    Args:
        context: `--max-model-len`, tokens; less where the GPUs hold less.
        command: the `vllm` program; found beside this Python or on the path when empty.

    Raises:
        ModelUnavailable: the weights have no chat template, or do not fit.
    """
    program = command or _vllm_program()
    check_chat_template(name, path)
    flags = vllm_flags(path, context)

    def order(port: int, api_key: str) -> Mapping[str, Any]:
        argv = [
            program,
            "serve",
            str(path),
            "--served-model-name",
            name,
            "--host",
            LOOPBACK,
            "--port",
            str(port),
        ]
        argv += [*ALWAYS, *flags]
        # The key goes by environment: every user of the machine can read a command line.
        return {"kind": "command", "argv": argv, "environment": {"VLLM_API_KEY": api_key, **NO_TELEMETRY}}

    return Launch(name=name, order=order, health="/v1/models", load_seconds=VLLM_LOAD_S)


def vllm_flags(path: Path, context: int) -> list[str]:
    """Flags for these weights on the GPUs of this machine; only the context where there is none (vLLM's CPU build).

    Raises:
        ModelUnavailable: they do not fit.
    """
    try:
        found = cuda_cards()
    except ValueError:
        found = None
    shape = read_shape(path)
    if found is None or shape is None:
        return ["--max-model-len", str(context)]
    made = plan(shape, found[1], context=context)
    if not made.fits:
        raise ModelUnavailable(made.reason, "Other models: tutor models list")
    return made.flags()


def _vllm_program() -> str:
    beside = Path(sys.executable).with_name("vllm")
    return str(beside) if beside.is_file() else shutil.which("vllm") or "vllm"
