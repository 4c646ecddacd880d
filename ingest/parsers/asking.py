"""Does a line ask? By its question mark, its first words, or the question words in it; Chinese and English.

Answers are full of sentences with "how" and 什麼 in them, so anything long or ending like a statement needs a
question mark or an imperative in front. Judges single plain lines; knows nothing of documents.
"""

from __future__ import annotations

import re

# Longer lines are paragraphs, whatever they begin with.
TITLE_LIMIT = 400
# Up to these lengths a question mark may stand anywhere in a title, and a question word may do without one.
_MARK_ANYWHERE = 150
_WORDS_ALONE = 80

_QUESTION_MARK = re.compile(r"[?？](?=$|[\s)）\]】」』\"'”’*_`~,，。.、;；:：!！?？<\[(（…]|[^\x00-\x7f])")
_IMPERATIVES = (
    "explain", "describe", "define", "compare", "contrast", "discuss", "elaborate", "differentiate",
    "distinguish", "tell (?:me|us)", "give", "implement", "illustrate", "mention", "outline", "identify",
    "briefly", "please", "write (?:a|an|the|some|code|your|down|out|in|program|function)",
    "design (?:a|an|the|your)", "build (?:a|an)", "create (?:a|an|the)", "find (?:a|an|all|the)",
    "show (?:me|how|the|an)", "state (?:the|some)", "solve",
    r"(?:list|name) (?:a|an|all|the|out|some|any|down|different|\d|two|three|four|five)", "walk (?:me|us)",
    "talk (?:me|about)", "provide", "calculate", "determine", "predict", "convert (?:a|an|the)", "imagine",
    "reverse (?:a|an|the)", "check (?:if|whether)", "in your (?:own )?(?:words|opinion|experience)",
    "differences? (?:between|among)", "true or false",
)  # fmt: skip
_INTERROGATIVES = (
    "what", "what['’]s", "why", "how", "how['’]s", "when", "where", "which", "who", "whose", "whom",
    "is", "are", "isn['’]t", "aren['’]t", "was", "were", "do", "does", "don['’]t", "doesn['’]t", "did",
    "can", "could", "should", "would", "will", "has", "have", "suppose", "given (?:a|an|the)", "consider",
    "(?:in|under|for|to|at|with|from|by) (?:what|which)",
)  # fmt: skip
_IMPERATIVE = re.compile(rf"(?:{'|'.join(_IMPERATIVES)})\b", re.IGNORECASE)
_INTERROGATIVE = re.compile(rf"(?:{'|'.join(_INTERROGATIVES)})\b", re.IGNORECASE)
_COMPARISON = re.compile(r"\bdifferences? (?:between|among)\b|\bvs\.?\s|\bversus\b|\bdiffers? from\b", re.IGNORECASE)

_CHINESE_IMPERATIVE = re.compile(
    r"請|请|解釋|解释|描述|說明|说明|說說|说说|說一|说一|說出|说出|說下|说下|談談|谈谈|談一|谈一|介紹|介绍|列出|列舉|列举"
    r"|簡述|简述|闡述|阐述|舉例|举例|舉出|举出|舉個|举个|試述|试述|手寫|手写|手撕|實作|实作|寫|写|聊聊|聊一|講講|讲讲|講一|讲一|講述|讲述"
    r"|給出|给出|概述|討論|讨论|評價|评价"
)
_CHINESE_START = re.compile(
    r"比較|比较|對比|对比|實現|实现|簡單|简单|分析|設計|设计|詳細|详细|給定|给定|判斷|判断|計算|计算|求|你|當|当|假設|假设|假如|如果|若"
)
_CHINESE_WORD = re.compile(
    r"什麼|什么|甚麼|為何|为何|為啥|为啥|如何|怎麼|怎么|怎樣|怎样|怎|哪些|哪個|哪个|哪種|哪种|哪幾|哪几|哪兒|哪裡|哪里|哪一"
    r"|何時|何时|何謂|何谓|是否|能否|可否|多少|幾種|几种|幾個|几个|區別|区别|差異|差异|差別|差别|有何|不同|異同|异同|嗎|吗|呢$"
    r"|(?:原理|作用|理解|優缺點|优缺点|特點|特点|流程|過程|过程|優勢|优势|關係|关系|場景|场景)$"
)


def asks(title: str) -> bool:
    """Whether a plain line reads as a question or as a task."""
    if not 2 <= len(title) <= TITLE_LIMIT:
        return False
    tail = title if len(title) <= _MARK_ANYWHERE else title[-30:]
    if _QUESTION_MARK.search(tail):
        return True
    text = title.lstrip("\"'“「『(（[【*_`~-– ")
    if _IMPERATIVE.match(text) or (len(text) > 3 and _CHINESE_IMPERATIVE.match(text)):
        return True
    if len(title) > _WORDS_ALONE or title.endswith((".", "。", ":", "：", ";", "；", "，", ",")) or "。" in title:
        return False
    return bool(
        _INTERROGATIVE.match(text)
        or _COMPARISON.search(title)
        or _CHINESE_WORD.search(title)
        or (len(text) > 3 and _CHINESE_START.match(text))
    )
