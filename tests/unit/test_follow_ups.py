"""Follow-ups known beforehand: what is expected next, for one source text and for no other."""

import numpy as np
import pytest

from ingest.embed import side_by_side
from tutor.retrieval.asked import AskedPoints
from tutor.retrieval.follow_ups import LEAST, Behind, FollowUps
from tutor.retrieval.learned import keep, learned_for
from tutor.retrieval.remembered import Remembered, shares

NUMBERS = [3, 5, 8]


def query(at):
    return {"use": np.eye(512, dtype=np.float32)[at], "e5": np.eye(384, dtype=np.float32)[at]}


def expected(known, at, carried, numbers=NUMBERS):
    return known.expected(known.likeness(query(at)), carried, numbers)


def answering(*points):
    """Which of five key points each follow-up asks for, and where those of the questions up to 8 stand: point 2 of 5 at 52 to 53."""
    rows = np.zeros((len(points), 5), dtype=bool)
    for row, some in zip(rows, points, strict=True):
        row[list(some)] = True
    starts = 10 * np.arange(9)[:, None] + np.arange(5)[None]
    return AskedPoints(rows, np.stack([starts, starts + 1], axis=-1))


def known(source="abc"):
    """After 3: "slower?" leads to 5, "cheaper?" to 8. After 5: "slower?" leads to 3 and 8."""
    slower, cheaper = side_by_side(query(0)), side_by_side(query(1))
    return FollowUps(
        source, Remembered.of(np.stack([slower, cheaper, slower])), np.array([3, 3, 5]),
        np.array([(5, 5), (8, 8), (3, 8)]), answering((2,), (), (1, 3)),
    )  # fmt: skip


def test_what_is_expected_depends_on_the_query_and_on_what_was_talked_about():
    after_3 = expected(known(), 0, 3)
    assert after_3.shape == (3,)
    assert after_3.argmax() == 1
    assert expected(known(), 1, 3).argmax() == 2
    after_5 = expected(known(), 0, 5)
    assert after_5[0] == pytest.approx(after_5[2], abs=0.1)
    assert after_5[0] > after_5[1]


def test_the_nearest_ones_share_what_they_lead_to_and_the_others_say_little():
    likeness = known().likeness(query(0))
    nearest, wide = (known().led_to(likeness, 3, NUMBERS, sharpness) for sharpness in (12.0, 1.0))
    assert nearest.argmax() == wide.argmax() == 1
    assert 1 >= nearest[1] > wide[1]
    assert Behind.of(None, query(0), 3).led_to(NUMBERS) is None


def test_a_question_that_nobody_is_known_to_ask_about_next_is_not_expected():
    assert expected(known(), 0, 3, [5, 8, 77])[2] == 0
    assert expected(known(), 7, 77).max() <= 5.9


def test_a_question_that_two_follow_ups_lead_to_gets_both_shares():
    twice = FollowUps(
        "abc", Remembered.of(np.stack([side_by_side(query(0))] * 2)), np.array([3, 3]), np.array([(5, 5)] * 2),
        answering((), ()),
    )  # fmt: skip
    assert expected(twice, 0, 3)[1] == pytest.approx(np.log1p(1 / LEAST), rel=1e-3)


def points_for(known, at, carried, number):
    return [start for start, _ in known.points_for(known.likeness(query(at)), carried, number)]


def test_what_a_follow_up_asks_for_are_the_points_that_those_like_it_ask_for():
    assert points_for(known(), 0, 3, 5) == [52]
    assert points_for(known(), 0, 5, 3) == [31, 33]
    assert points_for(known(), 1, 3, 8) == []  # only its text answers
    assert points_for(known(), 0, 3, 77) == []  # nobody is known to ask for it
    assert points_for(known(), 7, 3, 5) == []  # it is like none of them
    assert points_for(known(), 1, 5, 3) == []  # those alike lead elsewhere
    assert points_for(partly_known(), 1, 3, 8) == []  # behind this question it has no answer
    assert points_for(partly_known(), 1, 9, 8) == [84]  # behind others it asks for this, as far as is known


def test_points_that_more_of_those_alike_ask_for_come_first_and_those_of_few_are_left_out():
    alike = np.stack([side_by_side(query(0))] * 6)
    asked = answering((2,), (2,), (2,), (2,), (2, 4), (1, 4))
    six = FollowUps("abc", Remembered.of(alike), np.full(6, 3), np.full((6, 2), 5), asked)
    assert points_for(six, 0, 3, 5) == [52, 54]


def test_a_query_that_stands_alone_wants_points_only_where_it_is_a_follow_up_of_a_known_kind():
    asked = Behind.of(known(), query(0), 3)
    assert asked.points(5) == asked.points(5, familiar=0.5) == ((52, 53),)
    elsewhere = Behind.of(known(), query(1), 5)  # known behind question 3 alone
    assert elsewhere.points(8, familiar=0.5) == ()
    assert Behind.of(None, query(0), 3).points(5) == ()
    assert Behind.of(None, query(0), 3).confidence(0.7, "refers back") == 0.7
    assert Behind.of(None, query(0), 3).expected(NUMBERS) is None


