"""What `tutor doctor` and the status tab show: each finding with its value and its reason."""

from __future__ import annotations

import os
import platform
import shutil
from typing import Any

from ingest.corpora import document_path
from ingest.errors import TutorError
from tutor import __version__
from tutor.settings import Settings

Finding = dict[str, Any]
# The packaged model, its parts while it is fetched, and an index.
NEEDED_BYTES = 3 * 2**30


def examine(settings: Settings) -> list[Finding]:
    """Every finding as `{"name", "state": "ok"|"note"|"bad", "value", "reason"}`."""
    return [
        _version(),
        _machine(),
        *_gpu_plan(),
        _data(settings),
        _model(settings),
        _engine(settings),
        _corpus(settings),
    ]


def _finding(name: str, state: str, value: str, reason: str) -> Finding:
    return {"name": name, "state": state, "value": value, "reason": reason}


def _version() -> Finding:
    return _finding("tutor", "ok", __version__, f"Python {platform.python_version()} on {platform.system()}")


def _machine() -> Finding:
    from tutor.llm.hardware import cuda_gpu

    gpu = cuda_gpu()
    return _finding("machine", "ok", f"{os.cpu_count()} CPU threads, {platform.machine()}", gpu.reason)


def _gpu_plan() -> list[Finding]:
    """How the default model would be started on the GPUs of this machine; nothing where there are none."""
    from tutor.llm.gpu_plan import plan
    from tutor.llm.hardware import cuda_cards
    from tutor.llm.model_shape import LLAMA_8B

    try:
        found = cuda_cards()
    except ValueError:
        return []
    if found is None:
        return []
    made = plan(LLAMA_8B, found[1])
    value = " ".join(made.flags()) if made.fits else f"{made.model} does not fit"
    return [_finding("vLLM settings", "ok" if made.fits else "note", value, made.reason)]


def _data(settings: Settings) -> Finding:
    place = settings.data_dir
    while not place.exists() and place != place.parent:
        place = place.parent
    free = shutil.disk_usage(place).free
    enough = free > NEEDED_BYTES
    reason = f"{free / 2**30:.1f} GB free" + ("" if enough else "; the packaged model needs 3 GB while it is fetched")
    return _finding("data folder", "ok" if enough else "bad", str(settings.data_dir), reason)


def _model(settings: Settings) -> Finding:
    from tutor.llm import resolve

    try:
        choice = resolve(settings)
    except TutorError as error:
        return _finding("model", "bad", settings.model, str(error))
    where = "not on disk yet, fetched on first use" if choice.needs_pull else str(choice.path or choice.base_url or "")
    return _finding(
        "model",
        "note" if choice.needs_pull else "ok",
        f"{choice.name} on {choice.engine}; {where}",
        choice.reason,
    )


def _engine(settings: Settings) -> Finding:
    from tutor.llm.own_build import choose_engine

    try:
        engine = choose_engine(settings.llama_server)
    except TutorError as error:
        return _finding("engine", "bad", settings.llama_server, str(error))
    return _finding("engine", "ok", str(engine.program or "packaged"), f"GGUF files are served by {engine.reason}")


def _corpus(settings: Settings) -> Finding:
    from ingest.index import Index

    try:
        document = document_path(settings.corpora_dir, settings.corpus)
        index = Index.open(settings.corpora_dir / settings.corpus, settings.embedders, settings.chroma_url)
    except TutorError as error:
        return _finding("corpus", "note", settings.corpus, str(error))
    count = len(index.content.questions)
    index.close()
    return _finding("corpus", "ok", f"{settings.corpus}: {count} questions", f"read from {document}")
