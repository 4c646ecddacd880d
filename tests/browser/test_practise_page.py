"""Interviews in a real browser: the whole course, a reload in the middle, a pause, an objection, the report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
GOOD = {
    1: "KV Cache 避免重複計算，它把先前每個字的 Key 和 Value 向量存在記憶體裡，不用重算前面的向量。",
    3: "LoRA 凍結原本的權重，只訓練兩個低秩矩陣，需要訓練的參數量大幅減少。",
}


def start(page: Any, **choices: str) -> None:
    page.locator("#masthead").get_by_role("link", name="練習").click()
    page.locator(".practise-home, .interview").first.wait_for()
    if page.locator(".interview").count():
        page.get_by_role("button", name="結束面試").click()
        page.get_by_role("button", name="回到練習").click()
        page.locator(".practise-home").wait_for()
    page.locator(".more-choices summary").click()
    for name, value in choices.items():
        page.locator(f"[name={name}]").select_option(value)
    page.get_by_role("button", name="開始面試").click()
    page.locator(".answer textarea").wait_for()


def number(page: Any) -> int:
    text = page.locator(".question-tags .source-number").inner_text()
    return int("".join(c for c in text if c.isdigit()))


def answer(page: Any, text: str) -> None:
    page.locator(".answer textarea").fill(text)
    page.locator(".answer").get_by_role("button", name="送出回答").click()


def test_a_whole_interview_ends_in_a_report(visit: Visit) -> None:
    page = visit()
    start(page, follow_ups="0", order="document")
    assert number(page) == 1
    answer(page, GOOD[1])
    page.locator(".result .verdict.met").first.wait_for()
    words = page.locator(".result .evidence blockquote:not(.document)").first.inner_text()
    assert words in GOOD[1]
    document = page.locator(".result .evidence blockquote.document").first.inner_text()
    assert document in "KV Cache 是一種避免重複計算的優化技術。它把先前每個字的 Key 和 Value 向量保存在記憶體裡。"
    assert number(page) == 3
    answer(page, "不太清楚，大概是一種訓練方法。")
    page.locator(".report .summary").wait_for()
    assert page.locator(".report .result").count() == 2
    page.locator(".bars").first.wait_for()
    with page.expect_download() as saved:
        page.get_by_role("link", name="匯出 Markdown").click()
    assert saved.value.suggested_filename.endswith(".md")
    page.locator(".report .result > summary").last.click()
    missing = page.locator(".report .result").last.locator(".verdict:is(.missing, .partial)").first
    missing.locator(".dispute summary").click()
    missing.get_by_role("button", name="再核對一次").click()
    page.get_by_text("重新核對後").first.wait_for()


def test_a_reload_comes_back_to_the_same_place_with_the_draft(visit: Visit) -> None:
    page = visit()
    start(page, order="document", follow_ups="0")
    answer(page, GOOD[1])
    page.wait_for_function("document.querySelector('.question-tags')?.innerText.includes('3')")
    page.locator(".answer textarea").fill("寫到一半的回答")
    page.reload()
    page.locator(".answer textarea").wait_for()
    assert number(page) == 3
    page.wait_for_function("document.querySelector('.answer textarea').value === '寫到一半的回答'")
    page.get_by_role("button", name="暫停").click()
    page.get_by_text("時間停住了").wait_for()
    page.get_by_role("button", name="繼續面試").click()
    page.wait_for_function("document.querySelector('.answer textarea')?.value === '寫到一半的回答'")
    page.get_by_role("button", name="我不知道").click()
    page.locator(".report").wait_for()


def test_hint_skip_and_follow_up_with_the_keyboard_alone(visit: Visit) -> None:
    page = visit()
    start(page, order="document", follow_ups="1")
    page.get_by_role("button", name="提示").press("Enter")
    page.locator(".utterance.hint").wait_for()
    page.locator(".answer textarea").focus()
    page.keyboard.type("它避免重複計算。")
    page.keyboard.press("Control+Enter")
    page.locator(".utterance.follow-up, .result").first.wait_for()
    page.get_by_role("button", name="跳過").press("Enter")
    page.wait_for_function("document.querySelector('.question-tags')?.innerText.includes('3')")


def test_an_interview_starts_from_an_answer_and_from_the_library(visit: Visit) -> None:
    page = visit(at="#library/3")
    page.locator(".reading").get_by_role("button", name="用這題面試我").click()
    page.locator(".answer textarea").wait_for()
    assert number(page) == 3
    page.get_by_role("button", name="結束面試").click()
    page.locator(".report").wait_for()


def test_progress_shows_what_was_practised(visit: Visit) -> None:
    page = visit()
    start(page, order="document", follow_ups="0")
    answer(page, GOOD[1])
    page.locator(".result .verdict.met").first.wait_for()
    page.locator("#masthead").get_by_role("link", name="進度").click()
    cell = page.locator("a.cell", has_text="1").first
    cell.wait_for()
    assert "level-" in cell.get_attribute("class")
    assert "第 1 題" in cell.get_attribute("aria-label")
    cell.click()
    page.locator(".reading h2", has_text="KV Cache").wait_for()


def test_a_timed_interview_counts_down_and_ends(visit: Visit) -> None:
    page = visit()
    start(page, minutes="10", order="document", follow_ups="0")
    timer = page.get_by_role("timer")
    page.wait_for_function("/^9:/.test(document.querySelector('.timer').textContent)")
    assert float(timer.get_attribute("data-remaining")) <= 600
    page.reload()
    page.locator(".answer textarea").wait_for()
    page.wait_for_function("/^9:/.test(document.querySelector('.timer').textContent)")  # the clock did not start anew
    page.evaluate("document.querySelector('.timer').dataset.remaining = '20'")
    page.locator(".timer.short").wait_for()


def test_progress_shows_both_attempts_of_a_retry_and_what_is_due(visit: Visit) -> None:
    page = visit()
    for words in ("不知道，我沒有學過這個。", GOOD[1]):
        start(page, order="document", follow_ups="0")
        answer(page, words)
        page.locator(".result .verdict").first.wait_for()
    page.locator("#masthead").get_by_role("link", name="進度").click()
    retry = page.locator(".progress-page table.facts tr", has_text="第 1 題")
    retry.wait_for()
    before, after, times = (float(retry.locator("td").nth(place).inner_text()) for place in (0, 1, 2))
    assert (0 <= before <= 10, after, times >= 2) == (True, 10, True)  # earlier interviews of this visitor count, too
    assert page.locator(".tiles .card").count() >= 3  # how many, how good, how many days in a row
    headings = page.locator(".progress-page h3").all_inner_texts()
    assert {"今天該複習", "重練前後"} <= set(headings), headings
