"""Questions as headings without numbers: `## What is X?`, `### X` under categories that do not ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ingest.document import Block
from ingest.markdown import Element, Fold, Heading
from ingest.parsers.asking import asks
from ingest.parsers.items import Ask, Item, Reading
from ingest.parsers.wording import (
    is_answer_name,
    is_appendix,
    is_contents,
    is_group,
    is_introduction,
    label_of,
    title_of,
)

NAME = "headings"
# From this share on, the headings of a level that do not ask are questions as well ("### Event loop"); less
# will do on the level that has most of the asking ones.
_SHARE = 0.6
_MAIN_SHARE = 0.25
_AGAIN = 3


def read(source: str, found: Sequence[Element]) -> Iterator[Reading]:
    """A heading that asks and stands under no other question is a question."""
    del source
    headings = [e for e in found if isinstance(e, Heading) and _possible(e)]
    titles = {id(h): _title(h) for h in headings}
    if len(headings) > 1 and headings[0].level == 1 and sum(h.level == 1 for h in headings) == 1:
        rest = headings[1:]  # the title of the document
        if any(asks(titles[id(h)]) for h in rest):
            headings = rest
    # "How it works" under every topic is a part of answers; "What is printed?" may well be asked again.
    again = Counter(titles[id(h)] for h in headings)
    parts = {text for text, count in again.items() if count >= _AGAIN and "?" not in text and "？" not in text}
    headings = [h for h in headings if titles[id(h)] not in parts]
    asking = {id(h) for h in headings if asks(titles[id(h)])}
    counts = Counter(h.level for h in headings if id(h) in asking)
    main = max(counts, key=lambda level: counts[level], default=0)
    levels = set()
    for level in range(1, 7):
        mine = [h for h in headings if h.level == level]
        share = _MAIN_SHARE if level == main else _SHARE
        if len(mine) > 2 and counts[level] > 1 and counts[level] >= share * len(mine):
            levels.add(level)
    empty = _empty(found)

    candidates = {id(h) for h in headings}
    questions: dict[int, bool] = {}
    above: list[tuple[int, bool]] = []  # level and "is a question" of the headings around
    for heading in (e for e in found if isinstance(e, Heading)):
        while above and above[-1][0] >= heading.level:
            above.pop()
        inside = bool(above) and above[-1][1]
        mine_asks = id(heading) in asking
        candidate = id(heading) in candidates
        silent = heading.level in levels and id(heading) not in empty
        is_question = not inside and candidate and (mine_asks or silent)
        if is_question:
            questions[id(heading)] = mine_asks
        above.append((heading.level, inside or is_question))
    if not questions:
        return
    how = f"{len(questions)} headings are questions"
    yield Reading(NAME, tuple(_rewritten(found, questions, titles)), how)


def _empty(found: Sequence[Element]) -> set[int]:
    """Headings with another heading right below them: they only group."""
    solid = [e for e in found if isinstance(e, Heading | Block | Fold)]
    return {id(a) for a, b in pairwise(solid) if isinstance(a, Heading) and isinstance(b, Heading)}


def _possible(heading: Heading) -> bool:
    text = title_of(heading.raw)
    return any(c.isalnum() for c in text) and not any(
        is_it(text) for is_it in (is_contents, is_appendix, is_introduction, is_group, is_answer_name)
    )


def _title(heading: Heading) -> str:
    label = label_of(title_of(heading.raw))
    return label.title or title_of(heading.raw)


def _rewritten(found: Sequence[Element], questions: dict[int, bool], titles: dict[int, str]) -> Iterator[Item]:
    for element in found:
        if isinstance(element, Heading) and id(element) in questions:
            label = label_of(title_of(element.raw)).number
            yield Ask(
                element.start, element.end, element.line, titles[id(element)] or element.text, label,
                element.level, questions[id(element)],
            )  # fmt: skip
        else:
            yield element
