"""The guard and the sign-in form around a small application: who gets in, and who is turned away."""

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from ingest.errors import Forbidden, UsageError
from tutor.settings import Settings
from tutor.store import open_store
from tutor.store.accounts import Accounts
from tutor.web import guard
from tutor.web.guard import COOKIE, LARGEST_OTHER, Guard, Names
from tutor.web.identity import current_user, require
from tutor.web.limits import Buckets
from tutor.web.signin import TEXTS, TRIES_A_MINUTE, add_sign_in, check_can_sign_in
from tutor.web.strings import TONGUES

GOOD = "correct horse 電池"
HTML = {"accept": "text/html,*/*"}


def site(tmp_path, client=("203.0.113.9", 5), base="http://tutor.test", **fields):
    settings = Settings(data_dir=tmp_path, **{"host": "0.0.0.0", **fields})
    store = open_store(settings)
    store.__dict__["accounts"] = Accounts(store.database, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    app = FastAPI()

    @app.get("/")
    @app.get("/who")
    def who(request: Request) -> str:
        return current_user(request)

    @app.post("/work")
    async def work(request: Request) -> dict[str, object]:
        return {"user": current_user(request), "bytes": len(await request.body())}

    @app.get("/health")
    def health() -> str:
        return "ok"

    @app.get("/scoped/{scope}")
    def scoped(request: Request, scope: str) -> str:
        try:
            return require(request, scope)
        except Forbidden as error:
            return error.message

    add_sign_in(app, settings, lambda: store)
    app.add_middleware(Guard, settings=settings, open_store=lambda: store)
    browser = TestClient(app, base_url=base, client=client, follow_redirects=False)
    browser.store = store
    return browser


def test_figures_and_health_are_asked_by_address_and_nothing_else_is(tmp_path):
    named = site(tmp_path)
    named.app.add_middleware(Names, settings=Settings(data_dir=tmp_path, host="0.0.0.0", names=["tutor.test"]))
    named.store.accounts.add("anna", GOOD, "admin")
    key = named.store.keys.add("anna", scopes=["metrics"])[1]
    by_address = {"host": "172.18.0.5:7860", "authorization": f"Bearer {key}"}
    assert named.get("/health", headers={"host": "10.1.2.3"}).status_code == 200
    assert named.get("/metrics", headers=by_address).status_code == 404  # let through; this small application has none
    assert named.get("/metrics", headers={"host": "172.18.0.5:7860"}).status_code == 401
    assert named.get("/who", headers=by_address).status_code == 400
    assert named.get("/who", headers={**by_address, "host": "tutor.test"}).json() == "anna"
    named.store.close()


def test_with_sign_in_off_no_foreign_name_is_taken(tmp_path):
    own = site(tmp_path, base="http://localhost:7860", host="127.0.0.1")
    own.app.add_middleware(Names, settings=Settings(data_dir=tmp_path))
    assert own.get("/who").json() == "local"
    assert own.get("/health", headers={"host": "evil.example"}).status_code == 400
    own.store.close()


@pytest.fixture
def visitor(tmp_path):
    found = site(tmp_path)
    found.store.accounts.add("anna", GOOD, "admin")
    found.store.accounts.add("ben", GOOD)
    yield found
    found.store.close()


def sign_in(visitor, name="anna", password=GOOD, target="/", **options):
    return visitor.post("/signin", data={"name": name, "password": password, "next": target}, **options)


def test_with_sign_in_off_everybody_is_local_and_no_database_is_touched(tmp_path):
    visitor = site(tmp_path, host="127.0.0.1", base="http://127.0.0.1")
    assert visitor.get("/who").json() == "local"
    assert visitor.get("/scoped/admin").json() == "local"
    assert visitor.post("/work", headers={"authorization": "Bearer sk-any"}).json()["user"] == "local"
    assert visitor.get("/signin").status_code == 404


def test_a_stranger_is_shown_the_form_and_a_program_told_what_to_send(visitor):
    sent = visitor.get("/who?a=b", headers=HTML)
    assert (sent.status_code, sent.headers["location"]) == (303, "/signin?next=%2Fwho%3Fa%3Db")
    told = visitor.get("/who")
    assert (told.status_code, told.headers["www-authenticate"]) == (401, "Bearer")
    assert "API key" in told.json()["mend"]
    assert visitor.post("/work", headers=HTML).status_code == 401
    assert visitor.get("/health").json() == "ok"


def test_signing_in_leads_back_and_signing_out_ends_it(visitor):
    done = sign_in(visitor, target="/who?a=b")
    assert (done.status_code, done.headers["location"]) == (303, "/who?a=b")
    cookie = done.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie
    assert visitor.get("/who").json() == "anna"
    token = visitor.cookies[COOKIE]
    assert visitor.post("/signout").headers["location"] == "/signin"
    assert COOKIE not in visitor.cookies
    visitor.cookies.set(COOKIE, token)
    assert visitor.get("/who").status_code == 401


def test_a_form_with_too_many_fields_is_an_empty_one(visitor):
    sent = visitor.post("/signin", data={"name": "anna", "password": GOOD, **{f"f{n}": "x" for n in range(20)}})
    assert sent.status_code == 422


def test_the_cookie_is_secure_where_the_connection_is(tmp_path):
    visitor = site(tmp_path, base="https://tutor.test")
    visitor.store.accounts.add("anna", GOOD)
    assert "secure" in sign_in(visitor).headers["set-cookie"].lower()


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "\\\\x", "/signout", "x", ""],
)
def test_signing_in_leads_nowhere_else(visitor, target):
    assert sign_in(visitor, target=target).headers["location"] == "/"


