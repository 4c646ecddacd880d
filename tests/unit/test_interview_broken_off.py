"""Interviews that are broken off: killed half-way, driven by two processes at once, erased meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from practising import CORRECTED, FULL, WRONG, Clock, again, begin

from ingest.errors import NotFound
from tutor.interview.grading import Grader
from tutor.interview.items import Material
from tutor.interview.judging import Judge
from tutor.interview.practice import Practice
from tutor.interview.session import Session
from tutor.store import Store


def assert_kept_once(store: Store) -> None:
    """One attempt stands, and the card that it moved."""
    assert len(store.attempts.list("ada", "llm-vlm-80")) == 1
    assert 37 in store.cards.all("ada", "llm-vlm-80")


def test_a_killed_process_goes_on_at_the_exact_place(
    practice: Practice, material: Material, grader: Grader, store: Store, clock: Clock
) -> None:
    session = begin(practice, 37, 19, follow_ups=1)
    said = session.answer(WRONG)
    clock.seconds = 3600
    later = again(material, grader, store, clock)
    assert [row.id for row in later.unfinished()] == [session.id]
    resumed = later.session(session.id)
    assert resumed.go_on() == ()
    assert resumed.pending == said[-1].text
    assert resumed.state == session.state
    resumed.answer(CORRECTED)
    assert resumed.state.asked[0].seconds == 0
    assert resumed.view().question == 19
    assert len(store.attempts.list("ada", "llm-vlm-80")) == 1


def test_an_answer_that_was_saved_but_not_graded_is_graded_on_going_on(
    practice: Practice, material: Material, grader: Grader, store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = begin(practice, 37, follow_ups=0)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tutor.interview.judging.Judge.grade", killed)
    with pytest.raises(KeyboardInterrupt):
        session.answer(FULL)
    monkeypatch.undo()
    resumed = again(material, grader, store, clock).session(session.id)
    assert resumed.view().phase == "grading"
    assert [u.kind for u in resumed.go_on()] == ["feedback", "closing"]
    assert store.attempts.list("ada", "llm-vlm-80")[0].answer == FULL


def test_an_attempt_that_was_cut_off_is_kept_on_going_on_and_only_once(
    practice: Practice, material: Material, grader: Grader, store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = begin(practice, 37, 19, follow_ups=0)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Session, "settle", killed)
    with pytest.raises(KeyboardInterrupt):
        session.answer(FULL)
    monkeypatch.undo()
    assert not store.attempts.list("ada", "llm-vlm-80")
    for _ in range(2):
        again(material, grader, store, clock).session(session.id).go_on()
    assert_kept_once(store)


def test_the_report_of_an_interview_that_was_killed_at_its_end_keeps_the_attempt(
    practice: Practice, material: Material, grader: Grader, store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = begin(practice, 37, follow_ups=0)
    with monkeypatch.context() as cut_off:
        cut_off.setattr(Session, "settle", lambda _: None)
        session.answer(FULL)
    assert not store.attempts.list("ada", "llm-vlm-80")
    for _ in range(2):
        assert again(material, grader, store, clock).report(session.id).questions
    assert_kept_once(store)


def test_an_attempt_never_stands_without_the_card_it_moved(
    practice: Practice, material: Material, grader: Grader, store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    session = begin(practice, 37, 19, follow_ups=0)
    monkeypatch.setattr("tutor.interview.session.review", killed)
    with pytest.raises(KeyboardInterrupt):
        session.answer(FULL)
    assert not store.attempts.list("ada", "llm-vlm-80")
    monkeypatch.undo()
    again(material, grader, store, clock).session(session.id).go_on()
    assert_kept_once(store)


def test_two_processes_that_keep_an_attempt_at_once_keep_it_once(
    practice: Practice, material: Material, grader: Grader, store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = begin(practice, 37, follow_ups=0)
    with monkeypatch.context() as cut_off:
        cut_off.setattr(Session, "settle", lambda _: None)
        session.answer(FULL)
    one, other = (again(material, grader, store, clock).session(session.id) for _ in range(2))
    attempts, came_between = store.attempts.list, []

    def listed(*asked: Any) -> Any:
        found = attempts(*asked)
        if not came_between:
            came_between.append(other)
            other.go_on()
        return found

    monkeypatch.setattr(store.attempts, "list", listed)
    one.go_on()
    assert came_between
    assert len(attempts("ada", "llm-vlm-80")) == 1


def test_erased_data_does_not_come_back(practice: Practice, store: Store) -> None:
    session = begin(practice, 37)
    store.erase("ada")
    with pytest.raises(NotFound):
        session.answer(FULL)
    assert not store.interviews.list("ada")


def test_two_processes_on_one_interview_do_not_undo_each_other(
    practice: Practice, material: Material, grader: Grader, store: Store, clock: Clock
) -> None:
    here = begin(practice, 37, 19, follow_ups=0)
    there = again(material, grader, store, clock).session(here.id)
    there.answer(FULL)
    here.answer("快取之前算過的 Key 和 Value，不用重算。")
    assert [a.number for a in here.state.asked] == [37, 19]
    assert here.finished


def test_disputes_in_two_processes_do_not_undo_each_other(
    practice: Practice, material: Material, grader: Grader, store: Store, clock: Clock
) -> None:
    here = begin(practice, 37, follow_ups=0)
    here.answer("權重不動。訓練的時候只有 A 跟 B。")
    there = again(material, grader, store, clock).session(here.id)
    graded = here.state.asked[0].grade
    assert graded is not None
    one, other = [p.id for p in graded.points if p.kind == "core"][:2]
    here.dispute(37, one)
    there.dispute(37, other)
    after = there.state.asked[0].grade
    assert after is not None
    assert {p.id for p in after.points if p.disputed} == {one, other}
    assert [p.payload["point"] for p in store.feedback.list("ada")] == [one, other]


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """While an answer is being graded, this happens, once."""
    judge, todo = Judge.grade, [happens]

    def graded(*arguments: Any) -> Any:
        if todo:
            todo.pop()()
        return judge(*arguments)

    monkeypatch.setattr(Judge, "grade", graded)


def test_ending_in_another_process_while_grading_stands(
    practice: Practice, material: Material, grader: Grader, store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = begin(practice, 37, 19, follow_ups=0)
    other = again(material, grader, store, clock)
    meanwhile(monkeypatch, lambda: other.session(here.id).end())
    assert [u.kind for u in here.answer(FULL)] == ["answer", "feedback", "closing"]
    assert here.finished
    assert again(material, grader, store, clock).session(here.id).finished
    assert len(store.attempts.list("ada", "llm-vlm-80")) == 1


def test_what_is_erased_while_grading_does_not_come_back(
    practice: Practice, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = begin(practice, 37)
    meanwhile(monkeypatch, lambda: store.erase("ada"))
    with pytest.raises(NotFound):
        session.answer(FULL)
    assert not store.interviews.list("ada")
    assert not store.attempts.list("ada", "llm-vlm-80")
