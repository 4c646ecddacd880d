"""A text as a file to save. Knows HTTP, nothing of what is in it."""

from __future__ import annotations

from urllib.parse import quote

from fastapi.responses import Response

from tutor.interview.export_kinds import KINDS


def attachment(text: str, title: str, kind: str) -> Response:
    """A file to save, named after its title.

    Args:
        kind: one of KINDS; conversations and all that is kept use some of them.
    """
    bare = "".join(c if c.isalnum() or c in "-_ " else " " for c in title)
    name = "-".join(bare.split())[:60] or "tutor"
    disposition = f"attachment; filename=\"tutor.{kind}\"; filename*=UTF-8''{quote(f'{name}.{kind}')}"
    return Response(
        text,
        media_type=f"{KINDS[kind].media_type}; charset=utf-8",
        headers={"content-disposition": disposition},
    )
