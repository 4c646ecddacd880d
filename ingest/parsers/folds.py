"""Questions as the summaries of folds: `<details><summary>What is X?</summary> ... </details>`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ingest.markdown import Element, Fold, FoldEnd
from ingest.parsers.asking import asks
from ingest.parsers.items import Ask, Close, Item, Reading
from ingest.parsers.stream import titled
from ingest.parsers.wording import is_answer_name, label_of

NAME = "folded answers"


def read(source: str, found: Sequence[Element]) -> Iterator[Reading]:
    """Outermost folds whose summary says more than "answer"."""
    del source
    items: list[Item] = []
    count, until = 0, -1
    for element in found:
        if isinstance(element, Fold) and element.start >= until and not is_answer_name(titled(element.text)):
            label = label_of(titled(element.text))
            if label.title:
                until = element.closes
                items.append(
                    Ask(
                        element.start,
                        element.end,
                        element.line,
                        label.title,
                        label.number,
                        asks=asks(label.title) or bool(label.number or label.word),
                        until=max(until, 0),
                    )
                )
                count += 1
                continue
        elif isinstance(element, FoldEnd) and element.start == until:
            items.append(Close(element.start, element.end, element.line))
            continue
        items.append(element)
    if count:
        yield Reading(NAME, tuple(items), f"{count} folded blocks have a question as their summary")
