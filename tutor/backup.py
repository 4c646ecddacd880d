"""`tutor backup` and `tutor restore`: users' data, documents and indexes in one archive, taken and put back while running.

    manifest.json              what is inside, with the SHA-256 of every file
    store/tutor.sqlite         users' data, copied by SQLite's online backup;   or
    store/rows.jsonl           the same from PostgreSQL, one row a line
    documents/NAME.EXT         the document of a corpus, and what lies beside it (NAME.rubrics.yaml, ...)
    corpora/NAME/              rubrics and expansions that were edited or drafted on this machine
    corpora/NAME/build-XXXX/   its index, unless a Chroma server keeps the vectors

Models and settings are not inside. Knows archives and folders; rows are the store's, builds the index's.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from ingest.builds import current_build, locked, make_current, read_manifest, remove_builds
from ingest.chroma import drop_elsewhere
from ingest.corpora import (
    BESIDE,
    DRAFTED,
    check_name,
    document_path,
    forget_document_path,
    keep_document_path,
    shipped_document,
)
from ingest.errors import IndexMissing, StoreMismatch, TutorError, UsageError
from tutor import __version__
from tutor.interview.material import OWN_FILE
from tutor.settings import Settings
from tutor.store.dump import Row, dump, file_of_rows, is_empty, load, open_file, replace_file, revision
from tutor.store.engine import Database, database_url
from tutor.store.migrate import copy_sqlite, known_revisions, migrate

FORMAT = 1
SQLITE = "store/tutor.sqlite"
ROWS = "store/rows.jsonl"
_CHUNK = 1 << 20
# What was drafted or edited on this machine about a corpus, in its folder.
_OWN_FILES = (OWN_FILE, DRAFTED)
# Files that may be in use: they are copied through SQLite.
_SQLITE_ENDINGS = (".sqlite", ".sqlite3")
Say = Callable[[str], None]


@dataclass
class Report:
    """What was saved or brought back. `without_index`: corpora whose index has to be built again."""

    file: str
    store: str
    corpora: list[str] = field(default_factory=list)
    without_index: list[str] = field(default_factory=list)
    bytes: int = 0


def backup(settings: Settings, target: Path, *, force: bool = False, say: Say = lambda _: None) -> Report:
    """Write everything into one archive; it stands there whole or not at all.

    Raises:
        UsageError: the file exists already, or cannot be written.
        StoreUnavailable: the database does not answer.
        IndexBusy: an index is being built just now.
    """
    if target.exists() and not force:
        raise UsageError(f"{target} exists already.", "Choose another name, or say --force to replace it.")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        descriptor = os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as raw, tempfile.TemporaryDirectory() as scratch:
            with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
                report = _fill(settings, _Writer(archive, Path(scratch)), say)
            raw.flush()
            os.fsync(raw.fileno())
        os.replace(part, target)
    except OSError as error:
        raise UsageError(
            f"The backup cannot be written to {target}: {error.strerror or error}.", "Choose a place with enough room."
        ) from error
    finally:
        part.unlink(missing_ok=True)
    report.file, report.bytes = str(target), target.stat().st_size
    return report


def restore(settings: Settings, source: Path, *, force: bool = False, say: Say = lambda _: None) -> Report:
    """Put an archive's contents in place of what is there, after all of it was checked.

    Every corpus, and the database as a whole, changes in one step; running servers see the old or the new one.

    Raises:
        UsageError: the file is no backup, is damaged, or there is something that would be overwritten.
        StoreMismatch: a newer version of the tutor wrote it.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(database_url(settings))
    try:
        _check_free(settings, database, force)
        # On the same file system, so that folders can be moved into place.
        with tempfile.TemporaryDirectory(dir=settings.data_dir, prefix=".restore-") as folder:
            scratch = Path(folder)
            say("checking the archive")
            manifest = _unpack(source, scratch)
            if manifest["revision"] not in known_revisions():
                raise StoreMismatch(
                    f"{source} was written by a newer version of the tutor ({manifest['tutor']}).",
                    "Update the tutor: pip install --upgrade interview-tutor",
                )
            fresh = _fresh_store(scratch, manifest)
            report = Report(str(source), str(database.url.get_backend_name()), bytes=source.stat().st_size)
            for name in manifest["corpora"]:
                say(f"corpus {name}")
                _put_corpus(settings, scratch, name, report)
            say("users' data")
            _put_store(settings, database, fresh)
            return report
    except OSError as error:
        raise UsageError(
            f"{source} cannot be brought back: {error.strerror or error}.", "Check the path, the rights and the room."
        ) from error
    finally:
        database.close()


