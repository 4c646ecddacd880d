"""What one does while studying, step by step: copy, export, other documents, from asking to practising, keys only."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from web_server import DOCUMENT, Script, Site

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
QUOTE = "KV Cache 是一種避免重複計算的優化技術。"
# Two whole questions, text under none of them, and a question without an answer.
BANK = """# 資料庫

### 1. 什麼是索引？

索引讓資料庫不用掃描整張表就能找到資料。

### 2. 什麼是交易？

交易把一組修改綁在一起，要嘛全部成功，要嘛全部取消。

# 附錄

這一頁是學長留下的筆記，順序沒有整理過，可以不用看。

### 3. 什麼是正規化？
"""


def ask(page: Any, text: str = "什麼是 KV Cache？") -> None:
    page.locator("#ask textarea").fill(text)
    page.locator("#ask textarea").press("Enter")
    page.locator("#current .asked-text", has_text=text).wait_for()
    page.locator("#current .actions").wait_for()


def test_a_follow_up_shows_how_it_was_understood(visit: Visit, site: Site) -> None:
    page = visit()
    site.model.script = Script(["LoRA 凍結原本的權重，只訓練兩個低秩矩陣。"])
    ask(page, "請解釋 LoRA 的原理。")
    assert page.locator("#conversation .rewritten").count() == 0  # it was taken as it stands
    ask(page, "為什麼？")
    shown = page.locator("#current .rewritten")
    shown.wait_for()
    assert shown.inner_text().startswith("理解為")
    assert "LoRA" in shown.inner_text()
    page.locator("#panel #q-3").wait_for()


def test_an_answer_is_copied_with_its_sources(visit: Visit) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    ask(page)
    page.locator("#current").get_by_role("button", name="複製（含出處）").click()
    page.locator("#said", has_text="已複製").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "KV Cache 是一種避免重複計算的" in copied
    assert "出處：" in copied
    assert f"第 1 題 · 解釋：{QUOTE}" in copied


def test_a_conversation_is_exported_as_markdown_and_as_html(visit: Visit, tmp_path: Path) -> None:
    page = visit()
    ask(page)
    found = {}
    for kind, name in (("md", "匯出 Markdown"), ("html", "匯出 HTML")):
        page.locator(".kept.current summary").click()
        with page.expect_download() as saved:
            page.locator(".kept.current").get_by_role("link", name=name).click()
        assert saved.value.suggested_filename.endswith(f".{kind}")
        path = tmp_path / f"saved.{kind}"
        saved.value.save_as(path)
        found[kind] = path.read_text(encoding="utf-8")
        page.keyboard.press("Escape")
    for text in found.values():
        assert "什麼是 KV Cache？" in text
        assert "第 1 題 · 解釋 (原文支持)" in text
        assert QUOTE in text
    assert found["html"].startswith("<!doctype html>")
    alone = page.context.new_page()
    alone.set_content(found["html"])
    assert QUOTE in alone.locator("blockquote").all_inner_texts()
    alone.close()


@pytest.fixture
def other(visit: Visit, site: Site) -> Iterator[Any]:
    """A page on which a second document was uploaded, looked at and added; it is removed at the end."""
    page = visit(at="#library")
    page.get_by_text("加入題庫").click()
    page.locator("input[type=file]").set_input_files(
        {"name": "資料庫.md", "mimeType": "text/markdown", "buffer": BANK.encode()}
    )
    preview = page.locator(".preview")
    preview.get_by_text("3 題，其中 2 題有答案").wait_for()
    assert "讀法：" in preview.inner_text()
    preview.get_by_text("略過 1 處").wait_for()
    assert "第 13 行：不屬於任何一題的文字" in preview.inner_text()
    preview.locator("input[name=name]").fill("databases")
    page.get_by_role("button", name="加入", exact=True).click()
    page.get_by_text("已加入「databases」，3 題。").wait_for()
    yield page
    page.goto(f"{site.url}/#library")
    page.locator("#library-pane select").first.select_option("databases")
    page.get_by_role("button", name="移除這份題庫").click()
    page.get_by_text("已移除「databases」").wait_for()


def test_a_second_document_is_added_with_what_was_left_out_and_asked(other: Any, site: Site) -> None:
    page = other
    page.goto(f"{site.url}/#ask")
    page.reload()
    page.wait_for_function("document.documentElement.dataset.worded")
    page.get_by_label("要問的題庫").select_option("databases")
    page.get_by_text("題庫「databases」共 3 題").wait_for()
    site.model.script = Script(["索引讓資料庫不用掃描整張表就能找到資料。"])
    ask(page, "什麼是索引？")
    page.locator("#panel #q-1 mark", has_text="不用掃描整張表").first.wait_for()
    assert "KV Cache" not in page.locator("#panel").inner_text()
    page.get_by_label("要問的題庫").select_option("small")
    page.get_by_text("題庫「small」共 4 題").wait_for()
    assert page.locator("#conversation .exchange").count() == 0


def test_what_cannot_be_added_says_why_in_the_visitors_language(visit: Visit) -> None:
    page = visit(at="#library")
    page.get_by_text("加入題庫").click()
    for name, content, said in (
        ("empty.md", b"", "檔案是空的"),
        ("song.exe", b"MZ", "這種檔案讀不了"),
        ("picture.md", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "不是文字"),
    ):
        page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/x", "buffer": content})
        page.locator(".upload-note, .toast.problem").get_by_text(said).first.wait_for()
    assert page.locator(".preview").count() == 0


def test_a_removed_document_comes_back_with_undo(other: Any) -> None:
    page = other
    page.get_by_role("button", name="移除這份題庫").click()
    page.get_by_text("已移除「databases」").wait_for()
    page.get_by_role("button", name="復原").click()
    page.get_by_text("「databases」已復原。").wait_for()


def test_an_answer_leads_to_an_interview_on_its_questions(visit: Visit, site: Site) -> None:
    page = visit()
    site.model.script = Script(["LoRA 凍結原本的權重，只訓練兩個低秩矩陣。"])
    ask(page, "請解釋 LoRA 的原理。")
    page.locator("#current .actions").get_by_role("button", name="用這題面試我").click()
    page.locator(".answer textarea").wait_for()
    assert page.locator(".question-tags .source-number").inner_text() == "第 3 題"
    page.get_by_role("button", name="結束面試").click()
    page.locator(".report").wait_for()


def test_a_verdict_is_disputed_while_the_interview_runs(visit: Visit, site: Site) -> None:
    page = visit(at="#practise")
    page.locator(".practise-home, .interview, .report").first.wait_for()
    if page.locator(".interview").count():
        page.get_by_role("button", name="結束面試").click()
    if page.locator(".report").count() or page.get_by_role("button", name="回到練習").count():
        page.get_by_role("button", name="回到練習").click()
    page.locator(".more-choices summary").click()
    page.locator("[name=order]").select_option("document")
    page.locator("[name=follow_ups]").select_option("0")
    page.get_by_role("button", name="開始面試").click()
    page.locator(".answer textarea").fill("KV Cache 避免重複計算，不用重算前面的向量。")
    page.locator(".answer").get_by_role("button", name="送出回答").click()
    missing = page.locator(".result .verdict:is(.missing, .partial)").first
    missing.locator(".dispute summary").click()
    missing.locator("input[name=words]").fill("不用重算前面的向量")
    missing.get_by_role("button", name="再核對一次").click()
    page.locator(".result").get_by_text("重新核對後").first.wait_for()
    # The level says which scores it stands for.
    assert "–" in page.locator(".result .level").first.get_attribute("title")
    page.get_by_role("button", name="結束面試").click()
    page.locator(".report .levels", has_text="未掌握").wait_for()


def tab_to(page: Any, selector: str, key: str = "Tab") -> None:
    """Press Tab until the focus is there: nothing else but the keyboard."""
    for _ in range(200):
        if page.evaluate("s => Boolean(document.activeElement?.matches(s))", selector):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{selector} cannot be reached with {key}")


def test_a_question_and_an_interview_with_the_keyboard_alone(visit: Visit) -> None:
    page = visit()
    tab_to(page, "#ask textarea")
    page.keyboard.type("什麼是 KV Cache？")
    page.keyboard.press("Enter")
    page.locator("#current .actions").wait_for()
    # To the first citation, into its passage, and back to ask more.
    tab_to(page, "#current .cite", "Shift+Tab")
    page.locator("#cite-card", has_text="原文支持").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.closest('#q-1') !== null")
    tab_to(page, "nav a[data-tab=library]", "Shift+Tab")
    page.keyboard.press("Enter")
    page.locator(".shelf").wait_for()
    tab_to(page, "#library-pane input[type=search]")
    page.keyboard.type("lora")
    page.wait_for_function("document.querySelectorAll('.titles a').length === 1")
    tab_to(page, ".titles a")
    page.keyboard.press("Enter")
    page.locator(".reading h2", has_text="LoRA").wait_for()
    tab_to(page, ".reading [data-do=start-on]")
    page.keyboard.press("Enter")
    page.locator(".answer textarea").wait_for()
    tab_to(page, ".answer textarea")
    page.keyboard.type("LoRA 凍結原本的權重，只訓練兩個低秩矩陣，需要訓練的參數量大幅減少。")
    page.keyboard.press("Control+Enter")
    page.locator(".report, .utterance.follow-up").first.wait_for()
    if page.locator(".report").count() == 0:
        tab_to(page, ".interview [data-do=skip]")
        page.keyboard.press("Enter")
    page.locator(".report .summary").wait_for()
    tab_to(page, ".report .verdict a, .report summary, .report [data-do=home]")
    page.keyboard.press("Enter")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_what_opens_on_the_tabs(visit: Visit, axe: str, site: Site, scheme: str) -> None:
    page = visit(color_scheme=scheme, reduced_motion="reduce")
    found: list[Any] = []

    def check(where: str) -> None:
        page.wait_for_function("document.getAnimations().every(a => a.playState !== 'running')")
        page.evaluate("Boolean(window.axe)") or page.add_script_tag(content=axe)
        report = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        found.extend(
            (where, v["id"], v["impact"], [n["html"][:200] for n in v["nodes"]][:3])
            for v in report["violations"]
            if v["impact"] in {"serious", "critical"}
        )

    ask(page)
    chip = page.locator("#current .cite").first
    chip.focus()
    page.keyboard.press("Enter")
    page.locator("#q-1[open] mark.here").first.wait_for()
    check("open passage")
    chip.hover()
    page.locator("#cite-card").wait_for()
    check("card of a citation")
    page.get_by_role("button", name="沒有幫助").click()
    page.locator("form.thumb").wait_for()
    page.locator(".kept.current summary").click()
    check("thumb and menu")
    page.keyboard.press("Escape")
    page.goto(f"{site.url}/#library/3")
    page.locator(".rubric summary").click()
    check("rubric")
    page.locator(".reading").get_by_role("button", name="用這題面試我").click()
    page.locator(".answer textarea").wait_for()
    check("question of an interview")
    page.get_by_role("button", name="暫停").click()
    page.get_by_text("時間停住了").wait_for()
    check("paused interview")
    page.get_by_role("button", name="繼續面試").click()
    page.get_by_role("button", name="提示").click()
    page.locator(".utterance.hint").wait_for()
    check("hint")
    page.locator(".answer textarea").fill("LoRA 凍結原本的權重。")
    page.locator(".answer").get_by_role("button", name="送出回答").click()
    page.locator(".report, .utterance.follow-up").first.wait_for()
    check("follow-up")
    if page.locator(".report").count() == 0:
        page.get_by_role("button", name="結束面試").click()
    page.locator(".report .chart").first.wait_for()
    for summary in page.locator(".report details:not([open]) > summary").all():
        if summary.is_visible():
            summary.click()
    check("report")
    assert not found, json.dumps(found, ensure_ascii=False, indent=1)
    assert QUOTE in DOCUMENT


def test_nothing_jumps_while_an_answer_streams(visit: Visit, site: Site) -> None:
    sentences = (
        "KV Cache 是一種避免重複計算的",
        "優化技術。",
        "它把先前每個字的 Key 和 Value 向量",
        "保存在記憶體裡。",
    )
    site.model.script = Script(sentences * 6, waits_at=2)
    page = visit()
    box, panel = page.locator("#ask textarea"), page.locator("#panel")
    page.evaluate(
        """window.shifts = []; new PerformanceObserver((list) => list.getEntries().forEach((e) => window.shifts.push(e.value)))
        .observe({type: "layout-shift", buffered: false})"""
    )
    before = box.bounding_box(), panel.bounding_box()["x"]
    box.fill("什麼是 KV Cache？")
    box.press("Enter")
    assert site.model.script.waiting.wait(30)
    assert (box.bounding_box(), panel.bounding_box()["x"]) == before
    site.model.script.gate.set()
    page.locator("#current .actions").wait_for()
    assert (box.bounding_box(), panel.bounding_box()["x"]) == before
    # "Good" is below 0.1 for a whole visit (web.dev/articles/cls).
    assert page.evaluate("window.shifts.reduce((a, b) => a + b, 0)") < 0.1
