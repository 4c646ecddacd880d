"""Practice of every user with every corpus, as the page asks for it.

What is kept alive is decided in `open_corpora`, which the other doors use as well. Knows nothing of pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tutor.store import InterviewRow

if TYPE_CHECKING:
    from tutor.interview.practice import Practice
    from tutor.web.backstage import Backstage


class Practices:
    """All of them."""

    def __init__(self, stage: Backstage) -> None:
        self._stage = stage

    def of(self, user: str, corpus: str = "") -> Practice:
        """A user's practice with a corpus.

        Raises:
            TutorError: there is no such corpus, or none of its questions has an answer.
        """
        return self._stage.opened.practice(user, corpus or self._stage.settings.corpus)

    def with_interview(self, user: str, identifier: str) -> Practice:
        """The practice that one of the user's interviews belongs to.

        Raises:
            TutorError: the user has no such interview.
        """
        return self.of(user, str(self._stage.store.interviews.load(user, identifier)["setup"]["corpus"]))

    def unfinished(self, user: str) -> list[InterviewRow]:
        """The user's interviews that can go on, of all corpora, the last one first."""
        return list(self._stage.store.interviews.list(user, finished=False))

    def finished(self, user: str) -> list[InterviewRow]:
        """The user's interviews that are over, the last one first."""
        return list(self._stage.store.interviews.list(user, finished=True))
