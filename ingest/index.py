"""Building an index and opening it: built aside, swapped in atomically, never half-written.

    corpora/NAME/
      current.json          which build is in use (replaced in one step)
      build-XXXX/           manifest.json, content.sqlite, keyword/, chroma/ (unless a Chroma server keeps the vectors)
      vectors.sqlite        vectors by content, so that a rebuild embeds only what changed
      lock

Knows nothing of queries beyond handing out the searchable parts.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest import passages as chunker
from ingest import text
from ingest.builds import current_build, locked, make_current, read_manifest, remove_builds, write_manifest, writing
from ingest.chroma import answering, collection_name, drop_builds, drop_elsewhere, open_client, write_collection
from ingest.content import Content, write_content
from ingest.document import Document, EntryKind, Expansion, Passage
from ingest.embed import load_embedder, signature_of, split_spec
from ingest.errors import IndexMismatch, IndexMissing
from ingest.keyword import KeywordIndex
from ingest.known_vectors import read_known_vectors
from ingest.seal import broken, write_seal
from ingest.vectors import VectorCache

FORMAT = 6
PARSER_VERSION = 3
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
    chroma_url: str = "",
    vectors: Path | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> BuildReport:
    """Build the index of a parsed document under `folder` and make it the current one.

    A build that is killed at any point leaves the current index untouched.

    Args:
        vectors: a file of vectors that travel with the document.

    Raises:
        IndexBusy: another process is building this corpus.
        IndexUnavailable: the Chroma server at `chroma_url` does not answer.
        DiskFull: there is no room for it; the current index stays in use.
        UsageError: an embedder is unknown or not installed.
    """
    started = time.perf_counter()
    manifest = _manifest(name, document, embedders, expansions, chroma_url)
    current = current_build(folder)
    if current is not None and read_manifest(current) == manifest and _sound(folder, current, manifest, chroma_url):
        return _report(name, document, current, started, unchanged=True)

    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder, name), ExitStack() as opened:
        current = current_build(folder)  # again: another process may have built since
        client = opened.enter_context(closing(open_client(folder, chroma_url))) if chroma_url else None
        _remove(folder, client, chroma_url, keep=current)
        target = folder / f"build-{uuid.uuid4().hex[:12]}"
        target.mkdir()
        with writing(target):
            beforehand = read_known_vectors(vectors)
            with answering(chroma_url), closing(VectorCache(folder / "vectors.sqlite", beforehand)) as cache:
                _write(target, cache, document, embedders, expansions, client, progress)
            write_seal(target)
            write_manifest(target, manifest)
            make_current(folder, target)
        # The build before this one stays until the next: a running server may still be reading it.
        _remove(folder, client, chroma_url, keep=target, also=current)
        return _report(name, document, target, started, unchanged=False)


def _remove(folder: Path, client: Any, chroma_url: str, *, keep: Path | None, also: Path | None = None) -> None:
    gone = remove_builds(folder, keep=keep, also=also)
    if client is not None and gone:
        with answering(chroma_url):
            drop_builds(client, gone)
    drop_elsewhere(gone, chroma_url)


def _write(
    target: Path,
    cache: VectorCache,
    document: Document,
    embedders: Sequence[str],
    expansions: Sequence[Expansion],
    client: Any,
    progress: Progress,
) -> None:
    found = chunker.passages(document)
    progress("keywords", 0, 1)
    write_content(target / "content.sqlite", document, found, chunker.entries(document, found, expansions))
    _write_keywords(target / "keyword", document, found, expansions)
    del found
    progress("keywords", 1, 1)

    with (
        closing(Content(target / "content.sqlite")) as content,
        nullcontext(client) if client else closing(open_client(target, "")) as vectors,
    ):
        _write_vectors(vectors, target.name, content, cache, embedders, progress)
    cache.prune()


def _write_vectors(
    client: Any, build_name: str, content: Content, cache: VectorCache, embedders: Sequence[str], progress: Progress
) -> None:
    for spec in embedders:
        embedder, only = split_spec(spec)
        model = load_embedder(embedder)
        for role, kinds in ROLES.items():
            rows = content.rows_of_kinds(kinds).tolist()
            if rows and only in ("", role):
                stage = f"{embedder}-{role}"
                total = len(rows)

                def report(done: int, stage: str = stage, total: int = total) -> None:
                    progress(stage, done, total)

                report(0)
                batches = cache.embed(model, content.searched(kinds), report)
                write_collection(client, collection_name(build_name, embedder, role), batches, rows)


def _write_keywords(
    folder: Path, document: Document, found: Sequence[Passage], expansions: Sequence[Expansion]
) -> None:
    titles = {q.number: f"{q.title} {q.alias}" for q in document.questions}
    KeywordIndex.build((f"{titles[p.question]} {p.text}" for p in found), folder / "passage")
    KeywordIndex.build(_question_texts(document, titles, expansions), folder / "question")


def _question_texts(document: Document, titles: dict[int, str], expansions: Sequence[Expansion]) -> Iterator[str]:
    """The text of each whole question, title twice (it says best what the question is about), expansions once."""
    extra: dict[int, list[str]] = {}
    for e in expansions:
        extra.setdefault(e.question, []).extend((e.title_en, *e.asks, *e.digest, *e.terms))
    for question in document.questions:
        body = document.source[question.start : question.end]
        yield " ".join((titles[question.number], body, *extra.get(question.number, ())))


class Index:
    """An opened index, read only."""

    def __init__(self, folder: Path, build_folder: Path, manifest: dict[str, Any], chroma_url: str) -> None:
        self.folder = folder
        self.chroma_url = chroma_url
        self.build_folder = build_folder
        self.manifest = manifest
        self.content = Content(build_folder / "content.sqlite")
        self.keyword_passages = KeywordIndex.open(
            build_folder / "keyword" / "passage", len(self.content.passage_question)
        )
        self.keyword_questions = KeywordIndex.open(build_folder / "keyword" / "question", len(self.content.questions))
        self._client: Any = None

    @classmethod
    def open(cls, folder: Path, embedders: Sequence[str], chroma_url: str | None = None) -> Index:
        """Open the current index of a corpus.

        Args:
            chroma_url: the server that keeps the vectors, "" for none; None: where they were built.

        Raises:
            IndexMissing: nothing was ingested here.
            IndexMismatch: it was built by other code, with other embedders or with its vectors elsewhere.
        """
        name = folder.name
        current = current_build(folder)
        mend = f"tutor ingest --corpus {name}"
        if current is None:
            raise IndexMissing(f"The corpus {name!r} has no index yet.", mend)
        manifest = read_manifest(current)
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
        if chroma_url is not None and bool(chroma_url) != bool(manifest["chroma_url"]):
            where = f"on the Chroma server {manifest['chroma_url']}" if manifest["chroma_url"] else "beside the index"
            raise IndexMismatch(f"The vectors of {name!r} lie {where}, the settings look elsewhere.", mend)
        file = broken(current, thorough=False)
        if file:
            raise damaged(name, file)
        try:
            return cls(folder, current, manifest, manifest["chroma_url"] if chroma_url is None else chroma_url)
        except (sqlite3.Error, OSError, ValueError, KeyError) as error:
            raise damaged(name, str(error)) from error

    def close(self) -> None:
        """Give back files and memory; Chroma keeps an opened index in memory until it is closed."""
        if self._client is not None:
            self._client.close()
        self.content.close()

    def stale(self) -> bool:
        """Whether a newer build has been swapped in since this one was opened."""
        return current_build(self.folder) != self.build_folder

    @property
    def expanded(self) -> bool:
        """Whether reviewed expansions stand beside most questions."""
        return 2 * int(self.manifest["expanded"]) >= len(self.content.questions)

    def collections(self) -> dict[tuple[str, str], Any]:
        """Chroma collections by (embedder, role); opened on first use.

        Raises:
            IndexUnavailable: the Chroma server does not answer.
        """
        with answering(self.chroma_url):
            if self._client is None:
                self._client = open_client(self.build_folder, self.chroma_url)
            names = {c.name for c in self._client.list_collections()}
            legs = {
                (embedder, role): collection_name(self.build_folder.name, embedder, role)
                for embedder in (split_spec(e["name"])[0] for e in self.manifest["embedders"])
                for role in ROLES
            }
            return {
                leg: self._client.get_collection(name, embedding_function=None)
                for leg, name in legs.items()
                if name in names
            }


def damaged(name: str, what: str) -> IndexMismatch:
    """The error of an index whose files are not what was written."""
    return IndexMismatch(f"The index of {name!r} is damaged ({what}).", f"tutor ingest --corpus {name}")


def _sound(folder: Path, build_folder: Path, manifest: dict[str, Any], chroma_url: str) -> bool:
    """Whether a build can be read in full; an ingest that finds nothing new mends what is damaged all the same.

    Raises:
        IndexUnavailable: the Chroma server does not answer.
    """
    if broken(build_folder, thorough=True):
        return False
    try:
        with closing(Index(folder, build_folder, manifest, chroma_url)) as index:
            expected = {
                (split_spec(e["name"])[0], role)
                for e in manifest["embedders"]
                for role, kinds in ROLES.items()
                if split_spec(e["name"])[1] in ("", role) and len(index.content.rows_of_kinds(kinds))
            }
            found = index.collections()
            return set(found) == expected and all(collection.count() for collection in found.values())
    except (sqlite3.Error, OSError, ValueError, KeyError, IndexMismatch):
        return False


def _manifest(
    name: str, document: Document, embedders: Sequence[str], expansions: Sequence[Expansion], chroma_url: str
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "corpus": name,
        "source_sha256": source_hash(document.source),
        "parser": f"{document.parser}/{PARSER_VERSION}",
        "chunker_version": chunker.VERSION,
        "terms_version": text.VERSION,
        "expansions_sha256": hashlib.sha256(repr(tuple(expansions)).encode()).hexdigest(),
        "expanded": len({e.question for e in expansions if e.reviewed}),
        "embedders": [{"name": e, "signature": signature_of(split_spec(e)[0])} for e in embedders],
        "chroma_url": chroma_url,
    }


def source_hash(source: str) -> str:
    """The manifest's word for a decoded document."""
    return hashlib.sha256(source.encode()).hexdigest()


def _report(name: str, document: Document, build_folder: Path, started: float, *, unchanged: bool) -> BuildReport:
    with closing(Content(build_folder / "content.sqlite")) as content:
        passages = len(content.passage_question)
    return BuildReport(
        corpus=name,
        questions=len(document.questions),
        answered=sum(q.answered for q in document.questions),
        sections=sum(len(q.sections) for q in document.questions),
        passages=passages,
        skipped=[{"line": s.line, "reason": s.reason} for s in document.skipped],
        seconds=round(time.perf_counter() - started, 3),
        unchanged=unchanged,
    )
