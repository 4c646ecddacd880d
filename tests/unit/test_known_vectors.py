"""Vectors that travel with a document: as good as embedded ones, and never in the way."""

import json
import sqlite3

import numpy as np
import pytest

from eval.known_vectors import write
from ingest import embed
from ingest.corpora import ingest, shipped_document, vectors_path
from ingest.embed import load_embedder
from ingest.index import build
from ingest.known_vectors import KnownVectors, read_known_vectors
from ingest.parsers import parse
from ingest.vectors import VectorCache, key_of

FAST = ["use"]
TEXTS = ["快取把常用的資料存在較快的記憶體裡。", "索引讓資料庫不用掃描整張表。", "A load balancer shares requests out."]


@pytest.fixture(scope="module")
def embedded():
    return load_embedder("use").passages(TEXTS)


@pytest.fixture
def known(embedded, tmp_path):
    path = tmp_path / "some.vectors.npz"
    KnownVectors().and_also({key_of("use", t): v for t, v in zip(TEXTS, embedded, strict=True)}).write(path)
    return path


class Watched:
    """The real embedder, with what it was asked for."""

    name, dimension = "use", 512

    def __init__(self):
        self.asked = []

    def passages(self, texts):
        self.asked += texts
        return load_embedder("use").passages(texts)


def through(cache, watched, texts):
    return np.concatenate(list(cache.embed(watched, texts, lambda _: None)))


def test_what_is_known_is_not_embedded_and_is_nearly_the_same(known, embedded, tmp_path):
    watched = Watched()
    found = through(VectorCache(tmp_path / "v.sqlite", read_known_vectors(known)), watched, [*TEXTS, "新的一句。"])
    assert watched.asked == ["新的一句。"]
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert np.abs(found[:3] @ embedded.T - embedded @ embedded.T).max() < 2e-3


def test_another_version_of_an_embedder_knows_none_of_them(known, tmp_path, monkeypatch):
    monkeypatch.setitem(embed._SIGNATURES, "use", "use-multilingual-v4")
    watched = Watched()
    through(VectorCache(tmp_path / "v.sqlite", read_known_vectors(known)), watched, TEXTS)
    assert watched.asked == TEXTS


@pytest.mark.parametrize("spoil", [lambda b: b[:200], lambda b: b"", lambda b: b"no zip at all", lambda b: b[:-300]])
def test_a_damaged_file_costs_time_only(known, spoil, tmp_path):
    known.write_bytes(spoil(known.read_bytes()))
    watched = Watched()
    through(VectorCache(tmp_path / "v.sqlite", read_known_vectors(known)), watched, TEXTS)
    assert watched.asked == TEXTS


def test_a_file_of_other_arrays_is_not_used(known):
    np.savez(known, **{"keys-512": np.zeros((2, 16), np.uint8), "rows-512": np.zeros((2, 512), np.float32)})
    assert len(read_known_vectors(known)) == 0
    np.savez(known, **{"keys-512": np.zeros((2, 16), np.uint8)})
    assert len(read_known_vectors(known)) == 0


def test_the_same_vectors_make_the_same_file_and_old_rows_stay(known, tmp_path):
    first = read_known_vectors(known)
    again = tmp_path / "again.npz"
    first.and_also({key_of("use", TEXTS[0]): np.ones(512, np.float32)}).write(again)
    assert again.read_bytes() == known.read_bytes()


def test_an_index_is_built_with_them_and_without_embedding(tiny_bank, tmp_path, monkeypatch):
    document = parse(tiny_bank.read_text(encoding="utf-8"))
    build(tmp_path / "one", "tiny", document, embedders=FAST)
    cache = VectorCache(tmp_path / "one" / "vectors.sqlite")
    rows = cache._db.execute("SELECT key, vector FROM vectors").fetchall()
    path = tmp_path / "tiny.vectors.npz"
    KnownVectors().and_also({key: np.frombuffer(raw, np.float32) for key, raw in rows}).write(path)

    def never(*_):
        raise AssertionError("a known text was embedded")

    monkeypatch.setattr(type(load_embedder("use")), "passages", never)
    assert build(tmp_path / "two", "tiny", document, embedders=FAST, vectors=path).questions == 3


def test_the_shipped_vectors_are_those_of_the_shipped_document():
    document = shipped_document("llm-vlm-80")
    assert write(document, check=True), "run `python -m eval vectors`"
    assert vectors_path(document).stat().st_size < 16_000_000


def test_the_index_of_the_shipped_document_embeds_nothing_else(corpus_data):
    kept = sqlite3.connect(corpus_data / "corpora" / "llm-vlm-80" / "vectors.sqlite")
    used = {key for (key,) in kept.execute("SELECT key FROM vectors")}
    kept.close()
    assert len(used) > 5000
    assert set(read_known_vectors(vectors_path(shipped_document("llm-vlm-80"))).get(used)) == used


def test_a_document_of_ones_own_brings_none(tiny_bank, tmp_path):
    vectors_path(tiny_bank).write_bytes(b"not even looked at")
    assert ingest(tmp_path / "corpora", "tiny", tiny_bank, embedders=FAST).questions == 3
    assert json.loads((tmp_path / "corpora" / "tiny" / "source.json").read_text())["path"] == str(tiny_bank)
