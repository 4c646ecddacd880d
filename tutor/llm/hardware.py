"""What this machine can do: processor cores, CUDA GPU, vLLM, a model hub within reach.

Every answer carries its reason. Knows nothing of models beyond the URL it is given. Imports no torch.
"""

from __future__ import annotations

import importlib.util
import math
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tutor.llm.gpu_plan import Cards

HUB_PATIENCE_S = 3.0
SMI_PATIENCE_S = 5.0
AWQ_COMPUTE_CAPABILITY = 7.5
AWQ_MEMORY_MIB = 9_000  # 5.7 GB of weights, 8k tokens of KV cache (1 GB) and CUDA graphs


@dataclass(frozen=True)
class Finding:
    """A yes or no with its reason, a clause that fits into a sentence for users."""

    yes: bool
    reason: str


def cuda_cards() -> tuple[str, Cards] | None:
    """Name of the first CUDA GPU and how many like it there are, asked of `nvidia-smi`.

    Raises:
        ValueError: `nvidia-smi` is there, but does not answer as it should.
    """
    command = shutil.which("nvidia-smi")
    if command is None:
        return None
    query = [command, "--query-gpu=name,memory.total,compute_cap", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=SMI_PATIENCE_S, check=True)
        rows = [tuple(cell.strip() for cell in row.rsplit(",", 2)) for row in done.stdout.splitlines() if row.strip()]
        name, memory, capability = rows[0]
        return name, Cards(round(float(memory)), rows.count(rows[0]), 1, float(capability))
    except (OSError, subprocess.SubprocessError, IndexError) as error:
        raise ValueError("nvidia-smi does not answer") from error


@lru_cache(maxsize=1)
def cuda_gpu() -> Finding:
    """Whether a CUDA GPU that can run the AWQ model is here, asked once per process."""
    try:
        found = cuda_cards()
    except ValueError:
        return Finding(False, "no working CUDA GPU (nvidia-smi is there but does not answer as it should)")
    if found is None:
        return Finding(False, "no CUDA GPU found")
    name, cards = found
    if cards.capability < AWQ_COMPUTE_CAPABILITY:
        return Finding(False, f"the GPU ({name}) is too old for AWQ (compute capability {cards.capability} < 7.5)")
    if cards.memory_mib < AWQ_MEMORY_MIB:
        return Finding(False, f"the GPU ({name}) has {cards.memory_mib} MiB, the AWQ model wants {AWQ_MEMORY_MIB}")
    several = f", {cards.per_node} of them" if cards.per_node > 1 else ""
    return Finding(True, f"a CUDA GPU is here ({name}, {cards.memory_mib / 1024:.0f} GiB{several})")


def vllm_installed() -> Finding:
    """Whether vLLM can be imported; it is looked up, not imported."""
    if importlib.util.find_spec("vllm") is None:
        return Finding(False, "vLLM is not installed (pip install 'interview-tutor[vllm]')")
    return Finding(True, "vLLM is installed")


@lru_cache(maxsize=16)
def hub_answers(url: str) -> Finding:
    """Whether the model hub serves `url`, asked by one HEAD of at most 3 s, once per process.

    The request runs in its own thread, since no client's timeout covers the resolver's.
    """
    answer: list[Finding] = []

    def ask() -> None:
        import httpx

        try:
            status = httpx.head(url, timeout=HUB_PATIENCE_S).status_code
        except (httpx.HTTPError, OSError) as error:
            answer.append(Finding(False, f"the model hub cannot be reached ({type(error).__name__})"))
        else:
            yes = status < 400
            answer.append(Finding(yes, "the model hub answers" if yes else f"the model hub answered {status}"))

    thread = threading.Thread(target=ask, name="hub-check", daemon=True)
    thread.start()
    thread.join(HUB_PATIENCE_S)
    if answer:
        return answer[0]
    return Finding(False, f"the model hub did not answer within {HUB_PATIENCE_S:.0f} s")


@lru_cache(maxsize=1)
def physical_cores() -> int:
    """Physical cores this process may use: affinity and container quota count, hyper-threads do not.

    llama.cpp is bound by memory bandwidth and by the FMA units that two hyper-threads share.
    """
    logical = os.cpu_count() or 1
    if sys.platform == "linux":
        allowed = os.sched_getaffinity(0)
        siblings = set()
        for cpu in allowed:
            path = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
            siblings.add(path.read_text().strip() if path.is_file() else str(cpu))
        return max(1, min(len(siblings), _container_quota()))
    if sys.platform == "darwin":
        for key in ("hw.perflevel0.physicalcpu", "hw.physicalcpu"):
            done = subprocess.run(["sysctl", "-n", key], capture_output=True, text=True, check=False)
            if done.returncode == 0 and done.stdout.strip().isdigit():
                return max(1, int(done.stdout))
    return max(1, logical // 2)


def _container_quota() -> int:
    """CPUs granted by the cgroup (version 2), rounded up; a large number where there is no limit."""
    path = Path("/sys/fs/cgroup/cpu.max")
    if not path.is_file():
        return 1 << 16
    quota, _, period = path.read_text().strip().partition(" ")
    return 1 << 16 if quota == "max" else max(1, math.ceil(int(quota) / int(period or "100000")))
