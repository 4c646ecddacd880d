"""A document that somebody hands in: kept in the data folder, parsed, indexed.

Knows files and corpora, nothing of HTTP or of the page.
"""

from __future__ import annotations

import base64
import queue
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ingest import convert
from ingest.apart import ingest
from ingest.corpora import BESIDE, check_name, name_for
from ingest.errors import DocumentError, IndexBusy, UsageError
from ingest.shelf import holds
from tutor.settings import Settings

# What a text document may be called. Others must say by their ending what converter they need.
TEXT_ENDINGS = (".md", ".markdown", ".txt", ".text")
# What has no lines before it is converted.
BINARY_ENDINGS = (".pdf", ".docx", ".pptx")
LARGEST = 20 << 20
MOST_LINES = 60_000
Step = tuple[str, dict[str, Any]]
# Documents of this process that are being exchanged.
_CHANGING: set[Path] = set()
_LOCK = threading.Lock()


@dataclass(frozen=True)
class Upload:
    """A document in memory.

    Args:
        filename: as its owner calls it; only its last part is used.
        data: its bytes.
    """

    filename: str
    data: bytes

    @classmethod
    def of(cls, filename: str, text: str | None, encoded: str | None) -> Upload:
        """From a text or from base64.

        Raises:
            UsageError: not exactly one is given, or it is no base64.
            DocumentError: it is too large, or of a kind that is not read.
        """
        if (text is None) == (encoded is None):
            raise UsageError("A document is given as `text` or as `base64`.", "Give one of the two.")
        if text is not None:
            return cls.checked(filename, text.encode("utf-8", "replace"))
        try:
            return cls.checked(filename, base64.b64decode(encoded or "", validate=True))
        except ValueError as error:
            raise UsageError(
                "`base64` does not hold base64.", "Encode the file's bytes, without line breaks."
            ) from error

    @classmethod
    def checked(cls, filename: str, data: bytes) -> Upload:
        """From bytes.

        Raises:
            DocumentError: it is too large, or of a kind that is not read.
        """
        if len(data) > LARGEST:
            raise DocumentError(f"The document is larger than {LARGEST >> 20} MB.", "Split it into several documents.")
        name = filename.replace("\\", "/").rpartition("/")[2]
        ending = Path(name).suffix.lower()
        # 75 microseconds a line where every line is a heading of its own: five seconds, as long as anybody should wait.
        if ending not in BINARY_ENDINGS and len(data.splitlines()) > MOST_LINES:
            raise DocumentError(
                f"The document has more than {MOST_LINES} lines.", "Split it, or read it in with: tutor ingest FILE"
            )
        if ending not in (*TEXT_ENDINGS, *convert.KINDS):
            kinds = " ".join((*TEXT_ENDINGS, *convert.KINDS))
            raise DocumentError(
                f"{name!r} is of a kind that is not read.", f"Give a document that ends in one of: {kinds}"
            )
        return cls(name, data)


def documents_dir(settings: Settings) -> Path:
    """Where documents that were handed in are kept."""
    return settings.data_dir / "documents"


def preview(settings: Settings, upload: Upload, name: str | None) -> dict[str, Any]:
    """What is in a document, and what would be left out. Nothing is kept.

    Raises:
        DocumentError: it cannot be read or parsed.
        UsageError: the name cannot be used.
    """
    from tutor.commands import check_document

    corpus = check_name(name) if name else name_for(Path(upload.filename))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"document{Path(upload.filename).suffix.lower()}"
        path.write_bytes(upload.data)
        return check_document(settings, path, corpus)


