"""Accounts over HTTP: what users may do with their own, what only admins may, and what a key never can."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from accounts import BETTER, GOOD, enter
from fastapi.testclient import TestClient

from tutor.settings import Settings
from tutor.web.app import create_app
from tutor.web.backstage import Backstage


def test_a_user_changes_the_password_only_with_the_old_one(client: TestClient) -> None:
    assert enter(client, "ben") == 303
    url = "/api/v1/me/password"
    assert client.put(url, json={"old": "wrong wrong", "new": BETTER}).status_code == 401
    assert client.put(url, json={"old": GOOD, "new": "short"}).status_code == 422
    assert client.put(url, json={"old": GOOD, "new": BETTER}).status_code == 204
    assert client.get("/api/v1/me").status_code == 401
    assert (enter(client, "ben"), enter(client, "ben", BETTER)) == (401, 303)


def test_a_key_is_made_used_and_revoked_but_makes_no_other(client: TestClient) -> None:
    enter(client, "ben")
    made: Any = client.post("/api/v1/me/keys", json={"name": "script", "scopes": ["ask", "data"], "days": 3}).json()
    client.cookies.clear()
    headers = {"authorization": f"Bearer {made['key']}"}
    listed = client.get("/api/v1/me/keys", headers=headers)
    assert [k["name"] for k in listed.json()["keys"]] == ["script"]
    assert made["key"] not in listed.text
    more = client.post("/api/v1/me/keys", json={"scopes": ["admin"]}, headers=headers)
    assert more.status_code == 403
    change = client.put("/api/v1/me/password", json={"old": GOOD, "new": BETTER}, headers=headers)
    assert change.status_code == 403
    enter(client, "anna")
    assert client.delete(f"/api/v1/me/keys/{made['id']}").status_code == 404  # not hers
    enter(client, "ben")
    assert client.delete(f"/api/v1/me/keys/{made['id']}").status_code == 204
    client.cookies.clear()
    assert client.get("/api/v1/me/keys", headers=headers).status_code == 401


ADMIN = [
    ("GET", "/users", None), ("POST", "/users", {"name": "eve", "password": GOOD, "role": "admin"}),
    ("PATCH", "/users/ben", {"role": "admin"}), ("DELETE", "/users/anna", None), ("GET", "/feedback", None),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), ADMIN)
def test_only_admins_see_and_change_others(
    client: TestClient, stage: Backstage, method: str, path: str, body: dict[str, str] | None
) -> None:
    enter(client, "ben")
    assert client.request(method, f"/api/v1/admin{path}", json=body).status_code == 403
    client.cookies.clear()
    assert client.request(method, f"/api/v1/admin{path}", json=body).status_code == 401
    _, secret = stage.store.keys.add("anna", scopes=["ask", "practise", "data", "metrics"])
    headers = {"authorization": f"Bearer {secret}"}
    assert client.request(method, f"/api/v1/admin{path}", json=body, headers=headers).status_code == 403
    assert [(a.name, a.role) for a in stage.store.accounts.list()] == [("anna", "admin"), ("ben", "user")]


def test_an_admin_looks_after_the_users(client: TestClient, stage: Backstage) -> None:
    made = stage.store.conversations.create("ben", "llm", "SECRET-TITLE")
    stage.store.conversations.append("ben", made.id, "user", "SECRET-WORDS")
    stage.store.conversations.append("ben", made.id, "assistant", "SECRET-WORDS")
    stage.store.feedback.add("ben", "thumb", "message:1", -1, "not so good")
    enter(client, "anna")
    assert client.post("/api/v1/admin/users", json={"name": "Chen", "password": BETTER}).status_code == 201
    assert client.post("/api/v1/admin/users", json={"name": "chen", "password": BETTER}).status_code == 422
    answer = client.get("/api/v1/admin/users")
    users = {u["name"]: u for u in answer.json()["users"]}
    assert list(users) == ["anna", "ben", "chen"]
    assert users["ben"]["usage"] | {"last": None} == {
        "conversations": 1, "asked": 1, "interviews": 0, "attempts": 0, "feedback": 1, "last": None
    }  # fmt: skip
    assert users["ben"]["usage"]["last"] is not None
    assert "SECRET" not in answer.text
    assert "argon2" not in answer.text
    assert client.get("/api/v1/admin/feedback").json()["feedback"][0]["user"] == "ben"
    last_admin = client.patch("/api/v1/admin/users/anna", json={"role": "user", "password": BETTER})
    assert last_admin.status_code == 422
    assert stage.store.accounts.check("anna", GOOD).role == "admin"
    assert client.patch("/api/v1/admin/users/chen", json={"role": "admin", "password": GOOD}).status_code == 204
    assert stage.store.accounts.check("chen", GOOD).role == "admin"
    assert client.delete("/api/v1/admin/users/ben").status_code == 204
    assert stage.store.export("ben")["conversations"] == []
    assert client.delete("/api/v1/admin/users/nobody").status_code == 404
    assert client.patch("/api/v1/admin/users/nobody", json={}).status_code == 404


def test_with_sign_in_off_there_is_no_own_account_to_change(tmp_path: Path) -> None:
    app = create_app(Settings(data_dir=tmp_path, corpus="nowhere", model="none"))
    with TestClient(app, base_url="http://127.0.0.1:7860") as client:
        assert client.post("/api/v1/me/keys", json={}).status_code == 404
        assert client.put("/api/v1/me/password", json={"old": "x", "new": GOOD}).status_code == 404
        assert client.get("/api/v1/admin/users").json() == {"users": []}


def test_a_key_reads_by_mcp_what_it_may_ask_and_nothing_else(client: TestClient, stage: Backstage) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": "corpus://nowhere/questions"}}
    told = {}
    for scope in ("metrics", "ask"):
        _, secret = stage.store.keys.add("ben", scopes=[scope])
        headers = {"authorization": f"Bearer {secret}", "accept": "application/json, text/event-stream"}
        told[scope] = client.post("/mcp", json=body, headers=headers).text
    assert "may not be used for 'ask'" in told["metrics"]
    assert "There is no corpus called 'nowhere'" in told["ask"]
