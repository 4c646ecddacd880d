"""The words of a parsed document: Question, Section, Passage, Entry.

Plain immutable data. All offsets are character offsets into `Document.source`, half open, so that
`source[start:end]` is the verbatim text. Knows nothing of parsing, embedding or storage.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

BlockKind = Literal["text", "table", "code", "quote", "html"]
SectionRole = Literal["stem", "answer"]
EntryKind = Literal["title", "sentence", "row", "code", "ask", "digest", "terms"]


@dataclass(frozen=True)
class Block:
    """One leaf of the Markdown tree: a paragraph, a table, a fence.

    Args:
        kind: what it is; a paragraph inside a block quote is a `quote`.
        start, end: offsets of the verbatim text, list marker included, trailing white space excluded.
        unit: index of the top-level element (a whole list item, a paragraph) it belongs to.
        lead: leads of the list items around it, outermost first (「**RMSNorm**：」 -> "RMSNorm").
        line: 1-based line of its first character.
        rows: of a table only: offsets of the header row and of each body row.
        depth: how many list items it lies in.
        marker: marker of the list item that it opens ("-", "34."), "" if it opens none.
    """

    kind: BlockKind
    start: int
    end: int
    unit: int
    lead: tuple[str, ...]
    line: int
    rows: tuple[tuple[int, int], ...] = ()
    depth: int = 0
    marker: str = ""


@dataclass(frozen=True)
class Section:
    """A named part of an answer, e.g. 解釋. `name` is "" for text before the first heading.

    A "stem" belongs to the question, not to its answer: the code or the options that the question is about.
    """

    name: str
    start: int
    end: int
    blocks: tuple[Block, ...]
    role: SectionRole = "answer"


@dataclass(frozen=True)
class Question:
    """One question with its answer.

    Args:
        number: what users see and what is cited; unique in its corpus.
        label: the number as printed in the document, "" where it prints none.
        title: the question itself, without Markdown.
        category: heading or listed category it stands under, "" if none.
        start, end: offsets of title and answer together.
        line: 1-based line of the title.
        links: numbers of the questions that its text refers to.
        alias: the title as a table of contents words it, where that differs; "" otherwise.
    """

    number: int
    label: str
    title: str
    category: str
    start: int
    end: int
    line: int
    sections: tuple[Section, ...]
    links: tuple[int, ...] = ()
    alias: str = ""

    @property
    def answered(self) -> bool:
        """Whether the document gives an answer at all."""
        return any(section.blocks for section in self.sections if section.role == "answer")


@dataclass(frozen=True)
class Skip:
    """A part of the document that went into no passage, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class Document:
    """A parsed document. `parser` and `reason` say how it was read and why so."""

    source: str
    questions: tuple[Question, ...]
    skipped: tuple[Skip, ...] = ()
    parser: str = ""
    reason: str = ""
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Passage:
    """The unit of retrieval and citation: a verbatim slice of one section.

    `text == source[start:end]`. `path` is the heading path below the question's title: section name,
    then the leads of the list items it lies in.
    """

    question: int
    section: str
    path: tuple[str, ...]
    start: int
    end: int
    text: str
    kind: BlockKind


@dataclass(frozen=True)
class Entry:
    """What is searched: one small text that stands for a passage or a question.

    Args:
        question: number of the question it leads to.
        passage: index into the corpus' passages, None for a title or an expansion of the whole question.
        kind: where its text comes from.
        text: its own words, plain.
        start, end: the span of the source it stands for; empty (`start == end`) where there is none.
        heading: title and section above it; searched with it, never shown.
        lead: leads of the list items around it.
    """

    question: int
    passage: int | None
    kind: EntryKind
    text: str
    start: int = 0
    end: int = 0
    heading: str = ""
    lead: str = ""

    @property
    def searched(self) -> str:
        """What is embedded: a sentence alone does not say what it is about, so its context stands in front."""
        return " ".join(part for part in (self.heading, self.lead, self.text) if part)


@dataclass(frozen=True)
class Expansion:
    """Additions that help to find a question; never shown as a source and never cited.

    `reviewed` is False where a model drafted them and nobody looked.
    """

    question: int
    title_en: str = ""
    asks: tuple[str, ...] = ()
    digest: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    reviewed: bool = field(default=True, repr=False)
