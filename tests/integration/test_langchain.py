"""The LangChain retriever, as the README shows it."""

import re
from pathlib import Path

from tutor.retrieval.langchain import TutorRetriever

README = Path(__file__).parents[2] / "README.md"


def test_two_lines_are_enough(corpus_data, monkeypatch):
    monkeypatch.setenv("TUTOR_DATA_DIR", str(corpus_data))
    documents = TutorRetriever(corpus="llm-vlm-80", k=3).invoke("KV Cache 為什麼能加速推理？")
    assert documents[0].metadata["question"] == 19
    assert "KV Cache" in documents[0].page_content


def test_the_lines_of_the_readme_work_as_they_stand(corpus_data, monkeypatch):
    monkeypatch.setenv("TUTOR_DATA_DIR", str(corpus_data))
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (lines,) = [block.strip().splitlines() for block in blocks if "TutorRetriever" in block]
    *before, last = [line for line in lines if line]
    assert len(before) == 1
    names: dict[str, object] = {}
    exec(before[0], names)
    documents = eval(last, names)
    assert documents[0].metadata["question"] == 19
