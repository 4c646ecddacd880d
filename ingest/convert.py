"""PDF, Word, PowerPoint and HTML files to Markdown, by markitdown (an optional extra), in a process of its own.

Its converters are called one by one: its own front door guesses the kind of a file with a neural network
and takes what it cannot read for plain text. Nothing is fetched, no plug-in is loaded. A file that unpacks into
gigabytes, or that keeps its reader busy for ever, costs the child its life and nothing else. Knows nothing of questions.
"""

from __future__ import annotations

import importlib.util
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from ingest.errors import DocumentError

# Ending of the file -> how messages call it.
KINDS = {".pdf": "PDF", ".docx": "Word", ".pptx": "PowerPoint", ".html": "HTML", ".htm": "HTML"}
INSTALL = "pip install 'interview-tutor[documents]'"
CHILD = (sys.executable, "-P", str(Path(__file__).with_name("convert_child.py")))
PATIENCE_S = 60.0
# A Word file of a thousand pages unpacks to some 30 MB of text; pictures are not unpacked by anybody.
LARGEST_UNPACKED = 300 << 20
MOST_ENTRIES = 10_000


def to_markdown(path: Path, raw: bytes) -> str:
    """Convert the content of a file, whose kind its ending tells, to Markdown with `\\n` line ends.

    Args:
        path: where it was read; its ending is one of `KINDS`.
        raw: the content; of HTML in UTF-8.

    Raises:
        DocumentError: the extra is not installed, the file is damaged, too large when unpacked, takes too long, or there is
            no text in it (a scan).
    """
    suffix = path.suffix.lower()
    kind = KINDS[suffix]
    missing = DocumentError(f"{path.name} is a {kind} file, for which an optional package is needed.", INSTALL)
    if not _installed():
        raise missing
    if suffix in {".docx", ".pptx"}:
        _check_archive(path.name, kind, raw)
    found = _converted(path, suffix, kind, raw)
    if found.get("error") == "missing":
        raise missing
    if "markdown" not in found:
        raise DocumentError(
            f"{path.name} could not be read as a {kind} file ({found.get('error')}).",
            "Open it in the program that made it, and save it again or as text.",
        )
    text = str(found["markdown"])
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    if not text.strip():
        raise DocumentError(
            f"There is no text in {path.name}.", "If it is a scan, run a text recognition (OCR) on it first."
        )
    if text.count("(cid:") * 20 > len(text) * 0.2:  # glyph numbers instead of characters
        raise DocumentError(
            f"The fonts in {path.name} do not say which characters they show.",
            "Export it again with embedded fonts, or run a text recognition (OCR) on it.",
        )
    return text


def _installed() -> bool:
    return importlib.util.find_spec("markitdown") is not None


def _check_archive(name: str, kind: str, raw: bytes) -> None:
    """Refuse an archive that says itself that it unpacks into too much; one that lies meets the child's limits.

    Raises:
        DocumentError: it is too large, or no archive at all.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise DocumentError(
            f"{name} could not be read as a {kind} file ({type(error).__name__}).",
            "Open it in the program that made it, and save it again or as text.",
        ) from error
    if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > LARGEST_UNPACKED:
        raise DocumentError(
            f"{name} would unpack into more than {LARGEST_UNPACKED >> 20} MB or {MOST_ENTRIES} files.",
            "Save it again without pictures, or as text.",
        )


def _converted(path: Path, suffix: str, kind: str, raw: bytes) -> dict[str, Any]:
    """What the child answers; its own death is an answer, too."""
    try:
        done = subprocess.run(
            [*CHILD, suffix, path.name], input=raw, capture_output=True, timeout=PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise DocumentError(
            f"{path.name} could not be read as a {kind} file within {PATIENCE_S:.0f} s.",
            "Split it into several documents, or save it as text.",
        ) from error
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return {"error": f"its reader ended with status {done.returncode}"}
    return found
