"""The course of an interview: every transition, and what holds whatever happens in whatever order."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interview_samples import grade, state

from tutor.interview import events as ev
from tutor.interview.machine import Step, advance
from tutor.interview.state import GradeRecord, State


def play(start: State, *events: ev.Event) -> Step:
    """All events in order; the step has everything that was said."""
    now, said = start, ()
    for event in events:
        step = advance(now, event)
        now, said = step.state, said + step.said  # type: ignore[assignment]
    return Step(now, said)


def kinds(step: Step) -> list[str]:
    return [u.kind for u in step.said]


def open_grade(now: State, level: int | None = 2, **verdicts: Any) -> ev.Graded:
    assert now.current is not None
    return ev.Graded(grade(now.current.number, level, **verdicts))


def test_start_greets_and_asks_the_first_question() -> None:
    step = play(state(), ev.Start())
    assert kinds(step) == ["greeting", "question"]
    assert step.state.phase == "answering"
    assert "Ask 1?" in step.said[1].text


def test_an_empty_plan_ends_at_once() -> None:
    step = play(state(0), ev.Start())
    assert (step.state.phase, step.state.ended) == ("finished", "empty")


def test_an_answer_waits_for_its_grade() -> None:
    step = play(state(), ev.Start(), ev.Answer("something"))
    assert step.state.phase == "grading"
    assert step.said[-1].who == "candidate"


def test_a_gap_is_followed_up_then_feedback_and_the_next_question() -> None:
    first = play(state(), ev.Start(), ev.Answer("something"))
    asked = play(first.state, open_grade(first.state, p1="met"))
    assert kinds(asked) == ["follow-up"]
    assert asked.said[0].point == "1.2"
    assert "how?" in asked.said[0].text
    done = play(asked.state, ev.Answer("more"), ev.Graded(grade(1, 3, p1="met", p2="met")))
    assert kinds(done) == ["answer", "feedback", "question"]
    assert done.state.asked[0].answers == ["something", "more"]
    assert done.state.asked[0].first is not None
    assert done.state.asked[0].grade is not None
    assert (done.state.asked[0].first.level, done.state.asked[0].grade.level) == (2, 3)
    assert "raised it from 5 to 7.5" in done.said[1].text


def test_a_rise_that_one_decimal_does_not_show_is_no_rise() -> None:
    first = play(state(), ev.Start(), ev.Answer("something"))
    step = play(first.state, ev.Graded(grade(1, 2).model_copy(update={"score": 5.96})), ev.Answer("more"))
    done = play(step.state, ev.Graded(grade(1, 2).model_copy(update={"score": 6.04})))
    assert next(u.text for u in done.said if u.kind == "feedback").startswith("6 of 10")


def test_what_was_wrong_is_asked_about_first_and_in_the_candidates_words() -> None:
    first = play(state(), ev.Start(), ev.Answer("something"))
    asked = play(first.state, open_grade(first.state, p9="contradicted"))
    assert asked.said[0].point == "1.9"
    assert "words of the candidate" in asked.said[0].text


def test_a_partial_point_is_asked_about_in_the_candidates_words() -> None:
    first = play(state(), ev.Start(), ev.Answer("something"))
    asked = play(first.state, open_grade(first.state, p1="met", p2="met", p3="partial"))
    assert asked.said[0].point == "1.3"
    assert "words of the candidate" in asked.said[0].text


@pytest.mark.parametrize(("strictness", "expected"), [("lenient", None), ("fair", None), ("strict", "1.4")])
def test_only_the_strict_ask_for_details(strictness: str, expected: str | None) -> None:
    first = play(state(strictness=strictness), ev.Start(), ev.Answer("something"))
    asked = play(first.state, open_grade(first.state, 4, p1="met", p2="met", p3="met"))
    found = next((u.point for u in asked.said if u.kind == "follow-up"), None)
    assert found == expected


def test_the_lenient_stop_once_passed() -> None:
    first = play(state(strictness="lenient"), ev.Start(), ev.Answer("something"))
    assert "follow-up" not in kinds(play(first.state, open_grade(first.state, 2)))
    assert "follow-up" in kinds(play(first.state, open_grade(first.state, 1)))


def test_no_point_is_asked_about_twice() -> None:
    now = play(state(follow_ups=3, strictness="strict"), ev.Start(), ev.Answer("x")).state
    points = []
    for _ in range(3):
        step = play(now, open_grade(now, 1))
        points.append(step.said[0].point)
        now = play(step.state, ev.Answer("y")).state
    assert points == ["1.1", "1.2", "1.3"]
    assert "follow-up" not in kinds(play(now, open_grade(now, 1)))


def test_no_follow_ups_when_none_were_chosen() -> None:
    first = play(state(follow_ups=0), ev.Start(), ev.Answer("x"))
    assert kinds(play(first.state, open_grade(first.state, 0))) == ["feedback", "question"]


def test_hints_come_in_order_and_run_out() -> None:
    step = play(state(), ev.Start(), ev.Hint(), ev.Hint(), ev.Hint())
    assert [u.text for u in step.said if u.kind == "hint"] == ["hint 1.0", "hint 1.1"]
    assert step.said[-1].kind == "notice"
    assert step.state.asked[0].hints == 2


def test_skip_moves_on_without_a_grade() -> None:
    step = play(state(), ev.Start(), ev.Skip())
    assert kinds(step)[-2:] == ["acknowledgement", "question"]
    assert (step.state.asked[0].outcome, step.state.asked[0].grade) == ("skipped", None)


def test_skipping_a_follow_up_keeps_the_grade() -> None:
    first = play(state(), ev.Start(), ev.Answer("x"))
    step = play(first.state, open_grade(first.state, 2), ev.Skip())
    assert step.state.asked[0].outcome == "answered"
    assert "feedback" in kinds(step)


def test_not_knowing_teaches_afterwards() -> None:
    step = play(state(), ev.Start(), ev.DontKnow(), ev.Graded(grade(1, 0, flags=("dont-know",))))
    assert kinds(step)[-3:] == ["acknowledgement", "teaching", "question"]
    assert "teaching of 1" in step.said[-2].text
    assert step.state.asked[0].outcome == "dont-know"


def test_not_knowing_a_follow_up_keeps_the_grade_and_teaches() -> None:
    first = play(state(), ev.Start(), ev.Answer("x"))
    step = play(first.state, open_grade(first.state, 2), ev.DontKnow())
    assert kinds(step) == ["follow-up", "answer", "feedback", "teaching", "question"]
    assert step.state.asked[0].outcome == "answered"


def test_an_empty_answer_is_asked_for_once_more_and_then_graded() -> None:
    nudged = play(state(), ev.Start(), ev.Answer("  "))
    assert kinds(nudged)[-1] == "nudge"
    assert nudged.state.phase == "answering"
    again = play(nudged.state, ev.Answer("。"))
    assert again.state.phase == "grading"
    done = play(again.state, ev.Graded(grade(1, 0, flags=("blank",))))
    assert done.state.asked[0].outcome == "blank"


def test_pause_stops_the_time_and_resumes_at_the_exact_place() -> None:
    first = play(state(minutes=1), ev.Start(), ev.Answer("x", seconds=10))
    follow_up = play(first.state, open_grade(first.state, 2))
    paused = play(follow_up.state, ev.Pause(seconds=5))
    refused = play(paused.state, ev.Answer("y", seconds=500))
    assert kinds(refused) == ["notice"]
    back = play(paused.state, ev.Resume(seconds=500))
    assert back.state.used == 15
    assert back.state.phase == "answering"
    assert follow_up.said[0].text in back.said[0].text
    assert (
        back.state.asked
        == follow_up.state.model_copy(
            update={"asked": [follow_up.state.asked[0].model_copy(update={"seconds": 15.0})]}
        ).asked
    )


def test_pause_while_grading_comes_back_to_grading() -> None:
    paused = play(state(), ev.Start(), ev.Answer("x"), ev.Pause())
    assert play(paused.state, ev.Resume()).state.phase == "grading"


def test_time_over_ends_it_but_not_before_the_last_answer_is_graded() -> None:
    late = play(state(minutes=1), ev.Start(), ev.Answer("x", seconds=61))
    assert late.state.phase == "grading"
    done = play(late.state, open_grade(late.state, 1))
    assert (done.state.phase, done.state.ended) == ("finished", "time")
    assert kinds(done) == ["feedback", "closing"]


def test_a_tick_ends_it_when_time_is_over() -> None:
    running = play(state(minutes=1), ev.Start(), ev.Tick(seconds=59))
    assert running.state.phase == "answering"
    over = play(running.state, ev.Tick(seconds=1))
    assert (over.state.ended, over.state.asked[0].outcome) == ("time", "unanswered")


def test_ending_early_waits_for_a_grade() -> None:
    asked = play(state(), ev.Start(), ev.Answer("x"), ev.End())
    assert asked.state.phase == "grading"
    done = play(asked.state, open_grade(asked.state, 1))
    assert (done.state.phase, done.state.ended) == ("finished", "early")
    assert "question" not in kinds(done)


def test_ending_early_leaves_the_open_question_unanswered() -> None:
    done = play(state(), ev.Start(), ev.End())
    assert (done.state.ended, done.state.asked[0].outcome) == ("early", "unanswered")


def test_an_exam_says_nothing_before_its_end() -> None:
    now = play(state(exam=True), ev.Start(), ev.Hint(), ev.Answer("x")).state
    said = play(
        now,
        open_grade(now, 4, p1="met", p2="met", p3="met"),
        ev.DontKnow(),
        ev.Graded(grade(2, 0, flags=("dont-know",))),
    )
    assert not {"feedback", "teaching", "hint"} & {u.kind for u in said.state.transcript}
    assert "feedback on" not in " ".join(u.text for u in said.state.transcript)


def test_a_dispute_that_is_upheld_changes_the_grade_once() -> None:
    now = play(state(follow_ups=0), ev.Start(), ev.Answer("x")).state
    closed = play(now, open_grade(now, 1)).state
    step = play(closed, ev.Disputed(1, "1.1", "I said it", grade(1, 3, p1="met")))
    asked = step.state.asked[0]
    assert asked.grade is not None
    assert (asked.grade.level, asked.disputes[0].before, asked.disputes[0].after) == (3, "missing", "met")
    assert asked.grade.points[0].disputed == "upheld"
    again = play(step.state, ev.Disputed(1, "1.1", "again", grade(1, 4, p1="met")))
    assert len(again.state.asked[0].disputes) == 1


def test_a_dispute_that_is_not_upheld_is_kept() -> None:
    now = play(state(follow_ups=0), ev.Start(), ev.Answer("x")).state
    closed = play(now, open_grade(now, 1)).state
    step = play(closed, ev.Disputed(1, "1.1", "I said it", grade(1, 1)))
    assert step.state.asked[0].grade is not None
    assert step.state.asked[0].grade.points[0].disputed == "kept"


def test_the_open_question_and_an_exam_cannot_be_disputed() -> None:
    now = play(state(), ev.Start(), ev.Answer("x")).state
    waiting = play(now, open_grade(now, 1)).state
    assert not play(waiting, ev.Disputed(1, "1.1", "", grade(1, 4))).state.asked[0].disputes
    exam = play(state(exam=True, follow_ups=0), ev.Start(), ev.Answer("x")).state
    closed = play(exam, open_grade(exam, 1)).state
    assert not play(closed, ev.Disputed(1, "1.1", "", grade(1, 4))).state.asked[0].disputes
    over = play(closed, ev.End()).state
    assert play(over, ev.Disputed(1, "1.1", "", grade(1, 4, p1="met"))).state.asked[0].disputes


def test_an_ungraded_answer_moves_on_unscored() -> None:
    now = play(state(), ev.Start(), ev.Answer("x")).state
    step = play(now, ev.Graded(GradeRecord(score=None, level=None)))
    assert kinds(step) == ["feedback", "question"]
    assert step.state.asked[0].grade is not None
    assert step.state.asked[0].grade.score is None


def test_the_state_before_is_left_alone() -> None:
    start = state()
    kept = start.model_dump_json()
    advance(start, ev.Start())
    assert start.model_dump_json() == kept


@pytest.mark.parametrize("persona", ["friendly", "neutral", "sharp"])
@pytest.mark.parametrize("language", ["zh-Hant", "zh-Hans", "en"])
def test_every_persona_speaks_every_language(persona: str, language: str) -> None:
    start = state(2)
    start = start.model_copy(
        update={"setup": start.setup.model_copy(update={"persona": persona, "language": language})}
    )
    now = play(start, ev.Start(), ev.Hint(), ev.Answer(""), ev.Answer("x")).state
    now = play(
        now, open_grade(now, 1, p9="contradicted"), ev.Pause(), ev.Resume(), ev.DontKnow(), ev.Skip(), ev.End()
    ).state
    assert now.phase == "finished"
    said = " ".join(u.text for u in now.transcript if u.who == "interviewer")
    assert "{" not in said
    assert ("題" in said) == (language == "zh-Hant")
    assert ("题" in said) == (language == "zh-Hans")


_LEVELS = st.one_of(st.none(), st.integers(0, 4))
_VERDICTS = st.sampled_from(["met", "partial", "missing"])
_EVENTS = st.one_of(
    st.just(ev.Start()), st.just(ev.Hint()), st.just(ev.Skip()), st.just(ev.DontKnow()), st.just(ev.Pause()),
    st.just(ev.Resume()), st.builds(ev.Tick, seconds=st.floats(-5, 30)), st.just(ev.End()),
    st.builds(ev.Answer, st.sampled_from(["", "an answer", "一個回答", "{0}", "\x00"]), seconds=st.floats(0, 30)),
    st.builds(
        lambda n, level, flags, p1, p2, p9: ev.Graded(grade(n, level, flags=flags, p1=p1, p2=p2, p9=p9)),
        st.integers(1, 4), _LEVELS, st.sampled_from([(), ("blank",), ("dont-know",), ("injection",), ("stuffing",), ("off-topic",)]),
        _VERDICTS, _VERDICTS, st.sampled_from(["missing", "contradicted"]),
    ),
    st.builds(lambda n, i: ev.Disputed(n, f"{n}.{i}", "w", grade(n, 3, p1="met")), st.integers(1, 4), st.integers(1, 4)),
)  # fmt: skip
_CHOICES = st.fixed_dictionaries({
    "follow_ups": st.integers(0, 3), "exam": st.booleans(), "minutes": st.one_of(st.none(), st.floats(0.1, 5)),
    "strictness": st.sampled_from(["lenient", "fair", "strict"]), "persona": st.sampled_from(["friendly", "neutral", "sharp"]),
})  # fmt: skip


def check(now: State) -> None:
    """What holds after every event."""
    asked = [a.number for a in now.asked]
    assert len(asked) == len(set(asked)), "a question was repeated"
    questions = [u for u in now.transcript if u.kind == "question"]
    assert len({u.question for u in questions}) == len(questions)
    for one in now.asked:
        assert len(one.follow_ups) <= now.setup.follow_ups
        assert len({f.point for f in one.follow_ups}) == len(one.follow_ups)
        assert one.hints <= 2
    assert sum(a.outcome == "open" for a in now.asked) <= 1
    assert (now.phase == "finished") == bool(now.ended and not now.current)
    assert State.model_validate(json.loads(json.dumps(now.model_dump(mode="json")))) == now
    if now.setup.exam and now.phase != "finished":
        assert not {u.kind for u in now.transcript} & {"feedback", "teaching", "hint"}


@given(choices=_CHOICES, questions=st.integers(0, 4), events=st.lists(_EVENTS, max_size=40))
def test_any_events_in_any_order(choices: dict[str, Any], questions: int, events: list[ev.Event]) -> None:
    now = state(questions, **choices)
    for event in events:
        now = advance(now, event).state
        check(now)


@given(
    choices=_CHOICES,
    questions=st.integers(1, 4),
    texts=st.lists(st.sampled_from(["", "an answer"]), min_size=1, max_size=8),
    level=_LEVELS,
)
def test_whoever_goes_on_answering_comes_to_an_end(
    choices: dict[str, Any], questions: int, texts: list[str], level: int | None
) -> None:
    now = advance(state(questions, **choices), ev.Start()).state
    # Each question has one answer, at most three follow-ups, and a nudge before each.
    for turn in range(questions * 8):
        if now.phase == "finished":
            break
        now = advance(now, ev.Answer(texts[turn % len(texts)])).state
        if now.phase == "grading":
            now = advance(now, open_grade(now, level)).state
    assert now.phase == "finished"


@given(events=st.lists(_EVENTS, max_size=25), cut=st.integers(0, 25))
def test_going_on_from_json_is_the_same_as_never_having_stopped(events: list[ev.Event], cut: int) -> None:
    whole = stopped = state(3)
    for i, event in enumerate(events):
        if i == cut:
            stopped = State.model_validate_json(stopped.model_dump_json())
        whole, stopped = advance(whole, event).state, advance(stopped, event).state
    assert whole == stopped
