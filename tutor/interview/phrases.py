"""What the interviewer says around questions, by persona and language. Templates only: they know no key point.

Simplified Chinese is converted from Traditional. Several wordings of one line take turns by position, so that the
same interview is always worded the same.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from ingest.text import terms
from tutor.answering.script import convert
from tutor.interview.setup import Persona, Setup

Line = Literal[
    "greeting", "greeting-exam", "first", "next", "last", "only", "nudge", "skipped", "dont-know", "teaching", "heard",
    "no-hints", "no-hints-exam", "follow-up", "partial", "contradicted", "off-topic", "stuffing", "paused", "resumed",
    "not-now", "time-up", "early", "complete", "empty", "score", "unscored", "raised", "upheld", "kept", "no-dispute",
]  # fmt: skip
_Texts = dict[Line, tuple[str, ...]]

_ZH: _Texts = {
    "greeting": ("我們開始吧，一共 {number} 題。",),
    "greeting-exam": ("這是模擬考，一共 {number} 題，結束後才看評分。",),
    "first": ("第一題：{ask}",),
    "next": ("下一題：{ask}", "接著請教：{ask}", "換一題：{ask}"),
    "last": ("最後一題：{ask}",),
    "only": ("題目是：{ask}",),
    "nudge": ("我沒有收到回答。想到多少說多少，或者跳過這一題。",),
    "skipped": ("好，跳過這一題。",),
    "dont-know": ("好，這一題先記下來。",),
    "teaching": ("資料是這樣說的：\n{points}",),
    "heard": ("收到。",),
    "no-hints": ("這一題沒有更多提示了。",),
    "no-hints-exam": ("模擬考沒有提示。",),
    "follow-up": ("再問一點：{probe}", "順著往下問：{probe}", "還有一個方面：{probe}"),
    "partial": ("你提到「{quote}」。這一點能說得更完整嗎？{probe}", "關於「{quote}」，請再往下說明。{probe}"),
    "contradicted": ("你說「{quote}」。這一點你確定嗎？請再想一想，說明理由。",),
    "off-topic": ("我們回到題目本身。{probe}",),
    "stuffing": ("這些名詞之間是什麼關係？請用完整的句子說明。{probe}",),
    "paused": ("先停在這裡，時間不計。",),
    "resumed": ("我們從停下的地方繼續。{pending}",),
    "not-now": ("現在不能這樣做。",),
    "time-up": ("時間到了，面試到此結束。",),
    "early": ("好，提前結束。",),
    "complete": ("題目問完了，謝謝你的回答。",),
    "empty": ("沒有符合條件的題目。",),
    "score": ("這一題 {score} 分（滿分 10），等級 {level}／4。{feedback}",),
    "unscored": ("這一題沒有評分。{feedback}",),
    "raised": ("追問之後從 {before} 分提高到 {score} 分，等級 {level}／4。{feedback}",),
    "upheld": ("重新判定後改為：{verdict}。現在 {score} 分。",),
    "kept": ("重新判定後維持原判。你的意見已記下，供日後檢討評分用。",),
    "no-dispute": ("沒有可以申訴的這一點。",),
}
_EN: _Texts = {
    "greeting": ("Let us begin. Number of questions: {number}.",),
    "greeting-exam": ("This is a mock exam; you will see the grades at the end. Number of questions: {number}.",),
    "first": ("First question: {ask}",),
    "next": ("Next: {ask}", "Moving on: {ask}", "Another one: {ask}"),
    "last": ("Last question: {ask}",),
    "only": ("Here is the question: {ask}",),
    "nudge": ("I did not get an answer. Say whatever comes to mind, or skip the question.",),
    "skipped": ("All right, skipped.",),
    "dont-know": ("All right, noted for later.",),
    "teaching": ("This is what the material says:\n{points}",),
    "heard": ("Noted.",),
    "no-hints": ("There are no more hints for this question.",),
    "no-hints-exam": ("There are no hints in an exam.",),
    "follow-up": ("One more thing: {probe}", "Let me go on from there: {probe}", "Another side of it: {probe}"),
    "partial": ("You mentioned “{quote}”. Can you make that more complete? {probe}", "About “{quote}”: please go further. {probe}"),
    "contradicted": ("You said “{quote}”. Are you sure of that? Think it over and give your reasons.",),
    "off-topic": ("Let us come back to the question itself. {probe}",),
    "stuffing": ("How do these terms relate? Please explain in whole sentences. {probe}",),
    "paused": ("We stop here; the time does not count.",),
    "resumed": ("We go on where we stopped. {pending}",),
    "not-now": ("That cannot be done now.",),
    "time-up": ("Time is up; the interview ends here.",),
    "early": ("All right, we end here.",),
    "complete": ("That was the last question. Thank you.",),
    "empty": ("No question fits these choices.",),
    "score": ("{score} of 10 for this question, level {level} of 4. {feedback}",),
    "unscored": ("This question was not graded. {feedback}",),
    "raised": ("The follow-up raised it from {before} to {score} of 10, level {level} of 4. {feedback}",),
    "upheld": ("Judged again: now {verdict}. The score is {score}.",),
    "kept": ("Judged again, the verdict stands. Your objection is kept for reviewing the grading.",),
    "no-dispute": ("There is no such point to dispute.",),
}  # fmt: skip
_PERSONA_ZH: dict[Persona, _Texts] = {
    "neutral": {},
    "friendly": {
        "greeting": ("很高興和你聊聊！今天有 {number} 題，放輕鬆，想到什麼就說什麼。",),
        "first": ("我們從這一題開始：{ask}",),
        "next": ("好的，我們看下一題：{ask}", "接下來想聽聽你的想法：{ask}", "那我們聊聊這個：{ask}"),
        "last": ("剩下最後一題了：{ask}",),
        "nudge": ("別緊張，說一點點也可以；真的沒有頭緒就跳過。",),
        "skipped": ("沒問題，我們跳過這一題。",),
        "dont-know": ("沒關係，不知道就直說，這樣很好。",),
        "heard": ("謝謝，我記下了。",),
        "follow-up": ("謝謝，我想再多聽一點：{probe}", "不錯，再往下聊：{probe}", "我有點好奇：{probe}"),
        "contradicted": ("你剛才說「{quote}」。我想確認一下，再想想看，是這樣嗎？為什麼？",),
        "complete": ("都問完了，辛苦了！",),
    },
    "sharp": {
        "greeting": ("{number} 題，直接開始。",),
        "first": ("{ask}",),
        "next": ("下一題。{ask}", "繼續。{ask}", "{ask}"),
        "last": ("最後一題。{ask}",),
        "only": ("{ask}",),
        "nudge": ("沒有回答？說你知道的，或者跳過。",),
        "skipped": ("跳過。",),
        "dont-know": ("記下了。",),
        "follow-up": ("還不夠。{probe}", "再深入一點。{probe}", "那麼，{probe}"),
        "partial": ("「{quote}」——講清楚。{probe}",),
        "contradicted": ("「{quote}」？你確定？理由是什麼？",),
        "off-topic": ("這不是我問的。{probe}",),
        "stuffing": ("只有名詞，沒有內容。它們是什麼關係？{probe}",),
        "complete": ("結束。",),
    },
}
_PERSONA_EN: dict[Persona, _Texts] = {
    "neutral": {},
    "friendly": {
        "greeting": ("Good to meet you! Take your time and just think aloud. Number of questions today: {number}.",),
        "first": ("Let us start with this one: {ask}",),
        "next": ("Good, on to the next one: {ask}", "I would like to hear your view on this: {ask}", "Let us talk about this: {ask}"),
        "last": ("Only one left: {ask}",),
        "nudge": ("No rush: even a small part helps, and you can always skip.",),
        "skipped": ("No problem, we leave this one.",),
        "dont-know": ("That is fine, and it is good to say so.",),
        "heard": ("Thank you, I have noted that.",),
        "follow-up": ("Thanks, I would like to hear a little more: {probe}", "Good, let us go further: {probe}", "I am curious: {probe}"),
        "contradicted": ("You said “{quote}”. Let me check that with you: is it really so, and why?",),
        "complete": ("That was everything. Well done for staying with it!",),
    },
    "sharp": {
        "greeting": ("Questions: {number}. Let us go.",),
        "first": ("{ask}",),
        "next": ("Next. {ask}", "Go on. {ask}", "{ask}"),
        "last": ("Last one. {ask}",),
        "only": ("{ask}",),
        "nudge": ("No answer? Say what you know, or skip.",),
        "skipped": ("Skipped.",),
        "dont-know": ("Noted.",),
        "follow-up": ("Not enough yet. {probe}", "Go deeper. {probe}", "Then: {probe}"),
        "partial": ("“{quote}”: be precise. {probe}",),
        "contradicted": ("“{quote}”? Are you sure? Why?",),
        "off-topic": ("That is not what I asked. {probe}",),
        "stuffing": ("Those are terms, not an explanation. How do they relate? {probe}",),
        "complete": ("Done.",),
    },
}  # fmt: skip
_QUOTE_HAN, _QUOTE_LATIN = 40, 90


def say(setup: Setup, line: Line, turn: int = 0, **values: object) -> str:
    """A line in the persona and language of the interview. `turn` chooses among its wordings."""
    english = setup.language == "en"
    own = (_PERSONA_EN if english else _PERSONA_ZH)[setup.persona]
    wordings = own.get(line) or (_EN if english else _ZH)[line]
    template = wordings[turn % len(wordings)]
    if setup.language == "zh-Hans":
        template = convert(template, "zh-Hans")
    return template.format(**values).strip()


@lru_cache(maxsize=1)
def vocabulary() -> frozenset[str]:
    """Index terms of all lines: said whatever the question is, they give nothing away about any."""
    books = (_ZH, _EN, *_PERSONA_ZH.values(), *_PERSONA_EN.values())
    return frozenset(term for book in books for wordings in book.values() for text in wordings for term in terms(text))


def shortened(quote: str) -> str:
    """A candidate's words, short enough to be said back."""
    flat = " ".join(quote.split()).rstrip("。.!！?？；;，,")
    most = _QUOTE_HAN if any(c > "\u2fff" for c in flat) else _QUOTE_LATIN
    return flat if len(flat) <= most else flat[:most].rstrip() + "…"
