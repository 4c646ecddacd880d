"""Converts one document in a process of its own: `python convert_child.py SUFFIX NAME`, bytes on stdin, JSON on stdout.

Started by `convert.py` with nothing but a document that somebody handed in, so it can hold nothing up: memory and processor time
are limited where the system knows how, and there is no network. Imports nothing of ours: it is a script.
"""

from __future__ import annotations

import importlib
import io
import json
import socket
import sys
from typing import Any

MEMORY_BYTES = 3 << 30
PROCESSOR_SECONDS = 60
CONVERTERS = {
    ".pdf": "PdfConverter",
    ".docx": "DocxConverter",
    ".pptx": "PptxConverter",
    ".html": "HtmlConverter",
    ".htm": "HtmlConverter",
}


def main() -> None:
    """Answer `{"markdown"}` or `{"error": class name}`; "missing" stands for a package that is not installed."""
    _limit()
    suffix, name = sys.argv[1:3]
    raw = sys.stdin.buffer.read()
    answer = sys.stdout
    sys.stdout = sys.stderr  # whatever a library prints must not stand before the answer
    json.dump(_converted(suffix, name, raw), answer)


def _limit() -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("a document is read without the network")

    socket.socket.connect = refuse  # type: ignore[method-assign]
    try:
        import resource
    except ImportError:  # Windows: the parent's patience is the limit
        return
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS + 5))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _converted(suffix: str, name: str, raw: bytes) -> dict[str, str]:
    try:
        markitdown: Any = importlib.import_module("markitdown")
        converters: Any = importlib.import_module("markitdown.converters")
    except ImportError:
        return {"error": "missing"}
    info = markitdown.StreamInfo(extension=suffix, filename=name, charset="utf-8")
    try:
        text: str = getattr(converters, CONVERTERS[suffix])().convert(io.BytesIO(raw), info).markdown
    except markitdown.MissingDependencyException:
        return {"error": "missing"}
    except Exception as error:  # whatever the libraries below the converters raise
        return {"error": type(error).__name__}
    return {"markdown": text}


if __name__ == "__main__":
    main()