def test_a_wrong_password_is_said_beside_the_form_that_keeps_the_name(visitor):
    done = sign_in(visitor, '"><script>alert(1)</script>', "wrong wrong", headers={"accept-language": "en"})
    assert done.status_code == 401
    assert TEXTS["wrong"]["en"] in done.text
    assert "<script" not in done.text
    assert "set-cookie" not in done.headers
    assert sign_in(visitor, "", "").status_code == 422
    assert visitor.post("/signin", content=b"x" * 9000).status_code == 422


def test_guessing_from_one_address_is_slowed_down(visitor):
    codes = [sign_in(visitor, f"user{n}", "wrong wrong").status_code for n in range(TRIES_A_MINUTE + 2)]
    assert codes == [401] * TRIES_A_MINUTE + [429] * 2


@pytest.mark.parametrize(("language", "word"), [("zh-TW,zh;q=0.9", "登入"), ("en-GB", "Sign in"), ("de", "Sign in")])
def test_the_form_speaks_the_language_of_the_browser(visitor, language, word):
    text = visitor.get("/signin", headers={"accept-language": language}).text
    assert f"<button>{word}</button>" in text
    assert "http" not in text.replace('http-equiv="', "")  # nothing is fetched from anywhere


def test_the_form_has_every_word_in_every_language_and_can_be_switched(visitor):
    assert all(set(words) == set(TONGUES) for words in TEXTS.values())
    assert "密碼" in visitor.get("/signin?lang=zh-TW", headers={"accept-language": "en"}).text
    assert "密碼" in visitor.get("/signin", headers={"accept-language": "en"}).text  # remembered


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://tutor.test:8080"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://tutor.test"},
    ],
)
def test_pages_of_other_sites_change_nothing(visitor, headers, tmp_path):
    sign_in(visitor)
    assert visitor.post("/work", headers=headers).status_code == 403
    assert sign_in(visitor, headers=headers).status_code == 403
    assert visitor.post("/signout", headers=headers).status_code == 403
    own = site(tmp_path / "own", host="127.0.0.1", base="http://tutor.test")
    assert own.post("/work", headers=headers).status_code == 403


@pytest.mark.parametrize("headers", [{"origin": "http://tutor.test"}, {"sec-fetch-site": "same-origin"}, {}])
def test_the_own_page_and_programs_may(visitor, headers):
    sign_in(visitor)
    assert visitor.post("/work", headers=headers).json()["user"] == "anna"


def test_a_link_from_another_site_finds_its_visitor_signed_in(visitor):
    sign_in(visitor)
    token = visitor.cookies[COOKIE]
    visitor.cookies.clear()  # as a browser leaves a strict cookie out when it comes from elsewhere
    first = visitor.get("/who", headers={**HTML, "sec-fetch-site": "cross-site"})
    assert 'http-equiv="refresh"' in first.text
    visitor.cookies.set(COOKIE, token)
    assert visitor.get("/who", headers={**HTML, "sec-fetch-site": "same-origin"}).json() == "anna"


def test_a_key_does_what_it_was_made_for_and_nothing_else(visitor):
    key, secret = visitor.store.keys.add("ben", scopes=["ask", "admin"])
    headers = {"authorization": f"Bearer {secret}"}
    assert visitor.post("/work", headers=headers).json()["user"] == "ben"
    assert visitor.get("/scoped/ask", headers=headers).json() == "ben"
    assert "may not be used" in visitor.get("/scoped/data", headers=headers).json()
    assert "admin" in visitor.get("/scoped/admin", headers=headers).json()
    visitor.store.keys.revoke(None, key.id)
    assert visitor.get("/who", headers=headers).status_code == 401
    sign_in(visitor)
    wrong = visitor.get("/who", headers={"authorization": "Bearer tutor_guess"})
    assert wrong.status_code == 401  # a wrong key is never made good by a cookie
    assert visitor.get("/scoped/admin").json() == "anna"


def test_two_browsers_are_two_users(visitor, tmp_path):
    sign_in(visitor)
    other = TestClient(visitor.app, base_url="http://tutor.test", follow_redirects=False)
    sign_in(other, "ben")
    assert (visitor.get("/who").json(), other.get("/who").json()) == ("anna", "ben")


PROXY = {"proxy_user_header": "X-Forwarded-User", "proxy_addresses": ["10.0.0.0/8"]}


