"""Who sent a request, and what they may do. Put there by `guard`; read by the page and the doors.

Knows names and scopes, nothing of how they were found out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ingest.errors import Forbidden, SignInNeeded
from tutor.store.rows import SCOPES, Scope

SLOT = "tutor.identity"
"""Where the guard keeps it in the ASGI scope."""


@dataclass(frozen=True)
class Identity:
    """The user of a request.

    Args:
        role: `user` or `admin`.
        way: how it is known: sign-in is off, a session, an API key, a trusted proxy.
        scopes: what may be done; all of it, unless it is a key.
    """

    user: str
    role: str
    way: Literal["local", "session", "key", "proxy"]
    scopes: frozenset[Scope] = field(default_factory=lambda: frozenset(SCOPES))

    @property
    def is_admin(self) -> bool:
        """Whether this is an admin, in person or with a key made for it."""
        return self.role == "admin" and "admin" in self.scopes


def identity_of(request: Any) -> Identity:
    """The identity behind a request of Starlette's or of Gradio's.

    Raises:
        SignInNeeded: nobody is signed in.
    """
    scope = getattr(getattr(request, "request", None) or request, "scope", None)
    found = scope.get(SLOT) if isinstance(scope, dict) else None
    if not isinstance(found, Identity):
        raise SignInNeeded("Nobody is signed in.", "Sign in at /signin, or send an API key: Authorization: Bearer KEY")
    return found


def current_user(request: Any) -> str:
    """The user behind a request; `local` where sign-in is off.

    Raises:
        SignInNeeded: nobody is signed in.
    """
    return identity_of(request).user


def require(request: Any, scope: Scope) -> str:
    """The user behind a request, provided that it may do what a scope stands for.

    Raises:
        SignInNeeded: nobody is signed in.
        Forbidden: the key was not made for this, or it takes an admin.
    """
    found = identity_of(request)
    if scope not in found.scopes:
        raise Forbidden(f"This API key may not be used for {scope!r}.", f"tutor keys add {found.user} --scope {scope}")
    if scope == "admin" and not found.is_admin:
        raise Forbidden("Only an admin may do this.", f"tutor users role {found.user} admin")
    return found.user
