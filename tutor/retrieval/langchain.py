"""The searcher as a LangChain retriever: passages as documents, with question, section and offsets as metadata."""

from __future__ import annotations

from functools import cached_property

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from tutor.retrieval.search import Searcher
from tutor.settings import Settings


class TutorRetriever(BaseRetriever):
    """Retrieves the best passage of each of the `k` best questions of an ingested corpus.

    Raises:
        IndexMissing: the corpus has not been ingested.
    """

    corpus: str = ""
    k: int = 5

    @cached_property
    def searcher(self) -> Searcher:
        """The searcher behind it, opened on first use."""
        settings = Settings()
        return Searcher.configured(settings, self.corpus)

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        documents = []
        for hit in self.searcher.search(query, top=self.k).hits:
            for evidence in hit.evidence[:1]:
                passage = evidence.passage
                metadata = {
                    "question": hit.question, "title": hit.title, "section": passage.section, "score": hit.score,
                    "start": passage.start, "end": passage.end,
                }  # fmt: skip
                documents.append(Document(page_content=passage.text, metadata=metadata))
        return documents
