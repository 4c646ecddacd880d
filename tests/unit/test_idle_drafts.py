"""Drafts by the model in idle time: one at a time, kept at once, never in place of what a person wrote."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from ingest.corpora import ingest
from ingest.errors import ModelUnavailable
from ingest.rubrics import read_rubrics
from ingest.shelf import remove
from tutor.interview import material
from tutor.interview.choosing import GaveWay
from tutor.interview.drafting import draft_all
from tutor.interview.material import own_rubrics_path
from tutor.interview.rubric_file import keep
from tutor.interview.setup import Setup
from tutor.llm import Model, open_model
from tutor.settings import Settings
from tutor.store import Store, open_store
from tutor.web.idle_drafts import IdleDrafts
from tutor.web.open_corpora import OpenCorpora


class Stage(SimpleNamespace):
    """What of the backstage is needed."""

    settings: Settings
    engine: Model | None
    store: Store
    opened: OpenCorpora


@pytest.fixture
def stage(tmp_path: Path, tiny_bank: Path) -> Iterator[Stage]:
    settings = Settings(data_dir=tmp_path / "data", embedders=["use"], model="fake", corpus="tiny", offline=True)
    ingest(settings.corpora_dir, "tiny", tiny_bank, embedders=settings.embedders)
    with open_model(settings) as model, open_store(settings) as store:
        model.wait_ready(10)
        made = Stage(settings=settings, engine=model, store=store)
        made.opened = OpenCorpora(made)  # type: ignore[arg-type]
        yield made


def drafted_by(stage: Stage) -> dict[int, str]:
    material = stage.opened.material("tiny").material
    return {number: rubric.drafted_by for number, rubric in material.rubrics.items()}


def test_nothing_is_drafted_for_a_document_that_nobody_practises_with(stage):
    stage.opened.material("tiny")
    assert not IdleDrafts(stage).step()
    assert drafted_by(stage) == {}


def test_what_is_in_use_is_told_by_its_last_use_and_what_is_gone_is_let_go(stage, tiny_bank):
    ingest(stage.settings.corpora_dir, "other", tiny_bank, embedders=stage.settings.embedders)
    for name in ("tiny", "other", "tiny"):
        stage.opened.material(name)
    assert [name for name, _ in stage.opened.in_use()] == ["other", "tiny"]
    remove(stage.settings.corpora_dir, "other")
    assert [name for name, _ in stage.opened.in_use()] == ["tiny"]


def test_what_the_rule_drafted_on_first_use_is_chosen_anew_one_at_a_time(stage):
    assert stage.opened.practice("ada", "tiny").candidates
    assert set(drafted_by(stage).values()) == {""}
    drafts = IdleDrafts(stage)
    assert drafts.step()
    assert sorted(drafted_by(stage).values()) == ["", "", "fake"]
    assert IdleDrafts(stage).step(), "another process goes on where this one was"
    assert drafts.step()
    assert set(drafted_by(stage).values()) == {"fake"}
    assert not drafts.step()
    assert all(r.drafted for r in stage.opened.material("tiny").material.rubrics.values())


def test_two_who_come_first_draft_once(stage, monkeypatch):
    drafted = []
    monkeypatch.setattr(material, "draft_all", lambda document: drafted.append(1) or draft_all(document))
    found = []
    threads = [
        threading.Thread(target=lambda n=name: found.append(stage.opened.practice(n, "tiny")))
        for name in ("ada", "bob")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(p.candidates) for p in found] == [3, 3]
    assert len(drafted) == 1


def test_what_a_person_wrote_meanwhile_stays(stage, monkeypatch):
    stage.opened.practice("ada", "tiny")
    own = own_rubrics_path(stage.settings.corpora_dir, "tiny")
    document = stage.opened.material("tiny").document
    complete = stage.engine.complete_in_idle_time

    def edited_meanwhile(*asked, **options):
        first = read_rubrics(own, document)[1]
        keep(own, "tiny", {1: first.model_copy(update={"drafted": False})}, document)
        return complete(*asked, **options)

    monkeypatch.setattr(stage.engine, "complete_in_idle_time", edited_meanwhile)
    assert IdleDrafts(stage).step()
    kept = read_rubrics(own, document)[1]
    assert not kept.drafted
    assert kept.drafted_by == ""


def test_the_questions_of_an_interview_that_goes_on_keep_their_points(stage):
    practice = stage.opened.practice("ada", "tiny")
    practice.start(Setup(corpus="tiny", number=3, follow_ups=0))
    assert not IdleDrafts(stage).step()
    assert set(drafted_by(stage).values()) == {""}


def test_whoever_waits_for_the_model_comes_first(stage):
    stage.opened.practice("ada", "tiny")
    with stage.engine.line.enter() as ticket:
        assert ticket.wait(5)
        with pytest.raises(GaveWay):
            IdleDrafts(stage).step()
    stage.engine = None
    with pytest.raises(ModelUnavailable):
        IdleDrafts(stage).step()


def test_it_runs_by_itself_and_ends_when_told(stage, monkeypatch):
    monkeypatch.setattr("tutor.web.idle_drafts.SOON_S", 0.01)
    stage.opened.practice("ada", "tiny")
    drafts = IdleDrafts(stage)
    drafts.start()
    waited = threading.Event()
    for _ in range(600):
        if set(drafted_by(stage).values()) == {"fake"}:
            break
        waited.wait(0.05)
    assert set(drafted_by(stage).values()) == {"fake"}
    drafts.close()
    drafts._thread.join(40)
    assert not drafts._thread.is_alive()
