"""PDF, Word, PowerPoint and HTML files to Markdown, by markitdown (an optional extra).

Its converters are called one by one: its own front door guesses the kind of a file with a neural network
and takes what it cannot read for plain text. Nothing is fetched, no plug-in is loaded. Knows nothing of
questions.
"""

from __future__ import annotations

import importlib
import io
from pathlib import Path
from typing import Any

from ingest.errors import DocumentError

# Ending of the file -> how messages call it, and the converter.
KINDS = {
    ".pdf": ("PDF", "PdfConverter"),
    ".docx": ("Word", "DocxConverter"),
    ".pptx": ("PowerPoint", "PptxConverter"),
    ".html": ("HTML", "HtmlConverter"),
    ".htm": ("HTML", "HtmlConverter"),
}
INSTALL = "pip install 'interview-tutor[documents]'"


def to_markdown(path: Path, raw: bytes) -> str:
    """Convert the content of a file, whose kind its ending tells, to Markdown with `\\n` line ends.

    Args:
        path: where it was read; its ending is one of `KINDS`.
        raw: the content; of HTML in UTF-8.

    Raises:
        DocumentError: the extra is not installed, the file is damaged, or there is no text in it (a scan).
    """
    suffix = path.suffix.lower()
    kind, converter = KINDS[suffix]
    try:
        markitdown: Any = importlib.import_module("markitdown")
        converters: Any = importlib.import_module("markitdown.converters")
    except ImportError as error:
        raise DocumentError(
            f"{path.name} is a {kind} file, for which an optional package is needed.", INSTALL
        ) from error
    info = markitdown.StreamInfo(extension=suffix, filename=path.name, charset="utf-8")
    try:
        text: str = getattr(converters, converter)().convert(io.BytesIO(raw), info).markdown
    except markitdown.MissingDependencyException as error:
        raise DocumentError(
            f"{path.name} is a {kind} file, for which an optional package is needed.", INSTALL
        ) from error
    except Exception as error:  # whatever the libraries below the converters raise
        raise DocumentError(
            f"{path.name} could not be read as a {kind} file ({type(error).__name__}).",
            "Open it in the program that made it, and save it again or as text.",
        ) from error
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
