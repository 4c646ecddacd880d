"""The small parts of the doors: streams that stop, sources as text, what was withdrawn, what the gate refuses."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from ingest import errors
from ingest.corpora import ingest
from tutor.answering.answer import Answer, Citation
from tutor.interview import material
from tutor.settings import Settings
from tutor.web.gate import Gate
from tutor.web.open_corpora import OpenCorpora
from tutor.web.problems import Refused, problem_of, status_of
from tutor.web.pump import pumped
from tutor.web.sources import bare, sources, withdrawn


def answer(text: str, *cited: tuple[int, str], language: Any = "zh-Hant") -> Answer:
    citations = tuple(Citation(n, "解釋", quote, 0, len(quote), "supported") for n, quote in cited)
    return Answer(text, False, language, citations)


def test_sources_name_each_question_once_in_order() -> None:
    found = sources(answer("文", (19, "快取"), (2, "注意力"), (19, "另一句")), {19: "KV Cache", 2: "Attention"})
    assert found.splitlines()[2:] == [
        "---", "**來源**", "- 【第2題】 Attention · 解釋: 「注意力」 (有依據)", "- 【第19題】 KV Cache · 解釋: 「快取」 (有依據)",
    ]  # fmt: skip
    assert sources(answer("文"), {}) == ""


@pytest.mark.parametrize(("language", "head"), [("zh-Hant", "來源"), ("zh-Hans", "来源"), ("en", "Sources")])
def test_what_was_added_for_readers_is_taken_off_again(language: str, head: str) -> None:
    text = "A cache stores things【Q1】."
    shown = text + sources(answer(text, (1, "stores"), language=language), {1: "Cache"})
    assert head in shown
    assert bare(shown) == text
    with_both = text + withdrawn("Gone for good, this one.", answer(text, language=language)) + sources(
        answer(text, (1, "stores"), language=language), {1: "Cache"}
    )  # fmt: skip
    assert bare(with_both) == text
    assert bare("a rule\n\n---\nof the user's own") == "a rule\n\n---\nof the user's own"


def test_a_sentence_that_did_not_last_is_withdrawn() -> None:
    streamed = "快取避免重複計算【第1題】。快取是一種資料庫引擎。\n\n**文件中的重點**\n\n- 向量保存在記憶體裡【第1題】"
    final = "快取避免重複計算【第1題】。\n\n**文件中的重點**\n\n- 向量保存在記憶體裡【第1題】"
    found = withdrawn(streamed, answer(final))
    assert "~~快取是一種資料庫引擎。~~" in found
    assert "避免重複計算" not in found
    assert withdrawn(final, answer(final)) == ""


def test_a_stream_passes_everything_on_and_raises_what_was_raised() -> None:
    async def use() -> list[int | None]:
        found: list[int | None] = []

        def source() -> Iterator[int]:
            yield 1
            yield 2
            raise errors.ModelUnavailable("gone")

        async def read() -> None:
            async for item in pumped(source):
                found.append(item)

        with pytest.raises(errors.ModelUnavailable):
            await read()
        return found

    assert asyncio.run(use()) == [1, 2]


def test_a_source_that_cannot_be_opened_says_so() -> None:
    def source() -> Iterator[int]:
        raise errors.IndexMissing("not there")

    async def use() -> None:
        async for _ in pumped(source):
            pass

    with pytest.raises(errors.IndexMissing):
        asyncio.run(use())


def test_closing_a_stream_closes_its_source() -> None:
    closed, gate = threading.Event(), threading.Event()

    def source() -> Iterator[int]:
        try:
            yield 1
            gate.wait(30)
            yield 2
            yield 3
        finally:
            closed.set()

    async def use() -> None:
        stream = pumped(source)
        assert await anext(stream) == 1
        await stream.aclose()  # type: ignore[attr-defined]
        gate.set()

    asyncio.run(use())
    assert closed.wait(30)


def test_silence_is_filled() -> None:
    gate = threading.Event()

    def source() -> Iterator[int]:
        gate.wait(30)
        yield 1

    async def use() -> list[int | None]:
        found = []
        async for item in pumped(source, 0.01):
            found.append(item)
            gate.set()
        return found

    found = asyncio.run(use())
    assert found[0] is None
    assert found[-1] == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.UsageError("x"), 422),
        (errors.DocumentError("x"), 422),
        (errors.IndexMissing("x"), 404),
        (errors.NotFound("x"), 404),
        (errors.SignInNeeded("x"), 401),
        (errors.Forbidden("x"), 403),
        (errors.TooMany("x"), 429),
        (errors.IndexBusy("x"), 409),
        (errors.ModelUnavailable("x"), 503),
        (errors.StoreUnavailable("x"), 503),
    ],
)
def test_every_error_has_its_status(error: errors.TutorError, status: int) -> None:
    assert status_of(error) == status


def test_no_error_for_users_becomes_a_bug() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.TutorError)]
    assert all(status_of(kind("x")) != 500 for kind in kinds if kind is not errors.TutorError)


def test_a_bug_says_nothing_of_itself() -> None:
    members = problem_of(ZeroDivisionError("a secret"), "/api/v1/ask")
    assert members["status"] == 500
    assert "secret" not in str(members)
    assert problem_of(Refused(415, "no", "do this"))["mend"] == "do this"


@pytest.fixture
def behind() -> TestClient:
    async def echo(request: Request) -> JSONResponse:
        return JSONResponse({"size": len(await request.body())})

    app = Starlette(routes=[Route("/{rest:path}", echo, methods=["GET", "POST", "DELETE"])])
    app.add_middleware(Gate, largest=(("/api/large", 1000), ("/", 10)), shaped=lambda *_: None)
    return TestClient(app)


@pytest.mark.parametrize(
    ("method", "path", "kind", "body", "status"),
    [
        ("POST", "/api/x", "application/json", b"{}", 200),
        ("POST", "/api/x", "application/json; charset=utf-8", b"{}", 200),
        ("POST", "/api/x", "text/plain", b"{}", 415),
        ("POST", "/v1/x", "multipart/form-data", b"{}", 415),
        ("POST", "/api/x", "", b"{}", 415),
        ("POST", "/api/x", "", b"", 200),
        ("DELETE", "/api/x", "", b"", 200),
        ("GET", "/api/x", "", b"", 200),
        ("POST", "/api/x", "application/json", b"x" * 11, 413),
        ("POST", "/api/large", "application/json", b"x" * 999, 200),
        ("POST", "/page", "text/plain", b"x" * 999, 200),
    ],
)
def test_the_gate(behind: TestClient, method: str, path: str, kind: str, body: bytes, status: int) -> None:
    headers = {"content-type": kind} if kind else {}
    found = behind.request(method, path, content=body, headers=headers)
    assert found.status_code == status
    if status == 200:
        assert found.json() == {"size": len(body)}


def test_first_graders_at_once_read_the_document_once(
    tmp_path: Path, tiny_bank: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data_dir=tmp_path, corpus="tiny")
    ingest(settings.corpora_dir, "tiny", tiny_bank, embedders=["use"])
    opened = OpenCorpora(SimpleNamespace(settings=settings))  # type: ignore[arg-type]
    everybody, reads, read = threading.Barrier(8), [], material.open_material

    def counted(folder: Path, corpus: str) -> Any:
        reads.append(corpus)
        return read(folder, corpus)

    def first_look(_: int) -> Any:
        everybody.wait(30)
        return opened.material(None)

    monkeypatch.setattr(material, "open_material", counted)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(first_look, range(8)))
    assert reads == ["tiny"]
    assert all(one is found[0] for one in found)
