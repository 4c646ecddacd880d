"""What a user practised: interviews, graded attempts, cards of spaced repetition.

Knows their tables; how an interview goes on, how an answer is graded and when a card is due is decided elsewhere.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from ingest.errors import NotFound
from tutor.store.engine import Database
from tutor.store.rows import Attempt, InterviewRow, now
from tutor.store.tables import AttemptTable, CardTable, InterviewTable

# The card after all attempts at a question, oldest first, and when it is due; None where there is nothing to remember.
CardOf = Callable[[list[Attempt]], tuple[Mapping[str, Any], datetime] | None]


class Interviews:
    """The interviews in a database. Every method takes the user first and sees only that user's rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, user: str, id: str, corpus: str, state: Mapping[str, Any], finished: bool) -> None:
        """Keep an interview as it stands now; the same id again replaces what was kept."""
        moment = now()
        with self._database.writing() as session:
            values = {
                "corpus": corpus,
                "state": dict(state),
                "finished": finished,
                "created": moment,
                "updated": moment,
            }
            self._database.put(session, InterviewTable, {"user": user, "id": id}, values)

    def load(self, user: str, id: str) -> dict[str, Any]:
        """The state that was saved last.

        Raises:
            NotFound: the user has no such interview.
        """
        with self._database.reading() as session:
            row = session.get(InterviewTable, (user, id))
            if row is None:
                raise _no_interview()
            return dict(row.state)

    def list(self, user: str, finished: bool | None = None) -> builtins.list[InterviewRow]:
        """The user's interviews, those that went on last first; only (un)finished ones where that is said."""
        query = select(InterviewTable).where(InterviewTable.user == user)
        if finished is not None:
            query = query.where(InterviewTable.finished.is_(finished))
        with self._database.reading() as session:
            rows = session.scalars(query.order_by(InterviewTable.updated.desc(), InterviewTable.id))
            return [InterviewRow(r.id, r.corpus, r.created, r.updated, r.finished, dict(r.state)) for r in rows]

    def delete(self, user: str, id: str) -> None:
        """Remove an interview; its attempts stay.

        Raises:
            NotFound: the user has no such interview.
        """
        query = delete(InterviewTable).where(InterviewTable.user == user, InterviewTable.id == id)
        with self._database.writing() as session:
            if session.execute(query.returning(InterviewTable.id)).first() is None:
                raise _no_interview()


class Attempts:
    """The graded answers in a database. Every method takes the user first and sees only that user's rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, user: str, attempt: Attempt) -> int:
        """Keep an attempt; its number in the store comes back, `attempt.id` is not looked at."""
        fields = asdict(attempt)
        del fields["id"]
        row = AttemptTable(user=user, **fields)
        with self._database.writing() as session:
            session.add(row)
            session.flush()
            return row.id

    def add_once(self, user: str, attempt: Attempt, card: CardOf = lambda _: None) -> None:
        """Keep the attempt at a question of an interview, unless it is kept already; processes that do so at once take turns.

        Args:
            card: moves the question's card; the attempt and the card are kept together or not at all.
        """
        fields = asdict(attempt)
        del fields["id"]
        known = select(AttemptTable.id).where(
            AttemptTable.user == user, AttemptTable.corpus == attempt.corpus,
            AttemptTable.question == attempt.question, AttemptTable.interview == attempt.interview,
        )  # fmt: skip
        with self._database.writing() as session:
            # On PostgreSQL the interview's row is what they wait for; on SQLite any writer waits for the one before it.
            session.get(InterviewTable, (user, attempt.interview), with_for_update=True)
            if session.scalars(known).first() is None:
                session.add(AttemptTable(user=user, **fields))
                self._move_card(session, user, attempt.corpus, attempt.question, card)

    def regrade(
        self, user: str, id: int, grade: Mapping[str, Any], score: float | None, level: int | None,
        card: CardOf = lambda _: None,
    ) -> None:  # fmt: skip
        """Give an attempt another grade, after a dispute; `card` as of `add_once`.

        Raises:
            NotFound: the user has no such attempt.
        """
        with self._database.writing() as session:
            row = session.get(AttemptTable, id)
            if row is None or row.user != user:
                raise NotFound("There is no such attempt.", "It may have been erased.")
            row.grade, row.score, row.level = dict(grade), score, level
            self._move_card(session, user, row.corpus, row.question, card)

    def _move_card(self, session: Session, user: str, corpus: str, question: int, card: CardOf) -> None:
        session.flush()
        # Who moves the same card from another interview waits here, and then sees that one's attempt.
        session.get(CardTable, (user, corpus, question), with_for_update=True)
        moved = card([_attempt(row) for row in session.scalars(_attempts_at(user, corpus, question))])
        if moved is not None:
            _put_card(self._database, session, user, corpus, question, *moved)

    def list(self, user: str, corpus: str, question: int | None = None) -> builtins.list[Attempt]:
        """The user's attempts at a corpus, or at one question of it, oldest first."""
        with self._database.reading() as session:
            return [_attempt(row) for row in session.scalars(_attempts_at(user, corpus, question))]


class Cards:
    """The review cards in a database. Every method takes the user first and sees only that user's rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, user: str, corpus: str) -> dict[int, dict[str, Any]]:
        """The user's cards of a corpus, by question number, in order."""
        query = select(CardTable).where(CardTable.user == user, CardTable.corpus == corpus).order_by(CardTable.question)
        with self._database.reading() as session:
            return {row.question: dict(row.card) for row in session.scalars(query)}

    def put(self, user: str, corpus: str, question: int, card: Mapping[str, Any], due: datetime) -> None:
        """Keep a card, in place of the one before it."""
        with self._database.writing() as session:
            _put_card(self._database, session, user, corpus, question, card, due)


def _put_card(
    database: Database, session: Session, user: str, corpus: str, question: int, card: Mapping[str, Any], due: datetime
) -> None:
    key = {"user": user, "corpus": corpus, "question": question}
    database.put(session, CardTable, key, {"card": dict(card), "due": due, "updated": now()})


def _attempts_at(user: str, corpus: str, question: int | None) -> Select[AttemptTable]:
    query = select(AttemptTable).where(AttemptTable.user == user, AttemptTable.corpus == corpus)
    if question is not None:
        query = query.where(AttemptTable.question == question)
    return query.order_by(AttemptTable.at, AttemptTable.id)


def _no_interview() -> NotFound:
    return NotFound("There is no such interview.", "It may have been deleted; look at the list of interviews.")


def _attempt(row: AttemptTable) -> Attempt:
    return Attempt(
        corpus=row.corpus, question=row.question, answer=row.answer, grade=dict(row.grade), score=row.score,
        level=row.level, seconds=row.seconds, interview=row.interview, at=row.at, id=row.id,
    )  # fmt: skip
