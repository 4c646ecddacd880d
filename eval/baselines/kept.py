"""Figures of the usual recipe, kept for machines that lack its packages (torch among them).

They hold for the same rows and the same document, whose hashes stand beside them; with others there is no baseline.
Written by `python -m eval usual-recipe`.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from eval.gold import Part, digest
from ingest.corpora import document_path, read_document
from ingest.document import Document
from tutor.retrieval.search import Searcher

KEPT = Path(__file__).parent / "usual_recipe.json"
Table = dict[str, Any]


def document_of(searcher: Searcher) -> Document:
    """The document that a searcher searches."""
    folder = searcher.index.folder
    return read_document(document_path(folder.parent, folder.name))


def kept(document: Document, part: Part) -> Table | None:
    """hit@1 and hit@3 by language, as they were measured on these rows of this document; None where they were not."""
    entry = json.loads(KEPT.read_text(encoding="utf-8")).get(part, {})
    same = entry.get("rows_sha256") == digest("retrieval", part) and entry.get("document_sha256") == _hash(document)
    return dict(entry["table"]) if same else None


def keep(document: Document, part: Part, table: Table) -> None:
    """Keep the figures of these rows of this document."""
    everything = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.is_file() else {}
    everything[part] = {
        "rows_sha256": digest("retrieval", part), "document_sha256": _hash(document), "table": table,
    }  # fmt: skip
    KEPT.write_text(json.dumps(everything, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _hash(document: Document) -> str:
    return hashlib.sha256(document.source.encode()).hexdigest()
