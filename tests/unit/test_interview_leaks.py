"""Nothing that is said before an answer gives a key point away."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import DocumentError
from ingest.rubrics import KeyPoint
from tutor.interview.items import Material, make_item
from tutor.interview.leaks import Guard
from tutor.interview.material import open_material
from tutor.interview.probes import read_probes

POINT = KeyPoint(
    id="1.1", kind="core", weight=3, statement="KV Cache 儲存已算過的 Key 與 Value 向量，避免重算",
    statement_en="The cache stores computed keys and values so they are not recomputed", quote="用於儲存和重複使用這些向量的快取",
)  # fmt: skip
GUARD = Guard([POINT], ["什麼是 KV Cache？"], frozenset({"向量"}))


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return open_material(tmp_path_factory.mktemp("corpora"), "llm-vlm-80")


@pytest.mark.parametrize(
    "text",
    ["它會避免重算嗎？", "它会避免重算吗？", "Does it store keys?", "用於儲存和重複使用這些", "是不是把 value 存起來"],
)
def test_a_term_of_the_point_is_a_leak(text: str) -> None:
    assert GUARD.leaks(text)


@pytest.mark.parametrize("text", ["背後的原因是什麼？", "再說說 KV Cache。", "What is gained by that?", "向量呢？", ""])
def test_the_question_and_the_field_are_no_leak(text: str) -> None:
    assert not GUARD.leaks(text)


def test_what_the_candidate_said_is_no_leak() -> None:
    assert GUARD.leaks("你提到「避免重算」。")
    assert not GUARD.leaks("你提到「避免重算」。", said="它可以避免重算。")


@pytest.mark.parametrize("language", ["zh-Hant", "zh-Hans", "en"])
def test_nothing_that_is_said_about_the_shipped_questions_leaks(material: Material, language: str) -> None:
    common = material.common()
    for question in material.questions():
        item = make_item(material, question.number, "new", language, common)  # type: ignore[arg-type]
        guard = material.guard(question.number, common)
        for text in (item.ask, *item.hints, *item.probes.values()):
            assert not guard.leaks(text), (question.number, text)


@pytest.mark.parametrize("language", ["zh-Hant", "en"])
def test_every_core_point_can_be_asked_about_and_every_question_hints(material: Material, language: str) -> None:
    common = material.common()
    for question in material.questions():
        item = make_item(material, question.number, "new", language, common)  # type: ignore[arg-type]
        core = [p for p in material.rubrics[question.number].points if p.kind == "core"]
        assert all(item.probes.get(p.id) for p in core), question.number
        assert item.hints, question.number


def test_the_model_answer_is_the_documents_own_words_in_its_order(material: Material) -> None:
    source = material.document.source
    for question in material.questions():
        answer = make_item(material, question.number, "new", "en", frozenset()).answer
        assert answer
        assert all(source[s.start : s.end] == s.text for s in answer)
        assert [s.start for s in answer] == sorted(s.start for s in answer)


def test_probes_written_by_hand_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "a.probes.yaml"
    path.write_text("'1.1':\n  zh: 為什麼？\n  en: Why?\n", encoding="utf-8")
    assert read_probes(path) == {"1.1": ("為什麼？", "Why?")}
    for bad in ("- a\n", "'1.1': {zh: 為什麼}\n", "a: [\n"):
        path.write_text(bad, encoding="utf-8")
        with pytest.raises(DocumentError):
            read_probes(path)
    assert read_probes(tmp_path / "none.yaml") == {}
