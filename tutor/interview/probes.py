"""How to ask about a key point without saying it: by its aspect (a reason, a cost, an example, ...).

A probe written by hand for a point (`NAME.probes.yaml` beside the document) comes first; both are dropped where they
would give the point away. Knows no grades.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import yaml

from ingest.errors import DocumentError
from ingest.rubrics import KeyPoint
from ingest.text import fold
from tutor.answering.answer import Language
from tutor.answering.script import convert
from tutor.interview.leaks import Guard

Aspect = Literal[
    "analogy", "example", "comparison", "drawback", "quantity", "steps", "benefit", "reason", "purpose", "practice",
    "definition", "mechanism",
]  # fmt: skip
Probes = Mapping[str, tuple[str, str]]
# On folded statements; the first that fits decides.
_SIGNS: tuple[tuple[Aspect, re.Pattern[str]], ...] = (
    ("analogy", re.compile(r"^类比|比喻|好比|^analogy")),
    ("example", re.compile(r"^举例|^例子|^例如|^例[:：]|^example|for example|for instance")),
    ("comparison", re.compile(r"相比|相较|相对于|不同于|区别|差异|则是|两者|compared|unlike|whereas|difference|differs")),
    ("drawback", re.compile(r"缺点|劣势|局限|代价|限制|风险|瓶颈|挑战|困难|难以|无法|不足|drawback|limitation|cost of|risk|cannot|bottleneck")),
    ("quantity", re.compile(r"o\(n|[=×√]|\d+\s*(?:%|倍|亿|万|b\b|gb)|复杂度|公式|formula|complexity")),
    ("steps", re.compile(r"步骤|阶段|流程|第[一二三]步|首先|最后|step|stage|phase|first,|then ")),
    ("benefit", re.compile(r"优点|优势|好处|提升|提高|加速|节省|减少|降低|避免|改善|更快|更好|benefit|advantage|faster|saves|reduces|improves|avoids")),
    ("reason", re.compile(r"因为|由于|原因|导致|造成|所以|because|due to|causes|leads to")),
    ("purpose", re.compile(r"目的|目标|用于|用来|为了|适合|适用|解决|purpose|aims? |goal|used for|in order to|suits")),
    ("practice", re.compile(r"应该|应当|需要|必须|建议|可以用|策略|should|must|need")),
    ("definition", re.compile(r"是指|就是|是一|指的是|定义|本质|意思|\bis an?\b|\bmeans\b|refers to")),
)  # fmt: skip
_ZH: dict[Aspect, tuple[str, ...]] = {
    "analogy": ("能用一個類比說明嗎？", "對完全不懂的人，你會怎麼打比方？", "換成生活中的情境，它像什麼？"),
    "example": (
        "能舉一個具體的例子嗎？",
        "實際上會是什麼樣子？請用一個案例說明。",
        "請再舉一個例子，並說明它為什麼合適。",
    ),
    "comparison": (
        "和其他做法放在一起看，差別在哪裡？",
        "另一邊又是怎麼做的？",
        "如果要你畫一張對照表，哪一欄還沒說？",
    ),
    "drawback": ("它在哪些地方會碰到問題？", "有什麼是它做不到的？", "要付出什麼？"),
    "quantity": ("能說得更量化一些嗎？", "寫成式子或數量級會是怎樣？", "大概是什麼規模？"),
    "steps": ("過程是怎麼進行的？", "哪一步還沒有說到？", "先後順序是怎樣的？"),
    "benefit": ("這樣做有什麼好處？", "最後換來了什麼？", "跟不這樣做相比，會好在哪裡？"),
    "reason": ("背後的原因是什麼？", "為什麼會這樣？", "是什麼造成的？"),
    "purpose": ("它要達成什麼？", "什麼情況下會用到它？", "它是用來回應哪個需求的？"),
    "practice": ("實務上還要注意什麼？", "換成你來做，還會安排什麼？", "還有什麼做法？"),
    "definition": (
        "它究竟是什麼？請說得更精確。",
        "如果只能用一句話講，它的核心是什麼？",
        "還有哪個概念是必須交代的？",
    ),
    "mechanism": ("具體是怎麼運作的？", "內部發生了什麼？", "能再拆開來講細一點嗎？"),
}
_EN: dict[Aspect, tuple[str, ...]] = {
    "analogy": ("Can you illustrate that with an analogy?", "How would you picture it for a complete outsider?", "What in everyday life is it like?"),
    "example": ("Can you give a concrete example?", "What does that look like in practice? Take one case.", "Give one more example, and say why it fits."),
    "comparison": ("Set beside the alternatives, where is the difference?", "And how does the other side do it?", "In a table of both, which row is empty?"),
    "drawback": ("Where does it run into trouble?", "What is it not able to do?", "What does one pay for it?"),
    "quantity": ("Can you put that in numbers?", "How would you write it down, or what order of magnitude is it?", "Roughly what size are we talking about?"),
    "steps": ("How does it proceed?", "Which part of the course have you not described yet?", "What comes before what?"),
    "benefit": ("What is gained by that?", "What does one get in the end?", "Why is that preferable to leaving it out?"),
    "reason": ("What is behind that?", "Why does that happen?", "What brings it about?"),
    "purpose": ("What is it there for?", "When would you reach for it?", "Which need does it answer?"),
    "practice": ("What else would you watch out for in practice?", "If it were yours to do, what else would you arrange?", "What other way is there?"),
    "definition": ("What exactly is it? Please be more precise.", "In one sentence, what is the heart of it?", "Which notion has to be in there as well?"),
    "mechanism": ("How does it actually work?", "What happens inside?", "Can you take it apart a little further?"),
}  # fmt: skip
_LABELS: dict[Aspect, tuple[str, str]] = {
    "analogy": ("類比", "an analogy"), "example": ("例子", "an example"), "comparison": ("比較", "a comparison"),
    "drawback": ("限制", "limits"), "quantity": ("規模或式子", "numbers"), "steps": ("過程", "the course of it"),
    "benefit": ("好處", "what is gained"), "reason": ("原因", "reasons"), "purpose": ("用途", "what it is for"),
    "practice": ("做法", "practice"), "definition": ("定義", "what it is"), "mechanism": ("運作方式", "how it works"),
}  # fmt: skip
_OUTLINE = {
    "zh": "完整的回答大約有 {number} 個核心要點，方向包括：{labels}。",
    "en": "Core points of a full answer: about {number}. They are about {labels}.",
}


def aspect(point: KeyPoint) -> Aspect:
    """What kind of thing a key point says."""
    folded = fold(point.statement)
    return next((name for name, sign in _SIGNS if sign.search(folded)), "mechanism")


def probes_path(document: Path) -> Path:
    """Where probes written by hand lie: beside the document."""
    return document.with_suffix(".probes.yaml")


def read_probes(path: Path) -> dict[str, tuple[str, str]]:
    """Probes written by hand: key point id -> (Chinese, English); empty where there is no such file.

    Raises:
        DocumentError: the file is not what it should be.
    """
    if not path.exists():
        return {}
    try:
        rows = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # nosec B506
    except yaml.YAMLError as error:
        raise DocumentError(f"{path.name} is not valid YAML: {error}.") from error
    if not isinstance(rows, dict):
        raise DocumentError(f"{path.name} must map key point ids to probes.")
    found: dict[str, tuple[str, str]] = {}
    for identifier, row in rows.items():
        if not (isinstance(row, dict) and isinstance(row.get("zh"), str) and isinstance(row.get("en"), str)):
            raise DocumentError(f"{path.name}: the probe of {identifier} needs `zh` and `en`.")
        found[str(identifier)] = (row["zh"], row["en"])
    return found


def probes_for(points: Sequence[KeyPoint], written: Probes, guard: Guard, language: Language) -> dict[str, str]:
    """A probe for each point that can be asked about without giving any point away.

    Misconceptions are asked about in the candidate's own words; their probe is empty.
    """
    found: dict[str, str] = {}
    used: Counter[Aspect] = Counter()
    for point in points:
        if point.kind == "misconception":
            found[point.id] = ""
            continue
        kind = aspect(point)
        wordings = (_EN if language == "en" else _ZH)[kind]
        first = used[kind]
        used[kind] += 1
        by_hand = written.get(point.id)
        choices = [by_hand[language == "en"]] if by_hand else []
        choices += [wordings[(first + i) % len(wordings)] for i in range(len(wordings))]
        safe = next((text for text in choices if not guard.leaks(text)), None)
        if safe is not None:
            found[point.id] = convert(safe, language) if language == "zh-Hans" else safe
    return found


def hints_for(
    points: Sequence[KeyPoint], probes: Mapping[str, str], guard: Guard, language: Language
) -> tuple[str, ...]:
    """Two hints at most: what a full answer speaks about, then the probe of its weightiest point."""
    core = sorted((p for p in points if p.kind == "core"), key=lambda p: -p.weight)
    if not core:
        return ()
    english = language == "en"
    labels = dict.fromkeys(_LABELS[aspect(p)][english] for p in core)
    outline = _OUTLINE["en" if english else "zh"].format(
        number=len(core), labels=(", " if english else "、").join(labels)
    )
    outline = convert(outline, language) if language == "zh-Hans" else outline
    best = next((probes[p.id] for p in core if probes.get(p.id)), "")
    return tuple(text for text in (outline, best) if text and not guard.leaks(text))
