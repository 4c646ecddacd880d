"""What a request is about, without the words that frame it: 「介紹一下 LoRA」, "tell me about LoRA", 「面試官問 LoRA，我該怎麼答」.

A topic alone becomes the question what it is, which is how documents are asked. Knows phrases, nothing of what a corpus holds.
"""

from __future__ import annotations

import re

from ingest.text import fold
from tutor.retrieval.conversation import content_terms, has_pronoun

# On folded words (lower case, Simplified Chinese).
_POLITE_ZH = (
    r"(?:(?:请问?|麻烦|可以|可不可以|能不能|能否|能|帮我|帮忙|给我|跟我|向我|和我|替我|我想要?|我要|想要?|来"
    r"|先|再|快速|简单地?|简短地?|大概|稍微|你|吧|[,，\s])*)"
)
_TELL_ZH = (
    r"(?:(?:介绍|讲解|讲述|讲讲|说明(?!书)|说说|谈谈|聊聊"
    r"|解释(?![性错])|科普|教我|总结|整理|概述|概括(?!一[句段])|复习|温习|了解(?!了)|认识|知道(?!了)|学学|搞懂|弄懂|简述|简介|分享|告诉我|带我[过走看]|补习|恶补|补[补一]?(?=下|课)|顺)(?:一下下?|一遍|一次|下|课)?"
    r"|(?:讲|说|谈|聊|归纳|描述|学|学习|教)(?:一下下?|一遍)|(?<=[给跟帮替向]我)(?:讲|说|谈|聊)(?![个一])|(?<=[请我])描述)(?:给我听?)?"
)
_ABOUT_ZH = r"(?:一些|什么是|何谓|有关|关于|你对于?|到底)?"
_ASKED_ZH = (
    r"(?:如果|假如|要是|当|万一)?(?:面试官?|考官|主管|对方|人家|别人|面试[时中里]?)(?:如果|要是|会|突然)?"
    r"(?:被问[到及]?|问[到起及]?|要我(?:解释|介绍|说明)|叫我(?:解释|介绍|说明)|考)(?:我|到|你)?"
)
_ANSWER_ZH = r"(?:的话)?[,，\s]*(?:我|你)?(?:该|应该|要|可以|会)?(?:怎么|如何|怎样)(?:回答|答|说|讲|应对|回应|回)(?:比较好|才好|呢)?"
_REST_ZH = r"(?:的(?:理解|看法|认识|基本概念|概念|总结|笔记|相关知识|知识|基础|意思)|的?(?:重点整理|重点|懒人包|概述|大纲|简介|入门))"
_POLITE_EN = (
    r"(?:(?:please|ok(?:ay)?|so|hi|hey|can|could|would|you|i want to|i'?d like to|i would like to|i need to|i have to|let'?s"
    r"|let us|help me(?: to)?|just|quickly|briefly|short|quick|brief|a|an|some|give me|show me|write(?: me)?|need|want)[,\s]+)*"
)
_TELL_EN = (
    r"(?:tell me(?: more| something)? about|talk(?: to me)? about|explain(?: to me)?|describe|introduce(?: me to)?|summari[sz]e|define|outline|discuss"
    r"|teach me(?: about)?|(?:take|run|talk|walk) me through|hit me with|remind me (?:of|about)|refresh my memory (?:on|of|about)|sell me on|go over"
    r"|(?:what'?s|what is) the (?:deal|story) with|learn(?: more)? about|brush up on|review|revise|understand|know(?: more)? about"
    r"|(?:intro(?:duction)?|summary|overview|rundown|explanation|primer|refresher|notes|crash course|cheat ?sheet|low-?down)(?: to| of| on| about| for)"
    r"|(?:the )?(?:key points|basics|main points|main ideas|essentials|gist|idea|concept)(?: of| behind| about)"
    r"|i (?:really |still )?(?:don'?t|do not)(?: really| quite| fully)? (?:get|understand|know)(?: much about)?"
    r"|what do you know about|do you know(?: about)?|have you heard of"
    r"|what (?:should|do|can|would) i (?:say|answer) (?:if|when) (?:they|i'?m|i am|an interviewer|the interviewer|someone) ask(?:s|ed)?(?: me)?(?: about)?"
    r"|how (?:should|would|do|can) (?:i|you) (?:explain|answer|describe))\s+(?:the concept of\s+)?"
)
_REST_EN = (
    r"(?:\s+(?:please|pls|plz|briefly|quickly|to me|for me|in (?:an|the) interview|for (?:an|the|my) interview))*"
)
# What stands before the topic and behind it.
_FRAMES = (
    (
        rf"{_POLITE_ZH}{_TELL_ZH}\s*{_ABOUT_ZH}\s*",
        rf"\s*{_REST_ZH}?\s*(?:给我(?:听|看)?)?(?:吗|吧|呢|好吗|可以吗|谢谢)?",
    ),
    (rf"{_ASKED_ZH}\s*(?:什么是|关于)?\s*", rf"(?<!吗)\s*(?:{_ANSWER_ZH})?"),
    (r"你(?:知道|了解|听过|听说过|懂|认识)\s*(?:什么是)?\s*", r"\s*(?:吗|么)"),
    (r"我(?:还是|真的|完全|一直)?(?:不太?懂|不太?了解|不熟|搞不懂|看不懂|听不懂|搞不清楚)\s*(?:什么是)?\s*", r""),
    (r"(?:关于|有关)\s*", r"\s*(?:的部分)?"),
    (rf"{_POLITE_EN}{_TELL_EN}what\s+", rf"\s+(?:is|are|means?){_REST_EN}"),
    (rf"{_POLITE_EN}{_TELL_EN}", _REST_EN),
)
_THIS_ZH = r"(?:[这那]一?[块个节题章]|[这那]?部分|的部分)?"
# What follows a topic that stands first; only behind a topic, never behind a question.
_FOLLOWS = (
    rf"[,，\s]*{_THIS_ZH}(?:我|还是|真的|完全|一直|总是|每次|都|有点|最|很|好|超)*(?:不太?懂|不太?了解|不太?熟|搞不懂|看不懂|听不懂|搞不清楚|(?<=[我块个节题章分都最很好])(?:不会|弱|忘光|忘|卡住|头痛))"
    r"(?:了|qq|[,，\s~]*(?:救我|救命|拜托|求解|求救|帮帮我|教我|教教我|怎么办|从头(?:讲|说|教)起?))*",
    rf"[,，\s]*{_THIS_ZH}(?:(?:给我|帮我|请|再|要|我要|想要|来)(?:一[个份])?\s*)*(?:补补?课|恶补|速成班?|(?:考前)?速记|小抄|懒人包|快问快答|口语版|白话版|面试版|一句话版?"
    r"|[一两三\d]句话|[\d一两三]+分钟版?|[\d三]十?秒|科普|盘点|列出来|(?:列|list)(?=\s?一下|给我)|入门|重点)(?:\s|一下|给我|就好|解释|说明|讲完?|整理|的说明)*",
    rf"\s*{_REST_ZH}",
    r"[\s,:]+(?:explained|overview|summary|basics|intro(?:duction)?|in a nutshell|notes|cheat ?sheet|refresher|key points|crash course|tl;?dr|go)",
    r"[\s,:]+(?:(?:like|as if) i(?:'?m| am| were) (?:a |an |in )?[\w' ]{1,20}|in plain (?:words|english)|for (?:dummies|beginners)|go slow"
    r"|(?:the )?short version|from start to finish)(?:[,\s]*(?:please|pls|plz))*",
)
_AROUND = tuple((re.compile(before), re.compile(f"(?:{behind})$")) for before, behind in _FRAMES)
_BEHIND = re.compile(f"(?:{'|'.join(_FOLLOWS)})$")
# Characters at the end in which the end of a frame is looked for: a search at every position of a pasted text would take long.
_LONGEST = 60
_HAN = "\u2e80"
_EDGES = " \t\n,，。.．!！?？~～:：、;；…"
_ASKS = re.compile(
    r"什么|为何|怎|如何|哪|吗|几|多少|谁|是否|差|区别|不同|比较|[有是能会]没?有?不|what|why|how|which|when|who|where|\b(?:is|are|do|does|did|can|should|vs|or|between)\b"
)
# What a frame holds that is about the talk itself: its answers, its form, who talks.
_NO_TOPIC = re.compile(
    r"你|我|自己|答案|以上|以下|刚才|刚刚|上面|表格|^(?:整理|总结|复习|讲解|介绍|解释|说明|内容|全部|这些|重点)$"
    r"|\b(?:you|your|yourself|my|me|answers?|above|below|table|summary|all|everything|conversation|chat)\b"
)
# A topic is at most so wide, of which a Chinese character takes two; longer is a question of its own.
WIDEST = 36


