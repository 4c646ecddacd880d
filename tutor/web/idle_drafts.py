"""Better drafts in idle time: where a rule has drafted the key points of a document, the local model chooses them anew.

One question at a time, while nobody waits for the model; each is kept at once, so that a restart goes on where it was.
What a person wrote is left alone, and so are the questions of interviews that are going on. Knows rubric files, no page.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from ingest.errors import ModelUnavailable, TutorError
from ingest.rubrics import Rubric
from tutor.interview.choosing import GaveWay, draft_with, in_idle_time
from tutor.interview.material import own_rubrics_path
from tutor.interview.rubric_file import keep
from tutor.web.open_corpora import Documented

if TYPE_CHECKING:
    from tutor.web.backstage import Backstage

log = logging.getLogger(__name__)

# Between two looks where there was something to draft, and where there was nothing.
SOON_S, LATER_S = 2.0, 30.0


class IdleDrafts:
    """Drafts for the corpora that somebody has opened. Runs in a thread of its own."""

    def __init__(self, stage: Backstage) -> None:
        self._stage = stage
        self._closing = threading.Event()
        # By corpus and number; the model chose nothing usable for them.
        self._left_to_the_rule: set[tuple[str, int]] = set()
        self._thread = threading.Thread(target=self._run, name="idle-drafts", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Draft nothing more."""
        self._closing.set()

    def _run(self) -> None:
        while not self._closing.wait(SOON_S):
            try:
                while self.step():
                    if self._closing.wait(SOON_S):
                        return
            except GaveWay:
                continue
            except (TutorError, OSError) as error:
                log.debug("drafting waits: %s", error)
            except Exception:
                log.exception("drafting in idle time stopped")
                return
            if self._closing.wait(LATER_S):
                return

    def step(self) -> bool:
        """Draft one rubric; whether there was one to draft.

        Raises:
            GaveWay: somebody came who waits for the model.
            ModelUnavailable: there is none that is ready.
            TutorError: the store cannot be read, or a draft not be kept.
        """
        model = self._stage.engine
        if model is None or not model.state.ready:
            raise ModelUnavailable("The language model is not ready.", "Try again in a few seconds.")
        for corpus, found in self._stage.opened.in_use():
            for number in self._by_rule(corpus, found)[:1]:
                made = draft_with(model, found.questions[number], found.document, in_idle_time)
                if made is not None and made.drafted_by:
                    self._keep(corpus, made, found)
                else:
                    self._left_to_the_rule.add((corpus, number))
                return True
        return False

    def _by_rule(self, corpus: str, found: Documented) -> list[int]:
        """Questions whose key points a rule drafted, and that nobody is being asked."""
        drafted = [n for n, rubric in found.grader.rubrics.items() if _of_the_rule(rubric)]
        drafted = [n for n in drafted if n in found.questions and (corpus, n) not in self._left_to_the_rule]
        asked = self._going_on(corpus) if drafted else set()
        return [n for n in drafted if n not in asked]

    def _going_on(self, corpus: str) -> set[int]:
        states = self._stage.store.interest(corpus).interviews
        return {int(item["number"]) for state in states for item in state.get("plan") or ()}

    def _keep(self, corpus: str, made: Rubric, found: Documented) -> None:
        """Keep a draft, unless a person has written something in its place meanwhile."""
        path = own_rubrics_path(self._stage.settings.corpora_dir, corpus)
        if path.exists():  # else the corpus was removed meanwhile
            keep(path, corpus, {made.question: made}, found.document, over=_of_the_rule)


def _of_the_rule(rubric: Rubric | None) -> bool:
    return rubric is not None and rubric.drafted and not rubric.drafted_by
