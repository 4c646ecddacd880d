"""The words of the page, in Traditional Chinese and in English. Every key has both.

Knows languages, nothing of layout. What the tutor itself says is worded in `tutor.answering`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Tongue = Literal["zh-TW", "en"]
TONGUES: tuple[Tongue, ...] = get_args(Tongue)
NAMES: dict[Tongue, str] = {"zh-TW": "中文", "en": "English"}
COOKIE = "tutor_language"

TEXTS: dict[str, dict[Tongue, str]] = {
    "title": {"zh-TW": "面試家教", "en": "Interview tutor"},
    "tagline": {
        "zh-TW": "只根據一份題庫回答，每句話都標出是哪一題",
        "en": "Answers from one document only, and names the question behind every sentence",
    },
    "language": {"zh-TW": "介面語言", "en": "Language of the page"},
    "conversation": {"zh-TW": "對話", "en": "Conversation"},
    "new": {"zh-TW": "新對話", "en": "New conversation"},
    "ask-label": {"zh-TW": "你的問題", "en": "Your question"},
    "ask-hint": {
        "zh-TW": "問一個面試題…　Enter 送出，Shift+Enter 換行",
        "en": "Ask an interview question…  Enter sends, Shift+Enter breaks the line",
    },
    "send": {"zh-TW": "送出", "en": "Send"},
    "stop": {"zh-TW": "停止", "en": "Stop"},
    "empty-title": {"zh-TW": "想先弄懂哪一題？", "en": "What would you like to understand?"},
    "empty-how": {
        "zh-TW": "用自己的話問，中文或英文都可以。回答裡的題號可以點開，看到原文是怎麼說的；題庫沒有談到的，我會直說。",
        "en": "Ask in your own words, in English or Chinese. Click a question number in an answer "
        "to see what the document says; what it does not cover, I will tell you.",
    },
    "empty-corpus": {
        "zh-TW": "題庫「{name}」共 {count} 題，例如：",
        "en": "The document {name} holds {count} questions, for instance:",
    },
    "sources": {"zh-TW": "出處", "en": "Sources"},
    "sources-empty": {
        "zh-TW": "這裡會列出回答所依據的原文，引用的句子會標上底色。點回答裡的題號，就會跳到那一題。",
        "en": "The passages behind an answer appear here, with the sentences it rests on highlighted. "
        "Click a question number in an answer to jump to it.",
    },
    "sources-nearest": {
        "zh-TW": "題庫沒有談到這個問題。最接近的題目：",
        "en": "The document does not cover this. The nearest questions:",
    },
    "question": {"zh-TW": "第 {number} 題", "en": "Q{number}"},
    "cited": {"zh-TW": "引用 {count} 處", "en": "{count} cited"},
    "not-cited": {"zh-TW": "未引用", "en": "not cited"},
    "more": {"zh-TW": "同一題的其他段落（{count}）", "en": "More from this question ({count})"},
    "no-section": {"zh-TW": "內文", "en": "Text"},
    "partial": {"zh-TW": "虛線：只支持部分內容", "en": "Dashed: supports the sentence in part"},
    "took": {"zh-TW": "{seconds} 秒", "en": "{seconds} s"},
    "dropped": {
        "zh-TW": "刪去了題庫沒有依據的句子",
        "en": "sentences that the document does not support were removed",
    },
    "extractive": {"zh-TW": "原文摘錄，沒有經過語言模型", "en": "extracts, not worded by a model"},
    "lost": {"zh-TW": "語言模型中途斷線", "en": "the model was lost on the way"},
    "stopped": {"zh-TW": "（已停止）", "en": "(stopped)"},
    "thinking": {"zh-TW": "正在查題庫…", "en": "Looking it up…"},
    "reading": {"zh-TW": "找到出處，正在組織回答…", "en": "Found the sources, wording the answer…"},
    "in-line": {
        "zh-TW": "前面還有 {place} 位，輪到時會自動開始…",
        "en": "Number {place} in line; yours starts by itself…",
    },
    "queued": {
        "zh-TW": "前面還有人在問，輪到時會自動開始…",
        "en": "Others are being answered; yours starts by itself…",
    },
    "waiting": {
        "zh-TW": "題庫還在準備，好了就會自動回答。{state}",
        "en": "The document is still being prepared; your answer will come by itself. {state}",
    },
    "problem": {"zh-TW": "這次沒有成功：{reason}", "en": "That did not work: {reason}"},
    "bug": {
        "zh-TW": "程式出了意外的錯，這次沒有回答。細節在伺服器的記錄裡，可以按重試。",
        "en": "Something unexpected went wrong, so there is no answer. The server's log has the details; "
        "retry may help.",
    },
    "index": {"zh-TW": "題庫", "en": "Document"},
    "model": {"zh-TW": "模型", "en": "Model"},
    "index-opening": {"zh-TW": "開啟中", "en": "opening"},
    "index-building": {"zh-TW": "建立索引中（只需一次）", "en": "building its index (only once)"},
    "index-ready": {"zh-TW": "就緒", "en": "ready"},
    "index-failed": {"zh-TW": "無法開啟", "en": "cannot be opened"},
    "model-choosing": {"zh-TW": "選擇中", "en": "being chosen"},
    "model-none": {"zh-TW": "不使用，以原文摘錄回答", "en": "none in use, answering in extracts"},
    "model-stopped": {"zh-TW": "已停止，先以原文摘錄回答", "en": "stopped, answering in extracts"},
    "model-pulling": {
        "zh-TW": "下載中，先以原文摘錄回答",
        "en": "being fetched, answering in extracts until then",
    },
    "model-loading": {"zh-TW": "載入中，先以原文摘錄回答", "en": "loading, answering in extracts until then"},
    "model-ready": {"zh-TW": "就緒", "en": "ready"},
    "model-failed": {"zh-TW": "無法使用，先以原文摘錄回答", "en": "cannot be used, answering in extracts"},
    "details": {"zh-TW": "狀態細節", "en": "Status details"},
}


def say(key: str, tongue: Tongue, **values: object) -> str:
    """The words `key` in a language, with its blanks filled in."""
    return TEXTS[key][tongue].format(**values)


def known(tongue: object) -> Tongue:
    """A language the page has; anything else becomes the first."""
    return next((t for t in TONGUES if t == tongue), TONGUES[0])


def preferred(headers: Mapping[str, str], cookies: Mapping[str, str]) -> Tongue:
    """The language chosen before, else the first known one that the browser asks for, else English."""
    if cookies.get(COOKIE) in TONGUES:
        return known(cookies[COOKIE])
    wishes: list[tuple[float, str]] = []
    for wish in headers.get("accept-language", "").split(","):
        code, _, parameters = wish.strip().partition(";")
        try:
            quality = float(parameters.partition("=")[2] or 1)
        except ValueError:
            quality = 0.0
        wishes.append((-quality, code.strip().lower()))
    for _, code in sorted(wishes, key=lambda w: w[0]):
        if code.partition("-")[0] == "zh":
            return "zh-TW"
        if code.partition("-")[0] == "en":
            return "en"
    return "en"
