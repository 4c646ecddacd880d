"""Whether a query depends on the conversation before it, and what it means when it does. Rules, no model call.

Knows words and question titles, nothing of indexes or models.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ingest.text import fold, terms
from tutor.retrieval.address import cited_numbers

# All patterns work on folded text: lower case, half width, Simplified.
_CONTINUE = re.compile(
    r"(?:那|那就)?(?:请|麻烦|可以)?(?:再|继续|接着|往下|多)(?:多|再)?(?:说|讲|解释|展开|详细|补充|举|给|来|深入).{0,8}|"
    r"(?:那|那就)?(?:请|可以)?(?:举|给|来|有|换)(?:我)?(?:个|一个|几个|些|没有)?(?:具体|实际)?(?:的)?(?:例子?|范例|实例)(?:吗|吧|呢|来看看?|看看?)?|"
    r"(?:我)?(?:还是)?(?:不太|不|没|没有)(?:懂|明白|清楚|看懂|听懂)(?:.{0,2}(?:请)?(?:可以|能)?(?:再|换).{0,10})?|"
    r"(?:可以|能)(?:再|给|举).{0,3}(?:具体|详细|简单|实际|数字|白话).{0,8}|"
    r"(?:例如|比如|譬如|像是?)(?:什么|哪些|哪个)?|(?:为什么|怎么说|真的|是吗|什么意思)|"
    r"(?:说|讲)?(?:详细|具体|细)(?:一?点|一些)?(?:吧|呢)?|换个(?:方式|说法|讲法|角度).{0,4}|(?:讲|说)?(?:简单|白话)(?:一?点|一些)?.{0,3}|"
    r"继续(?:吧|说|讲)?|(?:然后|还有|接下来)(?:呢|吗)?|好[的啊呀吧哦]?|行|对[的啊]?|是[的啊]?|嗯+|要[的啊]?|可以[的啊]?|"
    r"(?:yes|yeah|yep|yup|ok|okay|sure|please|go on|continue|more|tell me more|keep going|and then|elaborate|go ahead|"
    r"(?:explain|say|tell me)(?: (?:it|that|this))?(?: (?:a (?:bit|little)|some))? (?:more|further|in (?:more )?detail)(?: about (?:it|this|that))?|go deeper|"
    r"say more|(?:some )?more details?|in more detail|(?:can you |please )?expand on (?:that|it|this)|what else|anything else|"
    r"(?:an |any |another |one more |more |for |give me an |can you give (?:me )?an )?examples?|for instance|"
    r"(?:explain|say) (?:it|that) (?:differently|another way|simpler|more simply)|"
    r"(?:i (?:still )?(?:do not|don'?t) (?:get|understand) (?:it|this|that)[,.]? ?)?(?:can you |could you |please )?"
    r"(?:explain|say|repeat) (?:it|that|this)? ?(?:again|once more)?(?: (?:in|with) (?:simple|simpler|plain|other) words)?|"
    r"i (?:still )?(?:do not|don'?t) (?:get|understand) (?:it|this|that)|(?:can|could) you elaborate(?: on (?:that|it|this))?|"
    r"why|how so|really|such as|like what|which ones|"
    r"explain (?:it )?like i'?m (?:five|5)|simpler)(?:,? please)?"
)
_EXAMPLE = re.compile(r"例(?:子|如)?|范例|实例|比如|譬如|\bexamples?\b|for instance|such as|like what")
_ANOTHER = re.compile(r"再|另|其他|其它|别的|还有|\b(?:another|others?|more|else)\b")
_ANAPHOR = re.compile(
    r"它们?|他们?|这(?!样的话)|那(?:个|些|种|样|里|边|两|三|几)|上面|前面|前者|后者|刚才|刚刚|其中|该|此|两者|两个|哪[个种]比较|第[一二三四1-4][个种点步]|"
    r"\b(?:it|its|it's|that|this|these|those|they|them|their|former|latter|above|both|second one|first one|"
    r"third one|the other|you (?:just )?(?:said|mentioned)|such)\b"
)
_OPENING = re.compile(r"^(?:那么?|所以|但是?|可是|不过|而|又|and|but|so|then|what about|how about|why|how come|really)")
# 「那 BERT 呢？」 "what about ROUGE?" names a topic and takes the question about it from before.
_SAME_OF_ANOTHER = re.compile(
    r"^(?:那么?|那如果|换成|至于)?.{1,24}呢$|^(?:(?:ok|okay|so|then|and)[, ]+)?(?:what|how) about .{1,40}$|^and (?:for |in |with )?.{1,40}$"
)
_STANDS_ALONE = re.compile(
    r"换个(?:话题|问题)|另外(?:想|问)|换一题|different (?:topic|question)|change (?:of )?(?:topic|subject)|switching|unrelated"
)
# A query with a pronoun and more topic terms than this usually explains its pronoun itself.
MOST_TERMS = 12
# Words that ask without naming a topic. A query made of nothing else cannot stand alone. Folded: Simplified.
_ASKING_HAN = re.compile(
    "|".join(
        sorted(
            [
                "什么",
                "为什么",
                "怎么办",
                "怎么样",
                "怎么",
                "怎样",
                "如何",
                "哪些",
                "哪个",
                "哪种",
                "是否",
                "可以",
                "需要",
                "缺点",
                "优点",
                "好处",
                "坏处",
                "限制",
                "例子",
                "举例",
                "范例",
                "步骤",
                "原因",
                "差别",
                "区别",
                "不同",
                "比较",
                "公式",
                "流程",
                "应用",
                "场景",
                "具体",
                "详细",
                "说明",
                "解释",
                "重要",
                "主要",
                "意思",
                "作用",
                "原理",
                "多少",
                "几个",
                "几种",
                "为何",
                "实际",
                "方法",
                "问题",
                "情况",
                "时候",
                "一下",
                "比起来",
                "适合",
                "代价",
                "之后",
                "之前",
                "然后",
                "如果",
                "还有",
                "是什么",
                "会不会",
                "有没有",
                "能不能",
                "要不要",
                "是不是",
                "一般",
                "通常",
                "到底",
                "真的",
                "一定",
                "应该",
                "告诉",
                "知道",
                "请问",
                "麻烦",
                "呢",
                "吗",
                "啊",
                "吧",
                "的",
                "了",
                "是",
                "在",
                "会",
                "有",
                "和",
                "跟",
                "与",
                "也",
                "都",
                "就",
                "才",
                "还",
                "再",
                "很",
                "最",
                "更",
                "做",
                "用",
                "去",
                "让",
                "把",
                "被",
                "对",
                "从",
                "到",
                "说",
                "讲",
                "谁",
                "我",
                "你",
                "要",
                "想",
                "能",
                "没",
                "不",
            ],
            key=len,
            reverse=True,
        )
    )
)
_ASKING_LATIN = frozenset(
    terms(
        "drawback advantage benefit disadvantage limitation example step reason difference compare formula why how what "
        "when downside upside cons pros instead work use used better worse mean matter important exactly need more detail "
        "practice case help helps actually three two one many much long cost does happen happens still always after "
        "before again really then also just even"
    )
)


def cited_questions(reply: str, titles: Mapping[int, str]) -> list[int]:
    """Questions that a reply cites, in order of first mention."""
    return [n for n in cited_numbers(reply) if n in titles]


def continues(query: str) -> bool:
    """Whether the query only asks to go on: 「再多說一點」, "go on", "yes"."""
    return bool(_CONTINUE.fullmatch(fold(query).strip(" ?!。.？！,，~～")))


def asks_for_example(query: str) -> bool:
    """Whether the query asks for an example, and so for some of what there is to say and not for more of it."""
    return bool(_EXAMPLE.search(fold(query)))


def wants_another(query: str) -> bool:
    """Whether the query asks for something beside what was said: 「再舉一個」, "any other?"."""
    return bool(_ANOTHER.search(fold(query)))


def refers_back(query: str) -> bool:
    """Whether the query itself says that it leans on the conversation: a pronoun, or nothing that names a topic."""
    folded = fold(query).strip()
    if _STANDS_ALONE.search(folded):
        return False
    content = content_terms(query)
    return not content or (bool(_ANAPHOR.search(folded)) and len(content) <= MOST_TERMS)


def leans(query: str) -> bool:
    """Whether the query cannot be understood, or not fully, without the conversation before it."""
    return refers_back(query) or takes_over(query)


def takes_over(query: str) -> bool:
    """Whether the query names another topic and leaves the rest to what was asked before: 「那 BERT 呢？」."""
    folded = fold(query).strip(" ?!。.？！,，~～")
    return not stands_alone(query) and bool(_SAME_OF_ANOTHER.search(folded))


def has_pronoun(query: str) -> bool:
    """Whether the query points back by a pronoun or the like."""
    return bool(_ANAPHOR.search(fold(query)))


def stands_alone(query: str) -> bool:
    """Whether the query says that it leaves the topic: 「換個話題」, "different question"."""
    return bool(_STANDS_ALONE.search(fold(query)))


def content_terms(query: str) -> list[str]:
    """The terms of a query that name a topic."""
    folded = _OPENING.sub("", fold(query))
    named = _ASKING_HAN.sub(" ", _ANAPHOR.sub(" ", folded))
    return [t for t in terms(named) if t not in _ASKING_LATIN and len(t) > 1]
