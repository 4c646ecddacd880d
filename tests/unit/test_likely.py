"""What is read ahead first: what a conversation is about, then what users will likely turn to, then the rest."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from ingest.errors import StoreUnavailable
from tutor.answering import ahead as module
from tutor.answering import prompt
from tutor.answering.ahead import ReadAhead
from tutor.settings import Settings
from tutor.store import Attempt, open_store
from tutor.store.rows import now
from tutor.web.likely import coming


@pytest.fixture
def store(tmp_path):
    with open_store(Settings(data_dir=tmp_path)) as found:
        yield found


def order(likely, soon=()):
    room = SimpleNamespace(numbers=lambda: [1, 2, 3, 4, 5], languages=lambda: ("zh-Hant", "en"))
    ahead = ReadAhead(None, room, likely)  # type: ignore[arg-type]
    ahead.soon(soon, "zh-Hant")
    return list(ahead._order())


def test_a_conversation_comes_first_then_what_is_likely_then_the_documents_order():
    found = order(lambda: [4, 9, 2], soon=[3])
    assert [n for n, language in found if language == "zh-Hant"] == [3, 4, 2, 1, 3, 5]
    assert [n for n, language in found if language == "en"] == [4, 2, 1, 3, 5]


def test_without_a_database_the_document_is_read_in_its_order():
    def broken():
        raise StoreUnavailable("The database is away.", "Start it.")

    assert [n for n, language in order(broken) if language == "en"] == [1, 2, 3, 4, 5]


class FullModel:
    """A model whose folder holds two prompts: each further one pushes the oldest out."""

    def __init__(self):
        self.kept = []
        self.reads = 0
        self.line = SimpleNamespace(wait_quiet=lambda seconds: True)

    def keeps_prompts(self):
        return len(self.kept) < 2

    def reads_at_once(self, system):
        return system in self.kept

    def read_ahead(self, system):
        self.reads += 1
        self.kept = [*self.kept, system][-2:]
        return True


def test_a_full_folder_takes_what_a_conversation_is_about_and_then_rests(monkeypatch):
    monkeypatch.setattr(module, "IDLE_S", 0.0)
    monkeypatch.setattr(prompt, "whole", lambda sentences, language: f"{sentences} {language}")
    room = SimpleNamespace(
        numbers=lambda: [1, 2, 3], languages=lambda: ("zh-Hant",), sentences_of=lambda number: number
    )
    model = FullModel()
    ahead = ReadAhead(model, room)  # type: ignore[arg-type]
    while ahead._step():
        assert model.reads < 20
    ahead.soon([3], "zh-Hant")
    while ahead._step():
        assert model.reads < 20
    assert model.kept[-1] == "3 zh-Hant"
    assert not ahead._step()


def test_an_interview_is_read_from_its_current_question_on():
    state = {"plan": [{"number": n} for n in (7, 3, 5, 1)], "asked": [{"number": 7}, {"number": 3}]}
    assert coming(state) == [3, 5, 1]
    assert coming({**state, "asked": []}) == [7, 3, 5]
    assert coming({}) == []


def test_due_cards_running_interviews_and_popular_questions_of_all_users_count(store):
    moment = now()
    for user, question, due in (("anna", 5, 2), ("ben", 8, -3), ("ben", 9, 900)):
        store.cards.put(user, "llm", question, {"state": 1}, moment + timedelta(hours=due))
    store.interviews.save("anna", "i1", "llm", {"plan": [{"number": 7}], "asked": []}, False)
    store.interviews.save("anna", "i2", "llm", {"plan": [{"number": 6}], "asked": []}, True)
    store.interviews.save("ben", "i3", "other", {"plan": [{"number": 1}], "asked": []}, False)
    talk = store.conversations.create("ben", "llm")
    for used in ([19], [19, 4], [19], [19]):
        store.conversations.append("ben", talk.id, "assistant", "words", {"used": used})
    store.attempts.add("anna", Attempt(corpus="llm", question=4, answer="a", grade={}, at=moment))
    found = store.interest("llm")
    assert [state["plan"][0]["number"] for state in found.interviews] == [7]
    assert found.due == (8, 5)
    assert found.popular == (19, 4)
    assert store.interest("nothing") == type(found)((), (), ())