def test_a_trusted_proxy_names_the_user_and_nobody_else_can(tmp_path):
    behind = site(tmp_path, client=("10.1.2.3", 5), **PROXY)
    assert behind.get("/who", headers={"x-forwarded-user": "Chen@Example.org"}).json() == "chen@example.org"
    assert behind.get("/who").status_code == 401
    assert behind.get("/who", headers={"x-forwarded-user": "a/b"}).status_code == 503
    direct = site(tmp_path, client=("203.0.113.9", 5), **PROXY)
    assert direct.get("/who", headers={"x-forwarded-user": "chen@example.org"}).status_code == 401


def test_what_a_trusted_proxy_says_of_its_client_is_believed(tmp_path):
    behind = site(tmp_path, client=("10.1.2.3", 5), **PROXY)
    behind.store.accounts.add("anna", GOOD)
    headers = {
        "x-forwarded-proto": "https",
        "x-forwarded-for": "1.1.1.1, 198.51.100.7",
        "x-forwarded-host": "public.test",
    }
    assert (
        "secure" in sign_in(behind, headers={**headers, "origin": "https://public.test"}).headers["set-cookie"].lower()
    )
    for n in range(TRIES_A_MINUTE):
        sign_in(behind, "nobody", "wrong wrong", headers={**headers, "x-forwarded-for": f"{n}.1.1.1, 198.51.100.7"})
    assert sign_in(behind, headers=headers).status_code == 429
    assert sign_in(behind, headers={**headers, "x-forwarded-for": "198.51.100.8"}).status_code == 303


def test_one_user_cannot_crowd_out_another(tmp_path):
    visitor = site(tmp_path, rate_limit=40)
    keys = {}
    for name in ("anna", "ben"):
        visitor.store.accounts.add(name, GOOD)
        keys[name] = {"authorization": f"Bearer {visitor.store.keys.add(name)[1]}"}
    codes = [visitor.post("/work", headers=keys["anna"]).status_code for _ in range(25)]
    assert codes[:20] == [200] * 20
    assert codes[-1] == 429
    refused = visitor.post("/work", headers=keys["anna"])
    assert "retry-after" in refused.headers
    assert visitor.post("/work", headers=keys["ben"]).status_code == 200
    assert visitor.get("/who", headers=keys["anna"]).status_code == 200


def test_bodies_have_an_end_whatever_length_they_declare(visitor, monkeypatch):
    noted = []
    monkeypatch.setattr(guard.log, "debug", lambda words, *_, **more: noted.append((words, more)))
    sign_in(visitor)
    assert visitor.post("/work", content=b"x" * LARGEST_OTHER).json()["bytes"] == LARGEST_OTHER
    assert visitor.post("/work", content=b"x" * (LARGEST_OTHER + 1)).status_code == 413

    def chunks():
        for _ in range(LARGEST_OTHER // 65536 + 2):
            yield b"x" * 65536

    assert visitor.post("/work", content=chunks()).status_code == 413
    assert [bool(more.get("exc_info")) for words, more in noted if "cut off" in words] == [True]


def test_a_database_that_is_down_gives_503_and_not_a_way_in(tmp_path):
    visitor = site(tmp_path)
    visitor.store.accounts.add("anna", GOOD)
    sign_in(visitor)
    visitor.store.close()
    (tmp_path / "tutor.sqlite").write_bytes(b"no database any more " * 500)
    assert visitor.get("/who").status_code == 503
    assert visitor.get("/health").status_code == 200
    assert sign_in(visitor).status_code == 503


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "nobody who may sign in"),
        ({"sign_in": False}, "sign-in off"),
        ({"host": "127.0.0.1", "sign_in": True}, "nobody"),
    ],
)
def test_serving_others_without_accounts_is_refused_with_the_command(tmp_path, fields, said):
    settings = Settings(data_dir=tmp_path, **{"host": "0.0.0.0", **fields})
    with open_store(settings) as store:
        with pytest.raises(UsageError, match=said) as caught:
            check_can_sign_in(settings, store)
        assert "tutor users add" in caught.value.mend
        check_can_sign_in(settings.model_copy(update={"sign_in": None, **PROXY}), store)
        if settings.sign_in is not False:
            store.accounts.add("anna", GOOD)
            check_can_sign_in(settings, store)


def test_a_proxy_address_that_is_none_is_a_clear_error(tmp_path):
    visitor = site(tmp_path, proxy_addresses=["nonsense"])
    with pytest.raises(UsageError, match="TUTOR_PROXY_ADDRESSES"):
        visitor.get("/health")


def test_a_bucket_fills_again_by_the_clock():
    moment = 0.0
    buckets = Buckets(per_minute=60, burst=2, clock=lambda: moment)
    assert [buckets.take("a") for _ in range(2)] == [0, 0]
    assert buckets.take("a") == pytest.approx(1.0)
    assert buckets.take("b") == 0
    moment = 1.0
    assert buckets.take("a") == 0
    assert buckets.take("a") > 0
    moment = 100.0
    assert [buckets.take("a") > 0 for _ in range(3)] == [False, False, True]
