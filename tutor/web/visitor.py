"""Who is asking, and in which language: read off a request. Knows no pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tutor.web.identity import identity_of
from tutor.web.strings import Tongue, preferred


@dataclass(frozen=True)
class Visitor:
    """The user and the language of one request.

    Args:
        admin: may add and remove documents.
        can_leave: whether there is a session to sign out of.
    """

    user: str
    tongue: Tongue
    admin: bool = True
    can_leave: bool = False


def visitor(request: Any) -> Visitor:
    """The visitor behind a request of Gradio's or of Starlette's.

    Raises:
        SignInNeeded: nobody is signed in.
    """
    found = identity_of(request)
    return Visitor(found.user, preferred(request.headers, request.cookies), found.is_admin, found.way == "session")
