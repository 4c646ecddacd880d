"""Thumbs and disputes: what users thought of an answer or of a verdict. Knows its table only."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select

from tutor.store.engine import Database
from tutor.store.rows import Feedback, FeedbackKind, now
from tutor.store.tables import FeedbackTable


class Feedbacks:
    """The feedback in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.on_add: Callable[[str, int], None] = lambda kind, value: None
        """Told the kind and value of every new one; the server counts them."""

    def add(
        self,
        user: str,
        kind: FeedbackKind,
        subject: str,
        value: int,
        reason: str = "",
        payload: Mapping[str, Any] | None = None,
    ) -> int:
        """Keep what a user thought; its number in the store comes back.

        Args:
            subject: what it is about, for instance `message:12` or `attempt:3`.
            value: +1 or -1 for a thumb, 0 for a dispute.
            reason: why, in the user's words.
            payload: what is needed to look at it later.
        """
        row = FeedbackTable(
            user=user,
            kind=kind,
            subject=subject,
            value=value,
            reason=reason,
            payload=dict(payload or {}),
            created=now(),
        )
        with self._database.writing() as session:
            session.add(row)
            session.flush()
            number = row.id
        self.on_add(kind, value)
        return number

    def list(self, user: str | None) -> builtins.list[Feedback]:
        """The feedback of a user, oldest first; None means everybody's, which only an admin may see."""
        query = select(FeedbackTable).order_by(FeedbackTable.id)
        if user is not None:
            query = query.where(FeedbackTable.user == user)
        with self._database.reading() as session:
            return [
                Feedback(r.id, r.user, r.kind, r.subject, r.value, r.reason, dict(r.payload), r.created)
                for r in session.scalars(query)
            ]
