"""Users as locust plays them: they ask, follow up, search, are interviewed and browse, and compare every answer with the one given in calm.

    locust -f eval/load/users.py --headless -u 200 -r 20 -t 10m --hosts http://127.0.0.1:7861,http://127.0.0.1:7862

`python -m eval load` runs this against processes of its own. Knows the tutor's public addresses, nothing inside it.
"""

from __future__ import annotations

import json
import random
import uuid
from time import perf_counter
from typing import Any

import httpx
from locust import HttpUser, between, events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment

from eval.load.questions import FOLLOW_UPS, QUESTIONS

ANSWER = "它把先前算過的 Key 和 Value 留在記憶體裡，所以每一步只要算新的那個字，代價是記憶體隨長度增加。"
# The first questions of the corpus; any will do.
QUESTIONS_INTERVIEWED = 20
PAGES = ("/", "/config", "/theme.css")
# Answers given before the load begins. The stand-in model answers by rule, so under load they must be the very same:
# a word from another user's answer, or a lost one, is found whatever it is.
EXPECTED: dict[str, str] = {}


@events.init_command_line_parser.add_listener
def _arguments(parser: LocustArgumentParser) -> None:
    parser.add_argument(
        "--hosts", default="", help="application processes, comma-separated; users are spread over them"
    )


@events.test_start.add_listener
def _in_calm(environment: Environment, **_: Any) -> None:
    host = _hosts(environment)[0]
    for query in QUESTIONS:
        reply = httpx.post(f"{host}/api/v1/ask", json={"query": query}, timeout=120, trust_env=False)
        reply.raise_for_status()
        EXPECTED[query] = reply.json()["answer"]


def _hosts(environment: Environment) -> list[str]:
    options = environment.parsed_options
    named = str(getattr(options, "hosts", "") or "")
    return [host for host in named.split(",") if host] or [str(environment.host)]


class Learner(HttpUser):
    """Somebody who prepares: mostly asks, sometimes follows up, searches, is interviewed, or looks at the page."""

    wait_time = between(1, 3)
    host = "http://127.0.0.1:7860"

    def __init__(self, environment: Environment) -> None:
        self.host = random.choice(_hosts(environment))
        super().__init__(environment)
        self.history: list[dict[str, str]] = []

    @task(6)
    def ask(self) -> None:
        """A question without history."""
        self.history.clear()
        self._stream(random.choice(QUESTIONS), "ask")

    @task(3)
    def follow_up(self) -> None:
        """A question that only makes sense after the last one."""
        if self.history:
            self._stream(random.choice(FOLLOW_UPS), "follow up")

    @task(2)
    def search(self) -> None:
        """Ranked questions, without a model."""
        self.client.post("/api/v1/search", json={"query": random.choice(QUESTIONS)}, name="search")

    @task(1)
    def interview(self) -> None:
        """One question of an interview, answered and reported; the report must judge what was said here."""
        setup = {"questions": [random.randrange(1, QUESTIONS_INTERVIEWED + 1)], "follow_ups": 0}
        begun = self.client.post("/api/v1/interviews", json=setup, name="interview: begin")
        if begun.status_code != 201:
            return
        address = f"/api/v1/interviews/{begun.json()['interview']['id']}"
        mine = f"{ANSWER} {uuid.uuid4().hex}"
        with self.client.post(
            f"{address}/answer", json={"text": mine}, name="interview: answer", catch_response=True
        ) as reply:
            if reply.status_code != 200:
                reply.failure(f"status {reply.status_code}")
            elif mine not in reply.text:
                reply.failure("what was said is not there")
        self.client.get(f"{address}/report", name="interview: report")
        self.client.delete(address, name="interview: forget")

    @task(1)
    def browse(self) -> None:
        """The page and what it loads."""
        self.client.get(random.choice(PAGES), name="browse")

    def _stream(self, query: str, name: str) -> None:
        body = {"query": query, "history": self.history[-6:], "stream": True}
        started = perf_counter()
        done: dict[str, Any] | None = None
        with self.client.post(
            "/api/v1/ask", json=body, stream=True, name=f"{name}: first byte", catch_response=True
        ) as reply:
            if reply.status_code != 200:
                reply.failure(f"status {reply.status_code}")
                return
            done = _done(reply)
            if done is None:
                reply.failure("the stream ended without its end")
            elif not self.history and done["answer"] != EXPECTED[query]:
                reply.failure("another answer than in calm")
        if done is None:
            return
        self.environment.events.request.fire(
            request_type="STREAM", name=f"{name}: whole", response_time=(perf_counter() - started) * 1000,
            response_length=len(str(done)), exception=None, context={},
        )  # fmt: skip
        self.history += [{"role": "user", "content": query}, {"role": "assistant", "content": str(done["answer"])}]


def _done(reply: Any) -> dict[str, Any] | None:
    """The last event of a stream."""
    event = ""
    for raw in reply.iter_lines():
        line = raw.decode("utf-8")
        if line.startswith("event: "):
            event = line[7:]
        elif line.startswith("data: ") and event == "done":
            found: dict[str, Any] = json.loads(line[6:])
            return found
    return None
