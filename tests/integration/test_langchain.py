"""The LangChain retriever."""

from tutor.retrieval.langchain import TutorRetriever


def test_two_lines_are_enough(corpus_data, monkeypatch):
    monkeypatch.setenv("TUTOR_DATA_DIR", str(corpus_data))
    documents = TutorRetriever(corpus="llm-vlm-80", k=3).invoke("KV Cache 為什麼能加速推理？")
    assert documents[0].metadata["question"] == 19
    assert "KV Cache" in documents[0].page_content
