"""What a message asks besides its question: orders to the tutor, its instructions, another role, outside content.

Attacking sentences are cut and named; a question beside them is still answered. Planted orders in documents are found
with the same patterns. Patterns see folded text (lower case, Simplified), so one covers both Chinese scripts; a second
look reads what encodings hide. This is one layer: the gate, the delimiters and the checks of the reply stand behind it.
Knows words, nothing of models.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from ingest.text import fold
from tutor.answering.disguise import hides, views, visible
from tutor.answering.orders import ATTACKS

_DISCUSSES = re.compile(
    r"防|避免|抵[抗御]|侦测|检测|识别|攻击|注入|漏洞|安全|为什么|是什么(?:意思)?[?？]?$|什么(?:是|叫)|怎么(?:会|处理"
    r"|应对|办)|如何(?:处理|应对)|例子|举例"
    r"|inject|attack|prevent|defen[cd]|protect|mitigat|detect|guard against|stop (?:users?|people|someone"
    r"|attackers?)|what (?:happens|if|is|are|does)|why (?:do|does|would|is|are)|how (?:do|does|should|can|would"
    r"|could|to|is|are)|explain|example|vulnerab"
)
# Kinds that only ask for another form of reply: the question beside them is answered as always, with its sources.
_HARMLESS_ALONE = frozenset({"wants no sources"})
_SENTENCE = re.compile(r"[^。！？!?\n；;]*?(?:\.(?=\s|$)|[。！？!?\n；;]|$)")
_QUOTED = re.compile(r"「[^」\n]*」|『[^』\n]*』|“[^”\n]*”|\"[^\"\n]*\"|‘[^’\n]*’|`[^`\n]*`|\*[^*\n]+\*")
EXCERPT = 60


@dataclass(frozen=True)
class Screened:
    """A message after the look.

    Args:
        text: what is left to be asked: visible characters, without attacking sentences; "" when nothing is.
        flags: one for each detection, "attack: REASON («excerpt»)" or "hidden characters removed".
    """

    text: str
    flags: tuple[str, ...] = ()

    @property
    def attacked(self) -> bool:
        """Whether an attack was found, not only odd characters."""
        return any(flag.startswith("attack: ") for flag in self.flags)


# Messages whose verdict is kept: every turn looks at the whole conversation again, 1 to 2 ms a message.
@lru_cache(maxsize=256)
def screen(message: str) -> Screened:
    """Cut what attacks out of a user's message and say what it was."""
    flags = ["hidden characters removed"] if hides(message) else []
    text = visible(message)
    for way, part, said in views(message):
        reason = _reason(said)
        if reason and not _reason(text if part == message else text.replace(part, " ")):
            flags.append(_flag(f"{reason[0]}, hidden by {way}", reason[1]))
            shown = visible(part)
            text = "" if part == message else text.replace(shown, " ") if shown else text
    kept = []
    for sentence in _SENTENCE.findall(text):
        reason = attack_in(sentence)
        if reason:
            flags.append(_flag(*reason))
        else:
            kept.append(sentence)
    left = "".join(kept)
    reason = attack_in(left) if left.strip() else None
    if reason:  # only the sentences together say it
        flags.append(_flag(*reason))
        left = ""
    return Screened(_tidy(left), tuple(dict.fromkeys(flags)))


def attack_in(sentence: str) -> tuple[str, str] | None:
    """`(reason, matching text)` where a sentence orders the tutor about, else None.

    A question about attacks is none, nor is a sentence of its own that quotes one.
    """
    found = _reason(sentence)
    if found is None:
        return None
    unquoted = _QUOTED.sub(" ", sentence)
    folded = fold(sentence).strip()
    if unquoted != sentence and found[0] != "dictates the reply" and sum(c.isalnum() for c in unquoted) >= FRAME:
        return _reason(unquoted)
    asks = folded.endswith(("?", "吗", "呢", "办", "理", "么", "样")) or _ASKS.match(folded)
    if not asks or found[0] not in _ASKED_ABOUT:
        return None if _LISTS.search(folded) else found
    about_others = _ASKS.match(folded) and not _YOU.search(folded)
    return None if _DISCUSSES.search(folded) or about_others else found


# Letters around a quotation that make it a mention: shorter frames only wrap the order.
FRAME = 8
_ASKED_ABOUT = frozenset({"asks for the instructions", "orders to ignore the rules", "another role"})
_YOU = re.compile(r"\byou(?:r|rs)?\b|[你您]|上面|以上|前面")
_LISTS = re.compile(r"^(?:[^、]{1,20}、){4}")
_ASKS = re.compile(
    r"(?:请)?(?:问|解释|说明|什么|为什么|如何|怎么|怎样)|what|why|how|which|through which|when|where|explain"
    r"|describe|is it|can (?:a|an|the)|does|do "
)


@lru_cache(maxsize=4096)
def planted(sentence: str) -> str | None:
    """Why a sentence of a document must not reach the model, or None: it gives orders instead of saying something.

    Quoted examples, as in a chapter about prompt injection, are no orders.
    """
    for text in (visible(sentence), *(said for way, _, said in views(sentence) if not way.startswith("letters"))):
        bare = fold(_PLAIN_TAG.sub(" ", _OPEN_QUOTE.sub(" ", _QUOTED.sub(" ", text))))
        kind = next((kind for kind, pattern in ATTACKS if _ordered(pattern, bare)), None)
        if kind and kind not in _HARMLESS_ALONE and not _TRIES.search(bare):
            return kind
    return None


def _ordered(pattern: re.Pattern[str], folded: str) -> bool:
    """Whether a match is an order, not told of somebody else: 「讓模型忽略規則」 orders nobody about."""
    for match in pattern.finditer(folded):
        before = _CLAUSE_BEFORE.findall(folded[: match.start()])[0]
        if not _OTHERS.search(before) or _YOU.search(before) or "请" in before:
            return True
    return False


# A sentence may end inside its quotation; and a defence describes what an attacker tries.
_OPEN_QUOTE = re.compile(r"[「『“][^」』”]*$")
# Tags of a document's own examples mean nothing to the model once `defuse` has run.
_PLAIN_TAG = re.compile(r"</?[a-z_]{2,30}>|\\{1,2}[<>]", re.IGNORECASE)
_TEMPLATE = re.compile(
    r"<\|[^|<>\n]{0,40}\|>|</?\s*(?:資料|资料)\s*>|\[/?INST\]|<</?SYS>>|</?s>",
    re.IGNORECASE,
)
_CLAUSE_BEFORE = re.compile(r"[^，。；：！？,.;:!?\n]*$")
_OTHERS = re.compile(r"(?:模型|用户|使用者|基准|被要求|\bmodels?|\busers?|\bbenchmarks?)\s*$")
_TRIES = re.compile(r"试图|企图|攻击者|tries to|try to|attempts? to|attacker")


def defuse(text: str) -> str:
    """Text that cannot end its own delimiters in a prompt: without template tokens, the delimiters, hidden characters."""
    return _TEMPLATE.sub(" ", visible(text))


def _reason(text: str) -> tuple[str, str] | None:
    folded = fold(text)
    for kind, pattern in ATTACKS:
        match = pattern.search(folded)
        if match:
            return kind, match[0]
    return None


def _flag(reason: str, excerpt: str) -> str:
    shown = re.sub(r"\s+", " ", excerpt).strip()
    return f"attack: {reason} («{shown[:EXCERPT]}»)"


def _tidy(text: str) -> str:
    bare = text.strip()
    return bare if any(c.isalnum() for c in bare) else ""
