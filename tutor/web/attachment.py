"""A text as a file to save. Knows HTTP, nothing of what is in it."""

from __future__ import annotations

from urllib.parse import quote

from fastapi.responses import Response

MEDIA_TYPES = {
    "md": "text/markdown",
    "html": "text/html",
    "json": "application/json",
    "tsv": "text/tab-separated-values",
}


def attachment(text: str, title: str, kind: str) -> Response:
    """A file to save, named after its title."""
    bare = "".join(c if c.isalnum() or c in "-_ " else " " for c in title)
    name = "-".join(bare.split())[:60] or "tutor"
    disposition = f"attachment; filename=\"tutor.{kind}\"; filename*=UTF-8''{quote(f'{name}.{kind}')}"
    return Response(
        text,
        media_type=f"{MEDIA_TYPES.get(kind, 'text/plain')}; charset=utf-8",
        headers={"content-disposition": disposition},
    )
