"""Every corpus as the page shows it: names, titles in the visitor's language, tutor and key points.

What is opened, and for how long, is decided in `open_corpora`, which the other doors use as well. Knows nothing of pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from ingest import corpora
from ingest.builds import current_build
from ingest.document import Document, Expansion, Question
from ingest.errors import IndexBusy, UsageError
from ingest.shelf import Shelved, shelf
from tutor.web.strings import Tongue

if TYPE_CHECKING:
    from ingest.rubrics import Rubric
    from tutor.answering.tutor import Tutor
    from tutor.web.backstage import Backstage


@dataclass(frozen=True)
class Material:
    """What a corpus is made of, without any index.

    Args:
        rubrics: by question number; empty where none are beside the document.
        expansions: by question number; they bring reviewed English titles.
    """

    document: Document
    rubrics: Mapping[int, Rubric]
    expansions: Mapping[int, Expansion]

    def question(self, number: int) -> Question | None:
        """The question of this number, if there is one."""
        return next((q for q in self.document.questions if q.number == number), None)

    def title(self, number: int, tongue: Tongue) -> str:
        """Its title; in English the reviewed one where there is one."""
        found = self.question(number)
        return (self.english(number) if tongue == "en" else "") or (found.title if found else "")

    def english(self, number: int) -> str:
        """The reviewed English title, "" where there is none."""
        expansion = self.expansions.get(number)
        return expansion.title_en if expansion else ""


class Corpora:
    """All corpora of a data folder."""

    def __init__(self, stage: Backstage) -> None:
        self._stage = stage

    def shelved(self) -> list[Shelved]:
        """Every corpus there is, by name."""
        return shelf(self._stage.settings.corpora_dir, self._stage.settings.embedders)

    def names(self) -> list[str]:
        """Names of the corpora that can be asked, the first one first."""
        folder, first = self._stage.settings.corpora_dir, self._stage.settings.corpus
        built = [p.name for p in folder.iterdir() if current_build(p) is not None] if folder.is_dir() else []
        return [first, *sorted(name for name in built if name != first)]

    def mark(self, name: str) -> str:
        """The attribute by which the page's links and buttons know their corpus; none for the first one."""
        return f' data-corpus="{escape(name)}"' if name and name != self._stage.settings.corpus else ""

    def material(self, name: str = "") -> Material:
        """Document, rubrics and titles of a corpus; read again when its files have changed.

        Raises:
            TutorError: there is no such corpus, or one of its files cannot be read.
        """
        found = self._stage.opened.material(name or None).material
        return Material(found.document, found.rubrics, found.expansions)

    def tutor(self, name: str = "") -> Tutor | None:
        """The tutor of a corpus; None while it is being prepared.

        Raises:
            TutorError: the corpus cannot be opened.
        """
        try:
            return self._stage.opened.tutor(name or None)
        except IndexBusy:
            return None

    def forget(self, name: str) -> None:
        """Close what is open of a corpus: it has been removed or replaced."""
        self._stage.opened.forget(name)

    def check_free(self, name: str) -> None:
        """See that a name can be given to a new corpus.

        Raises:
            UsageError: it is taken, or cannot be a name.
        """
        corpora.check_name(name)
        if any(s.name == name for s in self.shelved()):
            raise UsageError(f"There is a document called {name!r} already.", "Choose another name.")
