"""Writes the vectors that travel with the shipped document. `python -m eval vectors [--check]`; corpus/NAME.vectors.npz.

What is known already stays as it is, so that an edited sentence changes one row. Knows documents and embedders, nothing
of indexes.
"""

from __future__ import annotations

from pathlib import Path

from ingest.corpora import read_document, read_expansions, vectors_path
from ingest.document import Document, Expansion
from ingest.embed import Vectors, load_embedder, split_spec
from ingest.index import ROLES
from ingest.known_vectors import read_known_vectors
from ingest.passages import entries, passages
from ingest.vectors import key_of
from tutor.settings import Settings


def write(document: Path, check: bool = False) -> bool:
    """Bring the vectors of a document up to date; whether they were already. With `check` nothing is written."""
    parsed = read_document(document)
    wanted = _texts(parsed, read_expansions(document, parsed))
    path = vectors_path(document)
    known = read_known_vectors(path)
    missing = {key: found for key, found in wanted.items() if not known.get([key])}
    if not missing and len(known) == len(wanted):
        return True
    if not check:
        known.only(wanted).and_also(_embedded(missing)).write(path)
    return False


def _texts(document: Document, expansions: list[Expansion]) -> dict[bytes, tuple[str, str]]:
    """Embedder and text of everything that an index of the document embeds, by key."""
    found: dict[bytes, tuple[str, str]] = {}
    all_entries = list(entries(document, passages(document), expansions))
    for spec in Settings.model_fields["embedders"].get_default(call_default_factory=True):
        name, only = split_spec(spec)
        kinds = frozenset().union(*(kinds for role, kinds in ROLES.items() if only in ("", role)))
        found |= {key_of(name, e.searched): (name, e.searched) for e in all_entries if e.kind in kinds}
    return found


def _embedded(wanted: dict[bytes, tuple[str, str]]) -> dict[bytes, Vectors]:
    found: dict[bytes, Vectors] = {}
    for name in sorted({name for name, _ in wanted.values()}):
        own = {key: text for key, (embedder, text) in wanted.items() if embedder == name}
        found |= zip(own, load_embedder(name).passages(list(own.values())), strict=True)
    return found
