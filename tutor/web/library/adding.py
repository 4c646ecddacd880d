"""Adding and removing documents from the page: what was uploaded, what was read in it, building its index, the way back.

Knows files; how a document is kept and built is in `uploads`. Nothing of layout.
"""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ingest import corpora as ingest_corpora
from ingest.convert import KINDS as CONVERTED
from ingest.document import Document
from ingest.errors import DocumentError, UsageError
from ingest.shelf import remove
from tutor.settings import Settings
from tutor.web import uploads
from tutor.web.corpora import Corpora

MAX_MEGABYTES = uploads.LARGEST >> 20
ENDINGS = (*uploads.TEXT_ENDINGS, *CONVERTED)
# A preview that nobody answers is forgotten after a day, and so is a removed document that nobody brings back.
KEPT_SECONDS = 86_400
_TOKEN = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Preview:
    """An uploaded document, read but not added."""

    token: str
    path: Path
    name: str
    document: Document


@dataclass(frozen=True)
class Build:
    """An index being built: `done` of `total` vectors; `questions` is set once it is there."""

    name: str
    done: int = 0
    total: int = 0
    questions: int | None = None


class Adding:
    """Uploads and builds of one data folder."""

    def __init__(self, settings: Settings, corpora: Corpora) -> None:
        self._settings = settings
        self._corpora = corpora
        self._uploads = settings.data_dir / "uploads"
        self._sweep()

    def receive(self, filename: str, content: bytes) -> str:
        """Keep an uploaded file until it is added or dropped; its token comes back.

        Raises:
            DocumentError: it is empty, too large or of a kind that cannot be read.
        """
        if not content:
            raise DocumentError("The file is empty.")
        checked = uploads.Upload.checked(filename, content)
        ending = Path(checked.filename).suffix.lower()
        self._sweep()
        token = secrets.token_hex(16)
        folder = self._uploads / token
        folder.mkdir(parents=True)
        stem = re.sub(r"[^\w.-]+", "-", Path(checked.filename).stem).strip("-._")[:60] or "document"
        (folder / f"{stem}{ending}").write_bytes(content)
        return token

    def _sweep(self) -> None:
        """Throw away what was uploaded and then neither added nor dropped, and what was removed and not brought back."""
        oldest = time.time() - KEPT_SECONDS
        for folder in self._uploads.iterdir() if self._uploads.is_dir() else ():
            with suppress(FileNotFoundError):  # another process was faster
                if folder.stat().st_mtime < oldest:
                    shutil.rmtree(folder, ignore_errors=True)

    def preview(self, token: str) -> Preview:
        """Read an uploaded file.

        Raises:
            DocumentError: it is gone, or cannot be read as questions and answers.
        """
        path = self._uploaded(token)
        document = ingest_corpora.read_document(path)
        if not document.questions:
            raise DocumentError(
                "No questions were found in this document.", "Write them as headings or as a numbered list."
            )
        try:
            name = ingest_corpora.name_for(path)
        except UsageError:
            name = f"document-{token[:6]}"
        taken, wanted, number = {s.name for s in self._corpora.shelved()}, name, 2
        while name in taken:
            name, number = f"{wanted}-{number}", number + 1
        return Preview(token, path, name, document)

    def drop(self, token: str) -> None:
        """Forget an uploaded file."""
        if _TOKEN.fullmatch(token):
            shutil.rmtree(self._uploads / token, ignore_errors=True)

    def add(self, token: str, name: str) -> Iterator[Build]:
        """Build the index of an uploaded file; yields how far it is, the last time with the report.

        Raises:
            TutorError: the name is taken or none, the file is gone or cannot be used.
        """
        self._corpora.check_free(name)
        yield from self.build(name, self._uploaded(token))

    def build(self, name: str, path: Path) -> Iterator[Build]:
        """Keep the document at `path` as that of a corpus and build its index; an uploaded file is then let go.

        Raises:
            TutorError: it is gone, or cannot be built.
        """
        if not path.is_file():
            raise _gone()
        beside = uploads.lies_beside(path) if path.parent.parent == self._uploads else ()
        upload = uploads.Upload(path.name, path.read_bytes())
        for step, told in uploads.adding(self._settings, upload, name, beside=beside):
            if step == "progress":
                yield Build(name, int(told["done"]), int(told["total"]))
            else:
                self._corpora.forget(name)
                yield Build(name, questions=int(told["questions"]))
        if path.parent.parent == self._uploads:
            self.drop(path.parent.name)

    def remove(self, name: str) -> Path:
        """Take a corpus off the shelf; the path of its document is returned, for the way back.

        A document that was uploaded is kept for that as long as a preview; one that lies elsewhere is not touched.

        Raises:
            UsageError: it travels with the program, or is the one that is asked first.
        """
        shelved = next((s for s in self._corpora.shelved() if s.name == name), None)
        if shelved is None or shelved.shipped or name == self._settings.corpus:
            raise UsageError(f"{name!r} cannot be removed here.", f"tutor corpus remove {name}")
        remove(self._settings.corpora_dir, name)
        self._corpora.forget(name)
        self._sweep()
        document = Path(shelved.document)
        if document.parent != uploads.documents_dir(self._settings).resolve() or not document.is_file():
            return document
        folder = self._uploads / secrets.token_hex(16)
        folder.mkdir(parents=True)
        for path in uploads.lies_beside(document):
            path.replace(folder / path.name)
        return document.replace(folder / document.name)

    def _uploaded(self, token: str) -> Path:
        folder = self._uploads / token
        found = sorted(folder.iterdir()) if _TOKEN.fullmatch(token) and folder.is_dir() else []
        if not found:
            raise _gone()
        return found[0]


def _gone() -> DocumentError:
    return DocumentError("This file is gone.", "Upload it again.")
