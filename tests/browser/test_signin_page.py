"""Signing in with a real browser: the form, its keyboard, two people at once, and pages of other sites."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from tutor.settings import Settings
from tutor.web.app import create_app
from tutor.web.backstage import Backstage
from tutor.web.serve import bind, url_of

pytestmark = pytest.mark.browser
PASSWORDS = {"anna": "correct horse 電池", "王小明": "another battery 2"}
ELSEWHERE = "http://elsewhere.test/"


@pytest.fixture(scope="module")
def signed(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with sign-in on."""
    folder: Path = tmp_path_factory.mktemp("signin")
    settings = Settings(data_dir=folder, corpus="nowhere", model="none", sign_in=True)
    stage = Backstage(settings)
    for name, password in PASSWORDS.items():
        stage.store.accounts.add(name, password)
    config = uvicorn.Config(
        create_app(settings, stage), log_level="warning", timeout_graceful_shutdown=1, ws="none", proxy_headers=False
    )
    server = uvicorn.Server(config)
    with bind(settings.host, 0) as sock:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
        thread.start()
        yield url_of(settings.host, sock)
        server.should_exit = True
        thread.join(15)


@pytest.fixture
def guest(browser: Any, signed: str) -> Iterator[Callable[..., Any]]:
    """Open the front page as a new visitor; at the end nothing foreign was asked for."""
    contexts: list[Any] = []
    wrong: list[str] = []

    def open_page(**options: Any) -> Any:
        context = browser.new_context(**{"locale": "zh-TW", **options})
        contexts.append(context)
        # A page of somebody else's, which the test writes itself.
        page = context.new_page()
        page.set_default_timeout(45_000)
        page.on("request", lambda r: r.url.startswith((signed, "data:", "blob:", ELSEWHERE)) or wrong.append(r.url))
        page.on("pageerror", lambda e: wrong.append(str(e)))
        page.goto(signed)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def sign_in(page: Any, name: str = "anna", password: str | None = None) -> None:
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", PASSWORDS[name] if password is None else password)
    page.click("button")


def opened(page: Any) -> str:
    """Wait for the page itself; whose it is comes back."""
    page.wait_for_function("document.documentElement.dataset.worded")
    return str(page.evaluate("fetch('/gradio_api/user').then(r => r.json())"))


def test_the_keyboard_is_enough_and_leads_back_to_where_one_was_going(guest: Any, signed: str) -> None:
    page = guest()
    page.goto(f"{signed}/?corpus=x")
    page.locator("input:focus").wait_for()
    page.keyboard.type("anna")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORDS["anna"])
    page.keyboard.press("Enter")
    assert opened(page) == "anna"
    assert page.url == f"{signed}/?corpus=x"
    assert "tutor_session" not in page.evaluate("document.cookie")


def test_a_wrong_password_is_said_and_the_name_stays(guest: Any) -> None:
    page = guest()
    sign_in(page, password="not this one")
    assert "密碼不對" in page.inner_text("[role=alert]")
    assert page.input_value("input[name=name]") == "anna"
    assert page.evaluate("document.activeElement.name") == "password"
    page.click("nav a[lang=en]")
    assert page.inner_text("h1") == "Sign in to the interview tutor"
    sign_in(page)
    assert opened(page) == "anna"
    assert page.evaluate("document.documentElement.lang") == "en"  # the page keeps the language that was chosen


def test_two_people_are_themselves_and_signing_out_ends_one(guest: Any, signed: str) -> None:
    anna, ming = guest(), guest(locale="en-US")
    sign_in(anna)
    sign_in(ming, "王小明")
    assert (opened(anna), opened(ming)) == ("anna", "王小明")
    anna.evaluate("fetch('/signout', {method: 'POST'})")
    anna.goto(signed)
    assert anna.locator("input[name=password]").count() == 1
    ming.reload()
    assert opened(ming) == "王小明"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_form_fits_a_phone_and_can_be_read(guest: Any, scheme: str) -> None:
    page = guest(viewport={"width": 360, "height": 640}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate(_CONTRAST) >= 4.5


def test_a_page_of_another_site_neither_acts_for_its_visitor_nor_locks_them_out(guest: Any, signed: str) -> None:
    page = guest()
    sign_in(page)
    assert opened(page) == "anna"
    attack = (
        f'<form method="post" action="{signed}/signout"><button id="out">x</button></form>'
        f'<form method="post" action="{signed}/signin"><input name="name" value="王小明">'
        f'<input name="password" value="{PASSWORDS["王小明"]}"><button id="in">x</button></form>'
        f'<a href="{signed}/">link</a>'
    )
    page.context.route(f"{ELSEWHERE}**", lambda r: r.fulfill(content_type="text/html; charset=utf-8", body=attack))
    for button in ("#out", "#in"):
        page.goto(ELSEWHERE)
        with page.expect_response(lambda r: r.url.startswith(signed)) as answer:
            page.click(button)
        assert answer.value.status == 403
    page.goto(ELSEWHERE)
    page.click("a")
    assert opened(page) == "anna"


# Of the weakest text on its background, by WCAG's formula.
_CONTRAST = """() => {
  const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map(v => { v /= 255;
    return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 }); return .2126 * r + .7152 * g + .0722 * b };
  const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (c !== 'rgba(0, 0, 0, 0)') return c } return 'rgb(255, 255, 255)' };
  return Math.min(...[...document.querySelectorAll('h1, label, p, a, button, input')].map(e => {
    const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
    return (a + .05) / (b + .05) }))
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_the_form(guest: Any, axe: str, signed: str, scheme: str) -> None:
    page = guest(color_scheme=scheme)
    for wrong in (False, True):
        if wrong:
            sign_in(page, password="not this one")
            page.locator("[role=alert]").wait_for()
        page.evaluate(axe)
        report = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        found = [v for v in report["violations"] if v["impact"] in {"serious", "critical"}]
        assert found == [], found


def test_a_session_that_has_ended_is_told_in_the_visitors_language(guest: Any, signed: str) -> None:
    page = guest()
    sign_in(page)
    assert opened(page) == "anna"
    page.context.clear_cookies()
    page.locator("nav a[data-tab=status]").click()
    page.locator("#notice").get_by_text("登入已經結束").wait_for()
    page.locator("#notice").get_by_role("link", name="重新登入").click()
    page.locator("input[name=password]").wait_for()
