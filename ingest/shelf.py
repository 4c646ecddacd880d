"""All corpora of a data folder: what is there, whether it is up to date, and taking one away.

Knows folders and manifests. Building is the work of `ingest.corpora` and `ingest.index`.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ingest.builds import current_build, locked, read_manifest, remove_builds
from ingest.chroma import answering, drop_builds, drop_elsewhere, open_client
from ingest.content import Content
from ingest.corpora import check_name, document_path, shipped_document, shipped_folder
from ingest.errors import IndexMissing, TutorError
from ingest.index import FORMAT, source_hash
from ingest.read import read_text


@dataclass(frozen=True)
class Shelved:
    """One corpus as it stands.

    Args:
        document: where its document lies, or lay.
        questions: how many it has; None where it has no readable index.
        built: when its index was built, UTC, ISO 8601; None without an index.
        embedders: those whose vectors the index holds.
        stale: whether `tutor ingest` would build it anew.
        reason: why it is stale, "" if it is not.
        shipped: whether its document travels with the program.
    """

    name: str
    document: str
    questions: int | None
    built: str | None
    embedders: tuple[str, ...]
    stale: bool
    reason: str
    shipped: bool


def shelf(corpora_dir: Path, embedders: Sequence[str]) -> list[Shelved]:
    """Every corpus that was added or travels with the program, by name; `embedders` are those of the settings."""
    names = {p.stem for p in shipped_folder().glob("*.md")}
    if corpora_dir.is_dir():
        names |= {p.name for p in corpora_dir.iterdir() if current_build(p) is not None}
    return [_shelved(corpora_dir, name, tuple(embedders)) for name in sorted(names)]


def _shelved(corpora_dir: Path, name: str, wanted: tuple[str, ...]) -> Shelved:
    document = _document(corpora_dir, name)
    shipped = document == shipped_document(name)
    build = current_build(corpora_dir / name)
    manifest = read_manifest(build) if build else None
    if build is None or manifest is None:
        return Shelved(name, str(document or ""), None, None, (), True, "it has no index yet", shipped)
    built = datetime.fromtimestamp((build / "manifest.json").stat().st_mtime, UTC).isoformat(timespec="seconds")
    embedders = tuple(str(e["name"]) for e in manifest.get("embedders", ()))
    if manifest.get("format") != FORMAT:
        reason = "another version of the tutor built it"
        return Shelved(name, str(document or ""), None, built, embedders, True, reason, shipped)
    try:
        with closing(Content(build / "content.sqlite")) as content:
            questions = len(content.questions)
    except sqlite3.Error:
        return Shelved(name, str(document or ""), None, built, embedders, True, "its index is damaged", shipped)
    reason = _change(document, manifest["source_sha256"])
    if not reason and embedders != wanted:
        reason = f"the settings ask for vectors of {', '.join(wanted)}"
    return Shelved(name, str(document or ""), questions, built, embedders, bool(reason), reason, shipped)


def _document(corpora_dir: Path, name: str) -> Path | None:
    try:
        return document_path(corpora_dir, name)
    except TutorError:
        return None


def _change(document: Path | None, built_from: str) -> str:
    if document is None or not document.exists():
        return "its document is gone"
    try:
        changed = source_hash(read_text(document)) != built_from
    except TutorError as error:
        return f"its document cannot be read any more ({error.message.rstrip('.')})"
    return "its document has changed" if changed else ""


def holds(corpora_dir: Path, name: str) -> Path | None:
    """The document that a name already stands for, or None where the name is free."""
    known = check_name(name) and (shipped_document(name) is not None or current_build(corpora_dir / name) is not None)
    return _document(corpora_dir, name) if known else None


def remove(corpora_dir: Path, name: str) -> None:
    """Remove the index of a corpus and everything kept for it; the document itself stays where it lies.

    Raises:
        IndexMissing: there is nothing to remove.
        IndexBusy: it is being built.
        IndexUnavailable: its vectors lie on a Chroma server that does not answer.
    """
    folder = corpora_dir / check_name(name)
    if not folder.is_dir():
        raise IndexMissing(f"There is no index of a corpus called {name!r}.", "tutor corpus list")
    with locked(folder, name), ExitStack() as opened:
        build = current_build(folder)
        url = str((read_manifest(build) or {}).get("chroma_url", "")) if build else ""
        client = opened.enter_context(closing(open_client(folder, url))) if url else None
        # From here on there is no index, whatever happens to the rest.
        (folder / "current.json").unlink(missing_ok=True)
        gone = remove_builds(folder, keep=None)
        if client is not None:
            with answering(url):
                drop_builds(client, gone)
        drop_elsewhere(gone, url)
        for path in folder.iterdir():
            if path.name != "lock":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.rmtree(folder, ignore_errors=True)
