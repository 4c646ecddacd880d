"""Two people on one server, side by side: whatever one of them does, the other sees nothing of it, on any tab or door."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from web_server import Script, Site, running

pytestmark = pytest.mark.browser
PASSWORDS = {"anna": "correct horse 電池", "ming": "another battery 2"}
TABS = {"ask": "#ask textarea", "practise": ".practise-home", "progress": ".progress-page", "library": ".shelf", "status": ".status-page"}  # fmt: skip
SECRET = "安娜的祕密專案裡什麼是 KV Cache？"
COMMENT = "安娜覺得漏了向量維度"
SAID = "安娜說過：KV Cache 避免重複計算，不用重算前面的向量。"
BANK = "# 安娜的草稿\n\n### 1. 安娜的第一題是什麼？\n\n安娜的答案。\n"


@pytest.fixture(scope="module")
def shared(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("two"), users=PASSWORDS) as site:
        yield site


@pytest.fixture
def person(browser: Any, shared: Site) -> Iterator[Callable[[str], Any]]:
    """Sign in as somebody, in a browser context of their own."""
    contexts: list[Any] = []

    def open_page(name: str) -> Any:
        context = browser.new_context(locale="zh-TW", viewport={"width": 1280, "height": 800})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(45_000)
        page.goto(shared.url)
        page.fill("input[name=name]", name)
        page.fill("input[name=password]", PASSWORDS[name])
        page.click("button")
        worded(page)
        return page

    shared.model.script = Script()
    yield open_page
    for context in contexts:
        context.close()


def worded(page: Any) -> None:
    page.wait_for_function("document.documentElement.dataset.worded")


def seen(page: Any, url: str) -> str:
    """Everything that all tabs hold, in sight or not, each after it was loaded anew."""
    found = []
    for tab, shows in TABS.items():
        page.goto(f"{url}/#{tab}")
        page.reload()
        worded(page)
        page.locator(shows).first.wait_for()
        found.append(page.evaluate("document.body.outerHTML"))
    return "".join(found)


def asked(page: Any, method: str, path: str, body: Any = None) -> tuple[int, str]:
    """Status and text of a request that the page's own session makes."""
    status, text = page.evaluate(
        """async ([method, path, body]) => {
          const reply = await fetch(path, {method, headers: {"content-type": "application/json"},
            body: body === null ? undefined : JSON.stringify(body)});
          return [reply.status, await reply.text()];
        }""",
        [method, path, body],
    )
    return int(status), str(text)


