"""Queries that are embedded once and kept."""

import numpy as np

from eval import embedded_once as module
from eval.embedded_once import embedded_once


class Counting:
    name = "use"
    dimension = 2

    def __init__(self):
        self.asked = []

    def queries(self, texts):
        self.asked += texts
        return np.asarray([[len(text), 1.0] for text in texts], dtype=np.float32)


def test_a_query_is_embedded_once_and_kept_for_the_next_time(tmp_path, monkeypatch):
    embedder = Counting()
    monkeypatch.setattr(module, "load_embedder", lambda name: embedder)
    for _ in range(2):
        with embedded_once(["use"], tmp_path / "folder" / "q.sqlite"):
            assert embedder.queries(["ab", "abc", "ab"]).tolist() == [[2.0, 1.0], [3.0, 1.0], [2.0, 1.0]]
            assert embedder.queries(["abc", "a"]).tolist() == [[3.0, 1.0], [1.0, 1.0]]
    assert embedder.asked == ["ab", "abc", "a"]
    embedder.queries(["ab"])
    assert embedder.asked[-1] == "ab", "outside, everything is embedded as it was"
