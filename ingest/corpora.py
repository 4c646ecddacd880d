"""Which documents there are: the shipped ones, and those that a user added. From a path to a built index.

Knows files and folders. The search itself, and everything after it, is elsewhere.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ingest.document import Document, Expansion
from ingest.errors import DocumentError, IndexMissing, UsageError
from ingest.index import BuildReport, Progress, build
from ingest.parsers import parse
from ingest.read import read_text

_NAME = re.compile(r"[\w][\w.-]{0,79}")
_SOURCE = "source.json"
DRAFTED = "expansions.drafted.jsonl"
# What may lie beside a document as NAME.ENDING and belongs to it.
BESIDE = (".expansions.jsonl", ".rubrics.yaml", ".probes.yaml")


def shipped_folder() -> Path:
    """The folder of documents that travel with the program, in a wheel or in a source tree."""
    inside = Path(__file__).parent / "_corpus"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "corpus"


def shipped_document(name: str) -> Path | None:
    """The shipped document of this name, or None."""
    path = shipped_folder() / f"{name}.md"
    return path if _NAME.fullmatch(name) and path.exists() else None


def vectors_path(path: Path) -> Path:
    """Where the vectors lie that travel with a shipped document."""
    return path.with_suffix(".vectors.npz")


def name_for(path: Path) -> str:
    """A corpus name made from a file name: lower case, white space and odd characters as dashes.

    Raises:
        UsageError: nothing usable is left.
    """
    name = re.sub(r"[^\w.-]+", "-", path.stem.lower()).strip("-._")[:80]
    return check_name(name)


def check_name(name: str) -> str:
    """The name itself, if it can be a folder's name.

    Raises:
        UsageError: it cannot.
    """
    if not _NAME.fullmatch(name) or name.endswith("."):
        raise UsageError(
            f"{name!r} cannot be the name of a corpus.", "Use letters, digits, dashes, dots and underscores."
        )
    return name


def document_path(corpora_dir: Path, name: str) -> Path:
    """Where the document of a corpus lies: where it was added from, else the shipped one.

    Raises:
        IndexMissing: there is no such corpus.
    """
    record = corpora_dir / check_name(name) / _SOURCE
    if record.exists():
        return Path(json.loads(record.read_text(encoding="utf-8"))["path"])
    shipped = shipped_document(name)
    if shipped is None:
        raise IndexMissing(f"There is no corpus called {name!r}.", f"tutor ingest YOUR_DOCUMENT.md --corpus {name}")
    return shipped


def keep_document_path(folder: Path, path: Path) -> None:
    """Write down, in one step, where the document of the corpus in this folder lies."""
    record = folder / f"{_SOURCE}.{os.getpid()}.tmp"
    with record.open("w", encoding="utf-8") as file:
        json.dump({"path": str(path.resolve())}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(record, folder / _SOURCE)


def forget_document_path(folder: Path) -> None:
    """From now on the document of the corpus in this folder is the shipped one."""
    (folder / _SOURCE).unlink(missing_ok=True)


def read_document(path: Path) -> Document:
    """Read and parse a document.

    Raises:
        DocumentError: it cannot be read, decoded or parsed.
    """
    return parse(read_text(path))


def read_expansions(path: Path, document: Document) -> list[Expansion]:
    """Reviewed expansions that lie beside a document (`NAME.expansions.jsonl`), or none.

    Raises:
        DocumentError: the file is not what it should be.
    """
    beside = path.with_suffix(".expansions.jsonl")
    known = {q.number for q in document.questions}
    found = []
    for number, (expansion, _) in enumerate(_expansions_in(beside), 1):
        if expansion.question not in known:
            raise DocumentError(
                f"Line {number} of {beside.name} names question {expansion.question}, which is not there."
            )
        found.append(expansion)
    return found


def drafted_expansions(folder: Path) -> Path:
    """Where the expansions that a model drafted for the corpus in this folder are kept."""
    return folder / DRAFTED


def read_drafted(folder: Path, document: Document) -> list[Expansion]:
    """Drafted expansions of a corpus, of the questions whose title is still the same.

    Raises:
        DocumentError: the file is not what it should be.
    """
    titles = {q.number: q.title for q in document.questions}
    drafts = _expansions_in(drafted_expansions(folder))
    return [replace(e, reviewed=False) for e, title in drafts if titles.get(e.question) == title]


def _expansions_in(path: Path) -> Iterator[tuple[Expansion, str]]:
    """Expansions of a file in order, each with the title that it was made for."""
    text = read_text(path).rstrip("\n") if path.exists() and path.stat().st_size else ""
    # Not `splitlines`: JSON may hold the other line ends of Unicode inside its strings.
    for number, line in enumerate(text.split("\n") if text else (), 1):
        try:
            row = json.loads(line)
            yield Expansion(
                row["question"], row.get("title_en", ""), (*row.get("asks_zh", ()), *row.get("asks_en", ())),
                tuple(row.get("digest_en", ())), tuple(row.get("terms", ())),
            ), str(row.get("title", ""))  # fmt: skip
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DocumentError(
                f"Line {number} of {path.name} is not an expansion: {error}.", f"Mend or delete {path}."
            ) from error


def ingest(
    corpora_dir: Path,
    name: str,
    path: Path,
    *,
    embedders: Sequence[str],
    chroma_url: str = "",
    progress: Progress = lambda stage, done, total: None,
) -> BuildReport:
    """Parse the document at `path` and build the index of corpus `name` from it.

    Raises:
        DocumentError: the document cannot be used; an index that was there stays as it was.
        IndexBusy: another process builds the same corpus.
        IndexUnavailable: the Chroma server at `chroma_url` does not answer.
    """
    document = read_document(path)
    folder = corpora_dir / check_name(name)
    shipped = path == shipped_document(name)
    report = build(
        folder,
        name,
        document,
        embedders=embedders,
        expansions=read_expansions(path, document) or read_drafted(folder, document),
        chroma_url=chroma_url,
        vectors=vectors_path(path) if shipped else None,
        progress=progress,
    )
    if shipped:
        forget_document_path(folder)
    else:
        keep_document_path(folder, path)
    return report
