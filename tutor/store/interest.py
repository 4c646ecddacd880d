"""What all users together will likely turn to next: question numbers only, without names or words. For reading ahead.

Knows tables, nothing of how an interview goes on or what a question says.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from tutor.store.engine import Database
from tutor.store.rows import now
from tutor.store.tables import AttemptTable, CardTable, ConversationTable, InterviewTable, MessageTable

# An interview that nobody touched for so long is not the current one of anybody.
RUNNING = timedelta(hours=1)
# Cards that fall due within this time are reviewed next.
AHEAD = timedelta(days=1)
# Popularity is counted over this time, and over so many replies at most.
LATELY, REPLIES = timedelta(days=30), 500
MOST = 20


@dataclass(frozen=True)
class Interest:
    """What is known of a corpus.

    Args:
        interviews: states of the interviews that are going on, the last one first.
        due: questions whose cards are due, the longest overdue first.
        popular: questions that were answered from or practised lately, the most frequent first.
    """

    interviews: tuple[dict[str, Any], ...]
    due: tuple[int, ...]
    popular: tuple[int, ...]


def interest(database: Database, corpus: str) -> Interest:
    """What users of a corpus will likely turn to, by what they did."""
    moment = now()
    with database.reading() as session:
        return Interest(
            _going_on(session, corpus, moment), _due(session, corpus, moment), _popular(session, corpus, moment)
        )


def _going_on(session: Any, corpus: str, moment: datetime) -> tuple[dict[str, Any], ...]:
    table = InterviewTable
    query = select(table.state).where(
        table.corpus == corpus, table.finished.is_(False), table.updated >= moment - RUNNING
    )
    return tuple(dict(state) for state in session.scalars(query.order_by(table.updated.desc()).limit(MOST)))


def _due(session: Any, corpus: str, moment: datetime) -> tuple[int, ...]:
    table = CardTable
    query = select(table.question).where(table.corpus == corpus, table.due <= moment + AHEAD)
    return tuple(session.scalars(query.group_by(table.question).order_by(func.min(table.due)).limit(MOST)))


def _popular(session: Any, corpus: str, moment: datetime) -> tuple[int, ...]:
    tried = AttemptTable
    practised = select(tried.question, func.count()).where(tried.corpus == corpus, tried.at >= moment - LATELY)
    counts = Counter(dict(session.execute(practised.group_by(tried.question)).tuples().all()))
    said, talks = MessageTable, ConversationTable
    replies = select(said.payload).join(talks, talks.id == said.conversation).where(
        talks.corpus == corpus, said.role == "assistant", said.created >= moment - LATELY
    )  # fmt: skip
    for payload in session.scalars(replies.order_by(said.id.desc()).limit(REPLIES)):
        counts.update(number for number in payload.get("used") or () if isinstance(number, int))
    return tuple(number for number, _ in counts.most_common(MOST))
