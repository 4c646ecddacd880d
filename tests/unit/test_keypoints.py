"""Lists, what an answer has left unsaid, and evidence that many ask for at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

from ingest.parsers import parse
from ingest.passages import sentences
from ingest.rubrics import read_rubrics
from tutor.answering import evidence
from tutor.answering.evidence import EvidenceRoom, Sentence, list_items

SOURCE = """### 問題 1：甲？
引言一句。兩個層面：

- **資料量**：很大。真的很大。

- **參數量**：
    - 內層一。
    - 內層二。

結語。

1. 第一步。
2. 第二步。

### 問題 2：乙？
答。
"""


def spans() -> list[Sentence]:
    question = parse(SOURCE).questions[0]
    return [
        Sentence(1, s.name, SOURCE[a:b], a, b)
        for s in question.sections
        for block in s.blocks
        for a, b in sentences(SOURCE, block.start, block.end)
    ]


def test_list_items_know_their_list_and_nested_lines_belong_to_the_item_above():
    found = spans()
    items = dict(zip([s.text for s in found], list_items(found, SOURCE), strict=True))
    assert items["引言一句。"] is None
    assert items["- **資料量**：很大。"] == (1, 0)
    assert items["真的很大。"] == (1, 0)
    assert items["- 內層一。"] == items["- 內層二。"] == (1, 1)
    assert items["結語。"] is None
    assert items["1. 第一步。"] == (2, 0)
    assert items["2. 第二步。"] == (2, 1)


def test_half_a_list_is_completed(searcher):
    from tutor.answering.keypoints import choose

    room = EvidenceRoom(searcher)
    chosen = choose(searcher.search("預訓練一個 LLM 會依序經過哪些關鍵階段？"), room, "zh-Hant")
    text = "\n".join(p.text for p in chosen[0].points)
    assert "資料收集與準備" in text
    assert "檢查點" in text


def test_points_already_made_are_not_repeated(searcher):
    from tutor.answering.keypoints import choose, unsaid

    room = EvidenceRoom(searcher)
    chosen = choose(searcher.search("什麼是 KV Cache"), room, "zh-Hant")
    everything = [p.text for part in chosen for p in part.points]
    assert len(unsaid(chosen, [], room)) == len(everything)
    assert unsaid(chosen, everything, room) == []


def test_first_users_at_once_read_the_rubrics_once(searcher, monkeypatch):
    room = EvidenceRoom(searcher)
    everybody = threading.Barrier(8)
    reads = []

    def read(path, document):
        reads.append(path)
        return read_rubrics(path, document)

    def first_look(number):
        everybody.wait(30)
        return room.known(number)

    monkeypatch.setattr(evidence, "read_rubrics", read)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(first_look, room.numbers()[:8]))
    assert len(reads) == 1
    assert all(known.right for known in found)
