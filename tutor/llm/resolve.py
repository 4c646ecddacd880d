"""Which model to use, and why: the settings' word first, then a saved choice, then what this machine can do.

Returns a value with its reason. Starts nothing, fetches nothing, imports no engine.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from ingest.errors import UsageError
from tutor.llm import hardware
from tutor.llm.catalogue import CatalogueEntry, HubFile, HubRepository, load_catalogue
from tutor.llm.hardware import Finding
from tutor.llm.on_disk import adopt, model_path

if TYPE_CHECKING:
    from tutor.settings import Settings

Engine = Literal["llama.cpp", "openai", "vllm", "fake", "none"]

GPU_MODEL = "Llama-3.1-8B-Instruct-AWQ-INT4"
CPU_MODEL = "Llama-3.2-3B-Instruct-Q4_K_M"
# Llama models that are taken when they are on disk, best for a CPU first.
CPU_LLAMAS = (CPU_MODEL, "Llama-3-Taiwan-8B-Instruct-Q4_K_M")
PACKAGED_MODEL = "Qwen2.5-Coder-1.5B-Instruct-Q4_K_M"
SMALLER_PACKAGED = ("Qwen2.5-Coder-0.5B-Instruct-Q4_K_M",)
VLLM_CONTEXT = 8192


@dataclass(frozen=True)
class ModelChoice:
    """The model that will answer, and why it is this one.

    Args:
        name: catalogue name, file name or the server's model name; what the API reports as `model`.
        path: GGUF file or folder, for engines that we start.
        base_url: ends in `/v1`, for servers that we do not start.
        context: tokens of context to ask the engine for (a server of somebody else's tells its own).
        reason: a sentence for users.
        needs_pull: the files are not on disk yet.
        automatic: nobody asked for this very model, so another may take its place.
    """

    name: str
    engine: Engine
    reason: str
    path: Path | None = None
    base_url: str = ""
    family: str = ""
    context: int = 0
    needs_pull: bool = False
    automatic: bool = False
    entry: CatalogueEntry | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Machine:
    """What `resolve` asks of the machine; tests hand in their own answers."""

    gpu: Callable[[], Finding] = hardware.cuda_gpu
    vllm: Callable[[], Finding] = hardware.vllm_installed
    hub: Callable[[str], Finding] = hardware.hub_answers


def resolve(settings: Settings, machine: Machine | None = None) -> ModelChoice:
    """Choose. Takes at most 3 s for the model hub, once per process, and only if nothing decides before.

    Raises:
        UsageError: the settings or the saved choice name a model that does not exist.
    """
    machine = machine or Machine()
    if settings.server_url:
        return _server(settings)
    if settings.model != "auto":
        return _named(settings.model, settings, f"chosen by TUTOR_MODEL={settings.model}")
    saved = saved_choice(settings.models_dir)
    if saved:
        return _named(saved, settings, f"chosen by `tutor models use {saved}`")
    return replace(_automatic(settings, machine), automatic=True)


def use(name: str, models_dir: Path) -> None:
    """Save a choice for later starts: a catalogue name, a path to a GGUF, `fake`, `none`; `auto` forgets it.

    Raises:
        UsageError: no such model.
    """
    path = models_dir / "choice.json"
    if name == "auto":
        path.unlink(missing_ok=True)
        return
    if name not in {"fake", "none"}:
        name = str(_gguf(name)) if _is_path(name) else load_catalogue()[name].name
    models_dir.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"choice.json.{os.getpid()}")
    draft.write_text(json.dumps({"model": name}) + "\n", encoding="utf-8")
    draft.replace(path)


def saved_choice(models_dir: Path) -> str:
    """What `use` saved; empty if nothing.

    Raises:
        UsageError: the file cannot be read as a choice.
    """
    path = models_dir / "choice.json"
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["model"])
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is not readable as a choice.", "Run: tutor models use auto") from error


def _server(settings: Settings) -> ModelChoice:
    url = settings.server_url.rstrip("/")
    if not _is_address(url):
        raise UsageError(
            f"TUTOR_SERVER_URL={settings.server_url!r} is not an address.",
            "Write it like http://127.0.0.1:8000/v1.",
        )
    name = "" if settings.model in {"auto", "fake", "none"} else settings.model
    base_url = url if url.endswith("/v1") else f"{url}/v1"
    return ModelChoice(name, "openai", f"TUTOR_SERVER_URL is set: {url}", base_url=base_url, context=settings.context)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, half an IPv6 address
        return False


def _named(name: str, settings: Settings, reason: str) -> ModelChoice:
    if name == "none":
        return ModelChoice("none", "none", f"{reason}: answers are extracts, no model runs")
    if name == "fake":
        return ModelChoice("fake", "fake", f"{reason}: a stand-in for tests", family="fake", context=settings.context)
    if _is_path(name):
        path = _gguf(name)
        return ModelChoice(path.stem, "llama.cpp", reason, path=path, context=settings.context)
    return _catalogued(load_catalogue()[name], settings, reason)


def _automatic(settings: Settings, machine: Machine) -> ModelChoice:
    catalogue = load_catalogue()
    gpu = machine.gpu()
    findings = [gpu.reason]
    if gpu.yes:
        vllm = machine.vllm()
        if not vllm.yes:
            findings.append(vllm.reason)
        else:
            choice = _catalogued(catalogue[GPU_MODEL], settings, f"{gpu.reason} and {vllm.reason}")
            hub = _hub(catalogue[GPU_MODEL], settings, machine) if choice.needs_pull else Finding(True, "")
            if hub.yes:
                return choice
            findings.append(f"{GPU_MODEL} is not on disk and {hub.reason}")
    for name in CPU_LLAMAS:
        if adopt(catalogue[name], settings.models_dir) is not None:
            return _catalogued(catalogue[name], settings, _sentence(findings, f"{name} is on disk"))
    hub = _hub(catalogue[CPU_MODEL], settings, machine)
    findings.append(hub.reason)
    if hub.yes:
        return _catalogued(catalogue[CPU_MODEL], settings, _sentence(findings, f"using {CPU_MODEL} from there"))
    return _packaged(settings, findings)


def _packaged(settings: Settings, findings: list[str]) -> ModelChoice:
    """The model that the package index carries; offline, whichever of them is on disk, or none."""
    catalogue = load_catalogue()
    packaged = catalogue[PACKAGED_MODEL]
    choice = _catalogued(packaged, settings, _sentence(findings, f"using the packaged {packaged.parameters} model"))
    if not (choice.needs_pull and settings.offline):
        return choice
    for name in SMALLER_PACKAGED:
        if adopt(catalogue[name], settings.models_dir) is not None:
            return _catalogued(catalogue[name], settings, _sentence(findings, f"{name} is on disk"))
    reason = _sentence(findings, "no model is on disk, so answers are extracts (mend: tutor models pull)")
    return ModelChoice("none", "none", reason)


def without_hub(settings: Settings, why: str) -> ModelChoice:
    """The automatic choice when a fetch from the hub has failed after all: the packaged model."""
    return replace(_packaged(settings, [why.rstrip(".")]), automatic=True)


def _catalogued(entry: CatalogueEntry, settings: Settings, reason: str) -> ModelChoice:
    wanted = settings.context
    if entry.engine == "vllm" and "context" not in settings.model_fields_set:
        wanted = max(wanted, VLLM_CONTEXT)  # the default is a CPU's; a GPU has room for more
    return ModelChoice(
        name=entry.name,
        engine=entry.engine,
        reason=reason,
        path=model_path(entry, settings.models_dir),
        family=entry.family,
        context=min(wanted, entry.context),
        needs_pull=adopt(entry, settings.models_dir) is None,
        entry=entry,
    )


def _hub(entry: CatalogueEntry, settings: Settings, machine: Machine) -> Finding:
    if settings.offline:
        return Finding(False, "TUTOR_OFFLINE is set")
    for source in entry.sources:
        if isinstance(source, HubFile):
            return machine.hub(source.url)
        if isinstance(source, HubRepository):
            return machine.hub(f"{source.hub}/{source.repository}/resolve/main/config.json")
    return Finding(False, "it is not on the model hub")


def _sentence(findings: list[str], ending: str) -> str:
    return "; ".join([*findings, ending])


def _is_path(name: str) -> bool:
    return name.lower().endswith(".gguf") or "/" in name or "\\" in name


def _gguf(name: str) -> Path:
    path = Path(name).expanduser().resolve()
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", "TUTOR_MODEL wants a catalogue name or the path of a GGUF file.")
    try:
        with path.open("rb") as stream:
            begins = stream.read(4)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}).", "Check its permissions.") from error
    if begins != b"GGUF":
        raise UsageError(f"{path} is not a GGUF file.", "Take one that llama.cpp can load.")
    return path
