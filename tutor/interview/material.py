"""Opens what interviews about a corpus are made of: document, rubrics, English wordings, follow-ups written by hand.

Rubrics lie beside the document (reviewed) or in the corpus' folder (edited by the user, or drafted); the latter win,
question by question. A document without any gets drafted ones on first use. Knows files, no interview.
"""

from __future__ import annotations

from pathlib import Path

from ingest.corpora import document_path, read_document, read_expansions
from ingest.document import Document
from ingest.errors import UsageError
from ingest.rubrics import Rubric, read_rubrics, rubrics_path
from tutor.interview.drafting import draft_all
from tutor.interview.items import Material
from tutor.interview.probes import probes_path, read_probes
from tutor.interview.rubric_file import keep

OWN_FILE = "rubrics.yaml"


def own_rubrics_path(corpora_dir: Path, corpus: str) -> Path:
    """Where rubrics that were edited or drafted on this machine are kept."""
    return corpora_dir / corpus / OWN_FILE


def open_rubrics(corpora_dir: Path, corpus: str, path: Path, document: Document) -> dict[int, Rubric]:
    """All rubrics of a corpus by question number.

    Raises:
        DocumentError: one of the files cannot be used.
    """
    return {
        **read_rubrics(rubrics_path(path), document),
        **read_rubrics(own_rubrics_path(corpora_dir, corpus), document),
    }


def open_material(corpora_dir: Path, corpus: str) -> Material:
    """The material of a corpus. No index is needed.

    Raises:
        IndexMissing: there is no such corpus.
        DocumentError: the document or a file beside it cannot be used.
    """
    path = document_path(corpora_dir, corpus)
    document = read_document(path)
    return Material(
        document, open_rubrics(corpora_dir, corpus, path, document),
        {e.question: e for e in read_expansions(path, document)}, read_probes(probes_path(path)),
    )  # fmt: skip


def with_drafts(corpora_dir: Path, corpus: str, material: Material) -> Material:
    """The material; where nobody has written key points, with points drafted by rule, kept in the corpus' folder from now on.

    Raises:
        UsageError: none of its questions has an answer.
    """
    if material.rubrics:
        return material
    drafts = draft_all(material.document)
    if not drafts:
        raise UsageError(
            f"No question of {corpus!r} has an answer that key points could be made of.",
            "Add a rubric beside the document (NAME.rubrics.yaml).",
        )
    own = own_rubrics_path(corpora_dir, corpus)
    keep(own, corpus, drafts, material.document, over=lambda there: there is None)
    return open_material(corpora_dir, corpus)
