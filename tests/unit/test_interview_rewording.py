"""Questions in other words: what is taken from a model, and that nothing waits for it."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest

from ingest.rubrics import KeyPoint
from tutor.interview.leaks import Guard
from tutor.interview.material import open_material
from tutor.interview.practice import Practice, grader_of
from tutor.interview.rewording import accepted
from tutor.interview.setup import Setup
from tutor.settings import Settings
from tutor.store import open_store

ASKED = "什麼是 KV Cache？它在 LLM 推理中如何加速生成過程？"
POINT = KeyPoint(
    id="1.1", kind="core", weight=3, statement="儲存已算過的 Key 與 Value 向量，避免重算", quote="重複使用"
)
GUARD = Guard([POINT], [ASKED], frozenset())


def test_the_same_question_in_other_words_is_taken() -> None:
    said = "請說明什麼是 KV Cache，它在 LLM 推理中怎麼加速生成過程？"
    assert accepted(f"「{said}」\n", ASKED, "zh-Hant", GUARD) == said


def test_the_script_is_mended() -> None:
    found = accepted("请说明什么是 KV Cache，它在 LLM 推理中怎么加速生成过程？", ASKED, "zh-Hant", GUARD)
    assert found is not None
    assert "請說明" in found


@pytest.mark.parametrize(
    "written",
    [
        "", ASKED, "什麼是快取？它在推理中如何加速生成過程？", "What is the KV cache, and how does it speed up LLM inference?",
        "什麼是 KV Cache？它在 LLM 推理中如何透過避免重算來加速？", "你喜歡 KV Cache 和 LLM 嗎？今天天氣真好，我們去吃飯好不好？",
        "什麼是 KV Cache？它在 LLM 推理中如何加速生成過程？" * 3, "好的，KV Cache 是 LLM 推理",
    ],
)  # fmt: skip
def test_less_more_or_something_else_is_not(written: str) -> None:
    assert accepted(written, ASKED, "zh-Hant", GUARD) is None


def test_a_slow_model_is_not_waited_for_and_a_ready_wording_is_used(tmp_path: Path) -> None:
    material = open_material(tmp_path, "llm-vlm-80")
    go, done = Event(), Event()

    def reword(text: str, language: str, guard: Guard) -> str:
        go.wait(30)
        done.set()
        return f"換句話說：{text}"

    with open_store(Settings(data_dir=tmp_path)) as store:
        practice = Practice("llm-vlm-80", material, grader_of(material), store, "ada", reword=reword)
        session = practice.start(Setup(corpus="llm-vlm-80", questions=(19, 37, 8)))
        assert "換句話說" not in session.pending
        session.skip()
        assert "換句話說" not in session.pending
        go.set()
        assert done.wait(30)
        session._rewording.join(30)  # type: ignore[union-attr]
        session.hint()
        assert session._rewording is not None
        session._rewording.join(30)
        session.skip()
        assert "換句話說" in session.pending