def adding(
    settings: Settings, upload: Upload, name: str | None, *, replace: bool = False, beside: Sequence[Path] = ()
) -> Iterator[Step]:
    """Keep a document and build its index: `progress` steps, then one `done` with the report.

    A build that was begun is finished also where the steps are not read to their end.

    Args:
        beside: what lay beside the document when its corpus was removed, as NAME.ENDING.

    Raises:
        DocumentError: it cannot be read or parsed; what was there before stays.
        UsageError: the name is taken or cannot be used.
        IndexBusy: the corpus is being built already.
    """
    found = preview(settings, upload, name)
    corpus = found["corpus"]
    folder = documents_dir(settings)
    kept = folder / f"{corpus}{Path(upload.filename).suffix.lower()}"
    other = holds(settings.corpora_dir, corpus)
    if other is not None and not replace and not (other == kept and kept.exists() and kept.read_bytes() == upload.data):
        raise UsageError(f"There is a corpus called {corpus!r} already.", "Choose another `name`, or say `replace`.")
    with _LOCK:
        if kept in _CHANGING:
            raise IndexBusy(
                f"Another process is building the index of {corpus!r}.", "Wait until it is done, then try again."
            )
        _CHANGING.add(kept)
    try:
        exchange = _Exchange(kept, upload.data, new=other is None, beside=beside)
    except BaseException:
        _CHANGING.discard(kept)
        raise
    for step in _built(settings, corpus, exchange):
        yield ("done", {**found, **step[1]}) if step[0] == "done" else step


class _Exchange:
    """A document put in the place of another, which lies beside it until the build has ended."""

    def __init__(self, kept: Path, data: bytes, *, new: bool, beside: Sequence[Path] = ()) -> None:
        self.kept = kept
        self._new = new
        self._before = kept.with_name(f".{kept.name}.before")
        kept.parent.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_name(f".{kept.name}.new")
        fresh.write_bytes(data)
        if kept.exists():
            shutil.copyfile(kept, self._before)
        # What lies beside a new document's place is of an earlier one of that name.
        self._aside = [(path, path.with_name(f".{path.name}.before")) for path in lies_beside(kept)] if new else []
        for path, aside in self._aside:
            path.replace(aside)
        for path in beside:
            shutil.copyfile(path, kept.with_name(path.name))
        fresh.replace(kept)

    def settle(self, corpus: str, *, built: bool) -> None:
        """Forget the old document, or bring it back with its index, which a failed build left as it was."""
        if built:
            _forget_others(self.kept.parent, corpus, self.kept)
        elif self._before.exists():
            self._before.replace(self.kept)
        elif self._new:
            self.kept.unlink(missing_ok=True)
        if self._new and not built:
            forget_beside(self.kept)
        for path, aside in self._aside:
            if built:
                aside.unlink(missing_ok=True)
            else:
                aside.replace(path)
        self._before.unlink(missing_ok=True)
        _CHANGING.discard(self.kept)


def forget_document(settings: Settings, corpus: str) -> None:
    """Delete what was handed in for a corpus; a document that lies elsewhere is not touched."""
    folder = documents_dir(settings)
    _forget_others(folder, check_name(corpus), None)
    forget_beside(folder / f"{corpus}.md")


def lies_beside(document: Path) -> list[Path]:
    """The files beside a document that belong to it."""
    return [path for ending in BESIDE if (path := document.with_suffix(ending)).exists()]


def forget_beside(document: Path) -> None:
    """Delete the files beside a document that belong to it."""
    for path in lies_beside(document):
        path.unlink(missing_ok=True)


def _forget_others(folder: Path, corpus: str, kept: Path | None) -> None:
    for ending in (*TEXT_ENDINGS, *convert.KINDS):
        path = folder / f"{corpus}{ending}"
        if path != kept:
            path.unlink(missing_ok=True)


def _built(settings: Settings, corpus: str, exchange: _Exchange) -> Iterator[Step]:
    """Build in a thread, so that its progress can be told while it works, and it ends also where nobody listens."""
    steps: queue.SimpleQueue[Step | Exception] = queue.SimpleQueue()

    def progress(stage: str, done: int, total: int) -> None:
        steps.put(("progress", {"stage": stage, "done": done, "total": total}))

    def work() -> None:
        built = False
        try:
            report = ingest(
                settings.corpora_dir, corpus, exchange.kept,
                embedders=settings.embedders, chroma_url=settings.chroma_url, progress=progress,
            )  # fmt: skip
            built = True
            last: Step | Exception = ("done", asdict(report))
        except Exception as error:
            last = error
        try:
            exchange.settle(corpus, built=built)
        except OSError as error:
            last = error
        steps.put(last)

    threading.Thread(target=work, name=f"build-{corpus}", daemon=True).start()
    while True:
        step = steps.get()
        if isinstance(step, Exception):
            raise step
        yield step
        if step[0] == "done":
            return
