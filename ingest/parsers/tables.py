"""Questions as table rows, with columns known by their header words or because the cells ask."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.document import Block
from ingest.markdown import Element, cell_spans
from ingest.parsers.asking import asks
from ingest.parsers.items import Ask, Close, Item, Reading
from ingest.parsers.stream import is_link_list, titled
from ingest.parsers.wording import is_answer_name, label_of, title_of

NAME = "table rows"
_QUESTION_HEADER = re.compile(
    r".{0,12}(?:questions?(?: title| text)?|問題|问题|題目|题目|面試題|面试题|題|题|問|问)|q", re.IGNORECASE
)
# Columns about the question, never its answer.
_ABOUT_HEADER = re.compile(
    r".*(?:link|url|difficult|level|compan|topic|tag|categor|status|source|frequen|date|author|practice"
    r"|難度|难度|標籤|标签|分類|分类|類別|类别|公司|來源|来源|連結|链接|狀態|状态).*",
    re.IGNORECASE,
)
_ANSWER_HEADER = re.compile(
    r".{0,12}(?:answers?|explanation|response|definition|description|答案|解答|回答|說明|说明|解釋|解释"
    r"|解析|定義|定义|內容|内容)|a|答",
    re.IGNORECASE,
)
_NUMBER_HEADER = re.compile(
    r"\W*(?:no|num|number|id|index|sr|s\.?no|#|編號|编号|序號|序号|題號|题号)?\W*", re.IGNORECASE
)
_ASKING = 0.6


@dataclass(frozen=True)
class _Columns:
    question: int
    answers: tuple[int, ...]
    number: int | None


def read(source: str, found: Sequence[Element]) -> Iterator[Reading]:
    """Tables of at least two rows, outside of tables of contents."""
    items: list[Item] = []
    count = 0
    for element in found:
        columns = None
        if isinstance(element, Block) and element.kind == "table" and len(element.rows) > 1:
            columns = _columns(source, element)
        if columns is None or not isinstance(element, Block):
            items.append(element)
            continue
        rows = list(_row_items(source, element, columns))
        count += sum(isinstance(row, Ask) for row in rows)
        items.extend(rows)
        items.append(Close(element.end, element.end, element.line))
    if count:
        yield Reading(NAME, tuple(items), f"{count} table rows hold a question")


def _columns(source: str, table: Block) -> _Columns | None:
    """Which column asks and which answer; None for a table that is no question bank."""
    header = [title_of(source[a:b]) for a, b in cell_spans(source, table.rows[0])]
    body = [cell_spans(source, row) for row in table.rows[1:]]
    if is_link_list(source, table) or len(header) < 1:
        return None
    question = next((i for i, h in enumerate(header) if _QUESTION_HEADER.fullmatch(h)), None)
    if question is None:
        for index in range(len(header)):
            cells = [titled(source[slice(*row[index])]) for row in body if index < len(row)]
            if len(cells) > 1 and sum(map(asks, cells)) >= _ASKING * len(cells):
                question = index
                break
    if question is None:
        return None
    rest = [i for i in range(len(header)) if i > question]
    named = [i for i in rest if _ANSWER_HEADER.fullmatch(header[i]) or is_answer_name(header[i])]
    number = next((i for i in range(question) if _NUMBER_HEADER.fullmatch(header[i])), None)
    rest = [i for i in rest if not _ABOUT_HEADER.fullmatch(header[i])]
    return _Columns(question, tuple(named or rest), number)


def _row_items(source: str, table: Block, columns: _Columns) -> Iterator[Item]:
    line, counted = table.line, table.start
    for unit, row in enumerate(table.rows[1:]):
        cells = cell_spans(source, row)
        line, counted = line + source.count("\n", counted, row[0]), row[0]
        if columns.question >= len(cells):
            continue
        start, end = cells[columns.question]
        label = label_of(titled(source[start:end]))
        if not label.title:
            continue
        number = label.number
        if columns.number is not None and (digits := re.search(r"\d+", source[slice(*cells[columns.number])])):
            number = digits[0]
        yield Ask(row[0], end, line, label.title, number, extent=row[1])
        for column in columns.answers:
            if column < len(cells) and cells[column][0] < cells[column][1]:
                yield Block("text", *cells[column], table.unit + unit, (), line)
