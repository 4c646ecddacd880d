"""Signing in and out: a form that works without scripts, in both languages, and the cookie of a session.

Knows the form and the cookie; whether a password is right is decided in the store, who may pass in `guard`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from html import escape
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from anyio import to_thread
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from ingest.errors import SignInNeeded, TutorError, UsageError
from tutor.settings import Settings
from tutor.store import Store
from tutor.web.guard import COOKIE
from tutor.web.identity import SLOT, Identity
from tutor.web.limits import Buckets
from tutor.web.strings import COOKIE as TONGUE_COOKIE
from tutor.web.strings import NAMES, TONGUES, Tongue, preferred
from tutor.web.words.simplified import simplified

log = logging.getLogger(__name__)

LARGEST_FORM, MOST_FIELDS = 8192, 10
# From one address: enough for a class-room behind one router, little for somebody who guesses.
TRIES_A_MINUTE = 20

_WORDS: dict[str, tuple[str, str]] = {
    "title": ("登入面試家教", "Sign in to the interview tutor"),
    "name": ("帳號", "Name"),
    "password": ("密碼", "Password"),
    "enter": ("登入", "Sign in"),
    "wrong": (
        "帳號或密碼不對。連續輸錯五次，帳號會鎖住 15 分鐘。",
        "The name or the password is wrong. After five wrong passwords an account is locked for 15 minutes.",
    ),
    "empty": ("請輸入帳號和密碼。", "Enter your name and your password."),
    "often": ("嘗試次數太多，請稍等一分鐘再試。", "Too many tries. Wait a minute, then try again."),
    "down": (
        "目前無法登入：資料庫沒有回應。請稍後再試。",
        "Signing in does not work now: the database does not answer. Try again in a moment.",
    ),
    "help": (
        "沒有帳號或忘了密碼？請找管理這台伺服器的人。",
        "No account, or forgot the password? Ask whoever runs this server.",
    ),
}
TEXTS: dict[str, dict[Tongue, str]] = {
    key: {"zh-TW": chinese, "zh-CN": simplified(chinese), "en": english} for key, (chinese, english) in _WORDS.items()
}
_STYLE = """
:root{color-scheme:light dark;--paper:#f6f5f1;--surface:#fff;--ink:#20262b;--quiet:#5b656d;--line:#8b949b;--accent:#2b6168;--on:#fff;--bad:#a8322b}
@media(prefers-color-scheme:dark){:root{--paper:#14181b;--surface:#1d2327;--ink:#e8ebed;--quiet:#a9b3ba;--line:#6c7780;--accent:#8fc4cb;--on:#10181a;--bad:#ff9c94}}
*{box-sizing:border-box}body{margin:0;min-height:100dvh;display:grid;place-items:center;background:var(--paper);color:var(--ink);
font:16px/1.55 system-ui,-apple-system,"Segoe UI","Noto Sans TC","Noto Sans CJK TC","PingFang TC","Microsoft JhengHei",sans-serif}
main{width:min(24rem,calc(100vw - 2rem));padding:1.75rem;background:var(--surface);border-radius:14px;box-shadow:0 1px 2px rgb(0 0 0/.08),0 8px 24px rgb(0 0 0/.08)}
h1{font-size:1.3rem;margin:0 0 1.1rem}label{display:block;font-weight:600;font-size:.92rem;margin-top:.9rem}
input{width:100%;margin-top:.25rem;padding:.6rem .75rem;font:inherit;color:inherit;background:var(--paper);border:1px solid var(--line);border-radius:8px}
button{width:100%;margin-top:1.3rem;padding:.65rem;font:inherit;font-weight:600;color:var(--on);background:var(--accent);border:0;border-radius:8px;cursor:pointer}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}p{margin:.9rem 0 0;font-size:.88rem;color:var(--quiet)}
p[role=alert]{margin:0;color:var(--bad);font-weight:600}nav{margin-top:1.2rem;font-size:.88rem}nav a{color:var(--accent);margin-right:1rem}
nav a[aria-current]{color:var(--quiet);text-decoration:none}
"""


def add_sign_in(app: FastAPI, settings: Settings, open_store: Callable[[], Store]) -> None:
    """Put `/signin` and `/signout` into the application, where sign-in is on."""
    if not settings.signing_in:
        return
    tries = Buckets(TRIES_A_MINUTE, TRIES_A_MINUTE)
    idle = timedelta(hours=settings.session_hours)

    @app.get("/signin", include_in_schema=False)
    def form(request: Request) -> Response:
        return _page(request, request.query_params.get("next", ""))

    @app.post("/signin", include_in_schema=False)
    async def enter(request: Request) -> Response:
        fields = await form_fields(request)
        name, password, target = (fields.get(key, "") for key in ("name", "password", "next"))
        if not name.strip() or not password:
            return _page(request, target, name, "empty", 422)
        client = request.client.host if request.client else ""
        if tries.take(client):
            return _page(request, target, name, "often", 429)

        def start() -> str:
            store = open_store()
            return store.sessions.start(store.accounts.check(name, password), idle)

        try:
            token = await to_thread.run_sync(start)
        except SignInNeeded:
            log.warning("a sign-in from %s was refused", client)
            return _page(request, target, name, "wrong", 401)
        except TutorError:
            return _page(request, target, name, "down", 503)
        response = RedirectResponse(_safe(target), 303)
        _set_cookie(request, response, token)
        return response

    @app.post("/signout", include_in_schema=False)
    def leave(request: Request) -> Response:
        token = request.cookies.get(COOKIE)
        if token:
            open_store().sessions.end(token)
        response = RedirectResponse("/signin", 303)
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        # The browser forgets the pages it holds, too.
        response.headers["clear-site-data"] = '"cache", "storage"'
        return response


def gradio_user(request: Request) -> str | None:
    """The user for Gradio's `auth_dependency`; None keeps it shut."""
    found: Any = request.scope.get(SLOT)
    return found.user if isinstance(found, Identity) else None


def check_can_sign_in(settings: Settings, store: Store) -> None:
    """Refuse to serve where others can reach the page and nobody could sign in, or everybody could get in.

    Raises:
        UsageError: with the command that mends it.
    """
    if not settings.signing_in and not settings.on_loopback:
        raise UsageError(
            f"The page cannot be opened on {settings.host!r} with sign-in off: anybody who reaches it could use it.",
            "Unset TUTOR_SIGN_IN, and add somebody who may sign in: tutor users add NAME --role admin",
        )
    if settings.signing_in and not settings.proxy_user_header and not store.accounts.count():
        raise UsageError(
            f"The page cannot be opened on {settings.host!r}: sign-in is on and there is nobody who may sign in.",
            "tutor users add NAME --role admin",
        )


def _set_cookie(request: Request, response: Response, token: str) -> None:
    secure = request.url.scheme == "https"
    # Without an age it ends with the browser; the store ends it after the hours that are set.
    response.set_cookie(COOKIE, token, path="/", httponly=True, samesite="strict", secure=secure)
    response.headers["cache-control"] = "no-store"


async def form_fields(request: Request) -> dict[str, str]:
    """The fields of a small form that was sent; none where it is too large or has too many."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            return {}
    try:
        pairs = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    return {key: values[0] for key, values in pairs.items()}


def _safe(target: str) -> str:
    """A place on this server; anything else becomes the front page."""
    parts = urlsplit(target.replace("\\", "/"))
    if parts.scheme or parts.netloc or not target.startswith("/") or target.startswith(("//", "/\\", "/sign")):
        return "/"
    return quote(target, safe="/?&=%#+,:;@!$'()*~-._") if target.isprintable() else "/"


def _page(request: Request, target: str, name: str = "", problem: str = "", status: int = 200) -> Response:
    chosen = request.query_params.get("lang")
    tongue: Tongue = next((t for t in TONGUES if t == chosen), preferred(request.headers, request.cookies))
    target = _safe(target)

    def say(key: str) -> str:
        return escape(TEXTS[key][tongue])

    links = ""
    for one in TONGUES:
        current = ' aria-current="true"' if one == tongue else ""
        where = f"/signin?lang={one}&amp;next={quote(target, safe='')}"
        links += f'<a href="{where}" lang="{one}" hreflang="{one}"{current}>{escape(NAMES[one])}</a>'
    alert = f'<p role="alert" id="problem">{say(problem)}</p>' if problem else ""
    marked = ' aria-describedby="problem" aria-invalid="true"' if problem else ""
    focus_name, focus_password = (" autofocus", "") if not name else ("", " autofocus")
    body = (
        f'<!doctype html><html lang="{tongue}"><head><meta charset="utf-8"><title>{say("title")}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="data:,">'
        f"<style>{_STYLE}</style></head><body><main><h1>{say('title')}</h1>{alert}"
        f'<form method="post" action="/signin?lang={tongue}"><input type="hidden" name="next" value="{escape(target)}">'
        f'<label>{say("name")}<input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" '
        f'required maxlength="200" value="{escape(name[:200])}"{marked}{focus_name}></label>'
        f'<label>{say("password")}<input name="password" type="password" autocomplete="current-password" required '
        f'maxlength="1024"{marked}{focus_password}></label><button>{say("enter")}</button></form>'
        f"<p>{say('help')}</p><nav>{links}</nav></main></body></html>"
    )
    response = HTMLResponse(body, status, {"cache-control": "no-store"})
    if chosen in TONGUES:
        response.set_cookie(TONGUE_COOKIE, tongue, path="/", samesite="lax", max_age=31_536_000)
    return response
