"""The embedded engine by itself: what the size of its batches, the form of its KV cache and waiting at barriers cost, and
what a state in a file saves. `python -m eval engine`; every variant in a process of its own, one after the other.

Knows llama.cpp's own server, nothing of the tutor's prompts: the text is the document's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from eval.threads import others
from ingest.corpora import shipped_document
from tutor.llm.child import SPIN
from tutor.llm.hardware import physical_cores
from tutor.llm.launches import BATCH


@dataclass(frozen=True)
class Variant:
    """One way to run the engine.

    Args:
        small: KV cache in 8 bits.
        environment: read by the engine's OpenMP library.
        busy: other processes that compute all the time meanwhile.
    """

    batch: int
    small: bool = False
    environment: Mapping[str, str] = field(default_factory=lambda: dict([SPIN]))
    busy: int = 0


SLEEP, DEFAULT = {"OMP_WAIT_POLICY": "passive"}, {"OMP_WAIT_POLICY": "active"}
VARIANTS = {
    **{f"batch {size}": Variant(size) for size in (32, BATCH, 128, 512, 2048)},
    "batch 128, KV cache in 8 bits": Variant(128, small=True),
    "barriers: sleep at once": Variant(BATCH, environment=SLEEP),
    "barriers: spin": Variant(BATCH, environment=DEFAULT),
    "beside a busy process": Variant(BATCH, busy=1),
    "beside a busy process, barriers: sleep at once": Variant(BATCH, environment=SLEEP, busy=1),
    "beside a busy process, barriers: spin": Variant(BATCH, environment=DEFAULT, busy=1),
}
TEXTS, CHARACTERS, WRITTEN = 3, 500, 48

# Run in a child: an engine cannot be taken down again within a process.
_CHILD = """
import json, sys, time
import httpx, xllamacpp
order = json.loads(sys.stdin.read())
p = xllamacpp.CommonParams()
p.model.path, p.hostnames, p.port = order["path"], ["127.0.0.1"], 0
p.n_parallel, p.n_ctx, p.verbosity, p.ui, p.offline, p.cache_ram_mib = 1, 4096, 0, False, True, 0
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = order["threads"]
p.n_batch = p.n_ubatch = order["batch"]
p.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_ENABLED
p.slot_save_path = order["folder"] + "/"
if order["small"]:
    p.cache_type_k = p.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_Q8_0
server = xllamacpp.Server(p)
client = httpx.Client(base_url=server.listening_address, timeout=600, headers={"Connection": "close"}, trust_env=False)
def complete(text, tokens):
    body = {"prompt": text, "n_predict": tokens, "cache_prompt": True, "temperature": 0, "id_slot": 0, "ignore_eos": True}
    return client.post("/completion", json=body).json()["timings"]
complete("warm up", 1)
rows = []
for text in order["texts"]:
    client.post("/slots/0?action=erase")
    read = complete(text, order["written"])
    started = time.perf_counter()
    saved = client.post("/slots/0?action=save", json={"filename": "state"}).json()
    save_ms = (time.perf_counter() - started) * 1000
    client.post("/slots/0?action=erase")
    started = time.perf_counter()
    client.post("/slots/0?action=restore", json={"filename": "state"})
    restore_ms = (time.perf_counter() - started) * 1000
    again = complete(text + " ?", 1)
    rows.append({"prompt_tokens": read["prompt_n"], "read_per_s": read["prompt_per_second"],
                 "write_per_s": read["predicted_per_second"], "state_kb_a_token": saved["n_written"] / saved["n_saved"] / 1000,
                 "save_ms": save_ms, "restore_ms": restore_ms, "first_token_restored_ms": again["prompt_ms"],
                 "first_token_new_ms": read["prompt_ms"]})
print("ROWS" + json.dumps(rows))
"""


def measure(model: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Medians of every variant over the same texts, in two rounds of turns."""
    document = shipped_document("llm-vlm-80")
    assert document is not None
    source = document.read_text(encoding="utf-8")
    texts = [source[start : start + CHARACTERS] for start in range(2000, 2000 + TEXTS * 20_000, 20_000)]
    found: dict[str, list[dict[str, float]]] = {}
    for _ in range(2):
        for name, variant in VARIANTS.items():
            found.setdefault(name, []).extend(_run(model, texts, variant))
            rates = [np.median([r[key] for r in found[name]]) for key in ("read_per_s", "write_per_s")]
            say(f"{name}: {rates[0]:.1f} tokens/s read, {rates[1]:.1f} written")
    keys = found[next(iter(found))][0]
    return {
        name: {key: round(float(np.median([r[key] for r in rows])), 1) for key in keys} for name, rows in found.items()
    }


def _run(model: Path, texts: list[str], variant: Variant) -> list[dict[str, float]]:
    with others(variant.busy), tempfile.TemporaryDirectory() as folder:
        order = {
            "path": str(model), "threads": physical_cores(), "batch": variant.batch, "small": variant.small,
            "texts": texts, "folder": folder, "written": WRITTEN,
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", _CHILD], input=json.dumps(order), capture_output=True, text=True, check=True,
            env={**os.environ, **variant.environment},
        )  # fmt: skip
    line = next(line for line in done.stdout.splitlines() if line.startswith("ROWS"))
    rows: list[dict[str, float]] = json.loads(line[4:])
    return rows
