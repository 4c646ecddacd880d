"""From a reading to a Document: every parser says where questions stand, this puts the rest together.

A parser rewrites the stream of elements: it replaces the ones that are questions by `Ask`, the words that
announce an answer by `Answer`, and may end a question by `Close`. What follows an `Ask` belongs to it
until the next one. Knows nothing of how questions are recognised.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from ingest.document import Block, Document, Question, Section, SectionRole, Skip
from ingest.markdown import Fold, FoldEnd, Heading, trimmed
from ingest.markup import Residue, is_placeholder
from ingest.parsers import contents
from ingest.parsers.items import NOT_A_HEADING, Answer, Ask, Close, Item, Reading
from ingest.parsers.stream import is_link_list
from ingest.parsers.wording import (
    answer_lead,
    is_answer_name,
    is_appendix,
    is_chinese,
    is_contents,
    is_group,
    title_of,
    value_of,
)

# A level belongs to categories from this share of headings with a question right below them on.
_OPENING = 0.3


@dataclass
class _Draft:
    """A question being collected."""

    ask: Ask
    category: str
    end: int
    sections: list[Section] = field(default_factory=list)
    name: str = ""
    role: SectionRole = "answer"
    begun: bool = False
    until: int = 0
    start: int = 0
    blocks: list[Block] = field(default_factory=list)

    def close_section(self) -> None:
        if self.blocks or self.name:
            end = self.blocks[-1].end if self.blocks else max(self.start, self.end)
            self.sections.append(Section(self.name, self.start, end, tuple(self.blocks), self.role))
        self.name, self.blocks = "", []

    def open_section(self, name: str, start: int, end: int) -> None:
        self.close_section()
        self.name, self.start, self.end = name, start, end

    def begin_answer(self) -> None:
        """Everything so far was part of the question, unless an answer or a named section has begun."""
        if self.begun or self.name or any(section.name for section in self.sections):
            return
        self.close_section()
        self.sections = [replace(section, role="stem") for section in self.sections]
        self.role, self.begun = "answer", True

    def add(self, block: Block) -> None:
        if not self.name and not self.blocks:
            self.start = block.start
        self.blocks.append(block)
        self.end = block.end


def assemble(source: str, reading: Reading) -> Document | None:
    """Build the Document of a reading; None if it holds no question."""
    sections = _sections(reading.items)
    title = _document_title(reading.items)
    drafts: list[_Draft] = []
    strays: list[Block] = []
    current: _Draft | None = None
    category = ""
    open_contents = False
    for item in reading.items:
        if isinstance(item, Ask):
            current = _Draft(item, category, item.end, role="answer" if item.answered else "stem")
            drafts.append(current)
            open_contents = False
        elif isinstance(item, Heading):
            if current is not None and _is_section(item, current, sections):
                if is_answer_name(item.text):
                    current.begin_answer()
                current.open_section(item.text, item.start, item.end)
            else:
                current = None
                open_contents = is_contents(item.text)
                if not is_group(item.text):
                    category = "" if open_contents or item is title else item.text.rstrip("：: ")
        elif isinstance(item, Block):
            if current is not None:
                _add(current, item, source)
            elif not open_contents and not is_link_list(source, item):
                strays.append(item)
        elif isinstance(item, Close):
            current = None
        elif current is not None and isinstance(item, Answer):
            current.begin_answer()
        elif current is not None and isinstance(item, Fold):
            name = title_of(item.text)
            current.until = max(current.until, item.closes)
            if is_answer_name(name):
                current.begin_answer()
            elif name and current.ask.start < item.start:
                current.open_section(name, item.start, item.end)
    if not drafts:
        return None
    for draft in drafts:
        draft.close_section()
    questions = _number([_finished(draft, source) for draft in drafts])
    preamble = [item for item in reading.items if isinstance(item, Block) and item.end <= drafts[0].ask.start]
    questions, categories = contents.enriched(questions, source, preamble)
    return Document(
        source=source,
        questions=tuple(questions),
        skipped=tuple(_skips(strays, drafts[0].ask.start)),
        parser=reading.name,
        reason=reading.how,
        categories=categories,
    )


@dataclass(frozen=True)
class _Sections:
    """Which headings are parts of answers where questions are no headings.

    Args:
        category_level: the deepest level whose headings have a question right below them.
        repeated: headings that come again and again ("Example") and never open a group of questions.
        enclosed: starts of headings that stand between questions 7 and 8, and so inside the answer to 7.
    """

    category_level: int
    repeated: frozenset[str]
    enclosed: frozenset[int]


def _sections(items: Sequence[Item]) -> _Sections:
    headings = [item for item in items if isinstance(item, Heading)]
    solid = [item for item in items if not isinstance(item, Residue | FoldEnd | Close)]
    opening = [a for a, b in pairwise(solid) if isinstance(a, Heading) and isinstance(b, Ask)]
    texts = {heading.text for heading in opening}
    repeated = {
        text
        for text, n in Counter(h.text for h in headings).items()
        if n > 1 and (text not in texts or is_answer_name(text))
    }

    counts, openings = Counter(h.level for h in headings), Counter(h.level for h in opening)
    levels = [level for level, n in openings.items() if n >= _OPENING * counts[level]]
    first = next((item.start for item in items if isinstance(item, Ask)), 0)
    before = [h.level for h in headings if h.start < first]
    level = max(levels, default=before[-1] if before else 0)
    return _Sections(level, frozenset(repeated), frozenset(_enclosed(solid)))


def _enclosed(items: Sequence[Item]) -> Iterator[int]:
    """Starts of headings of the questions' own level between two whose numbers follow each other."""
    waiting: list[Heading] = []
    last: Ask | None = None
    for index, item in enumerate(items):
        if isinstance(item, Ask):
            a, b = value_of(last.label) if last else None, value_of(item.label)
            if a is not None and b == a + 1:
                yield from (heading.start for heading in waiting)
            last, waiting = item, []
        elif isinstance(item, Heading) and last is not None:
            opens = index + 1 < len(items) and isinstance(items[index + 1], Ask)
            if item.level < last.level or is_contents(item.text) or opens:
                last = None  # a category
            elif item.level == last.level and not is_appendix(item.text):
                waiting.append(item)


