"""The page in a real browser: ask, watch it stream, follow a citation, stop, be refused; desk and phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from web_server import DOCUMENT, HOSTILE, SUPPORTED, Script, Site

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
QUESTION = "什麼是 KV Cache？"
PARTS = "#language, #new, #conversation, #ask, #panel"
BOT = "#conversation .reply"
USER = "#conversation .asked-text"


def ask(page: Any, text: str = QUESTION) -> None:
    page.locator("#ask textarea").fill(text)
    page.locator("#ask textarea").press("Enter")


def finished(page: Any) -> None:
    page.locator("#conversation .exchange:last-child .actions").last.wait_for()
    page.locator("#current .cite, #current .option").first.wait_for()
    page.locator("#ask .send").wait_for()


def test_empty_page_teaches_and_offers_questions_of_the_document(visit: Visit) -> None:
    page = visit()
    page.get_by_text("4 題").wait_for()
    page.locator("#conversation").get_by_role("button", name="LoRA").click()
    finished(page)
    assert "LoRA" in page.locator(USER).inner_text()


def test_answer_streams_then_cites_with_the_sentence_marked(visit: Visit, site: Site) -> None:
    site.model.script = Script(waits_at=2)
    page = visit()
    ask(page)
    page.locator(BOT).get_by_text("避免重複計算").wait_for()
    assert site.model.script.waiting.wait(30)
    # The sources are there before the answer is finished.
    page.locator("#panel .source#q-1").wait_for()
    assert page.locator("#panel mark").count() == 0
    site.model.script.gate.set()
    finished(page)
    marks = page.locator("#panel #q-1 mark").all_inner_texts()
    assert "KV Cache 是一種避免重複計算的優化技術。" in "".join(marks)
    assert page.locator("#panel #q-1 h4").first.inner_text() == "解釋"
    assert page.locator("#ask textarea").input_value() == ""


def test_citation_is_named_and_opens_its_passage(visit: Visit) -> None:
    page = visit()
    ask(page)
    finished(page)
    chip = page.locator(f"{BOT} .cite").first
    assert chip.inner_text() == "第1題"
    assert chip.get_attribute("data-title") == "什麼是 KV Cache？它如何加速推理？"
    assert "supported" in chip.get_attribute("class")
    chip.hover()
    card = page.locator("#cite-card")
    card.wait_for()
    assert "原文支持" in card.inner_text()
    assert "解釋" in card.inner_text()
    quote = chip.get_attribute("data-quote")
    assert quote in DOCUMENT
    assert quote in card.inner_text()
    page.evaluate("document.querySelector('#q-1').open = false")
    chip.focus()
    page.keyboard.press("Enter")
    page.locator("#q-1[open] mark").first.wait_for()
    page.wait_for_function("document.activeElement.closest('#q-1') !== null")


def test_the_panel_leads_to_the_neighbours_and_to_related_questions(visit: Visit) -> None:
    page = visit()
    ask(page)
    finished(page)
    rows = page.locator("#panel #q-1 .around-row")
    rows.first.wait_for()
    beside = rows.filter(has_text="前後題").get_by_role("button")
    assert beside.all_inner_texts() == ["第 2 題"]  # it is the first of the document
    assert rows.filter(has_text="相關題目").get_by_role("button").count() >= 1
    beside.first.click()
    page.locator(".reading h2", has_text="量化").wait_for()


def test_citation_of_an_earlier_answer_brings_its_passages_back(visit: Visit, site: Site) -> None:
    page = visit()
    ask(page)
    finished(page)
    site.model.script = Script(["LoRA 凍結原本的權重，只訓練兩個低秩矩陣。"])
    ask(page, "LoRA 的原理是什麼？")
    page.locator("#panel #q-3 mark").first.wait_for()
    finished(page)
    page.locator(BOT).first.locator(".cite").first.click()
    page.locator('#panel [data-position="0"] #q-1 mark').first.wait_for()


def test_refusal_offers_the_nearest_questions_as_buttons(visit: Visit) -> None:
    page = visit()
    ask(page, "台北今天的天氣如何？會下雨嗎？")
    page.get_by_text("這份文件沒有談到這個問題").wait_for()
    finished(page)
    options = page.locator("#conversation .option")
    options.nth(2).wait_for()
    assert options.count() == 3
    chosen = options.first.inner_text()
    options.first.click()
    page.wait_for_function(f"document.querySelectorAll('{BOT}').length === 2")
    finished(page)
    asked = page.locator(USER).last.inner_text()
    assert asked in chosen


def test_stop_keeps_what_is_written_and_ends_the_model(visit: Visit, site: Site) -> None:
    script = site.model.script = Script(waits_at=2)
    page = visit()
    ask(page)
    assert script.waiting.wait(30)
    page.locator("#ask").get_by_role("button", name="停止").click()
    page.locator(BOT).get_by_text("已停止").wait_for()
    page.locator("#ask .send").wait_for()
    assert "避免重複計算" in page.locator(BOT).inner_text()
    script.gate.set()
    assert script.closed.wait(30)
    assert SUPPORTED[-1] not in page.locator(BOT).inner_text()


def test_closing_the_tab_ends_the_model(visit: Visit, site: Site) -> None:
    pieces = [SUPPORTED[0], SUPPORTED[1], *["它把先前每個字的向量保存在記憶體裡。"] * 2000]
    script = site.model.script = Script(pieces, waits_at=2)
    page = visit()
    ask(page)
    assert script.waiting.wait(30)
    page.locator(BOT).get_by_text("避免重複計算").wait_for()
    page.close()
    script.gate.set()
    assert script.closed.wait(60)
    assert script.said < len(pieces)


def test_retry_asks_the_same_again(visit: Visit, site: Site) -> None:
    page = visit()
    ask(page)
    finished(page)
    site.model.script = Script(["有 KV Cache：每一步只需要計算最新一個字的向量。"])
    page.locator("#conversation").get_by_role("button", name="重試").click()
    page.locator(BOT).get_by_text("最新一個字").wait_for()
    finished(page)
    assert page.locator(BOT).count() == 1


def test_new_conversation_empties_the_page(visit: Visit) -> None:
    page = visit()
    ask(page)
    finished(page)
    page.get_by_role("button", name="新對話").click()
    page.get_by_text("想先弄懂哪一題？").wait_for()
    assert page.locator("#panel .source").count() == 0


def test_a_conversation_that_was_left_does_not_come_back_with_a_reload(visit: Visit) -> None:
    page = visit()
    ask(page)
    finished(page)
    page.get_by_role("button", name="新對話").click()
    page.get_by_text("想先弄懂哪一題？").wait_for()
    page.reload()
    page.wait_for_function("document.documentElement.dataset.worded")
    page.get_by_text("想先弄懂哪一題？").wait_for()
    page.locator("#language").select_option("en")
    page.get_by_role("heading", name="Interview tutor").wait_for()
    assert page.locator(BOT).count() == 0


def test_live_parts_of_an_answer_arrive_dead(visit: Visit, site: Site) -> None:
    site.model.script = Script([HOSTILE, *SUPPORTED], waits_at=1)
    page = visit()
    ask(page)
    assert site.model.script.waiting.wait(30)
    message = page.locator(BOT)
    assert message.locator(".text :is(img, a, script)").count() == 0
    site.model.script.gate.set()
    finished(page)
    assert message.locator(":is(img, a, script)").count() == 0
    assert page.evaluate("window.hacked") is None
    # The document's own tags are text as well. That nothing foreign was asked for, `visit` checks.
    assert page.locator("#panel [onclick]").count() == 0


def test_shift_enter_breaks_the_line_and_sends_nothing(visit: Visit) -> None:
    page = visit()
    box = page.locator("#ask textarea")
    box.fill("第一行")
    box.press("Shift+Enter")
    box.press_sequentially("第二行")
    assert box.input_value() == "第一行\n第二行"
    assert page.locator(BOT).count() == 0


def test_english_visitor_reads_english_and_can_switch(visit: Visit) -> None:
    page = visit(locale="en-US")
    page.get_by_role("heading", name="Interview tutor").wait_for()
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.locator("#ask textarea").get_attribute("placeholder").startswith("Ask")
    ask(page)
    finished(page)
    page.locator("#language").select_option("zh-TW")
    page.get_by_role("heading", name="面試家教").wait_for()
    # The conversation stays, and so does the choice.
    assert page.locator(f"{BOT} .cite").count() > 0
    page.reload()
    page.wait_for_function("document.documentElement.dataset.worded === 'zh-TW'")


def test_phone_has_no_sideways_scrolling_and_sources_below(visit: Visit) -> None:
    page = visit(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    ask(page)
    finished(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    talk, sources = page.locator("#talk").bounding_box(), page.locator("#sources").bounding_box()
    assert sources["y"] >= talk["y"] + talk["height"]
    page.locator(f"{BOT} .cite").first.tap()
    page.wait_for_function("document.querySelector('#q-1 mark').getBoundingClientRect().top < innerHeight")


def test_everything_can_be_reached_by_keyboard_and_has_a_name(visit: Visit) -> None:
    page = visit()
    ask(page)
    finished(page)
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('main button, main textarea, main summary, main input, main select, main a')]
          .filter(e => e.offsetParent !== null && !e.closest('#seed') && !(e.getAttribute('aria-label') || e.title || e.textContent.trim()
            || e.closest('label')?.textContent.trim() || e.placeholder)).map(e => e.outerHTML)"""
    )
    assert nameless == []
    seen = set()
    page.locator("body").click(position={"x": 2, "y": 2})
    for _ in range(120):
        page.keyboard.press("Tab")
        seen.add(page.evaluate(f"document.activeElement.closest('{PARTS}')?.id"))
    assert {"language", "new", "conversation", "ask", "panel"} <= seen