def test_what_one_does_the_other_never_sees(person: Callable[[str], Any], shared: Site) -> None:
    anna, ming = person("anna"), person("ming")

    # A conversation, with a thumb and why.
    anna.locator("#ask textarea").fill(SECRET)
    anna.keyboard.press("Enter")
    anna.locator("#current .cite").first.wait_for()
    anna.get_by_role("button", name="沒有幫助").click()
    anna.locator("form.thumb textarea").fill(COMMENT)
    anna.get_by_role("button", name="送出意見").click()
    anna.get_by_text("謝謝，已記下").wait_for()
    # An interview under way, with one answer graded.
    anna.goto(f"{shared.url}/#practise")
    anna.locator(".more-choices summary").click()
    anna.locator("[name=order]").select_option("document")
    anna.locator("[name=follow_ups]").select_option("0")
    anna.get_by_role("button", name="開始面試").click()
    anna.locator(".answer textarea").fill(SAID)
    anna.locator(".answer").get_by_role("button", name="送出回答").click()
    anna.locator(".result .verdict.met").first.wait_for()
    # A document that is uploaded and looked at, but not added.
    anna.goto(f"{shared.url}/#library")
    anna.get_by_text("加入題庫").click()
    anna.locator("input[type=file]").set_input_files(
        {"name": "draft.md", "mimeType": "text/markdown", "buffer": BANK.encode()}
    )
    anna.locator(".preview").get_by_text("安娜的第一題").wait_for()

    # What is hers is there for her, also after a reload.
    conversations = asked(anna, "GET", "/api/v1/conversations")[1]
    assert "安娜" in conversations
    conversation = anna.evaluate("fetch('/api/v1/conversations').then(r => r.json())")["conversations"][0]["id"]
    interview = anna.evaluate("fetch('/api/v1/interviews').then(r => r.json())")["interviews"][0]["id"]
    anna.goto(f"{shared.url}/#practise/{interview}")
    anna.locator(".result").first.wait_for()

    # The page that was open all the while shows nothing, and neither does any tab that is loaded now.
    before = ming.evaluate("document.body.outerHTML")
    after = seen(ming, shared.url)
    for text in (before, after):
        assert "安娜" not in text
        assert conversation not in text
        assert interview not in text
    assert ming.locator(".kept").count() == 0
    ming.goto(f"{shared.url}/#progress")
    ming.get_by_text("還沒有練習紀錄").wait_for()
    assert ming.locator("a.cell:is(.level-0, .level-1, .level-2, .level-3, .level-4)").count() == 0

    # Her interview's address opens nothing for him, nor does her conversation's id in his browser.
    ming.goto(f"{shared.url}/#practise/{interview}")
    ming.get_by_text("沒有這場面試").wait_for()
    assert ming.locator(".interview, .report").count() == 0
    ming.evaluate("id => sessionStorage.setItem('tutor_conversation', id)", conversation)
    ming.goto(f"{shared.url}/#ask")
    ming.reload()
    worded(ming)
    ming.get_by_text("想先弄懂哪一題？").wait_for()
    assert ming.locator("#conversation .exchange").count() == 0

    # The doors answer as if none of it existed, and change nothing.
    refused = [
        ("GET", f"/api/v1/conversations/{conversation}", None),
        ("PATCH", f"/api/v1/conversations/{conversation}", {"title": "x"}),
        ("POST", f"/api/v1/conversations/{conversation}/cut", {"after": 0}),
        ("DELETE", f"/api/v1/conversations/{conversation}", None),
        ("POST", f"/api/v1/conversations/{conversation}/restore", None),
        ("POST", "/api/v1/ask", {"query": "什麼是 LoRA？", "conversation": conversation}),
        ("GET", f"/api/v1/interviews/{interview}", None),
        ("POST", f"/api/v1/interviews/{interview}/answer", {"text": "x"}),
        ("POST", f"/api/v1/interviews/{interview}/skip", None),
        ("GET", f"/api/v1/interviews/{interview}/report", None),
        ("POST", f"/api/v1/interviews/{interview}/dispute", {"question": 1, "point": "1.1"}),
        ("DELETE", f"/api/v1/interviews/{interview}", None),
        ("GET", f"/files/conversations/{conversation}.md", None),
        ("GET", f"/files/conversations/{conversation}.html", None),
        ("GET", f"/files/interviews/{interview}.md", None),
        ("GET", f"/files/interviews/{interview}.json", None),
    ]
    for method, path, body in refused:
        status, text = asked(ming, method, path, body)
        assert status == 404, (method, path, status, text)
        assert "安娜" not in text
    for path in ("/api/v1/conversations", "/api/v1/interviews", "/api/v1/feedback", "/api/v1/me/export", "/files/mine.json", "/api/v1/progress"):  # fmt: skip
        status, text = asked(ming, "GET", path)
        assert status == 200
        assert "安娜" not in text, path
        assert conversation not in text, path
        assert interview not in text, path

    # And nothing of hers was changed by it.
    kept = asked(anna, "GET", f"/api/v1/conversations/{conversation}")[1]
    assert "安娜的祕密專案" in kept
    assert COMMENT in asked(anna, "GET", "/api/v1/feedback")[1]
    assert asked(anna, "GET", f"/api/v1/interviews/{interview}")[0] == 200
    anna.goto(f"{shared.url}/#ask")
    anna.reload()
    worded(anna)
    anna.locator(".kept", has_text="安娜").wait_for()
