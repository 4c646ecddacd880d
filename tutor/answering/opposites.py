"""Words that reverse a statement: opposites, and negations of them.

Patterns see folded text (lower case, Simplified). Knows words, nothing of sources or vectors.
"""

from __future__ import annotations

import re
from functools import lru_cache

# Each row: two sides that exclude each other when said of the same thing. Longer words stand first.
_PAIRS: tuple[tuple[str, str], ...] = (
    ("加速|加快|更快|快速|快", "减慢|拖慢|变慢|更慢|缓慢|慢"),
    ("增加|增长|提升|提高|上升|变大|增强|扩大|放大|变多|升高|拉高", "减少|降低|下降|缩小|变小|削弱|缩减|减小|变少|减轻|压低"),
    ("很高|较高|更高|最高|越高|高(?!层|阶|维|效|质量|度|精)", "很低|较低|更低|最低|越低|极低|低(?!秩|层|阶|维)"),
    ("很大|较大|更大|巨大|庞大|过大|大(?!家|概|约|多|型|语言|致|部)", "很小|较小|更小|太小|微小|小(?!时|组|说)"),
    ("很多|较多|更多|大量|多(?!头|模|样|维|步|个|种|数|轮|层|任务|项|张|台|位|余|少)", "很少|较少|更少|少量|不足|少(?!数)"),
    ("变长|更长|较长", "变短|更短|较短"),
    ("之前|以前|前面|先", "之后|以后|后面|再"),
    ("左边|左侧", "右边|右侧"),
    ("双向", "单向"),
    ("绝对", "相对(?!应|于)"),
    ("精确|等价|完全相同|准确", "近似|约略|估算"),
    ("必须|需要|必要|一定要|得要|依赖|取决于", "无需|不需要|不必|不用|无须|不依赖|无关|不受"),
    ("能够|可以|会|能(?!力)", "不能|无法|不会|不可以|没办法"),
    ("具有|包含|拥有|有(?!效|些|关|限)", "没有|缺乏|不含|不具|并无|无法|无(?!论|需|序|关|监)"),
    ("简单|容易|简化", "复杂|困难"),
    ("稳定", "不稳定|震荡"),
    ("并行|同时|一次性", "串行|循序|逐步|依次|顺序处理|一个一个|一个接一个"),
    ("有序|顺序信息", "无序"),
    ("线性", "非线性|平方|二次"),
    ("稠密|密集|连续", "稀疏|离散"),
    ("固定|不变|恒定", "动态|变化|改变|更新|增长"),
    ("冻结", "更新|训练|调整|微调全部"),
    ("便宜|低廉|省钱", "昂贵|高昂"),
    ("优点|优势|好处", "缺点|劣势|坏处|限制"),
    ("更好|较好|优秀|优越|超越|胜过|优于|好", "更差|较差|很差|糟糕|不如|劣于|不及|差(?!异|别|距)"),
    ("理解", "生成"),
    ("全局", "局部"),
    ("最大化", "最小化"),
    ("已知", "未知"),
    ("独立|各自|分开|解耦", "共享|共用|一起|耦合"),
    ("召回率", "精确率|准确率"),
    ("初期|一开始|早期", "后期|末期|中后期"),
    ("所有|全部|完整|每个|整个", "部分|一部分|少数|其中几个|只有"),
    ("复制", "切分"),
    ("主观|人工", "客观|自动"),
    ("开源", "闭源"),
    ("内部", "外部"),
    ("输入", "输出"),
    ("足够|足以|够用", "不够|不足以|不足"),
    ("懂|理解|有意识", "不懂|没有意识|并不理解"),
    ("垂直|纵向", "水平|横向"),
    ("过拟合|背诵|记忆", "泛化"),
    ("一定|保证|必然|完全", "不一定|未必|可能|不保证"),
    (r"fast(?:er|est)?|speeds? up|accelerat\w*|quick\w*", r"slow(?:er|s|ly)?|slows? down"),
    (
        r"increas\w*|ris(?:e|es|ing)|grow\w*|rais\w*|improv\w*|gain\w*|boost\w*|enlarg\w*|more|adds?|larger|bigger|higher",
        r"decreas\w*|reduc\w*|fall\w*|drop\w*|shrink\w*|lower\w*|lessen\w*|cuts?|hurt\w*|degrad\w*|less|fewer|smaller",
    ),
    (r"high", r"low"),
    (r"larg\w*|big|huge|many", r"small\w*|tiny|few"),
    (r"before|first", r"after\w*|later|last"),
    (r"left", r"right(?= side| of|-)"),
    (r"bidirectional\w*|both directions|both sides", r"unidirectional\w*|one direction|causal"),
    (r"absolute", r"relative"),
    (r"exact\w*|equivalent\w*|precise\w*|identical", r"approximat\w*|estimate\w*"),
    (r"need\w*|requir\w*|must|depend\w*|relies|rely", r"no need|not need|without|unaffected|independent\w*|regardless"),
    (r"parallel\w*|at once|simultaneous\w*", r"sequential\w*|serial\w*|one by one|step by step"),
    (r"linear\w*", r"quadratic\w*|non-?linear\w*|o\(n²\)"),
    (r"dense|continuous", r"sparse|discrete"),
    (r"fixed|constant|frozen|freez\w*|unchanged", r"grow\w*|chang\w*|updat\w*|train\w*|dynamic\w*"),
    (r"better|best|outperform\w*|superior", r"worse|worst|underperform\w*|inferior"),
    (r"cheap\w*", r"expensive|costly"),
    (r"simpl\w*|easy|easier", r"complex\w*|hard\w*|difficult"),
    (r"stable|stabili\w*", r"unstable|instab\w*"),
    (r"maximi\w*", r"minimi\w*"),
    (r"all|every|each|whole|entire", r"only|one|some|part\w*"),
    (r"share\w*|together|joint\w*", r"own|separate\w*|independent\w*|decoupl\w*"),
    (r"understand\w*", r"generat\w*"),
    (r"internal", r"external"),
    (r"known", r"unknown"),
    (r"always|guarantee\w*", r"never|not always|may|might"),
)  # fmt: skip
_SIDES = tuple(
    tuple(re.compile(rf"\b(?:{side})\b" if side[0] < "\x7f" else f"(?:{side})") for side in pair) for pair in _PAIRS
)
_NEGATED = re.compile(
    r"(?:不|没有?|无|非|未|并非|而非|别)\w{0,2}$|\b(?:not|no|never|without|n't|rather than|instead of)\s+(?:\w+\s+)?$"
)


@lru_cache(maxsize=8192)
def sides(folded: str) -> dict[int, int]:
    """Which side of which pair a text takes: `{pair: 0 or 1}`; pairs of which it names both sides are left out."""
    found: dict[int, int] = {}
    for number, pair in enumerate(_SIDES):
        taken = set()
        spans: list[tuple[int, int]] = []
        for side in (1, 0):  # the second side holds the negated forms, which contain words of the first
            for match in pair[side].finditer(folded):
                if any(a <= match.start() < b for a, b in spans):
                    continue
                spans.append(match.span())
                negated = side == 0 and _NEGATED.search(folded[max(0, match.start() - 14) : match.start()]) is not None
                taken.add(1 - side if negated else side)
        if len(taken) == 1:
            found[number] = taken.pop()
    return found


def clash(one: str, other: str) -> tuple[int, int]:
    """`(pairs on which two folded texts take opposite sides, pairs on which they take the same)`."""
    first, second = sides(one), sides(other)
    shared = first.keys() & second.keys()
    against = sum(first[n] != second[n] for n in shared)
    return against, len(shared) - against
