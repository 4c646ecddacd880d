"""The form in which questions and answers are kept in the store, for the page and the doors alike.

Passages are kept as places in the document. Knows results and answers, nothing of the store or of components.
"""

from __future__ import annotations

from typing import Any

from tutor.retrieval.result import SearchResult

LONGEST_TITLE = 60


def title_of(query: str) -> str:
    """What a conversation is called until somebody renames it: the beginning of its first question."""
    line = " ".join(query.split())
    return line if len(line) <= LONGEST_TITLE else f"{line[: LONGEST_TITLE - 1]}…"


def as_payload(
    result: SearchResult | None, used: tuple[int, ...], answer: dict[str, Any] | None, *, stopped: bool | None = None,
    note: str = "",
) -> dict[str, Any]:  # fmt: skip
    """What has to be kept beside the text of a reply; JSON-ready.

    Args:
        answer: `Answer.as_dict()`, None where it was cut off.
        stopped: whether it was; told from `answer` where it is not said.
    """
    return {
        "answer": answer,
        "used": list(used),
        "stopped": answer is None if stopped is None else stopped,
        "note": note,
        "rewritten": result.rewritten if result else None,
        "in_corpus": result.in_corpus if result else None,
        "hits": [
            {"question": h.question, "score": h.score, "passages": [[e.passage.start, e.passage.end] for e in h.evidence]}
            for h in (result.hits if result else ())
        ],
    }  # fmt: skip