def test_they_belong_to_one_source_and_want_both_embedders(tmp_path, monkeypatch):
    monkeypatch.setattr(FollowUps, "FILE", tmp_path / "follow_ups.npz")
    assert learned_for(FollowUps, "abc", ("use", "e5")) is None
    keep(known())
    kept = learned_for(FollowUps, "abc", ("use", "e5"))
    assert (kept.points.asked == known().points.asked).all()
    assert (kept.points.spans == known().points.spans).all()
    assert expected(kept, 0, 3) == pytest.approx(expected(known(), 0, 3), abs=1e-2)
    assert learned_for(FollowUps, "another", ("use", "e5")) is None
    assert learned_for(FollowUps, "abc", ("use",)) is None


def test_a_byte_a_number_keeps_what_is_alike():
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(40, 896))
    vectors[:, :512] /= np.linalg.norm(vectors[:, :512], axis=1, keepdims=True)
    vectors[:, 512:] /= np.linalg.norm(vectors[:, 512:], axis=1, keepdims=True)
    one = {"use": vectors[3, :512], "e5": vectors[3, 512:]}
    rows = np.concatenate([vectors[:, :512], 2 * vectors[:, 512:]], axis=1)
    exact = rows @ side_by_side(one)
    found = Remembered.of(rows).likeness(side_by_side(one))
    assert found == pytest.approx(exact, abs=0.05)
    assert found.argmax() == 3


def test_several_texts_at_once_are_as_alike_as_one_by_one():
    rows = np.stack([side_by_side(query(at)) for at in range(5)])
    kept = Remembered.of(rows)
    assert kept.likeness(rows[:3]) == pytest.approx(np.stack([kept.likeness(row) for row in rows[:3]]))


def test_shares_sum_to_one_whatever_the_likeness():
    found = shares(np.array([1000.0, 999.0, -1000.0]), np.array([1.0, 1.0, 5.0]), 2.0)
    assert found.sum() == pytest.approx(1)
    assert found[0] > found[1] > found[2]


def sureness(known, before, at, carried, reading="refers back"):
    return known.confidence(before, known.likeness(query(at)), carried, reading)


def partly_known():
    """After 3: "slower?" leads to 5, "who invented it?" nowhere. After 5: "who invented it?" leads to 8."""
    slower, invented = side_by_side(query(0)), side_by_side(query(1))
    return FollowUps(
        "abc", Remembered.of(np.stack([slower, invented, invented])), np.array([3, 3, 5]),
        np.array([(5, 5), (0, 0), (8, 8)]), answering((2,), (), (4,)), {"refers back": (0.0, -1.0, 0.0), "own topic": (0.0, 0.0, -3.0), "by itself": (0.0, 0.0, 0.0)},
    )  # fmt: skip


def test_what_is_known_to_have_no_answer_is_not_expected_anywhere():
    assert expected(partly_known(), 1, 3).argmax() == 2  # what answers it behind another question
    assert np.isfinite(expected(partly_known(), 7, 3)).all()


def test_a_follow_up_like_one_without_an_answer_is_less_sure():
    known = partly_known()
    sure, doubtful = (sureness(known, 0.9, at, 3) for at in (0, 1))
    assert doubtful < 0.5 < sure
    assert doubtful < sureness(known, 0.9, 1, 5)


def test_what_is_known_counts_as_far_as_the_query_is_of_a_known_kind():
    known = partly_known()
    assert sureness(known, 0.9, 7, 3) == pytest.approx(0.9)  # like none of them
    assert sureness(known, 0.9, 1, 8) == pytest.approx(0.9)  # like one, but behind another question
    assert known.familiar(known.likeness(query(1)), 3) > 0.99
    assert known.familiar(known.likeness(query(1)), 3, known.answers) < 0.01


def test_each_reading_has_a_weighing_of_its_own():
    known = partly_known()
    assert sureness(known, 0.9, 0, 3) > 0.9 > 0.5 > sureness(known, 0.9, 0, 3, "own topic")
    assert sureness(known, 0.9, 1, 3, "by itself") == pytest.approx(0.9)


def test_what_is_left_out_says_nothing():
    known = partly_known()
    likeness = known.queries.likeness(side_by_side(query(1)))
    assert known.unanswered(likeness, 3) > 0 > known.unanswered(likeness, 3, known.answers)


def test_without_a_weighing_the_confidence_stays():
    assert sureness(known(), 0.8, 0, 3) == pytest.approx(0.8)


def test_the_weighing_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(FollowUps, "FILE", tmp_path / "follow_ups.npz")
    keep(partly_known())
    found = learned_for(FollowUps, "abc", ["use", "e5"])
    assert found is not None
    assert found.weighing == partly_known().weighing
    assert found.answers.tolist() == [True, False, True]
