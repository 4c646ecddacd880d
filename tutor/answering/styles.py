"""Ways to say it again: another way, simply, for an interview, as a quiz. Recognised in a query, turned into wording.

The wish is the last line of the prompt, behind the question, so that what the engine has read before stays read.
Knows phrases, nothing of models or conversations.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ingest.text import terms
from tutor.answering.answer import Language
from tutor.answering.citations import citation

Style = Literal["another-way", "simple", "interview", "quiz", "reveal"]

_POLITE = (
    r"(?:(?:那|好|可以|能不能|能否|可不可以|請|请|麻煩|麻烦|幫我|帮我|你|再"
    r"|(?<![a-z])(?:please|can you|could you|would you|now|ok(?:ay)?))[,，、\s]*)*"
)
_IT = r"(?:一?[次遍]|這[個题題]?|这个?|它|上面的?|剛才的?|刚才的?|(?:it|that|this|me|again)(?![a-z]))?"
# "it" alone, or a word that follows: "on it", but not the beginning of "on iterators".
_OF = r"(?:(?:this|that|it)(?![a-z])|(?=\w))"
# On the words as typed; the phrase itself is cut, what is left is the topic.
_PHRASES: tuple[tuple[Style, re.Pattern[str]], ...] = tuple(
    (style, re.compile(f"{_POLITE}(?:{pattern})", re.IGNORECASE))  # type: ignore[misc]
    for style, pattern in (
        (
            "quiz",
            r"(?:用|就|拿|針對|针对|根據|根据)?(?:這[個題]?|这[个题]?|剛才的?|刚才的?)?(?:內容|内容|主題|主题)?(?:來"
            r"|来)?(?:考考?|測驗|测验|測試|测试)(?:一下)?(?:我|自己)(?:一[題题下]|看看?)?(?:吧)?|出(?:一|幾"
            r"|几)?[個题題道]*(?:題目?|题目?)(?:考)?(?:給|给)?我|"
            rf"\b(?:quiz|test|examine) me(?![a-z])(?: again)?(?: on {_OF})?|\bask me (?:a |one "
            rf"|some )?questions?(?: (?:on|about) {_OF})?|\bgive me a quiz(?: (?:on|about) {_OF})?",
        ),
        (
            "reveal",
            r"(?:公布|公佈|揭曉|揭晓|看|給我|给我)(?:一下)?(?:正確|正确|標準|标准|參考|参考)?(?:答案|解答)"
            r"|(?:我)?(?:放棄|放弃)了?[,，]?(?:告訴我答案|告诉我答案)?|\b(?:show|reveal|tell me|give me|what(?:'s"
            r"| is)) the (?:correct |right )?answers?|\bi give up",
        ),
        (
            "simple",
            r"(?:用|以)?(?:簡單|简单|白話|白话|淺顯|浅显|通俗|口語|口语)(?:易懂)?(?:一?[點点些])?(?:的)?(?:話|话"
            r"|方式|說法|说法|講法|讲法)?(?:再|來|来)?(?:講解|讲解|講|讲|說明|说明|說|说|解釋|解释)"
            + _IT
            + r"|(?:講|讲|說|说|解釋|解释)(?:得)?(?:更|再)?(?:簡單|简单|白話|白话|淺|浅|通俗)(?:一?[點点些])?|"
            r"(?:像|當|当|把我當|把我当)(?:我是)?(?:對|对|跟|給|给)?(?:五|5|六|小)(?:歲|岁)?(?:的)?(?:小孩|小朋友"
            r"|孩子|學生|学生)(?:一樣|一样|那樣|那样)?(?:地)?(?:講解|讲解|講|讲|說明|说明|說|说|解釋|解释)?(?:給我聽"
            r"|给我听)?|講給(?:五|5)歲小孩聽|讲给(?:五|5)岁小孩听|"
            r"\beli ?5\b:?|\b(?:explain (?:it |this |that )?(?:to me )?)?like i(?:'|’)?(?:m| am) (?:a )?(?:five|5"
            r"|six|ten|child|kid|beginner)(?:[- ]years?[- ]olds?)?|\b(?:in|using) (?:simple|plain|simpler"
            r"|layman'?s?) (?:terms|words|language|english)|\b(?:explain|say|put) (?:it|this"
            r"|that) (?:more )?simpl(?:y|er)|\bdumb it down|\bsimplif(?:y|ied) (?:it|this|that|version)\b"
            r"|(?P<bare>\bsimplif(?:y|ied)\b)",
        ),
        (
            "interview",
            r"(?:給|给)?(?:我)?(?:一[個个])?(?:用)?(?:面試|面试)(?:時|时|的)?(?:要|會|会|該|该|可以)?(?:怎麼|怎么"
            r"|如何)?(?:版本?|答法|回答(?:的)?(?:版本|方式)|講法|讲法|說法|说法|口吻|的方式|答)(?:來|来)?(?:講|讲|說"
            r"|说|回答)?|(?:在)?(?:面試|面试)(?:時|时|中|裡|里)(?:我)?(?:要|會|会|該|该|應該|应该|可以)?(?:怎麼|怎么"
            r"|如何)(?:回答|答|說|说|講|讲)|"
            rf"\b(?:give me |say |tell me )?(?:the |an? )?interview(?:[- ]ready)? (?:version|answers?"
            rf"|style)(?: of {_OF})?|\bhow (?:should|would|do|can) i (?:answer|say|explain"
            r"|put) (?:this|that|it) in an? interview|\bas i would say (?:it|this) in an? interview",
        ),
        (
            "another-way",
            r"(?:換|换)(?:一?[個个种種])?(?:方式|說法|说法|講法|讲法|角度|例子)(?:再|來|来)?(?:講解|讲解|講|讲|說明"
            r"|说明|說|说|解釋|解释)?"
            + _IT
            + r"|(?:重新|再)(?:講|讲|說|说|解釋|解释)一[次遍]|(?:我)?(?:還是|还是)?(?:聽|听|看)?不(?:太)?懂[,，。]?(?:再)?(?:講|讲|說|说|解釋|解释)?(?:一[次遍])?|"
            r"\b(?:explain|say|put|phrase|describe) (?:it|this|that) (?:again|differently|another way|in (?:another"
            r"|a different|other) (?:way|words))|\b(?:in other words|rephrase|reword)(?: (?:it|this|that))?"
            r"|\bsay that again|\bi (?:still )?don'?t (?:get|understand) (?:it|this|that)",
        ),
    )
)
_EMPTY = re.compile(
    r"^[\s,，。．.!！?？:：;；、~～\-—]*(?:吧|嗎|吗|呢|啊|一下|謝謝|谢谢|給我聽|给我听|給我|给我|please|thanks?"
    r"|thank you|for me|to me|again)?[\s,，。．.!！?？~～]*$",
    re.IGNORECASE,
)
_EDGES = " ,，。．、:：;；-—\n\t"

_WORDING: dict[Style, dict[Language, str]] = {
    "another-way": {
        "zh-Hant": "請換一種和前面不同的說法來解釋，事實仍以資料為準。",
        "zh-Hans": "请换一种和前面不同的说法来解释，事实仍以资料为准。",
        "en": "Explain it in other words than before; the facts stay those of the passages.",
    },
    "simple": {
        "zh-Hant": "請用最簡單的話解釋，像講給完全沒學過的人聽；可以用資料裡的比喻，不要新增事實。",
        "zh-Hans": "请用最简单的话解释，像讲给完全没学过的人听；可以用资料里的比喻，不要新增事实。",
        "en": "Explain it in the simplest words, as to somebody new to it; use the passages' own comparisons, add no facts.",
    },
    "interview": {
        "zh-Hant": "請寫成面試時口頭回答的版本：先一句結論，再兩三個重點，最後一句取捨。",
        "zh-Hans": "请写成面试时口头回答的版本：先一句结论，再两三个重点，最后一句取舍。",
        "en": "Word it as a spoken interview answer: the conclusion first, then two or three points, then the trade-off.",
    },
    "quiz": {"zh-Hant": "", "zh-Hans": "", "en": ""},
    "reveal": {"zh-Hant": "", "zh-Hans": "", "en": ""},
}  # fmt: skip
_QUIZ: dict[Language, tuple[str, str, str, str]] = {
    "zh-Hant": ("考考你", "用自己的話回答這一題。", "填空：", "想好之後把答案打給我，或說「公布答案」。"),
    "zh-Hans": ("考考你", "用自己的话回答这一题。", "填空：", "想好之后把答案打给我，或说“公布答案”。"),
    "en": (
        "Your turn",
        "Answer this one in your own words.",
        "Fill in: ",
        'Type your answer, or say "show the answer".',
    ),
}
# What the search understands as "stay with the question of the conversation".
CONTINUE: dict[Language, str] = {"zh-Hant": "繼續", "zh-Hans": "继续", "en": "go on"}
BLANKS = 2
_BLANK = "＿＿＿＿"
_GAP = re.compile(
    r"「([^「」\n]{2,16})」|\*\*([^*\n]{2,24})\*\*|(\d[\d.,]*\s?(?:%|倍|億|亿|萬|万|GB|MB|[BKM]\b)?)|([A-Z][A-Za-z0-9-]{2,24})"
)


@dataclass(frozen=True)
class Wish:
    """What a query wants besides its topic.

    Args:
        topic: the query without the phrase; "" where it only speaks of what was said before.
    """

    style: Style | None
    topic: str


def wish(query: str) -> Wish:
    """The style that a query asks for, and what is left of it."""
    for style, pattern in _PHRASES:
        match = pattern.search(query)
        if match is None:
            continue
        left, right = query[: match.start()], query[match.end() :]
        if match.groupdict().get("bare") and left.strip(_EDGES) and right.strip(_EDGES):
            continue  # "why does it simplify training?" wants no simpler words
        rest = f"{left} {right}".strip(_EDGES)
        if _EMPTY.match(rest):
            return Wish(style, "")
        if style in {"reveal", "another-way"}:  # "換個方式" inside a question of its own is no wish
            continue
        return Wish(style, rest)
    return Wish(None, query)


def last_line(style: Style | None, language: Language) -> str:
    """The wish as the last line of a prompt; "" where there is none."""
    return _WORDING[style][language] if style else ""


def quiz(number: int, title: str, points: Sequence[str], language: Language) -> str:
    """A question of the corpus turned to the reader: the question itself and gaps to fill, made from key points.

    Args:
        points: sentences of the question as plain text, tried in this order; those without a telling word give no gap.
    """
    head, own_words, fill, ending = _QUIZ[language]
    asked = set(terms(title))
    gaps = [gap for gap in (_gap(point, asked) for point in points) if gap][:BLANKS]
    colon = ": " if language == "en" else "："
    lines = [f"**{head}{citation(number, language)}**{colon}{title}", "", f"1. {own_words}"]
    lines += [f"{i}. {fill}{gap}{citation(number, language)}" for i, gap in enumerate(gaps, start=2)]
    return "\n".join([*lines, "", ending])


def _gap(point: str, asked: set[str]) -> str | None:
    for match in _GAP.finditer(point):
        word = next(group for group in match.groups() if group)
        if asked.isdisjoint(terms(word)) and len(point) >= 3 * len(word):
            start, end = match.span()
            return (point[:start] + _BLANK + point[end:]).rstrip("。. ")
    return None
