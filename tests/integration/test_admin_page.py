"""The admins' page: there for admins alone, complete in every language, and what is done on it is done."""

from __future__ import annotations

import pytest
from accounts import BETTER, GOOD, enter
from fastapi.testclient import TestClient

from tutor.web.backstage import Backstage
from tutor.web.page import masthead_html
from tutor.web.strings import TONGUES, say

EVIL = "<img src=x onerror=alert(1)>"


def test_only_admins_see_it_and_only_they_change_anything(client: TestClient, stage: Backstage) -> None:
    stranger = client.get("/admin", headers={"accept": "text/html"})
    assert (stranger.status_code, stranger.headers["location"]) == (303, "/signin?next=%2Fadmin")
    enter(client, "ben")
    for reply in (client.get("/admin"), client.post("/admin", data={"do": "role", "name": "ben", "role": "admin"})):
        assert reply.status_code == 403
        assert "anna" not in reply.text
    assert stage.store.accounts.get("ben").role == "user"
    foreign = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}
    enter(client, "anna")
    assert client.post("/admin", data={"do": "remove", "name": "ben"}, headers=foreign).status_code == 403
    assert stage.store.accounts.get("ben").name == "ben"


@pytest.mark.parametrize("tongue", TONGUES)
def test_it_shows_users_documents_usage_and_feedback(client: TestClient, stage: Backstage, tongue: str) -> None:
    talk = stage.store.conversations.create("ben", "llm", "SECRET-TITLE")
    stage.store.conversations.append("ben", talk.id, "user", "SECRET-WORDS")
    stage.store.feedback.add("ben", "thumb", "message:1", -1, f"wrong number {EVIL}")
    enter(client, "anna")
    page = client.get(f"/admin?lang={tongue}")
    assert page.status_code == 200
    for key in ("admin-users", "admin-corpora", "admin-usage", "admin-feedback", "admin-add"):
        assert say(key, tongue) in page.text  # type: ignore[arg-type]
    assert "ben" in page.text
    assert "wrong number" in page.text
    assert "llm-vlm-80" in page.text
    assert EVIL not in page.text
    assert "SECRET" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert "<script" not in page.text


def test_what_is_done_is_done(client: TestClient, stage: Backstage) -> None:
    enter(client, "anna")

    def do(**fields: str) -> int:
        return client.post("/admin", data=fields).status_code

    accounts = stage.store.accounts
    assert do(do="add", name="chen", password=BETTER, role="user") == 303
    assert accounts.check("chen", BETTER).role == "user"
    assert do(do="role", name="chen", role="admin") == 303
    assert accounts.get("chen").role == "admin"
    assert do(do="password", name="chen", password=GOOD) == 303
    assert accounts.check("chen", GOOD).name == "chen"
    assert do(do="remove", name="chen") == 303
    assert [account.name for account in accounts.list()] == ["anna", "ben"]
    refused = client.post("/admin", data={"do": "role", "name": "anna", "role": "user"})
    assert refused.status_code == 422  # the last admin
    assert 'role="alert"' in refused.text
    chinese = client.post("/admin?lang=zh-TW", data={"do": "role", "name": "anna", "role": "user"})
    assert "是最後一位管理者" in chinese.text
    assert do(do="add", name="dora", password="short", role="user") == 422


def test_signing_somebody_out_ends_their_sessions(client: TestClient, stage: Backstage) -> None:
    enter(client, "ben")
    ben = dict(client.cookies)
    enter(client, "anna")
    assert client.post("/admin", data={"do": "sign-out", "name": "ben"}).status_code == 303
    assert client.get("/admin").status_code == 200
    client.cookies.clear()
    client.cookies.update(ben)
    assert client.get("/api/v1/me").status_code == 401


def test_the_masthead_leads_admins_there() -> None:
    assert 'href="admin"' in masthead_html("en", leaving="anna", admin=True)
    assert 'href="admin"' not in masthead_html("en", leaving="ben")
