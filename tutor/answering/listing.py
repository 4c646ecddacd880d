"""Whoever asks which questions a document has on a topic wants those named, not an answer: 「有哪些題目跟 RLHF 有關？」.

Knows phrases; what is near enough is told from the scores of a search.
"""

from __future__ import annotations

import re

from ingest.text import fold
from tutor.retrieval.conversation import content_terms
from tutor.retrieval.result import SearchResult

_TOPIC = r"(?P<topic>.{1,60}?)"
_ASKED = r"(?:题目?|问题)"
_WHICH = r"(?:哪些|哪几[题道个]|哪一?[题道])"
_ARE_WHICH = r"(?:有哪些|有哪几[题道]|是哪些|是哪几[题道])"
_ABOUT = r"(?:跟|和|与|关于|有关|在讲|在问|讲到?|提到|谈到|涉及)"
_CONCERN = r"(?:about|on|related to|concerning|covering|cover|mention(?:ing)?|deal(?:ing)? with|regard(?:ing)?|touch(?:ing)?(?: on)?)"
# On folded text: lower case, Simplified Chinese.
_LISTS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:请|帮我|给我|可以)*(?:列出|列举|找出|有)?(?:所有|全部|{_WHICH})?(?:的?{_ASKED})?(?:是)?{_ABOUT}{_TOPIC}(?:有关|相关)?的?(?:面试)?{_ASKED}{_ARE_WHICH}?",
        rf"(?:文件|题库|里面?|这份文件)*有?{_WHICH}{_ASKED}?(?:是)?{_ABOUT}{_TOPIC}(?:有关|相关)?的?",
        rf"{_TOPIC}(?:(?:相关|有关)的?(?:面试)?{_ASKED}|的?(?:面试)?题目){_ARE_WHICH}",
        r"(?:please )?(?:list|show(?: me)?|find|give me|what are|which are|tell me)(?: all| every)?(?: of)?(?: the)?(?: interview)? questions "
        rf"(?:that |which )?(?:are )?{_CONCERN} {_TOPIC}",
        r"(?:which|what)(?: of the)?(?: interview)? questions (?:are (?:there )?|do you have |does it have )?"
        rf"{_CONCERN} {_TOPIC}",
    )
)
_EDGES = " \t\n,，。.!！?？:：、「」\"“”'"
# A question is named that scores this much, and this share of the best; so many are.
LEAST, SHARE, MOST = 0.4, 0.45, 8


def topic_listed(query: str) -> str | None:
    """The topic of which a query wants the questions named; None where it wants something else.

    >>> topic_listed("列出所有跟 RLHF 有關的題目"), topic_listed("which questions are about RAG?")
    ('rlhf', 'rag')
    """
    folded = fold(query).strip(_EDGES)
    for pattern in _LISTS:
        found = pattern.fullmatch(folded)
        topic = found["topic"].strip(_EDGES) if found else ""
        if content_terms(topic):
            return topic
    return None


def near_enough(result: SearchResult) -> tuple[int, ...]:
    """The questions that belong to a topic, best first; none where nothing is near."""
    best = max((hit.score for hit in result.hits), default=0.0)
    return tuple(hit.question for hit in result.hits if hit.score >= max(LEAST, SHARE * best))[:MOST]
