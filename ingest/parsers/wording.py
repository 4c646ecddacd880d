"""What words give away: which number does a line print, does it announce an answer, a table of contents?

Traditional and Simplified Chinese and English. Judges single lines; knows nothing of documents.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass

from ingest.markdown import inline

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
_PRIVATE = 0xE000
_ESCAPED = re.compile("[\ue021-\ue07e]")
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
    if "`" not in markdown:
        text = _STRIKE.sub("", text)
    text = _ESCAPE.sub(lambda match: chr(_PRIVATE + ord(match[1])), text)  # out of the way of `inline`
    text = inline(_CODE.sub(r"`\1`", text))
    text = _ESCAPED.sub(lambda match: chr(ord(match[0]) - _PRIVATE), text)
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
        if match and (match["sep"].strip() or ((match["sep"] or not match["title"]) and (word or "." in number))):
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
