"""Lists, what an answer has left unsaid, and evidence that many ask for at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from ingest.parsers import parse
from ingest.passages import sentences
from ingest.rubrics import read_rubrics
from tutor.answering import evidence
from tutor.answering.evidence import EvidenceRoom, Sentence, list_items
from tutor.answering.keypoints import _named, choose, render, spoken, stands_in, unsaid
from tutor.answering.tutor import Ask, Tutor
from tutor.retrieval.result import Turn

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
    room = EvidenceRoom(searcher)
    chosen = choose(searcher.search("預訓練一個 LLM 會依序經過哪些關鍵階段？"), room, "zh-Hant")
    text = "\n".join(p.text for p in chosen[0].points)
    assert "資料收集與準備" in text
    assert "檢查點" in text


def talk(searcher, number, query):
    history = (Turn("user", searcher.titles[number]), Turn("assistant", f"【第{number}題】"))
    return searcher.search(query, history)


@pytest.mark.parametrize(
    ("number", "query", "language", "says", "leaves"),
    [
        (65, "那有什麼缺點？", "zh-Hant", "損失", "好處"),
        (65, "那有什么缺点？", "zh-Hans", "損失", "好處"),
        (65, "any downsides?", "en", "lossy", "Benefit"),
        (20, "缺點呢？", "zh-Hant", "劣勢", "優勢"),
        (20, "優點呢？", "zh-Hant", "優勢", "劣勢"),
        (65, "舉個例子", "zh-Hant", "例子", "好處"),
        (19, "an example please", "en", "Example", "Prefill"),
    ],
)
def test_a_short_follow_up_gets_what_it_asks_for_and_not_the_whole_topic(
    searcher, number, query, language, says, leaves
):
    chosen = choose(talk(searcher, number, query), EvidenceRoom(searcher), language)
    assert [part.number for part in chosen] == [number]
    assert chosen[0].asked_for
    texts = [point.text for point in chosen[0].points]
    assert 1 <= len(texts) <= 4
    assert any(says in text for text in texts)
    assert not any(leaves in text for text in texts)


@pytest.mark.parametrize(
    ("query", "language", "says", "leaves"),
    [
        ("RMSNorm 跟 LayerNorm 差在哪？", "zh-Hant", "RMSNorm", "SwiGLU"),
        ("What does RMSNorm leave out?", "en", "RMSNorm", "SwiGLU"),
        ("LoRA 训练完推理会变慢吗？", "zh-Hans", "合併", "注意力"),
    ],
)
def test_a_query_gets_what_it_asks_for_and_not_the_whole_topic(searcher, query, language, says, leaves):
    result = searcher.search(query)
    assert result.asked
    texts = [point.text for point in choose(result, EvidenceRoom(searcher), language)[0].points]
    assert 1 <= len(texts) <= 4
    assert any(says in text for text in texts)
    assert not any(leaves in text for text in texts)


def test_few_points_are_told_as_sentences_and_more_as_a_list_the_one_that_matters_most_first(searcher):
    points = choose(searcher.search("什麼是 KV Cache"), EvidenceRoom(searcher), "zh-Hant")[0].points
    best = sorted(points, key=lambda p: p.rank)
    told = spoken(points[:1], "zh-Hant")
    assert told == f"{points[0].text.rstrip('。')}【第19題】。"
    listed = spoken(points, "zh-Hant").split("\n")
    assert [line.removeprefix("- ").partition("【")[0] for line in listed] == [p.text.rstrip("。") for p in best]
    assert spoken([replace(p, text="It grows.") for p in points[:2]], "en") == "It grows【Q19】. It grows【Q19】."


def test_whoever_wants_to_hear_more_is_not_kept_to_some_of_the_points(searcher):
    result = talk(searcher, 65, "再多說一點")
    assert not result.points
    assert len(choose(result, EvidenceRoom(searcher), "zh-Hant")[0].points) > 4


def test_a_rubric_that_was_numbered_anew_changes_nothing_and_one_that_rests_on_other_words_is_not_mixed_up(searcher):
    room, result = EvidenceRoom(searcher), talk(searcher, 20, "缺點呢？")
    question = room.sentences_of(20)
    turned = replace(question, statements=question.statements[::-1], statement_vectors=question.statement_vectors[::-1])
    before, after = (_named(q, result.points, "zh-Hant", 7) for q in (question, turned))
    assert len(before) > 1
    assert [p.text for p in before] == [p.text for p in after]
    moved = [replace(s, sentence=replace(s.sentence, start=s.sentence.start + 1)) for s in question.statements]
    assert _named(replace(question, statements=tuple(moved)), result.points, "zh-Hant", 7) == ()


def test_who_asks_for_a_topic_hears_the_core_of_it_however_it_is_worded(searcher):
    room = EvidenceRoom(searcher)
    for query, number, language in (("什麼是 KV Cache？", 19, "zh-Hant"), ("什麼是幻覺？", 8, "zh-Hant")):
        points = choose(searcher.search(query), room, language)[0].points
        core = [s.text for s in room.sentences_of(number).statements if s.core]
        assert len(core) > 2
        assert set(core[:7]) <= {p.text for p in points}


def test_two_points_of_a_list_never_say_the_same(searcher):
    points = choose(searcher.search("What is RAG?"), EvidenceRoom(searcher), "en")[0].points
    assert sum("hallucination" in p.text for p in points) <= 1


@pytest.mark.parametrize("query", ["LoRA 和 QLoRA 差在哪裡？", "difference between LoRA and QLoRA"])
def test_a_comparison_lists_what_tells_the_two_apart_and_nothing_of_a_third(searcher, query):
    chosen = choose(searcher.search(query), EvidenceRoom(searcher), "en" if query.isascii() else "zh-Hant")
    points = [point.text for part in chosen for point in part.points]
    assert any("4-bit" in text for text in points)
    assert not any(other in text for other in ("Adapter", "Prompt", "Prefix", "BitFit") for text in points)


def test_two_things_of_two_questions_are_both_told(searcher):
    chosen = choose(searcher.search("預訓練和SFT差別"), EvidenceRoom(searcher), "zh-Hant")
    assert {part.number for part in chosen} == {21, 31}


def test_points_that_are_asked_for_stay_although_they_never_mention_the_name(searcher, monkeypatch):
    room, query = EvidenceRoom(searcher), "LoRA 為什麼省記憶體？"
    with monkeypatch.context() as without:
        without.setattr(searcher.ranker, "known_queries", None)
        found = searcher.search(query)
    question = room.sentences_of(29)
    other = next(s.sentence for s in question.statements if "LoRA" not in s.text)
    chosen = choose(replace(found, asked=((other.start, other.end),)), room, "zh-Hant")
    by_number = {part.number: part.points for part in chosen}
    assert [(p.sentence.start, p.sentence.end) for p in by_number[29]] == [(other.start, other.end)]


def test_what_is_known_sets_scores_apart_so_that_less_is_enough_to_join(searcher):
    room, found = EvidenceRoom(searcher), searcher.search("什麼是 RAG？")
    first, second = found.hits[:2]
    hits = (replace(first, score=1.0), replace(second, score=0.82))
    joined = [len(choose(replace(found, hits=hits, known=known), room, "zh-Hant")) for known in (True, False)]
    assert joined == [2, 1]


def test_what_is_asked_of_a_name_is_not_taken_from_questions_that_never_mention_it(searcher):
    chosen = choose(searcher.search("LoRA 為什麼省記憶體？"), EvidenceRoom(searcher), "zh-Hant")
    assert 37 in {part.number for part in chosen}
    assert all("lora" in p.text.lower() for part in chosen if part.number == 29 for p in part.points)


@pytest.mark.parametrize(
    ("query", "language"), [("LoRA 為什麼省記憶體？", "zh-Hant"), ("Does LoRA reduce optimizer memory?", "en")]
)
def test_a_question_about_something_else_gives_only_what_speaks_of_the_name(searcher, query, language, monkeypatch):
    monkeypatch.setattr(searcher.ranker, "known_queries", None)  # nothing but the topic says what is asked for
    found = searcher.search(query)
    chosen = {part.number: part.points for part in choose(found, EvidenceRoom(searcher), language)}
    assert {29, 37} <= set(chosen)
    assert all("lora" in point.text.lower() for point in chosen[29])
    assert not all("lora" in point.text.lower() for point in chosen[37])  # its title holds the name


def test_a_name_that_no_title_holds_takes_nothing_away(searcher):
    found = replace(searcher.search("NVLink 在多卡訓練裡有什麼用？"), asked=())
    assert sum(len(part.points) for part in choose(found, EvidenceRoom(searcher), "zh-Hant")) >= 7


def test_going_on_lists_what_was_not_said_and_without_end(searcher):
    room, said, listed = EvidenceRoom(searcher), "", []
    history = (Turn("user", "什麼是 KV Cache？"), Turn("assistant", "快取【第19題】"))
    for _ in range(8):
        chosen = choose(searcher.search("再多說一點", history), room, "zh-Hant", said)
        assert chosen[0].points
        listed.append([p.text for p in chosen[0].points])
        said += render(chosen[0].points, "zh-Hant", "key-points")
    assert not set(listed[0]) & set(listed[1])
    assert listed[1] != listed[2]
    assert listed[-1], "where all is said, it may be said again"


def test_what_is_only_worded_anew_is_not_listed_again(searcher, fake_model):
    tutor = Tutor(searcher, fake_model)
    first = tutor.answer(Ask("什麼是 KV Cache？"))
    history = (Turn("user", "什麼是 KV Cache？"), Turn("assistant", first.answer))
    again = tutor.answer(Ask("用白話講", history))
    assert again.answer
    listed = [line for line in again.answer.splitlines() if line.startswith("- ")]
    assert not [line for line in listed if line in first.answer]


def test_a_point_stands_in_a_reply_with_or_without_its_full_stop(searcher):
    point = choose(searcher.search("什麼是 KV Cache"), EvidenceRoom(searcher), "zh-Hant")[0].points[0]
    assert stands_in(point, render([point], "zh-Hant", "key-points"), "zh-Hant")
    assert not stands_in(point, "", "zh-Hant")


def test_points_already_made_are_not_repeated(searcher):
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
