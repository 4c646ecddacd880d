"""The tab that shows what has been learnt: its pane, and where its figures come from."""

from __future__ import annotations

from datetime import datetime
from html import escape

import gradio as gr

from ingest.errors import TutorError
from tutor.web.backstage import Backstage
from tutor.web.mishaps import problem
from tutor.web.pane import QUICK, SKELETON, pane
from tutor.web.progress.coverage import progress_html
from tutor.web.visitor import Visitor, visitor


class ProgressTab:
    """Pane and wiring."""

    def __init__(self, stage: Backstage) -> None:
        self._stage = stage
        self.pane = pane(SKELETON, "progress-pane")

    def wire(self) -> None:
        """Connect the events."""
        gr.on([self.pane.select, self.pane.click], self._show, None, self.pane, **QUICK)

    def _show(self, request: gr.Request) -> str:
        who = visitor(request)
        try:
            return self.html(who)
        except TutorError as error:
            return f'<p class="toast problem" role="alert">{escape(problem(error, who.tongue))}</p>'

    def html(self, who: Visitor) -> str:
        """The whole pane.

        Raises:
            TutorError: the corpus or the store cannot be read.
        """
        practice = self._stage.practices.of(who.user)
        # Days are those of the machine's clock.
        zone = datetime.now().astimezone().tzinfo
        assert zone is not None
        levels = {
            a.question: a.level
            for a in self._stage.store.attempts.list(who.user, practice.corpus)
            if a.level is not None
        }
        material = self._stage.corpora.material(practice.corpus)
        return progress_html(practice.progress(zone), practice.candidates, levels, material, zone, who.tongue)
