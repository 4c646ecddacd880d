"""What a model writes on its way to the final answer: nothing of it is lost that may stand, nothing stands that must not."""

from dataclasses import replace

import pytest

from tutor.answering import checking, prompt
from tutor.answering.checking import Checking
from tutor.answering.draft import Draft
from tutor.answering.evidence import EvidenceRoom
from tutor.answering.keypoints import choose
from tutor.answering.replies import completion
from tutor.answering.support import Support
from tutor.retrieval.result import SearchResult

FACT = "KV Cache 讓推理時不必重複計算舊的詞"


@pytest.fixture
def write(searcher, monkeypatch):
    """Send words through the checks; every sentence gets the verdict `support`: `(shown, kept, draft)`."""
    room = EvidenceRoom(searcher)

    def send(words, status="supported", found=None, score=0.9, wary=False, odds=None):
        verdict = Support(status, score, room.sentences_of(19).sentences[0], found or {})
        held = replace(verdict, status="supported" if (odds or 0) > 0 else "unsupported")
        monkeypatch.setattr(checking, "weighed", lambda first, log_odds: held)
        monkeypatch.setattr(checking, "check", lambda text, questions, room, query="": verdict)
        draft = Draft("什麼是 KV Cache？", "zh-Hant", "m", SearchResult("q", None, True, 1.0, ()), 0.0, wary=wary)
        checks = Checking(draft, [19], room, searcher.index.content.source)
        shown = "".join(t.text for t in checks.shown(list(words)))
        if odds is not None:
            list(checks.reconsider(lambda sentence, questions: odds))
        checks.settle()
        return shown, "".join(draft.kept), draft

    return send


def test_a_table_keeps_what_its_cells_say(write):
    row = f"| 快取 | {FACT}。很快 |"
    for words in (f"{row}\n| 代價 | 多占用一些記憶體 |\n", f"{row}\n| 代價 | 多占用一些記憶體\n"):
        shown, kept, _ = write(words)
        assert shown == words
        assert kept.replace("【第19題】", "") == words
        assert "多占用一些記憶體【第19題】" in kept.replace(" 【", "【")


@pytest.mark.parametrize("wary", [False, True])
def test_instructions_in_a_code_block_stay_inside(write, wary):
    secret = prompt.INSTRUCTIONS.splitlines()[0]
    shown, kept, draft = write(f"{FACT}。\n```\n{secret}\n```\n{FACT}。\n", wary=wary)
    for text in (shown, kept):
        assert secret[:40] not in text
        assert text.count(FACT) == 2
    assert "repeats the instructions" in draft.flags


@pytest.mark.parametrize("wary", [False, True])
def test_a_code_block_stays_as_it_is(write, wary):
    words = f"{FACT}。\n```\nkeys = cache[0]\n```\n{FACT}。"
    shown, kept, _ = write(words, wary=wary)
    assert shown.replace("【第19題】", "") == kept.replace("【第19題】", "") == words


def test_a_leak_at_the_very_end_stays_inside(write):
    _, kept, draft = write(f"{FACT}。\n```\n{prompt.INSTRUCTIONS}")
    assert kept == f"{FACT}【第19題】。"
    assert "repeats the instructions" in draft.flags


@pytest.mark.parametrize("behind", ["", "  "])
def test_a_denied_sentence_goes_with_its_citation(write, behind):
    _, kept, draft = write(f"{FACT}{behind}\n", "unsupported", {"semantic": 0.5}, 0.5, odds=-9.0)
    assert not kept.strip()
    assert (draft.dropped, draft.citations) == (1, [])


@pytest.mark.parametrize("behind", ["", "  "])
def test_a_second_look_leaves_each_citation_once(write, behind):
    _, kept, draft = write(f"{FACT}{behind}\n{FACT}{behind}\n", "unsupported", {"semantic": 0.5}, 0.5, odds=9.0)
    assert kept.count("【第19題】") == 2
    assert [c.status for c in draft.citations] == ["supported"]
    assert draft.said == [FACT, FACT]


def test_points_of_a_table_that_was_thrown_away_are_listed(searcher):
    room = EvidenceRoom(searcher)
    found = searcher.search("什麼是 KV Cache？", (), 5)
    chosen = choose(found, room, "zh-Hant")
    every = [point.text for part in chosen for point in part.points]
    draft = Draft("什麼是 KV Cache？", "zh-Hant", "m", found, 0.0, kept=["| 表 |"], said=[every[0]])
    listed = completion(draft, chosen, room, searcher.index.content.source)
    assert listed.count("\n- ") == len(every)