def about(query: str) -> str:
    """The query without its frame: the topic as a question, or the question inside; the query itself where it has no frame.

    >>> about("tell me about LoRA"), about("面試官問 LLM 為什麼會有幻覺，我該怎麼答")
    ('what is LoRA?', 'LLM 為什麼會有幻覺')
    """
    folded = fold(query)
    if len(folded) != len(query):  # positions would not fit
        return query
    start, end = whole = _trimmed(folded, 0, len(folded))
    for before, behind in _AROUND:
        opened = before.match(folded, start, end)
        closed = behind.search(folded, max(opened.end(), end - _LONGEST), end) if opened else None
        if opened and closed:
            start, end = _narrowed(folded, start, end, opened.end(), closed.start())
    follows = _BEHIND.search(folded, max(start, end - _LONGEST), end)
    if follows and not _ASKS.search(folded, start, follows.start()):
        start, end = _narrowed(folded, start, end, start, follows.start())
    topic = query[start:end]
    if (start, end) == whole or has_pronoun(topic) or _NO_TOPIC.search(folded[start:end]):
        return query
    if sum(1 + (c > _HAN) for c in topic) > WIDEST or _ASKS.search(folded[start:end]):
        return topic
    chinese = any(c > _HAN for c in query)
    return f"{topic}是什麼" if chinese else f"what is {topic}?"


def _narrowed(text: str, start: int, end: int, opened: int, closed: int) -> tuple[int, int]:
    """What stands inside a frame, where that names anything; else the same as before."""
    inside = _trimmed(text, opened, closed)
    return inside if content_terms(text[slice(*inside)]) else (start, end)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start] in _EDGES:
        start += 1
    while start < end and text[end - 1] in _EDGES:
        end -= 1
    return start, end
