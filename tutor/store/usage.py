"""How much each user does, in numbers, without a word of what they say. For admins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from tutor.store.engine import Database
from tutor.store.tables import AttemptTable, ConversationTable, FeedbackTable, InterviewTable, MessageTable


@dataclass(frozen=True)
class Usage:
    """What is kept of one user. `asked` counts their messages; `last` is when they did something, None for never."""

    user: str
    conversations: int = 0
    asked: int = 0
    interviews: int = 0
    attempts: int = 0
    feedback: int = 0
    last: datetime | None = None


def usage(database: Database) -> dict[str, Usage]:
    """Everybody of whom anything is kept, by name."""
    talks, said = ConversationTable, MessageTable
    asked = select(talks.user, func.count()).join(said, said.conversation == talks.id).where(said.role == "user")
    with database.reading() as session:
        counts: dict[str, dict[str, int]] = {"asked": dict(session.execute(asked.group_by(talks.user)).tuples().all())}
        lasts: dict[str, datetime] = {}
        for field, table, moment in (
            ("conversations", talks, talks.updated),
            ("interviews", InterviewTable, InterviewTable.updated),
            ("attempts", AttemptTable, AttemptTable.at),
            ("feedback", FeedbackTable, FeedbackTable.created),
        ):
            query = select(table.user, func.count(), func.max(moment)).group_by(table.user)
            counts[field] = {}
            for user, count, last in session.execute(query).tuples():
                counts[field][user] = count
                lasts[user] = max(lasts.get(user, last), last)
    users = sorted(lasts)
    return {user: Usage(user, last=lasts[user], **{k: v.get(user, 0) for k, v in counts.items()}) for user in users}
