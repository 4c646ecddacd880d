"""Interviews through the page's own handlers: start, answer, resume in another session, report, progress, other users."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from small_bank import indexed

from ingest.errors import TutorError
from tutor.web.backstage import Backstage
from tutor.web.pane import Deed
from tutor.web.practise.tab import PractiseTab, Seat
from tutor.web.progress.tab import ProgressTab
from tutor.web.visitor import Visitor

ANN, BOB = Visitor("ann", "en"), Visitor("bob", "zh-TW")
GOOD = "A cache keeps data that is used often in fast memory, so it saves computing the same thing twice."


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backstage]:
    found = Backstage(indexed(tmp_path_factory.mktemp("practise")))
    yield found
    found.close()


def tab(stage: Backstage) -> PractiseTab:
    found = PractiseTab.__new__(PractiseTab)
    found._stage = stage
    return found


def started(stage: Backstage, who: Visitor = ANN) -> tuple[PractiseTab, Seat, str]:
    page, seat = tab(stage), Seat()
    fields = {"order": ("document",), "follow_ups": ("0",), "number": ("2",), "difficulty": ("nonsense",)}
    return page, seat, page.act(Deed("start", "", fields), seat, who)


def test_an_interview_runs_to_its_report_with_evidence_beside_words(stage: Backstage) -> None:
    page, seat, shown = started(stage)
    assert "What is a cache?" in shown
    checking, result = page.answer(Deed("answer", "", {"answer": (GOOD,)}), seat, ANN)
    assert "disabled" in checking
    assert result.count('class="verdict met"') == 2
    assert "fast memory" in result
    report = page.act(Deed("skip"), seat, ANN)
    assert "Interview report" in report
    assert '<ul class="chart bars">' in report
    assert "Skipped" in report


def test_another_session_comes_back_to_the_same_place_and_another_user_does_not(stage: Backstage) -> None:
    page, seat, _ = started(stage)
    list(page.answer(Deed("answer", "", {"answer": (GOOD,)}), seat, ANN))
    again = tab(stage).act(Deed("show", seat.interview), Seat(), ANN)
    assert "What is an index?" in again
    with pytest.raises(TutorError):
        tab(stage).act(Deed("show", seat.interview), Seat(), BOB)
    assert seat.interview not in tab(stage).act(Deed("home"), Seat(), BOB)
    assert seat.interview in tab(stage).act(Deed("home"), Seat(), ANN)
    other = Seat()
    assert seat.interview not in tab(stage).act(Deed("discard", seat.interview), other, ANN)
    assert seat.interview in tab(stage).act(Deed("bring-back"), other, ANN)


def test_pause_stops_the_clock_and_commands_that_do_not_fit_do_nothing(stage: Backstage) -> None:
    page, seat, _ = started(stage)
    paused = page.act(Deed("pause"), seat, ANN)
    assert "data-running" not in paused
    assert "<textarea" not in paused
    assert page.act(Deed("skip"), seat, ANN) == paused
    assert "data-running" in page.act(Deed("go-on"), seat, ANN)
    page.act(Deed("begin"), seat, ANN)  # no command of the page


def test_an_exam_shows_nothing_before_its_end(stage: Backstage) -> None:
    page, seat = tab(stage), Seat()
    page.act(Deed("start", "", {"exam": ("yes",), "order": ("document",), "follow_ups": ("0",)}), seat, ANN)
    shown = list(page.answer(Deed("answer", "", {"answer": (GOOD,)}), seat, ANN))[-1]
    assert "verdict" not in shown
    assert "verdict" in page.act(Deed("end"), seat, ANN)


def test_progress_colours_the_map_by_the_last_level(stage: Backstage) -> None:
    page, seat, _ = started(stage)
    list(page.answer(Deed("answer", "", {"answer": (GOOD,)}), seat, ANN))
    progress = ProgressTab.__new__(ProgressTab)
    progress._stage = stage
    assert re.search(r'class="cell[^"]* level-[34]" href="#library/1"', progress.html(ANN))
    empty = progress.html(BOB)
    assert "還沒有練習紀錄" in empty
    assert not re.search(r'<a class="cell[^"]* level-', empty)


def test_questions_without_key_points_are_not_started(stage: Backstage) -> None:
    with pytest.raises(TutorError):
        tab(stage).act(Deed("start-on", "77,x,-1"), Seat(), ANN)