class _Writer:
    """An archive being written, and what its manifest will say."""

    def __init__(self, archive: zipfile.ZipFile, scratch: Path) -> None:
        self.archive = archive
        self.scratch = scratch
        self.files: dict[str, dict[str, Any]] = {}

    def add(self, path: Path, name: str) -> None:
        """Put a file in, by a copy where SQLite may be writing it."""
        copy = None
        # What is sealed with its hash is never written again, and a copy by SQLite has other bytes.
        if path.suffix in _SQLITE_ENDINGS and path.name != "content.sqlite":
            copy = self.scratch / "copy.sqlite"
            copy_sqlite(path, copy)
        with (copy or path).open("rb") as file:
            self.stream(name, iter(lambda: file.read(_CHUNK), b""))
        if copy is not None:
            copy.unlink()

    def stream(self, name: str, chunks: Iterator[bytes]) -> None:
        """Put a file in that is made as it is read."""
        digest, size = hashlib.sha256(), 0
        with self.archive.open(name, "w", force_zip64=True) as out:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                out.write(chunk)
        self.files[name] = {"sha256": digest.hexdigest(), "bytes": size}


def _fill(settings: Settings, writer: _Writer, say: Say) -> Report:
    say("users' data")
    database = Database(database_url(settings))
    try:
        migrate(database)
        if database.is_sqlite:
            writer.add(Path(str(database.url.database)), SQLITE)
        else:
            lines = (json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in dump(database))
            writer.stream(ROWS, lines)
        at = revision(database)
    finally:
        database.close()
    report = Report("", "sqlite" if database.is_sqlite else "postgresql")
    folders = sorted(settings.corpora_dir.iterdir()) if settings.corpora_dir.is_dir() else []
    for folder in folders:
        if current_build(folder) is not None:
            say(f"corpus {folder.name}")
            with locked(folder, folder.name):
                _add_corpus(settings, folder, writer, report)
    manifest = {
        "format": FORMAT, "tutor": __version__, "made": datetime.now(UTC).isoformat(timespec="seconds"), "revision": at,
        "corpora": report.corpora, "files": writer.files,
    }  # fmt: skip
    writer.archive.writestr("manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1))
    return report


def _add_corpus(settings: Settings, folder: Path, writer: _Writer, report: Report) -> None:
    name = folder.name
    build = current_build(folder)
    if build is None:  # removed since
        return
    report.corpora.append(name)
    try:
        document = document_path(settings.corpora_dir, name)
    except IndexMissing:
        document = None
    if document is not None and document != shipped_document(name) and document.exists():
        writer.add(document, f"documents/{name}{document.suffix}")
        for ending in BESIDE:
            if (beside := document.with_suffix(ending)).exists():
                writer.add(beside, f"documents/{name}{ending}")
    for own in _OWN_FILES:
        if (folder / own).exists():
            writer.add(folder / own, f"corpora/{name}/{own}")
    if (read_manifest(build) or {}).get("chroma_url"):
        report.without_index.append(name)
        return
    for path in sorted(
        p for p in build.rglob("*") if p.is_file() and not p.name.endswith(("-wal", "-shm", "-journal"))
    ):
        writer.add(path, f"corpora/{name}/{build.name}/{path.relative_to(build).as_posix()}")


def _check_free(settings: Settings, database: Database, force: bool) -> None:
    if force:
        return
    mend = "Say --force to replace it; the users' data that is there now is kept beside as a copy."
    migrate(database)
    if not is_empty(database):
        raise UsageError("There is users' data already.", mend)
    folders = list(settings.corpora_dir.iterdir()) if settings.corpora_dir.is_dir() else []
    taken = sorted(folder.name for folder in folders if current_build(folder) is not None)
    if taken:
        raise UsageError(f"There are indexes already: {', '.join(taken)}.", mend)


def _unpack(source: Path, scratch: Path) -> dict[str, Any]:
    """Everything in the archive, checked against its manifest, which comes back."""
    try:
        with zipfile.ZipFile(source) as archive:
            manifest = json.loads(archive.read("manifest.json"))
            if manifest["format"] != FORMAT:
                raise StoreMismatch(
                    f"{source} has another format than this version of the tutor reads.",
                    "Use the version that wrote it.",
                )
            if not {"revision", "tutor"} <= manifest.keys():
                raise ValueError("manifest.json")
            for name in manifest["corpora"]:
                check_name(name)
            for name, told in manifest["files"].items():
                _extract(archive, name, told, scratch)
    except TutorError:
        raise
    except FileNotFoundError as error:
        raise UsageError(f"There is no file {source}.", "Check the path.") from error
    except (
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        EOFError,
        NotImplementedError,
    ) as error:
        raise UsageError(f"{source} is no backup of the tutor, or it is damaged.", "Take another one.") from error
    if not {SQLITE, ROWS} & set(manifest["files"]):
        raise UsageError(f"{source} holds no users' data.", "Take another one.")
    return dict(manifest)


def _extract(archive: zipfile.ZipFile, name: str, told: dict[str, Any], scratch: Path) -> None:
    parts = PurePosixPath(name).parts
    known = {"store": 2, "documents": 2}.get(parts[0], 3) if parts else 0
    if (
        "\\" in name
        or ":" in name
        or ".." in parts
        or len(parts) < known
        or parts[0] not in {"store", "documents", "corpora"}
    ):
        raise ValueError(name)
    target = scratch.joinpath(*parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, left = hashlib.sha256(), int(told["bytes"])
    with archive.open(name) as file, target.open("wb") as out:
        while chunk := file.read(min(_CHUNK, left + 1)):
            left -= len(chunk)
            if left < 0:
                break
            digest.update(chunk)
            out.write(chunk)
    if left or digest.hexdigest() != told["sha256"]:
        raise ValueError(name)


def _fresh_store(scratch: Path, manifest: dict[str, Any]) -> Path:
    """The users' data of the archive as a SQLite file of the newest revision."""
    fresh = scratch / "fresh.sqlite"
    if SQLITE in manifest["files"]:
        (scratch / SQLITE).rename(fresh)
        database = open_file(fresh)
        try:
            migrate(database)
        finally:
            database.close()
    else:
        with (scratch / ROWS).open(encoding="utf-8") as lines:
            file_of_rows(fresh, (_row(line) for line in lines), manifest["revision"])
    return fresh


def _row(line: str) -> Row:
    name, values = json.loads(line)
    return name, values


def _put_corpus(settings: Settings, scratch: Path, name: str, report: Report) -> None:
    folder = settings.corpora_dir / name
    folder.mkdir(parents=True, exist_ok=True)
    report.corpora.append(name)
    found = list((scratch / "corpora" / name).glob("build-*"))
    with locked(folder, name):
        # Without NAME.ENDING what lies beside it is meant, or the document of another corpus, as in NAME.OTHER.md.
        documents = [path for path in sorted((scratch / "documents").glob(f"{name}.*")) if path.stem == name]
        kept = settings.data_dir / "documents"
        for document in documents:
            kept.mkdir(exist_ok=True)
            os.replace(document, kept / document.name)
            for ending in BESIDE:
                _replace(document.with_name(name + ending), kept / f"{name}{ending}")
            keep_document_path(folder, kept / document.name)
        if not documents and shipped_document(name) is not None:
            forget_document_path(folder)
        for own in _OWN_FILES:
            _replace(scratch / "corpora" / name / own, folder / own)
        if not found:
            report.without_index.append(name)
            return
        before, target = current_build(folder), folder / found[0].name
        if target.exists():  # the same build: its files may be damaged, so they are replaced
            shutil.move(target, scratch / f"old-{name}")
        shutil.move(found[0], target)
        make_current(folder, target)
        drop_elsewhere(remove_builds(folder, keep=target, also=before), "")


def _replace(path: Path, target: Path) -> None:
    """Put a file in the place of another; where there is none, the other is gone all the same."""
    if path.exists():
        os.replace(path, target)
    else:
        target.unlink(missing_ok=True)


def _put_store(settings: Settings, database: Database, fresh: Path) -> None:
    if not database.is_sqlite:
        migrate(database)
        source = open_file(fresh)
        try:
            load(database, dump(source))
        finally:
            source.close()
        return
    live = Path(str(database.url.database))
    moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    database.close()
    try:
        migrate(database)
        if not is_empty(database):
            copy_sqlite(live, live.with_name(f"{live.name}.before-restore-{moment}"))
    except TutorError:  # damaged, or from a newer version: it gives way, but is not thrown away
        database.close()
        for side in ("", "-wal", "-shm"):
            path = live.with_name(live.name + side)
            if path.exists():
                os.replace(path, path.with_name(f"{live.name}.unusable-{moment}{side}"))
    database.close()
    replace_file(live, fresh)
