"""Documents handed in: where the new one cannot be built the old one comes back, and what is removed is deleted in the end."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ingest.corpora import ingest
from ingest.errors import DiskFull, DocumentError, IndexBusy
from ingest.shelf import remove, shelf
from tutor.settings import Settings
from tutor.web import uploads
from tutor.web.library.adding import KEPT_SECONDS, Adding
from tutor.web.uploads import Upload, adding, documents_dir

OLD = Upload("mine.md", b"## 1. What is a cache?\nIt keeps what is often used in faster memory.\n")
NEW = Upload("mine.md", b"## 1. What is an index?\nIt finds rows without reading the whole table.\n")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(
        uploads, "ingest", ingest
    )  # in this process, which saves two seconds a test; else in one of its own
    made = Settings(data_dir=tmp_path, embedders=["use"])
    assert [name for name, _ in adding(made, OLD, None)][-1] == "done"
    return made


@pytest.fixture
def page(settings: Settings) -> Adding:
    """Documents as the page adds and removes them."""
    corpora = SimpleNamespace(shelved=lambda: shelf(settings.corpora_dir, settings.embedders), forget=lambda name: None)
    return Adding(settings, cast(Any, corpora))


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


def test_a_document_removed_on_the_page_can_be_brought_back(settings: Settings, page: Adding) -> None:
    path = page.remove("mine")
    assert not list(documents_dir(settings).iterdir())
    assert list(page.build("mine", path))[-1].questions == 1
    assert kept(settings) == OLD.data
    assert not path.parent.exists()


def test_a_removed_document_is_deleted_after_a_day(settings: Settings, page: Adding) -> None:
    path = page.remove("mine")
    long_ago = time.time() - KEPT_SECONDS - 1
    os.utime(path.parent, (long_ago, long_ago))
    Adding(settings, cast(Any, None))
    assert not [p for p in settings.data_dir.rglob("*") if p.is_file() and p.suffix == ".md"]
    with pytest.raises(DocumentError, match="gone"):
        list(page.build("mine", path))


def test_a_document_that_lies_elsewhere_stays_there(settings: Settings, page: Adding, tiny_bank: Path) -> None:
    ingest(settings.corpora_dir, "own", tiny_bank, embedders=settings.embedders)
    assert page.remove("own") == tiny_bank.resolve()
    list(page.build("own", tiny_bank))
    assert tiny_bank.is_file()


def beside(settings: Settings, text: str = "[]") -> Path:
    """Follow-ups beside the document, as a restored backup may have put them there."""
    path = documents_dir(settings) / "mine.probes.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_lies_beside_a_document_goes_and_comes_back_with_it(settings: Settings, page: Adding) -> None:
    probes = beside(settings)
    path = page.remove("mine")
    assert not list(documents_dir(settings).iterdir())
    list(page.build("mine", path))
    assert probes.read_text(encoding="utf-8") == "[]"
    uploads.forget_document(settings, "mine")
    assert not list(documents_dir(settings).iterdir())


def test_a_new_document_has_nothing_of_an_earlier_one_beside_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    probes = beside(settings)
    list(adding(settings, NEW, None, replace=True))
    assert probes.exists()
    remove(settings.corpora_dir, "mine")
    with monkeypatch.context() as patch:
        failing(patch)
        with pytest.raises(DiskFull):
            list(adding(settings, OLD, None))
    assert probes.exists()
    list(adding(settings, OLD, None))
    assert [path.name for path in documents_dir(settings).iterdir()] == ["mine.md"]
