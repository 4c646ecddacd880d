"""The whole road with real engines: pull a model, serve it, ask, check the citations."""

import pytest

from ingest.index import Index
from tutor.answering.answer import Done, Sources, Text
from tutor.answering.tutor import Ask, Tutor
from tutor.retrieval.result import Turn


def check_citations(tutor: Tutor, answer) -> None:
    source = tutor.searcher.index.content.source
    assert answer.citations
    for cite in answer.citations:
        assert source[cite.start : cite.end] == cite.quote
        assert cite.status in {"supported", "partial"}


def test_fake_model_streams_sources_first_and_a_checked_answer_last(searcher, fake_model):
    tutor = Tutor(searcher, fake_model)
    events = list(tutor.runnable().stream(Ask("KV Cache 為什麼能加速推理？")))
    assert isinstance(events[0], Sources)
    assert events[0].used[0] == 19
    assert isinstance(events[-1], Done)
    assert any(isinstance(e, Text) for e in events)
    check_citations(tutor, events[-1].answer)
    assert {c.question for c in events[-1].answer.citations} <= set(events[0].used)


def test_follow_up_keeps_the_topic(searcher, fake_model):
    tutor = Tutor(searcher, fake_model)
    first = tutor.answer(Ask("什麼是 LoRA？"))
    history = (Turn("user", "什麼是 LoRA？"), Turn("assistant", first.answer))
    again = tutor.answer(Ask("再多說一點", history))
    assert {c.question for c in again.citations} <= {37, 38}
    assert not again.refused


def test_without_a_model_the_answer_is_made_of_cited_sentences(searcher, corpus_settings):
    from tutor.llm import open_model

    with open_model(corpus_settings.model_copy(update={"model": "none"})) as model:
        tutor = Tutor(searcher, model)
        answer = tutor.answer(Ask("KV Cache 為什麼能加速推理？"))
    assert "extractive" in answer.flags
    assert answer.model == "none"
    check_citations(tutor, answer)


@pytest.mark.parametrize(("query", "language", "says"), [
    ("明天台北會下雨嗎", "zh-Hant", "沒有談到"), ("明天台北会下雨吗", "zh-Hans", "没有谈到"), ("Will it rain in Taipei tomorrow?", "en", "does not cover"),
])  # fmt: skip
def test_refuses_in_the_language_of_the_question(searcher, fake_model, query, language, says):
    answer = Tutor(searcher, fake_model).answer(Ask(query))
    assert answer.refused
    assert answer.language == language
    assert says in answer.answer
    assert len(answer.suggestions) == 3
    assert answer.citations == ()


@pytest.mark.parametrize(
    "query", ["", "   ", "？？？", "a" * 20_000, "\u200b", "【第999題】", "<script>alert(1)</script>"]
)
def test_odd_queries_get_a_reply(searcher, fake_model, query):
    answer = Tutor(searcher, fake_model).answer(Ask(query))
    assert answer.answer


def test_a_rebuilt_corpus_is_followed_without_a_restart(tmp_path, tiny_bank):
    from ingest.corpora import ingest
    from tutor.retrieval.search import Searcher

    ingest(tmp_path, "tiny", tiny_bank, embedders=["use"])
    searcher = Searcher(tmp_path, "tiny", ["use"])
    assert searcher.search("快取").hits[0].question == 1
    tiny_bank.write_text(
        tiny_bank.read_text(encoding="utf-8") + "\n### 問題 4：什麼是佇列？\n先進先出的排隊。\n",
        encoding="utf-8",
    )
    ingest(tmp_path, "tiny", tiny_bank, embedders=["use"])
    assert searcher.search("佇列 先進先出").hits[0].question == 4
    assert searcher.index.build_folder == Index.open(tmp_path / "tiny", ["use"]).build_folder


@pytest.mark.real_model
def test_smollm2_through_the_real_engine(searcher, smol_model):
    tutor = Tutor(searcher, smol_model)
    answer = tutor.answer(Ask("What is a KV cache and how does it speed up generation?"))
    assert not answer.refused
    assert answer.model.startswith("SmolLM2")
    assert answer.usage["prompt_tokens"] > 50
    assert answer.usage["model_calls"] == 1  # sentences in doubt are judged again by the packaged model alone
    assert 19 in {c.question for c in answer.citations}
    check_citations(tutor, answer)


@pytest.mark.real_model
def test_the_packaged_model_answers_in_chinese_and_cites_19(searcher, packaged_model):
    tutor = Tutor(searcher, packaged_model)
    answer = tutor.answer(Ask("KV Cache 為什麼能加速推理？"))
    assert not answer.refused
    assert answer.language == "zh-Hant"
    assert "【第19題】" in answer.answer
    assert answer.citations[0].question == 19
    assert "extractive" not in answer.flags
    check_citations(tutor, answer)
    assert tutor.answer(Ask("明天台北會下雨嗎")).refused