def _document_title(items: Sequence[Item]) -> Heading | None:
    """The only heading of level 1, where it stands before every question: it is no category."""
    found = None
    for item in items:
        if isinstance(item, Ask) and (found is None or item.level == 1):
            return None
        if isinstance(item, Heading) and item.level == 1:
            if found is not None:
                return None
            found = item
    return found


def _is_section(heading: Heading, draft: _Draft, sections: _Sections) -> bool:
    """Whether a heading is part of the answer: inside its fold, named answer, or of a deeper level."""
    if is_group(heading.text):
        return False
    if heading.start < max(draft.until, draft.ask.until):
        return True
    if is_answer_name(heading.text) and heading.text in sections.repeated:
        return True
    again = heading.text in sections.repeated and not is_appendix(heading.text)
    if draft.ask.level != NOT_A_HEADING:
        same = heading.level == draft.ask.level
        return heading.level > draft.ask.level or (same and (again or heading.start in sections.enclosed))
    return again or (heading.level > sections.category_level and not is_appendix(heading.text))


def _add(draft: _Draft, block: Block, source: str) -> None:
    """Add a block; a line that opens with "Answer:" begins the answer, and the word itself is left out."""
    lead = None if block.kind not in {"text", "quote"} or draft.begun else answer_lead(source, block.start, block.end)
    if lead is None:
        draft.add(block)
        return
    if before := trimmed(block, source, block.start, lead[0]):
        draft.add(before)
    draft.begin_answer()
    rest = trimmed(block, source, lead[1], block.end)
    if rest and not is_placeholder(source[rest.start : rest.end]):
        draft.add(rest)


def _finished(draft: _Draft, source: str) -> Question:
    sections = draft.sections
    if not any(_has_words(source, s) for s in sections if s.role == "answer"):
        sections = [s for s in sections if s.role == "stem"]  # an image or a rule is no answer
    named = []
    for section in sections:
        if section.role == "stem" and not section.name:
            section = replace(section, name="題目" if is_chinese(draft.ask.title) else "Question")
        named.append(section)
    ask = draft.ask
    end = max(draft.end, ask.end, ask.extent)
    return Question(0, ask.label, ask.title, draft.category, ask.start, end, ask.line, tuple(named))


def _has_words(source: str, section: Section) -> bool:
    return any(
        b.kind == "code" or any(c.isalnum() for c in title_of(source[b.start : min(b.end, b.start + 2000)]))
        for b in section.blocks
    )


def _number(questions: list[Question]) -> list[Question]:
    """Printed numbers where they are unique, else the order in the document.

    A few questions without a number (one in ten) go behind the highest one instead of renumbering the others.
    """
    printed = [value_of(q.label) for q in questions]
    known = [n for n in printed if n is not None]
    if known and len(set(known)) == len(known) and len(known) >= 0.9 * len(questions):
        following = iter(range(max(known) + 1, max(known) + 1 + len(questions)))
        numbers = [n if n is not None else next(following) for n in printed]
    else:
        numbers = list(range(1, len(questions) + 1))
    return [replace(q, number=n) for q, n in zip(questions, numbers, strict=True)]


def _skips(strays: list[Block], first: int) -> list[Skip]:
    """One Skip for every run of blocks under no question; before the first one is an introduction."""
    skips: list[Skip] = []
    last = None
    for block in strays:
        if block.start < first:
            continue
        if last is None or block.unit - last.unit > 1:
            skips.append(Skip(block.line, "text under no question"))
        last = block
    return skips
