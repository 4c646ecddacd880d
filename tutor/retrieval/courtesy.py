"""What people say to be polite: hello, thanks, goodbye, "got it", "who are you". It asks nothing of a document.

Knows phrases; what is said back is worded elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from ingest.text import fold
from tutor.retrieval.result import Turn

Courtesy = Literal["hello", "thanks", "understood", "goodbye", "about"]

# On folded words; the first kind that one of the parts is of is what is answered.
_KINDS: dict[Courtesy, str] = {
    "about": r"你是谁|你是什么|你叫什么(?:名字)?|(?:请)?自我介绍(?:一下)?|你(?:能|会|可以)(?:做|帮我做)?(?:些|点)?什么|"
    r"(?:我)?(?:能|可以)问(?:你)?(?:些)?什么|(?:该|要)?(?:怎么|如何)使?用你|使用说明|"
    r"(?:who|what) are you|what(?:'s| is) your name|introduce yourself|what can (?:you do|i ask)(?: you)?|"
    r"what do you do|how do i use you|help(?: me)?",
    "goodbye": r"再见|拜拜|掰掰|晚安|先这样(?:吧)?|下次见|明天见|(?:good ?)?bye(?: ?bye)?|see you(?: later| tomorrow)?|good ?night|that(?:'s| is) all",
    "thanks": r"谢谢|多谢|感谢|谢啦?|辛苦了|太感谢了|thanks?|thank you|thx|cheers|much appreciated",
    "hello": r"你好|您好|哈[啰喽囉]|嗨|早安?|早上好|午安|下午好|晚上好|在吗|hi|hello|hey|hi there|hello there|hey there|good (?:morning|afternoon|evening)",
    "understood": r"了解|明白了?|懂了|原来如此|收到|知道了|没问题|got it|i see|understood|makes sense",
}
_POLITE = r"[你您啦了啊呀喔哦嗯吗呢]*(?: (?:so|very) much| a lot| again| everyone)*"
_LEAD = r"(?:(?:好的?|嗯|喔|哦|那|ok(?:ay)?|great|nice|perfect|cool|yes)[，, ]*)?"
_PARTS = {kind: re.compile(f"{_LEAD}(?:{pattern}){_POLITE}") for kind, pattern in _KINDS.items()}
_BETWEEN = re.compile(r"[\s,，。.!！?？、;；~～:：)）]+")
# Nobody is polite for longer.
_LONGEST = 60


def courtesy(query: str) -> Courtesy | None:
    """Which courtesy the whole query is, None where any part of it is something else."""
    if len(query) > _LONGEST:
        return None
    text = fold(query).strip()
    for kind, pattern in _PARTS.items():
        if pattern.fullmatch(_BETWEEN.sub(" ", text).strip()):
            return kind
    parts = [part for part in re.split(r"[,，。.!！?？、;；~～\n]+| (?=(?:谢谢|再见|晚安|你好))", text) if part.strip()]
    kinds = [
        next((kind for kind, pattern in _PARTS.items() if pattern.fullmatch(part.strip())), None) for part in parts
    ]
    if not kinds or None in kinds:
        return None
    return min((kind for kind in kinds if kind), key=list(_KINDS).index)


def without_courtesies(history: Sequence[Turn]) -> tuple[Turn, ...]:
    """A conversation without its courtesies and what was said back: "its drawbacks?" behind a "thanks" means what came before."""
    kept: list[Turn] = []
    polite = False
    for turn in history:
        if turn.role == "user":
            polite = courtesy(turn.content) is not None
        if not polite:
            kept.append(turn)
    return tuple(kept)