def test_conversations_are_kept_found_renamed_deleted_and_brought_back(visit: Visit) -> None:
    page = visit()
    ask(page)
    finished(page)
    page.reload()
    page.wait_for_function("document.documentElement.dataset.worded")
    page.locator("#q-1 mark").first.wait_for()  # the conversation of before, with its sources
    kept = page.locator(".kept.current")
    kept.locator("summary").click()
    kept.locator("input[name=title]").fill("鯨魚筆記")
    kept.get_by_role("button", name="改名").click()
    page.get_by_role("button", name="鯨魚筆記").wait_for()
    page.locator("#new").click()
    page.get_by_text("想先弄懂哪一題？").wait_for()
    page.locator(".history-search").fill("鯨魚 筆記")
    page.wait_for_function("document.querySelectorAll('.kept').length === 1")
    row = page.locator(".kept").first
    row.locator("summary").click()
    row.get_by_role("button", name="刪除").click()
    page.get_by_role("button", name="復原").click()
    page.locator(".history-search").fill("")
    page.get_by_role("button", name="鯨魚筆記").click()
    page.locator(f"{BOT} .cite").first.wait_for()


def test_a_question_can_be_edited_and_a_thumb_tells_why(visit: Visit, site: Site) -> None:
    page = visit()
    ask(page)
    finished(page)
    page.get_by_role("button", name="沒有幫助").click()
    page.get_by_label("漏了重點").check()
    page.get_by_role("button", name="送出意見").click()
    page.get_by_text("謝謝，已記下").wait_for()
    site.model.script = Script(["LoRA 凍結原本的權重，只訓練兩個低秩矩陣。"])
    page.locator(".asked").hover()
    page.get_by_role("button", name="修改問題").click()
    page.locator("form.edit textarea").fill("LoRA 的原理是什麼？")
    page.get_by_role("button", name="改好送出").click()
    page.locator("#panel #q-3 mark").first.wait_for()
    assert page.locator(USER).all_inner_texts() == ["LoRA 的原理是什麼？"]


def test_every_language_is_whole_on_every_tab(visit: Visit) -> None:
    page = visit(locale="zh-CN")
    page.locator("#masthead").get_by_role("link", name="提问").wait_for()
    for tab in ("practise", "progress", "library", "status"):
        page.locator(f"nav a[data-tab={tab}]").click()
        page.locator(f"#tab-{tab} :is(h2, .shelf)").first.wait_for()
    assert page.locator("#tab-status h2").inner_text() == "这一套是怎么跑的"
    page.locator("#language").select_option("en")
    page.locator("#tab-status").get_by_text("What runs here").wait_for()
    chinese = page.evaluate("/[\\u4e00-\\u9fff]/.test(document.querySelector('#tab-status').innerText)")
    assert not chinese
