"""An outside benchmark: 1,000 Traditional Chinese paragraphs and 1,000 questions about them (DRCD, Shao et al. 2018).

    python -m eval retrieval --drcd FOLDER      FOLDER holds corpus.jsonl and queries.jsonl

Every paragraph becomes one question of a corpus without expansions, indexed by the real `build`. It says what the
search is worth on material that nobody tuned it for. The queries are asked as they stand and in Simplified.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import opencc
from numpy.typing import NDArray

from eval.intervals import mean_interval
from ingest.document import Block, Document, Question, Section
from ingest.errors import DocumentError
from ingest.index import Progress, build
from tutor.retrieval.fusion import fuse
from tutor.retrieval.search import Searcher

# What the search should reach here, and how far Simplified queries may fall behind.
BARS = {"hit@1": 0.95, "hit@5": 0.99, "simplified_within": 0.01}
NAME = "drcd"
DEPTH = 5


@dataclass(frozen=True)
class Paragraph:
    """One paragraph of the benchmark; many share a title, the article they come from."""

    id: str
    title: str
    text: str


@dataclass(frozen=True)
class Query:
    """A question about one paragraph; `gold` are the ids of those that answer it."""

    id: str
    query: str
    gold: frozenset[str]


def load(folder: Path) -> tuple[list[Paragraph], list[Query]]:
    """The paragraphs and the queries of a benchmark folder.

    Raises:
        DocumentError: the folder does not hold them.
    """
    try:
        paragraphs = [Paragraph(r["id"], r["title"], r["text"]) for r in _rows(folder / "corpus.jsonl")]
        queries = [Query(r["id"], r["query"], frozenset(r["gold"])) for r in _rows(folder / "queries.jsonl")]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DocumentError(
            f"{folder} is no benchmark folder: {error}.",
            'It needs corpus.jsonl {"id","title","text"} and queries.jsonl {"id","query","gold"}.',
        ) from error
    return paragraphs, queries


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def document_of(paragraphs: Sequence[Paragraph]) -> Document:
    """A document with one question per paragraph: numbers 1 to n, label the paragraph's id, title the article's."""
    pieces: list[str] = []
    questions: list[Question] = []
    position, line = 0, 1
    for number, paragraph in enumerate(paragraphs, 1):
        text = paragraph.text.strip()
        start = position + len(paragraph.title) + 1
        end = start + len(text)
        block = Block("text", start, end, 0, (), line + 1)
        section = Section("", start, end, (block,))
        questions.append(Question(number, paragraph.id, paragraph.title, "", position, end, line, (section,)))
        pieces.append(f"{paragraph.title}\n{text}\n\n")
        position += len(pieces[-1])
        line += pieces[-1].count("\n")
    return Document("".join(pieces), tuple(questions), parser="paragraphs", reason="one question per paragraph")


def measure(
    folder: Path, embedders: Sequence[str], progress: Progress = lambda stage, done, total: None
) -> dict[str, Any]:
    """hit@1 and hit@5 of every leg and of the fusion, for both scripts of the queries.

    Args:
        folder: the benchmark.
        embedders: as in the settings.
    """
    paragraphs, queries = load(folder)
    with tempfile.TemporaryDirectory(prefix="tutor-drcd-") as temporary:
        corpora = Path(temporary)
        report = build(corpora / NAME, NAME, document_of(paragraphs), embedders=embedders, progress=progress)
        searcher = Searcher(corpora, NAME, embedders)
        simplify = opencc.OpenCC("t2s").convert
        scripts = {
            "as written": list(queries),
            "simplified": [Query(q.id, simplify(q.query), q.gold) for q in queries],
        }
        found = {name: _script(searcher, paragraphs, rows) for name, rows in scripts.items()}
    return {"paragraphs": len(paragraphs), "queries": len(queries), "build_seconds": report.seconds, **found}


def _script(searcher: Searcher, paragraphs: Sequence[Paragraph], queries: Sequence[Query]) -> dict[str, Any]:
    """Figures by leg; `fused` is what a user gets."""
    gold = [np.asarray([p.id in q.gold for p in paragraphs]) for q in queries]
    scored = [searcher.legs.score(q.query).legs for q in queries]
    ranked: dict[str, Callable[[int], NDArray[Any]]] = {
        "fused": lambda i: fuse(scored[i], searcher.legs.expanded),
        **{name: (lambda i, name=name: scored[i][name]) for name in scored[0]},  # type: ignore[misc]
    }
    table = {}
    for name, scores in ranked.items():
        orders = [np.argsort(-scores(i), kind="stable")[:DEPTH] for i in range(len(queries))]
        table[name] = {
            f"hit@{k}": mean_interval([bool(g[order[:k]].any()) for g, order in zip(gold, orders, strict=True)])
            for k in (1, DEPTH)
        }
    return table
