"""Library, status and what holds for all tabs: uploads, links, axe, phone width, the theme, no layout jump."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from web_server import Site

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
# Every tab, and what it shows once it is there.
TABS = {
    "ask": "#ask textarea", "practise": ".practise-home, .interview", "progress": ".progress-page",
    "library/1": ".reading", "status": ".status-page",
}  # fmt: skip
BANK = """# Databases

### 1. What is an index?

An index lets a database find rows without reading the whole table.

### 2. What is a transaction?

A transaction groups changes so that all of them happen or none.
"""


def opened(page: Any, tab: str) -> None:
    page.goto(f"{page.url.partition('#')[0]}#{tab}")
    page.locator(TABS[tab]).first.wait_for()


def test_a_bank_is_uploaded_previewed_added_asked_and_removed(visit: Visit, site: Site) -> None:
    page = visit(at="#library", locale="en-US")
    page.get_by_text("Add a document").click()
    page.locator("input[type=file]").set_input_files({"name": "x.exe", "mimeType": "x/x", "buffer": b"MZ"})
    page.get_by_text("cannot be read").wait_for()
    page.locator("input[type=file]").set_input_files(
        {"name": "Databases.md", "mimeType": "text/markdown", "buffer": BANK.encode()}
    )
    page.get_by_text("2 questions, 2 answered").wait_for()
    page.get_by_role("button", name="Add it").click()
    page.get_by_text("Added databases, 2 questions.").wait_for()
    page.locator(".titles a", has_text="transaction").click()
    page.locator(".reading", has_text="all of them happen or none").wait_for()
    page.get_by_role("button", name="Remove this document").click()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("databases is back.").wait_for()
    page.get_by_role("button", name="Remove this document").click()
    page.get_by_text("Removed databases").wait_for()


def test_library_searches_as_one_types_and_reads_with_the_keyboard(visit: Visit) -> None:
    page = visit(at="#library")
    box = page.get_by_label("搜尋題目與內容")
    box.press_sequentially("lora")
    page.wait_for_function("document.querySelectorAll('.titles a').length === 1")
    assert box.evaluate("e => document.activeElement === e")
    assert box.input_value() == "lora"
    page.locator(".titles a").press("Enter")
    page.locator(".reading h2", has_text="LoRA").wait_for()
    page.locator(".rubric summary").press("Enter")
    page.get_by_text("LoRA 凍結原本的權重").first.wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_tab(visit: Visit, axe: str, scheme: str) -> None:
    page = visit(color_scheme=scheme, reduced_motion="reduce")
    page.locator("#ask textarea").fill("什麼是 KV Cache？")
    page.keyboard.press("Enter")
    page.locator("#current .actions").wait_for()
    found = []
    for tab in TABS:
        opened(page, tab)
        # Colours that are still changing would be measured as they are.
        page.wait_for_function("document.getAnimations().every(a => a.playState !== 'running')")
        page.evaluate("Boolean(window.axe)") or page.add_script_tag(content=axe)
        report = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        found += [
            (tab, v["id"], v["impact"], [n["html"][:200] for n in v["nodes"]][:3])
            for v in report["violations"]
            if v["impact"] in {"serious", "critical"}
        ]
    assert not found, json.dumps(found, ensure_ascii=False, indent=1)


def test_phone_shows_every_tab_without_sideways_scrolling(visit: Visit) -> None:
    page = visit(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True, locale="en-US")
    for tab in TABS:
        opened(page, tab)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, tab


def test_theme_can_be_switched_and_stays(visit: Visit) -> None:
    page = visit(color_scheme="light")
    page.get_by_role("button", name="切換深淺色").click()
    page.wait_for_function("document.body.classList.contains('dark')")
    page.reload()
    page.wait_for_function("document.body.classList.contains('dark')")


def test_skip_link_leads_to_the_content(visit: Visit) -> None:
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('#tab-ask') !== null")


def test_status_tab_has_a_value_and_a_reason_for_each_choice(visit: Visit) -> None:
    page = visit(at="#status", locale="en-US")
    rows = page.locator("#tab-status .facts").first.locator("tbody tr")
    rows.first.wait_for()
    assert rows.count() == 6
    assert all(text.strip() for text in rows.locator("td").all_inner_texts())
