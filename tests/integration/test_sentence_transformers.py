"""The `st:` embedder with a real model that comes in a wheel, and the usual recipe; skipped without its packages."""

import numpy as np
import pytest

from eval.baselines.usual_recipe import UsualRecipe, missing, model_folder
from ingest.corpora import ingest, read_document
from ingest.embed import load_embedder, signature_of
from ingest.errors import IndexMismatch, UsageError
from tutor.retrieval.rerank import Reranker
from tutor.retrieval.search import Searcher

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "measured")


@pytest.fixture
def spec(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return f"st:{model_folder()}"


def test_vectors_have_unit_length_and_mean_something(spec):
    model = load_embedder(spec)
    vectors = model.passages(["a cache keeps hot data", "the weather in spring", "storing frequently used values"])
    assert vectors.shape == (3, model.dimension) == (3, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    query = model.queries(["what is caching?"])[0]
    assert np.argmin(vectors @ query) == 1


def test_a_corpus_is_built_and_searched_with_it(spec, tmp_path):
    bank = tmp_path / "bank.md"
    bank.write_text(
        "## 1. What is a cache?\nFast storage for data used often.\n\n## 2. What is an index?\nA structure to find "
        "rows.\n\n## 3. What is a load balancer?\nIt spreads requests over servers.\n",
        encoding="utf-8",
    )
    ingest(tmp_path / "corpora", "bank", bank, embedders=["use", spec])
    searcher = Searcher(tmp_path / "corpora", "bank", ["use", spec])
    assert f"{spec}-text" in searcher.legs.score("request distribution").legs
    assert searcher.search("How are requests spread over several servers?").hits[0].question == 3
    with pytest.raises(IndexMismatch):
        Searcher(tmp_path / "corpora", "bank", ["use"])
    assert signature_of(spec) == spec


def test_a_model_that_is_not_there_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(UsageError, match="cannot be loaded"):
        load_embedder(f"st:{tmp_path / 'nothing'}")


def test_the_usual_recipe_ranks_questions(spec, tmp_path):
    bank = tmp_path / "bank.md"
    filler = "This sentence adds length and nothing else. " * 25
    bank.write_text(
        f"## 1. What is a cache?\nFast storage for hot data. {filler}\n\n## 2. What is a load balancer?\nIt spreads "
        f"requests over servers. {filler}\n",
        encoding="utf-8",
    )
    recipe = UsualRecipe(read_document(bank))
    assert recipe.rank("spreading requests over servers")[0] == 2
    assert sorted(recipe.rank("anything")) == [1, 2]


@pytest.fixture
def cross_encoder(tmp_path):
    """A cross-encoder of two small layers, untrained: it ranks by chance, but always alike."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder = tmp_path / "cross-encoder"
    folder.mkdir()
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *"abcdefghijklmnopqrstuvwxyz",
        *(f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz"),
    ]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(3)
    shape = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        num_labels=1, initializer_range=0.6,
    )  # fmt: skip
    BertForSequenceClassification(shape).save_pretrained(folder)
    return str(folder)


def test_a_cross_encoder_looks_again_at_the_first_questions(spec, cross_encoder, tmp_path):
    bank = tmp_path / "bank.md"
    bank.write_text(
        "## 1. What is a cache?\nFast storage for data used often.\n\n## 2. What is an index?\nA structure to find "
        "rows.\n\n## 3. What is a load balancer?\nIt spreads requests over servers.\n",
        encoding="utf-8",
    )
    ingest(tmp_path / "corpora", "bank", bank, embedders=["use"])
    query = "How are requests spread over several servers?"
    first = {h.question: h.score for h in Searcher(tmp_path / "corpora", "bank", ["use"]).search(query).hits}
    again = Searcher(tmp_path / "corpora", "bank", ["use"], reranker=cross_encoder).search(query)
    by_itself = Reranker(cross_encoder)
    expected = {
        h.question: first[h.question] / 2
        + by_itself.scores(query, ["\n".join([h.title, *(e.passage.text for e in h.evidence)])])[0] / 2
        for h in again.hits
    }
    assert [h.question for h in again.hits] == sorted(expected, key=lambda n: -expected[n])
    assert {h.question: h.score for h in again.hits} == pytest.approx(expected, abs=1e-3)
