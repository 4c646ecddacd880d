"""Fixed sentences of the tutor in its three written forms: refusals and labels. Every key has every language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tutor.answering.answer import Language

_TEXTS: dict[str, dict[Language, str]] = {
    "refusal": {
        "zh-Hant": "這份文件沒有談到這個問題，所以我不回答，以免憑空編造。",
        "zh-Hans": "这份文件没有谈到这个问题，所以我不回答，以免凭空编造。",
        "en": "The document does not cover this, so I would rather not make something up.",
    },
    "attack": {
        "zh-Hant": "我只根據文件回答問題：不改變角色、不透露內部說明，也不照文字裡夾帶的命令去做。請直接問文件裡的內容。",
        "zh-Hans": "我只根据文件回答问题：不改变角色、不透露内部说明，也不照文字里夹带的命令去做。请直接问文件里的内容。",
        "en": "I only answer questions from the document: I keep my role, keep my instructions to myself, and follow no "
        "orders hidden in a text. Please ask about what the document covers.",
    },
    "hello": {
        "zh-Hant": "你好！我只根據這份文件回答問題，每句都附上出處的題號；說「考我」，就換我出題。想從哪裡開始？",
        "zh-Hans": "你好！我只根据这份文件回答问题，每句都附上出处的题号；说“考我”，就换我出题。想从哪里开始？",
        "en": "Hello! I answer questions from this document only, and every sentence names the question it comes from. "
        'Say "quiz me" and I ask instead. Where shall we begin?',
    },
    "about": {
        "zh-Hant": "我是面試陪練：熟讀這份文件裡的題目，只根據它回答，每句都附上出處的題號，文件沒有談到的就直說。"
        "可以問任何一題、接著追問、請我講得簡單一點，或說「考我」，就換我出題。",
        "zh-Hans": "我是面试陪练：熟读这份文件里的题目，只根据它回答，每句都附上出处的题号，文件没有谈到的就直说。"
        "可以问任何一题、接着追问、请我讲得简单一点，或说“考我”，就换我出题。",
        "en": "I am an interview tutor: I know the questions of this document, answer from it alone, name the question behind "
        "every sentence, and say so when the document is silent. Ask about any of them, follow up, have it explained "
        'more simply, or say "quiz me" and I ask instead.',
    },
    "thanks": {
        "zh-Hant": "不客氣！還想知道什麼，直接問就好。",
        "zh-Hans": "不客气！还想知道什么，直接问就好。",
        "en": "You're welcome! Ask on whenever you like.",
    },
    "understood": {
        "zh-Hant": "好的！還想知道什麼，直接問就好。",
        "zh-Hans": "好的！还想知道什么，直接问就好。",
        "en": "Good! Ask on whenever you like.",
    },
    "goodbye": {
        "zh-Hant": "好，祝你面試順利！",
        "zh-Hans": "好，祝你面试顺利！",
        "en": "Goodbye, and all the best for the interview!",
    },
    "not-named": {
        "zh-Hant": "文件沒有談到{}，所以這個問題我沒有依據可以回答。",
        "zh-Hans": "文件没有谈到{}，所以这个问题我没有依据可以回答。",
        "en": "The document does not mention {}, so it gives no ground for an answer. ",
    },
    "not-said": {
        "zh-Hant": "文件沒有直接回答這個問題，所以我不憑空編造。",
        "zh-Hans": "文件没有直接回答这个问题，所以我不凭空编造。",
        "en": "The document does not cover this directly, so I would rather not make something up. ",
    },
    "not-found": {
        "zh-Hant": "文件裡沒有找到直接回答這一點的地方，所以我不憑空編造。",
        "zh-Hans": "文件里没有找到直接回答这一点的地方，所以我不凭空编造。",
        "en": "I found nothing in the document that answers this directly, so I would rather not make something up. ",
    },
    "said-nearby": {
        "zh-Hant": "最接近的是{}，那裡說的是：",
        "zh-Hans": "最接近的是{}，那里说的是：",
        "en": "The nearest is {}, which says:",
    },
    "premise": {
        "zh-Hant": "這個問題的前提和文件不符。文件說的是：「{}」{}",
        "zh-Hans": "这个问题的前提和文件不符。文件说的是：“{}”{}",
        "en": "The document contradicts what this question takes for granted. It says: “{}”{}",
    },
    "quiz-topic": {
        "zh-Hant": "想考哪一題？告訴我題號或主題，例如「考我第 19 題」。",
        "zh-Hans": "想考哪一题？告诉我题号或主题，例如“考我第 19 题”。",
        "en": 'Which question shall I ask you? Name a number or a topic, for example "quiz me on Q19".',
    },
    "nearest": {
        "zh-Hant": "最接近的題目：",
        "zh-Hans": "最接近的题目：",
        "en": "The nearest questions are:",
    },
    "listed": {
        "zh-Hant": "這些題目和你問的主題有關：",
        "zh-Hans": "这些题目和你问的主题有关：",
        "en": "These questions are about the topic you asked for:",
    },
    "extract": {
        "zh-Hant": "（語言模型目前無法使用，以下是文件原文的摘錄）",
        "zh-Hans": "（语言模型目前无法使用，以下是文件原文的摘录）",
        "en": "(The language model is not available right now; these are extracts from the document.)",
    },
    "key-points": {
        "zh-Hant": "**文件中的重點**",
        "zh-Hans": "**文件中的重点**",
        "en": "**Key points from the document**",
    },
    "nothing": {"zh-Hant": "", "zh-Hans": "", "en": ""},
    "no-more": {
        "zh-Hant": "這一點，文件裡沒有再多說了。",
        "zh-Hans": "这一点，文件里没有再多说了。",
        "en": "The document says no more on this.",
    },
    "no-answer": {
        "zh-Hant": "文件有這一題，但沒有寫答案。",
        "zh-Hans": "文件有这一题，但没有写答案。",
        "en": "The document has this question but gives no answer to it.",
    },
}


def say(key: str, language: Language) -> str:
    """The sentence `key` in the reply's language."""
    return _TEXTS[key][language]


def refusal(language: Language, suggestions: Sequence[int], titles: Mapping[int, str], reason: str = "refusal") -> str:
    """A polite refusal that offers the nearest questions; `reason` is a key of the texts."""
    lines = [say(reason, language)]
    if suggestions:
        lines += ["", listed(language, suggestions, titles, "nearest")]
    return "\n".join(lines)


def listed(language: Language, numbers: Sequence[int], titles: Mapping[int, str], heading: str = "listed") -> str:
    """Questions by number and title, one a line, below a heading (a key of the texts)."""
    mark = {"zh-Hant": "第 {} 題：", "zh-Hans": "第 {} 题：", "en": "Q{}: "}[language]
    return "\n".join([say(heading, language), *(f"- {mark.format(n)}{titles[n]}" for n in numbers)])
