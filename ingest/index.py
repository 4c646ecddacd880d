"""Building an index and opening it: built aside, swapped in atomically, never half-written.

    corpora/NAME/
      current.json          which build is in use (replaced in one step)
      build-XXXX/           manifest.json, content.sqlite, keyword/, chroma/
      vectors.sqlite        vectors by content, so that a rebuild embeds only what changed
      lock

Knows nothing of queries beyond handing out the searchable parts.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ingest import passages as chunker
from ingest.content import Content, write_content
from ingest.document import Document, Entry, EntryKind, Expansion
from ingest.embed import load_embedder, signature_of, split_spec
from ingest.errors import IndexBusy, IndexMismatch, IndexMissing
from ingest.keyword import KeywordIndex
from ingest.vectors import VectorCache, chroma_client, write_collection

FORMAT = 5
PARSER_VERSION = 2
Progress = Callable[[str, int, int], None]

# A leg searches one role of entries with one embedder. Separate collections, because what the document says and
# how people ask are separate signals for the fusion. Titles are both.
ROLES: dict[str, frozenset[EntryKind]] = {
    "text": frozenset({"title", "sentence", "row", "code"}),
    "ask": frozenset({"title", "ask", "digest", "terms"}),
}


@dataclass(frozen=True)
class BuildReport:
    """What a build did; the contract of `tutor ingest --json`."""

    corpus: str
    questions: int
    answered: int
    sections: int
    passages: int
    skipped: list[dict[str, int | str]]
    seconds: float
    unchanged: bool


def build(
    folder: Path,
    name: str,
    document: Document,
    *,
    embedders: Sequence[str],
    expansions: Sequence[Expansion] = (),
    progress: Progress = lambda stage, done, total: None,
) -> BuildReport:
    """Build the index of a parsed document under `folder` and make it the current one.

    A build that is killed at any point leaves the current index untouched.

    Raises:
        IndexBusy: another process is building this corpus.
        UsageError: an embedder is unknown or not installed.
    """
    started = time.perf_counter()
    manifest = _manifest(name, document, embedders, expansions)
    current = _current(folder)
    if current is not None and _read_manifest(current) == manifest:
        return _report(name, document, current, started, unchanged=True)

    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise IndexBusy(
            f"Another process is building the index of {name!r}.", "Wait until it is done, then try again."
        ) from error
    with lock:
        _remove_builds(folder, keep=current)
        target = folder / f"build-{uuid.uuid4().hex[:12]}"
        target.mkdir()
        _write(target, folder / "vectors.sqlite", document, embedders, expansions, progress)
        (target / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
        _make_current(folder, target)
        # The build before this one stays until the next: a running server may still be reading it.
        _remove_builds(folder, keep=target, also=current)
        return _report(name, document, target, started, unchanged=False)


def _write(
    target: Path,
    cache_path: Path,
    document: Document,
    embedders: Sequence[str],
    expansions: Sequence[Expansion],
    progress: Progress,
) -> None:
    found = chunker.passages(document)
    entries = list(chunker.entries(document, found, expansions))
    progress("keywords", 0, 1)
    write_content(target / "content.sqlite", document, found, entries)
    titles = {q.number: f"{q.title} {q.alias}" for q in document.questions}
    KeywordIndex.build((f"{titles[p.question]} {p.text}" for p in found), target / "keyword" / "passage")
    KeywordIndex.build(_question_texts(document, titles, entries), target / "keyword" / "question")
    progress("keywords", 1, 1)

    cache = VectorCache(cache_path)
    client = chroma_client(target / "chroma")
    for spec in embedders:
        embedder, only = split_spec(spec)
        model = load_embedder(embedder)
        for role, kinds in ROLES.items():
            rows = [i for i, e in enumerate(entries) if e.kind in kinds]
            if rows and only in ("", role):
                stage = f"{embedder}-{role}"
                total = len(rows)

                def report(done: int, stage: str = stage, total: int = total) -> None:
                    progress(stage, done, total)

                batches = cache.embed(model, [entries[i].searched for i in rows], report)
                write_collection(client, collection_name(embedder, role), batches, rows)
    cache.prune()
    cache.close()


def _question_texts(document: Document, titles: dict[int, str], entries: Sequence[Entry]) -> Iterator[str]:
    """The text of each whole question, title twice (it says best what the question is about), expansions once."""
    extra: dict[int, list[str]] = {}
    for entry in entries:
        if entry.kind in {"ask", "digest", "terms"} or (entry.kind == "title" and not entry.end):
            extra.setdefault(entry.question, []).append(entry.text)
    for question in document.questions:
        body = document.source[question.start : question.end]
        yield " ".join((titles[question.number], body, *extra.get(question.number, ())))


def collection_name(embedder: str, role: str) -> str:
    """Chroma's name of a leg: letters, digits, dots and dashes only."""
    safe = "".join(c if c.isalnum() and c.isascii() else "-" for c in embedder).strip("-")
    return f"{safe[:40]}.{role}"


