"""Queries known beforehand with the key points they ask for: for one source text and for no other."""

import numpy as np
import pytest

from eval.fit_asked import question_of
from eval.gold import SINGLE_QUERIES, rows
from ingest.embed import side_by_side
from ingest.text import fold
from tutor.retrieval.asked import Alike, AskedPoints, KnownQueries
from tutor.retrieval.learned import keep, learned_for
from tutor.retrieval.remembered import Remembered


def query(at):
    return {"use": np.eye(512, dtype=np.float32)[at], "e5": np.eye(384, dtype=np.float32)[at]}


def known(points=((0,), (2,), (1,))):
    """Of question 3 "faster?" asks for point 0 and "smaller?" for point 2, of question 5 "faster?" for point 1."""
    rows_ = np.zeros((len(points), 4), dtype=bool)
    for row, some in zip(rows_, points, strict=True):
        row[list(some)] = True
    starts = 10 * np.arange(6)[:, None] + np.arange(4)[None]
    vectors = np.stack([side_by_side(query(at)) for at in (0, 1, 0)])
    return KnownQueries(
        "abc", Remembered.of(vectors), np.array([3, 3, 5]), AskedPoints(rows_, np.stack([starts, starts + 1], axis=-1))
    )


def starts(found):
    return [start for start, _ in found]


def points_for(known, at, numbers):
    return Alike.of(known, query(at)).points_for(numbers)


def test_a_query_asks_for_what_those_like_it_ask_for_of_each_question():
    assert starts(points_for(known(), 0, [3, 5])) == [30, 51]
    assert starts(points_for(known(), 1, [3])) == [32]
    assert points_for(known(), 0, [4]) == ()  # nobody is known to ask for it


def test_where_those_alike_ask_for_no_point_none_is_known():
    assert points_for(known(((), (2,), (1,))), 0, [3]) == ()


def test_the_questions_of_those_alike_come_forward():
    fused = np.array([0.6, 0.4, 0.3])
    slower, smaller = (Alike.of(known(), query(at)).beside(fused, [7, 3, 5]) for at in (0, 1))
    assert slower == pytest.approx([0.4, 0.433, 0.367], abs=1e-3)  # 3 and 5 share those alike
    assert smaller == pytest.approx([0.4, 0.6, 0.2], abs=1e-3)
    assert Alike.of(None, query(0)).beside(fused, [7, 3, 5]) is fused
    assert Alike.of(None, query(0)).points_for([3]) == ()


def test_points_asked_for_about_as_often_stay_in_order_and_others_come_by_how_often():
    say = np.array([0.5, 0.46, 0.3])
    points = np.array([[0, 1, 0, 1], [1, 0, 0, 1], [0, 0, 1, 1]], dtype=bool)
    spans = np.stack([np.arange(4), np.arange(4) + 1], axis=-1)[None]
    found = AskedPoints(points, spans).named(say, np.ones(3, dtype=bool), 0, 0.2)
    assert starts(found) == [3, 0, 1, 2]
    assert starts(AskedPoints(points, spans).named(say, np.ones(3, dtype=bool), 0, 0.3)) == [3, 0, 1]


def test_they_belong_to_one_source_and_want_both_embedders(tmp_path, monkeypatch):
    monkeypatch.setattr(KnownQueries, "FILE", tmp_path / "asked.npz")
    assert learned_for(KnownQueries, "abc", ("use", "e5")) is None
    keep(known())
    kept = learned_for(KnownQueries, "abc", ("use", "e5"))
    assert starts(points_for(kept, 0, [5, 3])) == [51, 30]
    assert learned_for(KnownQueries, "another", ("use", "e5")) is None
    assert learned_for(KnownQueries, "abc", ("use",)) is None


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("asked", "train"),
        *((name, part) for name in ("asked", *SINGLE_QUERIES) for part in ("dev", "test")),
    ],
)
def test_the_points_of_a_row_belong_to_its_questions(name, part):
    for row in rows(name, part):
        points = row.get("points", [])
        assert {question_of(i) for i in points} <= set(row["relevant"])
        assert part == "train" or bool(points) == bool(row["relevant"])
        assert not set(points) & set(row.get("partly", ()))
        assert {question_of(i) for i in row.get("partly", ())} <= set(range(1, 81))


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (name, ("dev", "test"))
        for name in ("asked", *SINGLE_QUERIES, "retrieval", "answerable_hard", "answers", "unanswerable")
    ]
    + [("retrieval_again", ("test",))],
)
def test_no_query_is_measured_that_is_known(name, parts):
    known_ones = {bare(row["query"]) for learned in ("asked", "treated") for row in rows(learned, "train")}
    assert [row["query"] for part in parts for row in rows(name, part) if bare(row["query"]) in known_ones] == []


def bare(query):
    """Without marks and spaces, in one script."""
    return "".join(c for c in fold(query) if c.isalnum())
