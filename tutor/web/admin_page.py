"""`/admin`: users, corpora, feedback and usage for admins, as a page that works without scripts.

Whoever is no admin gets 403, and no word of what is there. Changes are forms to this address; the guard turns down those
of other sites' pages. Numbers and names only: what users wrote is not shown, but for the reasons they gave with a thumb.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from html import escape

from anyio import to_thread
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from ingest.errors import TutorError
from tutor.store import Store
from tutor.store.rows import Account, Feedback
from tutor.store.usage import Usage
from tutor.web.backstage import Backstage
from tutor.web.identity import identity_of
from tutor.web.mishaps import told
from tutor.web.signin import form_fields
from tutor.web.status.reasons import reason
from tutor.web.strings import NAMES, TONGUES, Tongue, known, preferred, say

# Of the feedback, the newest; the rest is in `python -m eval feedback`.
FEEDBACK_SHOWN = 100
_STYLE = """
:root{color-scheme:light dark;--paper:#f6f5f1;--surface:#fff;--ink:#20262b;--quiet:#5b656d;--line:#c9cfd3;--accent:#2b6168;--on:#fff;--bad:#a8322b}
@media(prefers-color-scheme:dark){:root{--paper:#14181b;--surface:#1d2327;--ink:#e8ebed;--quiet:#a9b3ba;--line:#47525a;--accent:#8fc4cb;--on:#10181a;--bad:#ff9c94}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI","Noto Sans TC","Noto Sans CJK TC","PingFang TC","Microsoft JhengHei",sans-serif}
main{max-width:70rem;margin:0 auto;padding:1rem}header{display:flex;flex-wrap:wrap;gap:1rem;align-items:baseline}
h1{font-size:1.4rem;margin:.5rem 0}h2{font-size:1.1rem;margin:1.8rem 0 .5rem}a{color:var(--accent)}nav a{margin-right:.8rem}
.wide{overflow-x:auto;background:var(--surface);border-radius:10px;padding:.25rem .75rem}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.4rem .6rem .4rem 0;border-bottom:1px solid var(--line);vertical-align:top}td.n,th.n{text-align:right}
form{display:inline-flex;flex-wrap:wrap;gap:.4rem;align-items:end;margin:0}label{font-size:.88rem}
input,select,button{font:inherit;padding:.3rem .5rem;border-radius:6px;border:1px solid var(--line);background:var(--paper);color:inherit}
label input,label select{display:block}button{background:var(--accent);color:var(--on);border:0;cursor:pointer}
button.bad{background:none;color:var(--bad);border:1px solid}summary{cursor:pointer;color:var(--bad)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}p[role=alert]{color:var(--bad);font-weight:600}.quiet{color:var(--quiet)}
"""


def add_admin_page(app: FastAPI, stage: Backstage) -> None:
    """Put `/admin` into the application; to be called before anything is mounted at `/`."""

    @app.get("/admin", include_in_schema=False)
    def shown(request: Request) -> Response:
        return _forbidden(request) or _page(request, stage)

    @app.post("/admin", include_in_schema=False)
    async def changed(request: Request) -> Response:
        refusal = _forbidden(request)
        if refusal is not None:
            return refusal
        fields = await form_fields(request)

        def change() -> Response:
            try:
                _change(stage, fields)
            except TutorError as error:
                return _page(request, stage, told(error, _tongue(request)), 422)
            return RedirectResponse(f"/admin?lang={_tongue(request)}", 303)

        return await to_thread.run_sync(change)


def _forbidden(request: Request) -> Response | None:
    if identity_of(request).is_admin:
        return None
    tongue = _tongue(request)
    return _whole(tongue, f'<p role="alert">{escape(say("admin-only", tongue))}</p>', 403)


def _change(stage: Backstage, fields: dict[str, str]) -> None:
    store, name = stage.store, fields.get("name", "").strip()
    match fields.get("do"):
        case "add":
            store.accounts.add(name, fields.get("password") or None, fields.get("role", "user"))
        case "role":
            store.accounts.set_role(name, fields.get("role", ""))
        case "password":
            store.accounts.set_password(name, fields.get("password", ""))
        case "sign-out":
            store.sessions.end_all(name)
        case "remove":
            store.remove_user(name)
            stage.opened.forget_user(name)


def _tongue(request: Request) -> Tongue:
    chosen = request.query_params.get("lang")
    return known(chosen) if chosen in TONGUES else preferred(request.headers, request.cookies)


def _page(request: Request, stage: Backstage, problem: str = "", status: int = 200) -> Response:
    tongue, store = _tongue(request), stage.store
    alert = f'<p role="alert">{escape(problem)}</p>' if problem else ""
    sections = (
        ("admin-users", _users(store, tongue)),
        ("admin-corpora", _corpora(stage, tongue)),
        ("admin-usage", _figures(stage, tongue)),
        ("admin-feedback", _feedback(store.feedback.list(None), tongue)),
    )
    body = "".join(f'<h2 id="{key}">{escape(say(key, tongue))}</h2>{html}' for key, html in sections)
    return _whole(tongue, alert + body, status)


def _whole(tongue: Tongue, body: str, status: int) -> Response:
    title = escape(say("admin", tongue))
    links = "".join(f'<a href="/admin?lang={one}" lang="{one}">{escape(NAMES[one])}</a>' for one in TONGUES)
    html = (
        f'<!doctype html><html lang="{tongue}"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="data:,">'
        f'<style>{_STYLE}</style></head><body><main><header><h1>{title}</h1><nav><a href="/">'
        f"{escape(say('admin-back', tongue))}</a>{links}</nav></header>{body}</main></body></html>"
    )
    return HTMLResponse(html, status, {"cache-control": "no-store"})


def _users(store: Store, tongue: Tongue) -> str:
    accounts = {account.name: account for account in store.accounts.list()}
    used = store.usage()
    rows = [_user(name, accounts.get(name), used.get(name), tongue) for name in sorted({*accounts, *used})]
    heads = ("name", "role", "last", "asked", "interviews", "attempts", "change")
    word = _words(tongue)
    add = (
        f'<p><form method="post" action="/admin?lang={tongue}"><input type="hidden" name="do" value="add">'
        f'<label>{word("name")}<input name="name" required maxlength="64" autocomplete="off"></label>'
        f'<label>{word("password")}<input name="password" type="password" maxlength="1024" autocomplete="new-password"></label>'
        f"<label>{word('role')}{_roles('user', tongue)}</label><button>{word('add')}</button></form></p>"
    )
    return _table([word(head) for head in heads], rows, numbers=(3, 4, 5)) + add


def _user(name: str, account: Account | None, used: Usage | None, tongue: Tongue) -> list[str]:
    used, word = used or Usage(name), _words(tongue)
    last = max((m for m in (used.last, account.seen if account else None) if m is not None), default=None)
    role = word(f"role-{account.role}") if account else word("no-account")
    if account and account.locked_until:
        role += f' <span class="quiet">{word("locked")} {_moment(account.locked_until)}</span>'
    forms = ""
    if account is not None:
        other = "user" if account.role == "admin" else "admin"
        forms = _form("role", name, word(f"make-{other}"), tongue, f'<input type="hidden" name="role" value="{other}">')
        forms += " " + _form("sign-out", name, word("end-sessions"), tongue)
        new = f'<input name="password" type="password" required maxlength="1024" autocomplete="new-password" aria-label="{word("password")}">'
        forms += " " + _form("password", name, word("set-password"), tongue, new)
    sure = _form("remove", name, word("remove-for-good"), tongue, bad=True)
    forms += f" <details><summary>{word('remove')}</summary>{sure}</details>"
    return [escape(name), role, _moment(last), str(used.asked), str(used.interviews), str(used.attempts), forms]


def _form(do: str, name: str, label: str, tongue: Tongue, more: str = "", *, bad: bool = False) -> str:
    return (
        f'<form method="post" action="/admin?lang={tongue}"><input type="hidden" name="do" value="{do}">'
        f'<input type="hidden" name="name" value="{escape(name)}">{more}<button{" class=bad" if bad else ""}>{label}</button></form>'
    )


def _roles(chosen: str, tongue: Tongue) -> str:
    word = _words(tongue)
    options = "".join(
        f'<option value="{r}"{" selected" if r == chosen else ""}>{word(f"role-{r}")}</option>'
        for r in ("user", "admin")
    )
    return f'<select name="role">{options}</select>'


def _corpora(stage: Backstage, tongue: Tongue) -> str:
    word = _words(tongue)
    rows = [
        [escape(one.name), "" if one.questions is None else str(one.questions), escape(reason(one.reason, tongue))]
        for one in stage.corpora.shelved()
    ]
    hint = f'<p><a href="/#library">{word("corpora-hint")}</a></p>'
    return _table([word("name"), word("questions"), word("state")], rows, numbers=(1,)) + hint


def _figures(stage: Backstage, tongue: Tongue) -> str:
    word, used = _words(tongue), stage.store.usage().values()
    totals = [
        [word(key), str(sum(getattr(one, key) for one in used))]
        for key in ("conversations", "asked", "interviews", "attempts", "feedback")
    ]
    totals.append([word("running"), str(stage.watcher.running.count)])
    return _table([word("what"), word("number")], totals, numbers=(1,))


def _feedback(rows: Sequence[Feedback], tongue: Tongue) -> str:
    word = _words(tongue)
    if not rows:
        return f'<p class="quiet">{word("no-feedback")}</p>'
    shown = [
        [
            _moment(one.created),
            escape(one.user),
            {1: "👍", -1: "👎"}.get(one.value, word("dispute")),
            escape(one.reason),
        ]
        for one in reversed(rows[-FEEDBACK_SHOWN:])
    ]
    return _table([word("when"), word("name"), word("opinion"), word("reason")], shown)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(f"<{tag}{' class=n' if i in numbers else ''}>{cell}</{tag}>" for i, cell in enumerate(row))

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{cells("th", heads)}</tr></thead><tbody>{body}</tbody></table></div>'


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else moment.strftime("%Y-%m-%d %H:%M UTC")


def _words(tongue: Tongue) -> Callable[[str], str]:
    return lambda key: escape(say(f"admin-{key}", tongue))
