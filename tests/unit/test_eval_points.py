"""The measure of what is listed for a query and for a short follow-up."""

import numpy as np
import pytest

from eval.fit_asked import asked_points
from eval.gold import rows, sampled
from eval.points import Labels, measure
from tutor.answering.evidence import Sentence
from tutor.answering.keypoints import KeyPoint


def point(start, end):
    return KeyPoint("點", Sentence(1, "節", "點", start, end), np.zeros(512, dtype=np.float32), in_language=True)


def test_a_point_answers_by_its_label_and_a_sentence_by_the_words_it_holds():
    labels = Labels(frozenset({(0, 9)}), frozenset({(10, 19)}), frozenset({(0, 9), (10, 19), (20, 29)}), ((22, 35),))
    assert [labels.answers(point(*span)) for span in ((0, 9), (10, 19), (20, 29))] == [1, 0.5, 0]
    assert labels.answers(point(30, 40)) == 1  # a sentence that holds the words
    assert labels.answers(point(36, 40)) == 0


def test_key_points_are_kept_by_where_they_stand():
    spans = {"2.1": (10, 12), "2.3": (14, 15), "1.2": (3, 5)}
    found = asked_points([(2, ["2.3"]), (0, []), (1, ["1.2"])], spans)
    assert found.asked.tolist() == [[False, True], [False, False], [True, False]]
    assert found.spans[2].tolist() == [[10, 12], [14, 15]]
    assert found.spans[1].tolist() == [[3, 5], [0, 0]]


@pytest.mark.parametrize("part", ["dev", "test"])
def test_every_answered_row_says_what_answers_it(part):
    for row in rows("short_follow_ups", part):
        assert bool(row["relevant"]) == bool(row.get("quotes"))
        assert not set(row.get("points", ())) & set(row.get("partly", ()))


def test_what_is_known_lists_less_and_more_of_it_answers(searcher):
    with sampled(70):
        report = measure(searcher, "dev")
    known, topic = report["known"], report["topic"]
    assert known["listed"]["value"] < topic["listed"]["value"] / 2
    assert known["of_them_answering"]["value"] > 2 * topic["of_them_answering"]["value"]
    assert known["answering_that_are_listed"]["value"] > 0.65
    known, topic = report["queries"]["known"], report["queries"]["topic"]
    assert known["listed"]["value"] < topic["listed"]["value"] / 1.4
    assert known["of_them_answering"]["value"] > 1.3 * topic["of_them_answering"]["value"]
    assert known["answering_that_are_listed"]["value"] > 0.85
    known, topic = report["named"]["known"], report["named"]["topic"]
    assert known["listed"]["value"] < topic["listed"]["value"] / 1.4
    assert known["of_them_answering"]["value"] > 1.8 * topic["of_them_answering"]["value"]
    assert known["answering_that_are_listed"]["value"] > 0.8
