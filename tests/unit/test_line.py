"""The line in front of the engine: order, fairness, background work."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import ModelUnavailable
from tutor.llm.line import Line


def served(ticket):
    return ticket.wait(0)


def test_first_come_first_served():
    line = Line(1)
    tickets = [line.enter(str(i)) for i in range(3)]
    assert [t.place for t in tickets] == [0, 1, 2]
    tickets[0].leave()
    assert served(tickets[1])
    assert not served(tickets[2])
    assert tickets[2].place == 1


def test_nobody_is_served_twice_before_another_is_served_once():
    line = Line(1)
    first, second, third = line.enter("a"), line.enter("a"), line.enter("b")
    assert (second.place, third.place) == (2, 1)
    first.leave()
    assert served(third)
    assert not served(second)


def test_who_gives_up_makes_room_for_the_next():
    line = Line(1)
    running, gives_up, waits = line.enter(), line.enter(), line.enter()
    gives_up.leave()
    assert waits.place == 1
    running.leave()
    assert served(waits)
    gives_up.leave()
    assert line.length == 0


def test_a_full_line_says_so():
    line = Line(1, longest=2)
    for _ in range(3):
        line.enter()
    with pytest.raises(ModelUnavailable, match="2 others are waiting"):
        line.enter()


def test_background_work_only_while_nobody_is_served_and_it_learns_that_somebody_came():
    line = Line(2)
    user = line.enter()
    assert line.enter_background() is None
    user.leave()
    background = line.enter_background()
    assert background is not None
    assert not line.wanted
    assert line.enter_background() is None
    another = line.enter()
    assert served(another), "the other slot is free"
    assert line.wanted
    background.leave()
    assert not line.wait_quiet(0)
    another.leave()
    assert line.wait_quiet(0)


def test_a_better_slot_is_swapped_in_only_while_it_is_free():
    line = Line(3)
    ticket, other = line.enter(), line.enter()
    free = ({0, 1, 2} - {ticket.slot, other.slot}).pop()
    line.prefer(free, ticket)
    assert ticket.slot == free
    line.prefer(other.slot, ticket)
    assert ticket.slot == free


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=40), st.integers(1, 3))
def test_slots_are_never_shared_and_everybody_is_served(steps, slots):
    line = Line(slots, longest=100)
    inside = []
    for owner, somebody_leaves in steps:
        inside.append(line.enter(owner))
        running = [t for t in inside if served(t)]
        assert len({t.slot for t in running}) == len(running) <= slots
        if somebody_leaves:
            inside.remove(running[0])
            running[0].leave()
    while inside:
        running = [t for t in inside if served(t)]
        assert running, "somebody waits although nobody is served"
        inside.remove(running[0])
        running[0].leave()


def test_threads_never_hold_more_slots_than_there_are():
    line = Line(2, longest=100)
    now, most, lock = 0, 0, threading.Lock()

    def work():
        nonlocal now, most
        for _ in range(20):
            with line.enter() as ticket:
                ticket.wait()
                with lock:
                    now += 1
                    most = max(most, now)
                with lock:
                    now -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert most <= 2
    assert line.length == 0