class Index:
    """An opened index, read only."""

    def __init__(self, folder: Path, build_folder: Path, manifest: dict[str, Any]) -> None:
        self.folder = folder
        self.build_folder = build_folder
        self.manifest = manifest
        self.content = Content(build_folder / "content.sqlite")
        self.keyword_passages = KeywordIndex.open(
            build_folder / "keyword" / "passage", len(self.content.passage_question)
        )
        self.keyword_questions = KeywordIndex.open(build_folder / "keyword" / "question", len(self.content.questions))
        self._client: Any = None

    @classmethod
    def open(cls, folder: Path, embedders: Sequence[str]) -> Index:
        """Open the current index of a corpus.

        Raises:
            IndexMissing: nothing was ingested here.
            IndexMismatch: it was built by other code or with other embedders.
        """
        name = folder.name
        current = _current(folder)
        if current is None:
            raise IndexMissing(f"The corpus {name!r} has no index yet.", f"tutor ingest --corpus {name}")
        manifest = _read_manifest(current)
        mend = f"tutor ingest --corpus {name}"
        if manifest is None or manifest.get("format") != FORMAT:
            raise IndexMismatch(f"The index of {name!r} was built by another version of the tutor.", mend)
        built = {e["name"]: e["signature"] for e in manifest["embedders"]}
        wanted = {e: signature_of(split_spec(e)[0]) for e in embedders}
        if built != wanted:
            raise IndexMismatch(
                f"The index of {name!r} holds vectors of {', '.join(built)}, "
                f"but the settings ask for {', '.join(wanted)}.",
                mend,
            )
        return cls(folder, current, manifest)

    def stale(self) -> bool:
        """Whether a newer build has been swapped in since this one was opened."""
        return _current(self.folder) != self.build_folder

    def collections(self) -> dict[tuple[str, str], Any]:
        """Chroma collections by (embedder, role); opened on first use."""
        if self._client is None:
            self._client = chroma_client(self.build_folder / "chroma")
        names = {c.name for c in self._client.list_collections()}
        embedders = [split_spec(e["name"])[0] for e in self.manifest["embedders"]]
        return {
            (embedder, role): self._client.get_collection(collection_name(embedder, role), embedding_function=None)
            for embedder in embedders
            for role in ROLES
            if collection_name(embedder, role) in names
        }


def _manifest(
    name: str, document: Document, embedders: Sequence[str], expansions: Sequence[Expansion]
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "corpus": name,
        "source_sha256": hashlib.sha256(document.source.encode()).hexdigest(),
        "parser": f"{document.parser}/{PARSER_VERSION}",
        "chunker_version": chunker.VERSION,
        "expansions_sha256": hashlib.sha256(repr(tuple(expansions)).encode()).hexdigest(),
        "embedders": [{"name": e, "signature": signature_of(split_spec(e)[0])} for e in embedders],
    }


def _current(folder: Path) -> Path | None:
    """The build in use, or None."""
    try:
        name = json.loads((folder / "current.json").read_text(encoding="utf-8"))["build"]
    except (OSError, ValueError, KeyError):
        return None
    path = folder / str(name)
    return path if (path / "manifest.json").exists() else None


def _read_manifest(build_folder: Path) -> dict[str, Any] | None:
    try:
        found = json.loads((build_folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _make_current(folder: Path, target: Path) -> None:
    pointer = folder / f"current.{os.getpid()}.tmp"
    with pointer.open("w", encoding="utf-8") as file:
        json.dump({"build": target.name}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(pointer, folder / "current.json")


def _remove_builds(folder: Path, *, keep: Path | None, also: Path | None = None) -> None:
    for path in folder.glob("build-*"):
        if path not in (keep, also):
            shutil.rmtree(path, ignore_errors=True)


def _report(name: str, document: Document, build_folder: Path, started: float, *, unchanged: bool) -> BuildReport:
    content = Content(build_folder / "content.sqlite")
    return BuildReport(
        corpus=name,
        questions=len(document.questions),
        answered=sum(q.answered for q in document.questions),
        sections=sum(len(q.sections) for q in document.questions),
        passages=len(content.passage_question),
        skipped=[{"line": s.line, "reason": s.reason} for s in document.skipped],
        seconds=round(time.perf_counter() - started, 3),
        unchanged=unchanged,
    )
