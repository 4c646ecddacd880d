"""What words give away: does a line ask, which number does it print, does it announce an answer?

Traditional and Simplified Chinese and English. Judges single lines; knows nothing of documents.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass

from ingest.markdown import inline

# Longer lines are paragraphs, whatever they begin with.
TITLE_LIMIT = 400

_QUESTION_MARK = re.compile(r"[?？](?=$|[\s)）\]】」』\"'”’*_`~,，。.、;；:：!！?？<\[(（…]|[^\x00-\x7f])")
_ENGLISH = re.compile(
    r"(?:what|what's|why|how|how's|when|where|which|who|whose|whom|is|are|isn't|aren't|was|were|do|does"
    r"|don't|doesn't|did"
    r"|can|could|should|would|will|has|have|explain|describe|define|compare|contrast|discuss|elaborate"
    r"|differentiate"
    r"|distinguish|tell (?:me|us)|give|write (?:a|an|the|some|code|your|down|out|in|program|function)"
    r"|implement"
    r"|design (?:a|an|the|your)|build (?:a|an)|create (?:a|an|the)|list (?:a|an|all|the|out|some|down|any"
    r"|different|\d|two|three|four|five)"
    r"|name (?:a|an|all|the|some|any|\d|two|three|four|five)|find (?:a|an|all|the)|show (?:me|how|the|an)"
    r"|mention|state (?:the|some)"
    r"|outline|identify|walk (?:me|us)|talk (?:me|about)|provide|calculate|determine|predict|suppose"
    r"|given (?:a|an|the)|consider"
    r"|illustrate|briefly|please|in what|in which|under what|for what|to what|at what|with what|from what"
    r"|imagine|solve"
    r"|convert (?:a|an|the)|reverse (?:a|an|the)|check (?:if|whether)|in your (?:own )?(?:words|opinion"
    r"|experience))\b",
    re.IGNORECASE,
)
_ENGLISH_ANYWHERE = re.compile(
    r"\bdifferences? (?:between|among)\b|\bvs\.?\s|\bversus\b|\bdiffer from\b", re.IGNORECASE
)
_CHINESE = re.compile(
    r"什麼|什么|甚麼|為何|为何|為啥|为啥|如何|怎麼|怎么|怎樣|怎样|怎|哪些|哪個|哪个|哪種|哪种|哪幾|哪几"
    r"|哪兒|哪裡|哪里|哪一|何時|何时|何謂|何谓|是否"
    r"|能否|可否|多少|幾種|几种|幾個|几个|區別|区别|差異|差异|差別|差别|有何|不同|異同|异同|嗎|吗|呢$"
)
_CHINESE_START = re.compile(
    r"請|请|解釋|解释|描述|說明|说明|說說|说说|說一|说一|說出|说出|談談|谈谈|談一|谈一|介紹|介绍|列出"
    r"|列舉|列举|比較|比较|對比|对比|實作|实作|實現|实现|寫|写"
    r"|簡述|简述|簡單|简单|闡述|阐述|舉|举|手寫|手写|手撕|分析|聊|講|讲|概述|試|试|設計|设计|詳細|详细"
    r"|討論|讨论|評價|评价|給出|给出|給定|给定|判斷|判断|求|計算|计算"
    r"|你|為什|为什|當|当|假設|假设|假如|如果|若"
)
_SUFFIX_ASK = re.compile(
    r"(?:的)?(?:原理|作用|理解|優缺點|优缺点|特點|特点|流程|過程|过程|優勢|优势|關係|关系|場景|场景)$"
)

_WORD = r"面試題|面试题|問題|问题|題目|题目|考題|考题|題|题|問|问|第|Question|Ques|Que|Q"
_NUMBER = r"\d{1,4}(?:\.\d{1,3}){0,3}"
_CHINESE_NUMBER = r"[一二三四五六七八九十百]{1,4}"
_LABEL = re.compile(
    rf"[(（\[【「]?\s*(?P<word>{_WORD})?\s*[.#＃-]?\s*(?P<number>{_NUMBER}"
    rf"|{_CHINESE_NUMBER})\s*(?P<unit>題|题|問|问)?\s*"
    r"(?P<sep>[.．、:：)）\]】」|]+\s*|\s[-–—]+\s*|[-–—]\s+|\s+|$)(?P<title>.*)",
    re.IGNORECASE | re.DOTALL,
)
_MARK = re.compile(
    r"(?P<word>面試題|面试题|問題|问题|題目|题目|提問|提问|問|问|Question|Ques"
    r"|Q)\s*[.]?\s*[:：]\s*(?P<title>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_GROUP = re.compile(r"\W*\d{1,4}\s*[-–—~～至到]\s*\d{1,4}\W*")

_ANSWER_WORDS = (
    r"(?:參考|参考|標準|标准|正確|正确|示例|簡短|简短|詳細|详细|推薦|推荐|最佳|範例|查看|顯示|显示|展開"
    r"|展开|點擊(?:查看|展開|顯示)?|点击(?:查看|展开|显示)?"
    r"|sample|model|short|long|detailed|suggested|possible|example|correct|view|show|see|reveal"
    r"|click (?:to|for|here for|here to)(?: (?:see|show|view|reveal|expand))?"
    r"|toggle|expand|the|my)?[\s:：]*(?:the )?"
    r"(?:解答|答案|回答|答覆|答复|解析|答|詳解|详解|題解|题解|answers?|ans|solutions?|reply|response)"
)
_ANSWER_NAME = re.compile(
    rf"\W*{_ANSWER_WORDS}(?:與|和|及|&|/|與|\s|and)*(?:解析|說明|说明|解釋|解释|explanation)?\s*\d{{0,4}}"
    r"(?:\W*|\s*[:：]?\s*\(?[A-H](?:\W+[A-H])*\)?\W*)",
    re.IGNORECASE,
)
# A paragraph that opens with the word: "Answer: ...", 「**答案**：...」.
_ANSWER_LEAD = re.compile(
    r"^[ \t>]*(?:[-*+][ \t]+)?[^\w\s(\[<`]{0,6}[ \t]*(?:(?:參考|参考|標準|标准|sample|short|model"
    r"|correct)\s*)?"
    r"(?:解答|答案|回答|解析|答|answers?|ans|solution)\s*\d{0,4}\s*"
    r"(?:[*_]{1,3}\s*[:：]|[:：]\s*[*_]{1,3}|[:：]|[*_]{2,3}(?=[ \t]*$))[ \t]*",
    re.IGNORECASE | re.MULTILINE,
)
_CONTENTS = re.compile(
    r"\W*(?:table of )?contents?\W*|\W*(?:toc|index|menu|navigation|目錄|目录|索引|大綱|大纲|導航|导航"
    r"|導覽|题目列表|題目列表|list of (?:questions|topics|contents))\W*",
    re.IGNORECASE,
)
_APPENDIX = re.compile(
    r"\W*(?:license|licence|contribut\w*|contributing guide\w*|how to contribute|authors?|credits?"
    r"|acknowledge?ments?|references?|further reading"
    r"|see also|disclaimers?|support(?: me| us)?|sponsors?|backers|stargazers(?: over time)?|star history"
    r"|contact(?: me| us)?|about(?: the author| me| us)?"
    r"|changelog|useful links|related(?: projects| links)?|translations?|how to use this.*|what('"
    r"| i)s (?:in )?this (?:repo|repository|document|guide).*"
    r"|參考(?:資料|文獻|連結|文章)?|参考(?:资料|文献|链接|文章)?|授權|版權宣告|许可证|許可證|貢獻.*"
    r"|贡献.*|如何貢獻|如何贡献|參與貢獻|致謝|致谢|关于(?:作者|本.{1,3})?|關於(?:作者|本.{1,3})?"
    r"|作者.{0,4}|聯絡.{0,3}|联系.{0,3}|公眾號|公众号|延伸閱讀|扩展阅读|相關連結|相关链接|更新日[誌志]"
    r"|如何使用本.*)\W*",
    re.IGNORECASE,
)
# These may also be a category of questions, or part of an answer.
_INTRODUCTION = re.compile(
    r"\W*(?:introduction|intro|preface|overview|prerequisites|getting started|installation|usage|legend"
    r"|notes?|links?|resources?|languages?|how to use"
    r"|前言|簡介|简介|說明|说明|如何使用)\W*",
    re.IGNORECASE,
)
_IMAGE = re.compile(r"!\[[^\[\]]{0,300}\]\([^()\n]{0,1000}\)|<img\b[^<>]{0,1000}>", re.IGNORECASE)
_CODE = re.compile(r"<code>([^`\n]{1,300}?)</code>", re.IGNORECASE)
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_STRIKE = re.compile(r"~~|==(?=\S)|(?<=\S)==")
_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")}


@dataclass(frozen=True)
class Label:
    """A printed number or question mark at the head of a line: "Q7." -> number "7", word "Q"."""

    number: str
    word: str
    title: str


def title_of(markdown: str) -> str:
    """A question as a reader reads it: no Markdown, no images, no decoration around it."""
    text = _IMAGE.sub("", markdown.replace("\ufe0f\u20e3", "."))
    text = inline(_CODE.sub(r"`\1`", text))
    if "`" not in markdown:
        text = _STRIKE.sub("", _ESCAPE.sub(r"\1", text))
    text = text.replace("\\|", "|")
    return undecorated(html.unescape(text))


def undecorated(text: str) -> str:
    """Without emoji, arrows and the like at both ends ("What is X? 👶" -> "What is X?")."""
    start, end = 0, len(text)
    while start < end and _is_decoration(text[start]):
        start += 1
    while end > start and _is_decoration(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_decoration(character: str) -> bool:
    if character.isascii():
        return character.isspace()
    return character.isspace() or unicodedata.category(character) in {
        "So",
        "Sk",
        "Cf",
        "Mn",
        "Me",
        "Cn",
        "Co",
    }


def label_of(text: str) -> Label:
    """Split a printed label from a plain title; number and word are "" where there is none.

    A bare number needs a mark behind it, so that "3 ways to ..." and "2-tier" stay titles.
    """
    match = _LABEL.fullmatch(text)
    if match:
        word, number = match["word"] or "", match["number"]
        if word == "第" and not match["unit"]:
            word = ""
            match = None if not match["sep"].strip() else match
        if match and (
            match["sep"].strip() or ((match["sep"] or not match["title"]) and (word or "." in number))
        ):
            title = undecorated(match["title"])
            if word or title:
                return Label(number, word, title)
    match = _MARK.fullmatch(text)
    if match:
        return Label("", match["word"], undecorated(match["title"]))
    return Label("", "", text)


def is_group(text: str) -> bool:
    """Whether a heading only groups questions by number ("#### 6-10"); it ends the one before it."""
    return _GROUP.fullmatch(text) is not None


def value_of(number: str) -> int | None:
    """The value of a printed number, Chinese numerals included; None for "1.2"."""
    if number.isdecimal():
        return int(number)
    if not number or any(c not in _DIGITS and c not in "十百" for c in number):
        return None
    total = digit = 0
    for character in number:
        if character in "十百":
            total += max(digit, 1) * (10 if character == "十" else 100)
            digit = 0
        else:
            digit = _DIGITS[character]
    return total + digit


def asks(title: str) -> bool:
    """Whether a plain line reads as a question or as a task."""
    if not 2 <= len(title) <= TITLE_LIMIT:
        return False
    text = title.lstrip("\"'“「『(（[【*_`~-– ")
    return bool(
        _QUESTION_MARK.search(title)
        or _ENGLISH.match(text)
        or _ENGLISH_ANYWHERE.search(title)
        or _CHINESE.search(title)
        or (len(text) > 3 and _CHINESE_START.match(text))
        or _SUFFIX_ASK.search(title.rstrip("。.：: "))
    )


def is_answer_name(text: str) -> bool:
    """Whether a heading or a summary only announces the answer (解答, "Show answer", 「答案：D」)."""
    return len(text) <= 60 and _ANSWER_NAME.fullmatch(text) is not None


def answer_lead(source: str, start: int, end: int) -> tuple[int, int] | None:
    """Span of the words at the head of a line in `source[start:end]` that announce the answer."""
    match = _ANSWER_LEAD.search(source, start, end)
    return match.span() if match else None


def is_contents(text: str) -> bool:
    """Whether a heading stands over a table of contents."""
    return len(text) <= 60 and _CONTENTS.fullmatch(text) is not None


def is_appendix(text: str) -> bool:
    """Whether a heading stands over what is no question in any bank: licence, contributors, references."""
    return len(text) <= 60 and _APPENDIX.fullmatch(text) is not None


def is_introduction(text: str) -> bool:
    """Whether a heading stands over an introduction; a question it is not."""
    return len(text) <= 60 and _INTRODUCTION.fullmatch(text) is not None


def is_chinese(text: str) -> bool:
    """Whether a text is rather Chinese than English."""
    wide = sum("\u3400" <= c <= "\u9fff" for c in text)
    return wide * 3 > sum(c.isascii() and c.isalpha() for c in text)
