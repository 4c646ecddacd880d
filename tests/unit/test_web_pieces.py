"""Conversation, examples, status, addresses: the parts that need neither a browser nor an index."""

from __future__ import annotations

import copy
import re
import socket
import time
from html import escape
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest

from ingest.document import Expansion
from ingest.errors import UsageError
from ingest.parsers import parse
from tutor.answering.answer import Answer, Citation, Language
from tutor.answering.wording import refusal
from tutor.interview.report import Review
from tutor.llm.state import ModelState
from tutor.retrieval.result import SearchResult
from tutor.retrieval.search import Searcher
from tutor.settings import Settings
from tutor.web.ask.conversation import Conversation, Exchange
from tutor.web.ask.messages import best_citation, copied, current_html, past_html
from tutor.web.ask.tab import AskTab
from tutor.web.backstage import Backstage, IndexState, ModelStatus
from tutor.web.examples import COUNT, examples
from tutor.web.practise.report import _review
from tutor.web.serve import bind, url_of
from tutor.web.status.line import status_html
from tutor.web.visitor import Visitor

TITLES = {3: "什麼是 LoRA？", 4: "什麼是 <b>KV</b>？"}


def refused() -> Conversation:
    answer = Answer(refusal("zh-Hant", (3, 4), TITLES), True, "zh-Hant", suggestions=(3, 4))
    exchange = Exchange("天氣？", text=answer.answer, answer=answer, over=True)
    return Conversation([exchange], dict(TITLES))


def current(conversation: Conversation) -> str:
    return current_html(conversation, Backstage(Settings(corpus="bank")), "zh-TW")


def test_an_empty_conversation_is_what_a_reload_comes_back_to() -> None:
    assert 'data-conversation=""' in current(Conversation(corpus="bank"))


def test_a_conversation_that_cannot_be_brought_back_yet_is_sought_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tutor.web.ask.tab.OPENING_SECONDS", 0)
    stage = Backstage(Settings(data_dir=tmp_path, corpus="bank"))
    kept = stage.store.conversations.create("anna", "bank", "title").id
    with gr.Blocks():
        tab = AskTab(stage, "zh-TW")
    who = Visitor("anna", "zh-TW")
    try:
        for wanted, sought in ((kept, kept), ("gone", "")):
            assert f'data-conversation="{sought}"' in tab.arrive(Conversation(), wanted, who)[1]
    finally:
        stage.close()


def test_a_refusal_offers_buttons_in_place_of_its_list() -> None:
    found = current(refused())
    assert re.findall(r'class="option" data-do="ask" data-value="([^"]+)"', found) == [TITLES[3], escape(TITLES[4])]
    assert re.sub(r'data-text="[^"]*"', "", found).count("什麼是 LoRA") == 2  # what is asked, and what the button says
    assert "<b>KV" not in found


@pytest.mark.parametrize(
    ("language", "title"), [("en", "Compare the pros and cons"), ("zh-Hans", "请比较"), ("zh-Hant", "請比較")]
)
def test_questions_are_offered_by_their_titles_in_the_language_of_the_reply(
    searcher: Searcher, language: Language, title: str
) -> None:
    answer = Answer("…", True, language, suggestions=(36, 999))
    exchange = Exchange("?", text="…", over=True)
    exchange.finished(answer, searcher)
    assert list(exchange.titles) == [36]
    assert exchange.titles[36].startswith(title)
    assert f'data-value="{exchange.titles[36]}"' in current(Conversation([exchange], dict(searcher.titles)))


def test_what_was_said_before_stays_when_more_is_asked() -> None:
    conversation = refused()
    conversation.exchanges.append(Exchange("然後呢？", text="好。", over=True))
    assert 'class="option"' in past_html(conversation, "zh-TW")
    assert "然後呢" in current(conversation)
    assert "然後呢" not in past_html(conversation, "zh-TW")


QUOTES = ("KV Cache 儲存先前的向量。", "量化把權重轉成低位元整數。")
CITED = tuple(
    Citation(3, "解釋", quote, n * 100, n * 100 + len(quote), status)  # type: ignore[arg-type]
    for n, (quote, status) in enumerate(zip(QUOTES, ("supported", "partial"), strict=True))
)


def test_a_chip_carries_the_status_and_the_sentence_it_stands_behind() -> None:
    text = "它把權重轉成低位元整數【第3題】。快取儲存先前的向量【第3題】。"
    answer = Answer(text, False, "zh-Hant", citations=CITED)
    found = current(Conversation([Exchange("?", text=text, answer=answer, over=True)], dict(TITLES)))
    assert re.findall(r'class="cite (\w+)"', found) == ["partial", "supported"]
    assert 'data-words="原文只支持部分"' in found
    assert f'data-quote="{QUOTES[1]}"' in found


def test_a_sentence_gets_the_citation_it_shares_most_with() -> None:
    assert best_citation("權重變成低位元", 3, CITED) == CITED[1]
    assert best_citation("", 4, CITED) is None


def test_a_copy_names_its_sources() -> None:
    answer = Answer("好【第3題】。", False, "zh-Hant", citations=CITED[:1])
    assert copied(Exchange("?", text="好【第3題】。", answer=answer), "en").endswith(f"- Q3 · 解釋: {QUOTES[0]}")


def test_history_leaves_out_the_last_question_and_what_was_never_answered() -> None:
    conversation = Conversation([Exchange("一", text="壹"), Exchange("二", note="壞了"), Exchange("三")])
    assert [(t.role, t.content) for t in conversation.history()] == [("user", "一"), ("assistant", "壹")]


def test_what_users_and_models_write_arrives_dead() -> None:
    found = current(
        Conversation([Exchange("![x](https://e.example/)<i>", text="<img src=x> [a](https://e.example/)", over=True)])
    )
    assert "<img" not in found
    assert "<i>" not in found
    assert "<a " not in found


