"""The whole road with real engines: pull a model, serve it, ask, check the citations."""

from dataclasses import replace

import pytest

from ingest.index import Index
from tutor.answering.answer import Done, Sources, Text
from tutor.answering.tutor import Ask, Tutor
from tutor.retrieval.conversation import cited_questions
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


def behind(searcher, number):
    return (Turn("user", searcher.titles[number]), Turn("assistant", f"【第{number}題】"))


@pytest.mark.parametrize(
    ("query", "language", "says"), [("那有什麼缺點？", "zh-Hant", "損失"), ("any downsides?", "en", "lossy")]
)
def test_what_a_follow_up_is_known_to_ask_for_is_told_at_once(searcher, fake_model, query, language, says):
    tutor = Tutor(searcher, fake_model)
    answer = tutor.answer(Ask(query, behind(searcher, 65)))
    assert not answer.refused
    assert answer.usage["model_calls"] == 0
    assert answer.language == language
    assert says in answer.answer
    assert not answer.answer.startswith("**")
    check_citations(tutor, answer)
    simpler = tutor.answer(Ask("用簡單的話講有什麼缺點", behind(searcher, 65)))
    assert simpler.usage["model_calls"] > 0


@pytest.mark.parametrize(
    ("query", "sides", "cited"),
    [
        ("PPO 跟 DPO 差在哪", ("**PPO**", "**DPO**"), [34, 40]),
        ("CLIP 跟 BLIP 有什么差别", ("**CLIP**", "**BLIP**"), [54, 55]),
        ("用簡單的話說 LoRA 和 QLoRA 差在哪", ("**LoRA**", "**QLoRA**"), [37, 38]),
        ("Compare FlashAttention and the KV cache", ("**FlashAttention**", "**KV cache**"), [18, 19]),
    ],
)
def test_things_compared_are_told_at_once_side_by_side_in_the_order_of_the_query(
    searcher, fake_model, query, sides, cited
):
    tutor = Tutor(searcher, fake_model)
    answer = tutor.answer(Ask(query))
    assert answer.usage["model_calls"] == 0
    first, second = (answer.answer.index(side) for side in sides)
    told = answer.answer[first:second], answer.answer[second:]
    assert [cited_questions(text, searcher.titles) for text in told] == [[number] for number in cited]
    check_citations(tutor, answer)


def test_of_things_compared_with_one_hit_asked_for_only_that_is_answered(searcher, fake_model):
    answer = Tutor(searcher, fake_model).answer(Ask("PPO 跟 DPO 差在哪", top=1))
    assert not answer.answer.startswith("**PPO**")
    assert answer.usage["model_calls"] > 0


@pytest.mark.parametrize("unlike", [True, False])
def test_where_no_known_follow_up_is_alike_and_none_of_the_words_hold_it_is_said_that_nothing_was_found(
    searcher, fake_model, monkeypatch, unlike
):
    search = searcher.search
    monkeypatch.setattr(searcher, "search", lambda *asked: replace(search(*asked), points=(), unlike=unlike))
    monkeypatch.setattr("tutor.llm.fake.fake_answer", lambda prompt: "巴黎的鐵塔有三百公尺高，由艾菲爾設計。")
    tutor = Tutor(searcher, fake_model)
    *_, last, done = tutor.stream(Ask("那有什麼缺點？", behind(searcher, 65)))
    answer = done.answer
    assert last.text.startswith("\n\n")  # behind words that are taken back
    assert "艾菲爾" not in answer.answer
    assert answer.refused is unlike
    assert ("沒有找到直接回答" in answer.answer) is unlike
    assert ("near miss" in answer.flags) is unlike
    assert len(answer.suggestions) == (3 if unlike else 0)
    assert len(answer.citations) == 3 if unlike else len(answer.citations) > 3
    assert ("unsupported-draft-replaced" in answer.flags) is not unlike
    check_citations(tutor, answer)


def test_a_reply_in_another_language_or_in_plain_words_is_no_sign_that_nothing_was_found(
    searcher, fake_model, monkeypatch
):
    search = searcher.search
    monkeypatch.setattr(searcher, "search", lambda *asked: replace(search(*asked), points=(), unlike=True))
    monkeypatch.setattr(
        "tutor.llm.fake.fake_answer", lambda prompt: "The tower in Paris is three hundred metres high and made of iron."
    )
    assert not Tutor(searcher, fake_model).answer(Ask("那有什麼缺點？", behind(searcher, 65))).refused
    monkeypatch.setattr("tutor.llm.fake.fake_answer", lambda prompt: "巴黎的鐵塔有三百公尺高，由艾菲爾設計。")
    plain = Tutor(searcher, fake_model).answer(Ask("用簡單的話講有什麼缺點", behind(searcher, 65)))
    assert not plain.refused
    assert "unsupported-draft-replaced" in plain.flags


def test_another_example_is_not_the_same_one_again(searcher, fake_model):
    tutor = Tutor(searcher, fake_model)
    first = tutor.answer(Ask("舉個例子", behind(searcher, 65)))
    history = (*behind(searcher, 65), Turn("user", "舉個例子"), Turn("assistant", first.answer))
    other = tutor.answer(Ask("再舉一個例子", history))
    assert "沒有再多說" in other.answer
    assert other.usage["model_calls"] == 0
    assert not other.citations


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
