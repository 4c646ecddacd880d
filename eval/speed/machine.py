"""What the figures were taken on, in words. No name or path of the machine itself."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

from tutor.llm import open_model
from tutor.llm.hardware import physical_cores
from tutor.settings import Settings


def describe(settings: Settings) -> dict[str, str]:
    """Processor, memory, engine and model."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
        total = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
        memory = f"{int(total.split()[1]) / 2**20:.0f} GiB"
    except (OSError, StopIteration):
        processor, memory = platform.processor() or platform.machine(), "?"
    with open_model(settings, start=False) as model:
        name = model.name
    return {
        "processor": processor,
        "cores": f"{physical_cores()} physical of {os.cpu_count()} logical",
        "memory": memory,
        "engine": f"xllamacpp {version('xllamacpp')}",
        "model": name,
        "python": platform.python_version(),
    }
