"""A document handed in again: the old one comes back where the new one cannot be built, whoever listens."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import DiskFull, IndexBusy
from tutor.settings import Settings
from tutor.web import uploads
from tutor.web.uploads import Upload, adding, documents_dir

OLD = Upload("mine.md", b"## 1. What is a cache?\nIt keeps what is often used in faster memory.\n")
NEW = Upload("mine.md", b"## 1. What is an index?\nIt finds rows without reading the whole table.\n")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(data_dir=tmp_path, embedders=["use"])
    assert [name for name, _ in adding(made, OLD, None)][-1] == "done"
    return made


def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, progress: Any, **__: Any) -> None:
        progress("keywords", 0, 1)
        raise DiskFull("There is no room left.")

    monkeypatch.setattr(uploads, "ingest", fail)


def kept(settings: Settings) -> bytes:
    return (documents_dir(settings) / "mine.md").read_bytes()


def test_a_failed_build_brings_the_old_document_back(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch)
    with pytest.raises(DiskFull):
        list(adding(settings, NEW, None, replace=True))
    assert kept(settings) == OLD.data


def test_it_comes_back_also_where_the_sender_has_hung_up(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch)
    steps = adding(settings, NEW, None, replace=True)
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    deadline = time.monotonic() + 10
    while list(documents_dir(settings).glob(".mine*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert kept(settings) == OLD.data


def test_two_at_once_do_not_mix(settings: Settings) -> None:
    first = adding(settings, NEW, None, replace=True)
    next(first)
    with pytest.raises(IndexBusy):
        list(adding(settings, OLD, None, replace=True))
    assert list(first)[-1][0] == "done"
    assert kept(settings) == NEW.data
    assert list(adding(settings, OLD, None, replace=True))[-1][0] == "done"