def test_a_conversation_can_be_copied_for_each_session() -> None:
    first = Conversation()
    copy.deepcopy(first).exchanges.append(Exchange("x"))
    assert first.exchanges == []


BANK = "".join(
    f"## {category}. 類別\n\n" + "".join(f"### {n}. 什麼是{category}{n}？\n\n答案寫在這裡。\n\n" for n in numbers)
    for category, numbers in (("A", range(1, 5)), ("B", range(5, 9)), ("C", range(9, 13)))
)


def test_examples_mix_the_topics() -> None:
    found = examples(parse(BANK), (), "zh-TW")
    assert len(found) == COUNT
    assert len({title[3] for title in found[:3]}) == 3


def test_english_examples_use_the_reviewed_titles() -> None:
    found = examples(parse(BANK), [Expansion(1, title_en="What is A1?")], "en")
    assert found[0] == "What is A1?"


class _Stage:
    settings = Settings(corpus="<bank>")

    def __init__(self, index: IndexState, model: ModelStatus) -> None:
        self.index, self.model = index, model


@pytest.mark.parametrize(
    ("index", "model", "expected"),
    [
        (IndexState("building", "use-text", done=3, total=9), ModelStatus("choosing"), "3/9"),
        (IndexState("failed", "No index.", "tutor ingest"), ModelStatus("none"), "<code>tutor ingest</code>"),
        (IndexState("ready"), ModelStatus("pulling", "m", "fetching m: 3 of 98 MB"), "98 MB"),
        (IndexState("ready"), ModelStatus("pulling", "m", "checking m: 98 MB"), "98 MB"),
        (IndexState("ready"), ModelStatus("stopped", "m", "it died"), "it died"),
        (IndexState("ready"), ModelStatus("failed", "<m>", "lost"), "&lt;m&gt;"),
    ],
)
def test_status_says_how_far_things_are_and_why(index: IndexState, model: ModelStatus, expected: str) -> None:
    for tongue in ("zh-TW", "en"):
        found = status_html(_Stage(index, model), tongue)  # type: ignore[arg-type]
        assert expected in found
        assert "&lt;bank&gt;" in found


def test_reasons_are_in_the_line_only_while_not_all_is_well() -> None:
    calm = status_html(_Stage(IndexState("ready"), ModelStatus("ready", "m", "", "why")), "en")  # type: ignore[arg-type]
    assert "status-why" not in calm
    assert 'href="#status"' in calm
    busy = status_html(_Stage(IndexState("ready"), ModelStatus("loading", "m", "reading")), "en")  # type: ignore[arg-type]
    assert "status-why" in busy


def test_a_mend_in_the_line_is_in_the_language_of_the_page() -> None:
    stage = _Stage(IndexState("failed", "The file is empty.", "Upload it again."), ModelStatus("none"))
    assert "<code>請再上傳一次。</code>" in status_html(stage, "zh-TW")  # type: ignore[arg-type]


def test_a_review_is_due_on_the_day_that_the_clock_of_the_server_has(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = (Review(1, "A", "2026-11-30T20:00:00+00:00"), Review(2, "B", ""))
    try:
        monkeypatch.setenv("TZ", "Asia/Taipei")
        time.tzset()
        found = _review(SimpleNamespace(review=rows), "en")  # type: ignore[arg-type]
    finally:
        monkeypatch.undo()
        time.tzset()
    assert "2026-12-01" in found
    assert "as soon as possible" in found


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.9.1"])
def test_addresses_of_this_machine_need_no_sign_in(host: str) -> None:
    settings = Settings(host=host)
    assert settings.on_loopback
    assert not settings.signing_in


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com", ""])
def test_addresses_that_others_reach_need_sign_in(host: str) -> None:
    settings = Settings(host=host)
    assert not settings.on_loopback
    assert settings.signing_in


def test_a_port_in_use_is_a_clear_error_with_a_way_out() -> None:
    with bind("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        assert url_of("127.0.0.1", first) == f"http://127.0.0.1:{port}"
        with pytest.raises(UsageError, match=str(port)) as caught:
            bind("127.0.0.1", port)
        assert f"--port {port + 1}" in caught.value.mend or port == 65535


def test_ipv6_address_in_a_url() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        sock = bind("::1", 0)
    except UsageError:
        pytest.skip("no IPv6 loopback here")
    with sock:
        assert url_of("::1", sock).startswith("http://[::1]:")


class _NoModel:
    name = "none"
    state = choice = ModelState("none", "none wanted")

    def close(self) -> None:
        """Nothing runs."""


def test_a_corpus_that_is_not_there_is_said_with_its_mend(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, corpus="nowhere", model="none")
    stage = Backstage(settings, open_model=lambda _: _NoModel())  # type: ignore[arg-type, return-value]
    stage.start()
    try:
        with stage._changed:
            assert stage._changed.wait_for(lambda: stage.index.phase == "failed", 60)
        report = stage.report()
        assert not report["ready"]
        assert "tutor ingest" in report["corpus"]["mend"]
    finally:
        stage.close()
    assert stage.wait(0.0) is None


@pytest.mark.parametrize("in_corpus", [True, False])
def test_how_a_query_was_understood_is_shown_unless_the_document_does_not_treat_it(in_corpus: bool) -> None:
    result = SearchResult("那天氣呢？", "什麼是 LoRA？ 那天氣呢？", in_corpus, 0.5, ())
    exchange = Exchange("那天氣呢？", text="好。", result=result, over=True)
    assert ("什麼是 LoRA？ 那天氣呢？" in current(Conversation([exchange], dict(TITLES)))) == in_corpus
