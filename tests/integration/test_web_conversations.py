"""Questions asked through the page's handlers: streamed, stopped, edited, kept, brought back, exported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from page_app import USER, ask, opened, small, typed

from ingest.errors import TutorError
from tutor.interview.material import own_rubrics_path
from tutor.settings import Settings
from tutor.store import LOCAL_USER
from tutor.web.ask.asking import Asking
from tutor.web.ask.conversation import Conversation
from tutor.web.backstage import Backstage
from tutor.web.pane import Deed


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return small(tmp_path_factory.mktemp("web-app"))


@pytest.fixture(scope="module")
def stage(settings: Settings) -> Backstage:
    return Backstage(settings)


@pytest.fixture(scope="module")
def client(settings: Settings, stage: Backstage) -> Iterator[TestClient]:
    with opened(settings, stage) as found:
        yield found


def test_an_answer_streams_and_ends_with_its_sources(client: TestClient, stage: Backstage) -> None:
    conversation = Conversation()
    shown = ask(stage, conversation, "什麼是 KV Cache？")
    assert len(shown) >= 3
    _, current, panel, history = shown[-1]
    assert 'class="cite supported"' in current
    assert "<mark" in panel
    assert "什麼是 KV Cache？" in history
    assert not conversation.busy


def test_a_refusal_offers_questions_and_a_follow_up_knows_what_was_said(client: TestClient, stage: Backstage) -> None:
    conversation = Conversation()
    current = ask(stage, conversation, "台北今天的天氣如何？會下雨嗎？")[-1][1]
    assert current.count('class="option" data-do="ask"') == 3
    ask(stage, conversation, "什麼是 LoRA？")
    assert len(conversation.history()) == 2
    assert conversation.exchanges[-1].answer is not None


def test_a_question_during_an_answer_is_not_taken(client: TestClient, stage: Backstage) -> None:
    conversation, asking = Conversation(), Asking(stage)
    asking.take(typed("什麼是 KV Cache？"), conversation, USER, "en")
    asking.take(typed("什麼是 LoRA？"), conversation, USER, "en")
    assert [e.query for e in conversation.exchanges] == ["什麼是 KV Cache？"]
    list(asking.write(conversation, USER, "en"))


def test_closing_the_stream_leaves_a_stopped_answer(client: TestClient, stage: Backstage) -> None:
    conversation, asking = Conversation(), Asking(stage)
    asking.take(typed("什麼是 KV Cache？"), conversation, USER, "en")
    stream = asking.write(conversation, USER, "en")
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert conversation.exchanges[-1].stopped
    assert not conversation.busy


def test_an_answer_that_is_stopped_as_it_ends_is_kept_once(
    client: TestClient, stage: Backstage, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation, asking = Conversation(), Asking(stage)
    asking.take(typed("什麼是 KV Cache？"), conversation, USER, "en")
    stream = asking.write(conversation, USER, "en")
    while not conversation.exchanges[-1].text:
        next(stream)
    append = stage.store.conversations.append

    def ended_meanwhile(*message: Any) -> Any:
        stream.close()  # type: ignore[attr-defined]
        return append(*message)

    with monkeypatch.context() as patch:
        patch.setattr(stage.store.conversations, "append", ended_meanwhile)
        asking.stop(conversation, USER, "en")
    kept = stage.store.conversations.messages(USER, conversation.id)
    assert [m.role for m in kept] == ["user", "assistant"]


def test_key_points_that_cannot_be_read_keep_no_question_from_being_answered(
    client: TestClient, stage: Backstage
) -> None:
    broken = own_rubrics_path(stage.settings.corpora_dir, "small")
    broken.write_text("[", encoding="utf-8")
    try:
        conversation = Conversation()
        shown = ask(stage, conversation, "什麼是 KV Cache？")
    finally:
        broken.unlink()
    assert 'class="cite supported"' in shown[-1][1]
    assert not conversation.exchanges[-1].failed


def test_a_bug_shows_as_one_and_the_page_goes_on(
    client: TestClient, stage: Backstage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    conversation = Conversation()
    with monkeypatch.context() as patch:
        patch.setattr(stage.tutor, "stream", broken)
        current = ask(stage, conversation, "什麼是 KV Cache？")[-1][1]
    assert "程式出了意外的錯" in current
    assert not conversation.busy
    assert 'data-question="1"' in ask(stage, conversation, "什麼是 KV Cache？")[-1][1]


def test_a_refusal_offers_the_same_questions_beside_it_as_in_its_words(client: TestClient, stage: Backstage) -> None:
    asking, conversation = Asking(stage), Conversation()
    ask(stage, conversation, "什麼是 KV Cache？")
    ask(stage, conversation, "台北今天的天氣如何？")
    refused = conversation.exchanges[1]
    assert refused.answer is not None
    assert refused.answer.refused
    # Other ones than the ranking found, as behind a conversation.
    refused.answer = replace(refused.answer, suggestions=tuple(reversed(refused.answer.suggestions)))
    beside = re.findall(
        r'<details class="source" id="q-\d+" data-question="(\d+)"', asking._panel(refused, conversation, "en")
    )
    assert [int(number) for number in beside] == list(refused.answer.suggestions)


def test_a_conversation_comes_back_with_its_sources_and_belongs_to_one_user(
    client: TestClient, stage: Backstage
) -> None:
    asking, conversation = Asking(stage), Conversation()
    ask(stage, conversation, "什麼是 KV Cache？")
    ask(stage, conversation, "台北今天的天氣如何？")
    again = Conversation()
    asking.reopen(conversation.id, again, USER)
    assert [e.query for e in again.exchanges] == [e.query for e in conversation.exchanges]
    assert again.exchanges[0].answer == conversation.exchanges[0].answer
    assert "<mark" in asking._panel(again.exchanges[0], again, "en")
    with pytest.raises(TutorError):
        asking.reopen(conversation.id, Conversation(), "bob")
    assert conversation.id not in asking.history(Conversation(), "bob", "en")


def test_editing_forgets_what_came_after(client: TestClient, stage: Backstage) -> None:
    asking, conversation = Asking(stage), Conversation()
    for query in ("什麼是 KV Cache？", "什麼是 LoRA？", "什麼是模型量化？"):
        ask(stage, conversation, query)
    asking.take(Deed("edit", "1", {"query": ("LoRA 凍結什麼？",)}), conversation, USER, "en")
    list(asking.write(conversation, USER, "en"))
    kept = stage.store.conversations.messages(USER, conversation.id)
    assert [m.content for m in kept if m.role == "user"] == ["什麼是 KV Cache？", "LoRA 凍結什麼？"]


def test_a_conversation_that_began_politely_is_called_by_its_first_question(
    client: TestClient, stage: Backstage
) -> None:
    def title(*queries: str, name: str = "") -> str:
        conversation = Conversation()
        for query in queries:
            ask(stage, conversation, query)
            if name:
                stage.store.conversations.rename(USER, conversation.id, name)
        return stage.store.conversations.get(USER, conversation.id).title

    assert title("你好", "什麼是 LoRA？", "什麼是 KV Cache？") == "什麼是 LoRA？"
    assert title("你好", "謝謝") == "你好"
    assert title("你好", "什麼是 LoRA？", name="今晚讀的") == "今晚讀的"


def test_deleting_can_be_undone_and_renaming_is_kept(client: TestClient, stage: Backstage) -> None:
    asking, conversation = Asking(stage), Conversation()
    ask(stage, conversation, "什麼是 LoRA？")
    id = conversation.id
    asking.act(Deed("rename", id, {"title": ("低秩",)}), conversation, USER, "en")
    gone = asking.act(Deed("delete", id), conversation, USER, "en")
    assert "低秩" in gone[3]
    assert conversation.exchanges == []
    assert id not in asking.history(conversation, USER, "en")
    assert id in asking.act(Deed("restore", id), conversation, USER, "en")[3]


def test_deleting_another_conversation_does_not_end_the_answer_that_is_written(
    client: TestClient, stage: Backstage
) -> None:
    asking, other, conversation = Asking(stage), Conversation(), Conversation()
    ask(stage, other, "什麼是 LoRA？")
    ask(stage, conversation, "什麼是 KV Cache？")
    shown = asking.history(conversation, USER, "en")
    leaves = {
        id: f'data-do="delete" data-value="{id}" data-event="select"' in shown for id in (other.id, conversation.id)
    }
    assert leaves == {other.id: False, conversation.id: True}
    assert f'data-do="delete" data-value="{other.id}"' in shown


def test_a_thumb_is_kept_with_its_reason(client: TestClient, stage: Backstage) -> None:
    asking, conversation = Asking(stage), Conversation()
    ask(stage, conversation, "什麼是 LoRA？")
    fields = {"thumb": ("down",), "why": ("It is wrong",), "words": ("no",)}
    asking.act(Deed("thumb", "0", fields), conversation, USER, "en")
    kept = stage.store.feedback.list(USER)[-1]
    assert (kept.value, kept.reason) == (-1, "It is wrong; no")


def test_a_conversation_is_exported_with_the_sentences_it_rests_on(client: TestClient, stage: Backstage) -> None:
    conversation = Conversation()
    asking = Asking(stage)
    asking.take(typed("什麼是 LoRA？"), conversation, LOCAL_USER, "en")
    list(asking.write(conversation, LOCAL_USER, "en"))
    asking.act(Deed("rename", conversation.id, {"title": ("<b>low rank",)}), conversation, LOCAL_USER, "en")
    text = client.get(f"/files/conversations/{conversation.id}.md").text
    assert "LoRA 凍結原本的權重" in text
    page = client.get(f"/files/conversations/{conversation.id}.html")
    assert "attachment" in page.headers["content-disposition"]
    assert "<b>" not in page.text
    assert "<blockquote>" in page.text
    gone = client.get("/files/conversations/nonsense.md")
    assert (gone.status_code, gone.json()["detail"]) == (404, "There is no such conversation.")
