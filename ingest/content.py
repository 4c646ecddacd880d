"""The content of an index in one read-only SQLite file: questions, passages, entries, and the source they cut from.

Knows how to store and load the words of `ingest.document`, nothing of search.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.document import Document, Entry, EntryKind, Passage

_SCHEMA = """
CREATE TABLE source (text TEXT NOT NULL);
CREATE TABLE questions (
    number INTEGER PRIMARY KEY, label TEXT, title TEXT, alias TEXT, category TEXT,
    start INTEGER, "end" INTEGER, line INTEGER, answered INTEGER, sections TEXT, links TEXT);
CREATE TABLE passages (
    row INTEGER PRIMARY KEY, question INTEGER, section TEXT, path TEXT, start INTEGER, "end" INTEGER,
    text TEXT, kind TEXT);
CREATE INDEX passages_of ON passages (question);
CREATE TABLE entries (
    row INTEGER PRIMARY KEY, question INTEGER, passage INTEGER, kind TEXT, text TEXT,
    start INTEGER, "end" INTEGER, heading TEXT, lead TEXT);
CREATE INDEX entries_of ON entries (question);
"""


class StoredQuestion:
    """A question as the index keeps it: everything but its blocks. Lists are read when they are asked for."""

    __slots__ = (
        "_links", "_sections", "alias", "answered", "category", "end", "label", "line", "number", "start", "title",
    )  # fmt: skip

    def __init__(self, row: sqlite3.Row) -> None:
        self.number: int = row["number"]
        self.label: str = row["label"]
        self.title: str = row["title"]
        self.alias: str = row["alias"]
        self.category: str = row["category"]
        self.start: int = row["start"]
        self.end: int = row["end"]
        self.line: int = row["line"]
        self.answered: bool = bool(row["answered"])
        self._sections: str = row["sections"]
        self._links: str = row["links"]

    @property
    def sections(self) -> list[dict[str, int | str]]:
        """Name, start and end of each section."""
        found: list[dict[str, int | str]] = json.loads(self._sections)
        return found

    @property
    def links(self) -> tuple[int, ...]:
        """Numbers of the questions that its text refers to."""
        return tuple(json.loads(self._links))


def write_content(path: Path, document: Document, passages: Sequence[Passage], entries: Iterable[Entry]) -> None:
    """Write everything but vectors and keywords."""
    db = sqlite3.connect(path)
    with db:
        db.executescript(_SCHEMA)
        db.execute("INSERT INTO source VALUES (?)", (document.source,))
        db.executemany(
            "INSERT INTO questions VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (
                (
                    q.number, q.label, q.title, q.alias, q.category, q.start, q.end, q.line, q.answered,
                    json.dumps([{"name": s.name, "start": s.start, "end": s.end} for s in q.sections], ensure_ascii=False),
                    json.dumps(q.links),
                )
                for q in document.questions
            ),
        )  # fmt: skip
        db.executemany(
            "INSERT INTO passages VALUES (?,?,?,?,?,?,?,?)",
            (
                (
                    i,
                    p.question,
                    p.section,
                    json.dumps(p.path, ensure_ascii=False),
                    p.start,
                    p.end,
                    p.text,
                    p.kind,
                )
                for i, p in enumerate(passages)
            ),
        )
        db.executemany(
            "INSERT INTO entries VALUES (?,?,?,?,?,?,?,?,?)",
            ((i, *vars(e).values()) for i, e in enumerate(entries)),
        )
    db.close()


class Content:
    """Reads a written content file; safe to share between threads.

    Raises:
        sqlite3.Error: the file is missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        # immutable: the file is never written again, so SQLite needs no locks and no journal.
        self._db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self.questions: dict[int, StoredQuestion] = {
            row["number"]: StoredQuestion(row)
            for row in self._db.execute("SELECT * FROM questions ORDER BY start, number")
        }
        self.entry_question = self._column("SELECT question FROM entries ORDER BY row")
        self.entry_passage = self._column("SELECT coalesce(passage, -1) FROM entries ORDER BY row")
        self.passage_question = self._column("SELECT question FROM passages ORDER BY row")
        self.passage = lru_cache(maxsize=4096)(self._passage)

    def _column(self, sql: str) -> NDArray[np.int64]:
        return np.fromiter((value for (value,) in map(tuple, self._db.execute(sql))), dtype=np.int64)

    @cached_property
    def source(self) -> str:
        """The whole decoded document; every offset counts its characters. Read at its first use, then kept."""
        return str(self._db.execute("SELECT text FROM source").fetchone()[0])

    def _passage(self, row: int) -> Passage:
        found = self._db.execute("SELECT * FROM passages WHERE row = ?", (row,)).fetchone()
        return Passage(
            found["question"], found["section"], tuple(json.loads(found["path"])), found["start"], found["end"],
            found["text"], found["kind"],
        )  # fmt: skip

    def rows_of_kinds(self, kinds: Iterable[EntryKind]) -> NDArray[np.int64]:
        """Row numbers of the entries of these kinds, in order."""
        return self._column(f"SELECT row FROM entries WHERE kind IN ({_listed(kinds)}) ORDER BY row")  # nosec B608: names from our own code

    def searched(self, kinds: Iterable[EntryKind]) -> Iterator[str]:
        """`Entry.searched` of the entries of these kinds in row order, read as they are taken."""
        cursor = self._db.execute(f"SELECT * FROM entries WHERE kind IN ({_listed(kinds)}) ORDER BY row")  # nosec B608: as above
        return (_entry(row).searched for row in cursor)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def passages_of(self, question: int) -> list[tuple[int, Passage]]:
        """Row numbers and passages of a question, in document order."""
        rows = self._db.execute("SELECT row FROM passages WHERE question = ? ORDER BY row", (question,)).fetchall()
        return [(row["row"], self.passage(row["row"])) for row in rows]

    def entries_of(self, question: int) -> list[tuple[int, Entry]]:
        """Row numbers and entries of a question, in row order."""
        rows = self._db.execute("SELECT * FROM entries WHERE question = ? ORDER BY row", (question,)).fetchall()
        return [(row["row"], _entry(row)) for row in rows]

    def entry(self, row: int) -> Entry:
        """One entry by its row number."""
        return _entry(self._db.execute("SELECT * FROM entries WHERE row = ?", (row,)).fetchone())


def _listed(kinds: Iterable[EntryKind]) -> str:
    return ", ".join(f"'{kind}'" for kind in sorted(kinds))


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(
        row["question"], row["passage"], row["kind"], row["text"], row["start"], row["end"], row["heading"], row["lead"]
    )  # fmt: skip
