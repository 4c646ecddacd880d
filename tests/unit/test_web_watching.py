"""Figures, log lines and traces of answers and requests: complete, bounded in number, and without anybody's words."""

from __future__ import annotations

import json
import logging
from collections.abc import Generator, Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tutor.answering.answer import Answer, Citation, Done, Event, Text
from tutor.answering.tutor import Ask
from tutor.web.logs import JsonLines
from tutor.web.metrics import Metrics
from tutor.web.traces import Traces
from tutor.web.watching import REQUEST_ID, Watch, Watcher

SECRET = "why does my own secret project fail"
ANSWER = Answer(
    answer="Because of " + SECRET,
    refused=False,
    language="en",
    citations=(Citation(19, "解釋", "quote", 0, 5, "supported"),),
    flags=("unsupported-dropped", "reason: " + SECRET, "attack: orders («" + SECRET + "»)"),
    timings={"retrieval_ms": 50.0, "first_token_ms": 900.0, "total_ms": 4000.0},
    usage={"prompt_tokens": 600, "cached_tokens": 500, "completion_tokens": 80},
    model="m",
)


def events(answer: Answer = ANSWER) -> Generator[Event]:
    yield Text("Because")
    yield Done(answer)


def value(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(name, labels) or 0.0


def test_an_answer_is_counted_with_its_stages_and_tokens() -> None:
    watcher = Watcher()
    assert len(list(watcher.watch(Ask(SECRET), events()))) == 2
    metrics = watcher.metrics
    assert value(metrics, "tutor_answers_total", outcome="answered", language="en") == 1
    assert value(metrics, "tutor_answer_seconds_sum", stage="retrieval") == pytest.approx(0.05)
    assert value(metrics, "tutor_answer_seconds_count", stage="total") == 1
    assert value(metrics, "tutor_tokens_total", kind="cached") == 500
    assert value(metrics, "tutor_citations_total", status="supported") == 1
    assert value(metrics, "tutor_flags_total", flag="unsupported-dropped") == 1
    assert value(metrics, "tutor_flags_total", flag="attack") == 1
    assert watcher.running.count == 0


def test_stopped_and_failed_answers_are_told_apart_and_close_what_they_watch() -> None:
    watcher = Watcher()
    closed = []

    def endless() -> Generator[Event]:
        try:
            while True:
                yield Text("on and on")
        finally:
            closed.append(True)

    stream = watcher.watch(Ask("q"), endless())
    next(stream)
    assert watcher.running.count == 1
    stream.close()
    assert closed
    assert watcher.running.count == 0

    def broken() -> Generator[Event]:
        yield Text("a")
        raise KeyError("x")

    with pytest.raises(KeyError):
        list(watcher.watch(Ask("q"), broken()))
    assert value(watcher.metrics, "tutor_answers_total", outcome="stopped", language="none") == 1
    assert value(watcher.metrics, "tutor_answers_total", outcome="failed", language="none") == 1
    assert value(watcher.metrics, "tutor_errors_total", error="KeyError") == 1


def test_labels_stay_few_whatever_the_checks_say() -> None:
    metrics = Metrics()
    metrics.flags(
        ["attack: words", "hidden characters removed", *(f"odd-{n}" for n in range(100)), "reason: something"]
    )
    metrics.feedback("thumb", -1)
    metrics.feedback("<script>", 1)
    assert value(metrics, "tutor_flags_total", flag="attack") == 1
    assert value(metrics, "tutor_flags_total", flag="hidden characters removed") == 1
    assert value(metrics, "tutor_flags_total", flag="other") == 100
    assert value(metrics, "tutor_feedback_total", kind="other", value="up") == 1


@pytest.fixture
def records() -> Iterator[list[logging.LogRecord]]:
    kept: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = kept.append  # type: ignore[assignment]
    log = logging.getLogger("tutor.web")
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield kept
    log.removeHandler(handler)
    log.setLevel(level)


def test_the_log_has_figures_and_no_words_unless_asked(records: list[logging.LogRecord]) -> None:
    list(Watcher().watch(Ask(SECRET), events()))
    line = JsonLines().format(records[-1])
    row = json.loads(line)
    assert SECRET not in line
    assert row["outcome"] == "answered"
    assert row["questions"] == [19]
    assert row["cached_tokens"] == 500
    list(Watcher(log_texts=True).watch(Ask(SECRET), events()))
    assert json.loads(JsonLines().format(records[-1]))["query"] == SECRET


def test_a_log_line_is_one_line_with_its_request() -> None:
    token = REQUEST_ID.set("abc-12345")
    try:
        record = logging.makeLogRecord({"msg": "two\nlines %s", "args": ("題",), "levelname": "INFO", "name": "tutor"})
        line = JsonLines().format(record)
    finally:
        REQUEST_ID.reset(token)
    assert "\n" not in line
    assert json.loads(line) | {"message": "two\nlines 題", "request": "abc-12345"} == json.loads(line)


def test_traces_have_a_span_for_each_stage_and_no_words() -> None:
    kept = InMemorySpanExporter()
    watcher = Watcher(traces=Traces.through(SimpleSpanProcessor(kept)))
    list(watcher.watch(Ask(SECRET), events()))
    spans = {span.name: span for span in kept.get_finished_spans()}
    assert set(spans) == {"answer", "retrieval", "first token", "wording"}
    whole = spans["answer"]
    assert spans["wording"].parent is not None
    assert spans["wording"].parent.span_id == whole.context.span_id
    assert (whole.end_time or 0) - (whole.start_time or 0) == 4_000_000_000
    assert SECRET not in "".join(span.to_json() for span in spans.values())
    watcher.close()


def test_without_a_collector_nothing_is_traced() -> None:
    Traces.to("").answer(0, ANSWER, "answered", "x")


@pytest.fixture
def client() -> tuple[TestClient, Metrics]:
    app, metrics = FastAPI(), Metrics()

    @app.get("/things/{name}")
    def thing(name: str) -> str:
        if name == "broken":
            raise RuntimeError("broken")
        return REQUEST_ID.get()

    app.add_middleware(Watch, metrics=metrics)
    return TestClient(app, raise_server_exceptions=False), metrics


def test_every_request_has_an_id_its_own_or_the_proxys(client: tuple[TestClient, Metrics]) -> None:
    http, _ = client
    given = http.get("/things/a", headers={"x-request-id": "0123456789-abc"})
    assert given.headers["x-request-id"] == given.json() == "0123456789-abc"
    for bad in ("short", "x" * 100, "with space 12345", "<script>alert(1)</script>"):
        made = http.get("/things/a", headers={"x-request-id": bad}).headers["x-request-id"]
        assert made != bad
        assert len(made) == 32


def test_requests_are_counted_by_route_not_by_path(client: tuple[TestClient, Metrics]) -> None:
    http, metrics = client
    for name in ("a", "b", "c"):
        http.get(f"/things/{name}")
    http.get("/things/broken")
    for n in range(20):
        http.get(f"/nowhere/{n}")
    assert value(metrics, "tutor_requests_total", method="GET", route="/things/{name}", status="200") == 3
    assert value(metrics, "tutor_requests_total", method="GET", route="/things/{name}", status="500") == 1
    assert value(metrics, "tutor_requests_total", method="GET", route="page", status="404") == 20
    assert value(metrics, "tutor_errors_total", error="RuntimeError") == 1
    content, content_type = metrics.page("text/plain")
    assert content_type.startswith("text/plain")
    assert b"tutor_request_seconds_bucket" in content


def test_a_line_break_in_a_path_begins_no_line_of_the_log(
    client: tuple[TestClient, Metrics], records: list[logging.LogRecord]
) -> None:
    client[0].get("/things/題%0aERROR forged")
    assert [r.getMessage() for r in records] == ["GET /things/題%0AERROR forged 200"]


def test_readiness_and_queue_are_asked_at_every_scrape() -> None:
    metrics, state = Metrics(), {"ready": False, "waiting": 3}
    metrics.watch_readiness({"model": lambda: bool(state["ready"])})
    metrics.watch_queue(lambda: int(state["waiting"]))
    assert value(metrics, "tutor_ready", part="model") == 0
    assert value(metrics, "tutor_queue") == 3
    state["ready"] = True
    assert value(metrics, "tutor_ready", part="model") == 1
