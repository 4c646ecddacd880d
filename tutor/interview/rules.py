"""What is looked at before any key point: attacks on the grader, bare term lists, blanks, "I don't know".

Attack sentences and term lists are cut out; what is left is graded, with a capped level. Works on folded text, so
one pattern serves both Chinese scripts. Knows nothing of rubrics.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ingest.text import fold, terms
from tutor.interview.clauses import Piece, sentences, size

# --- attacks -------------------------------------------------------------------------------------------------------
# What a wanted result looks like ...
_RESULT = re.compile(
    r"满分|请给分|full (?:marks?|scores?|credit|points)|(?:top|perfect|maximum|highest) (?:marks?|score|grade)|10\s*/\s*10"
    r"|10 out of 10|(?:grade|score|level|mark)s?[\"']?\s*(?:[:=]|of|as|is|to)?\s*[\"']?(?:[45]\b|10\b|four\b|ten\b|a\+|max|full)"
    r"|participation credit|deserves? (?:a |an )?(?:4|four|10|ten|pass|full|top|high)"
    r"|\bgive (?:me |it |this |him |her |us )?(?:a |an )?(?:4|10|four|ten|full|top)\b|\bpass (?:me|this|the) "
    r"|mark (?:it |this |them |all |everything )?(?:as )?(?:covered|met|correct|complete)"
    r"|(?:all|every|remaining) (?:the )?(?:key )?points? (?:\w+ ){0,2}(?:covered|met)|every (?:key )?point"
    r"|(?:全部|所有|每个|完整涵盖|缺少的)(?:的)?(?:核心)?(?:得分点|要点)|核心要点都|judge me|hire me|录取我|让我通过|判(?:我|为)?通过"
    r"|(?:给|记录?|判|输出|写入|换算成|成绩|直接|打|评)[^，。]{0,5}(?:[四4]|10)\s*分|(?:给我|请给|给个|打个)[^，。]{0,4}(?:最高|高)分|自动(?:获得|得到|补全)"
)
# ... and whom it is asked from, or in whose name.
_ADDRESS = re.compile(
    r"grader|grading|evaluator|examiner|interviewer|reviewer|\brater|rubric|\bpolicy|candidate|system|\bthis (?:answer|item|question|test)"
    r"|\byou\b|\byour\b|\bme\b|\bi\b|please|output|set |考官|面试官|评分|评审|考生|系统|本题|此题|这题|这道题|我|你|您|请|拜托|求|直接|最终"
)
_RANGE = re.compile(r"\d\s*(?:到|至|-|~|–|to)\s*\d")
# Orders, roles and labels that are attacks by themselves where a sentence begins with them.
_ORDER = re.compile(
    r"^(?:please |now |so |and |then |also |first |just |from now on,? )*(?:you (?:must|should|will|have to) )?(?:ignore|disregard|forget|override|bypass|skip)\b.{0,50}"
    r"(?:instruction|rubric|prompt|\brules?\b|above|previous|prior|guideline|criteria|everything)"
    r"|^(?:请|现在|你|务必|必须|直接|马上|立刻|帮我)*(?:忽略|无视|忽视|忘记|忘掉|不要理会|不用管|不必理会|跳过|覆盖)"
    r".{0,14}(?:指令|指示|提示|规则|规定|内容|评分|标准|要求|rubric|prompt|instruction)"
    r"|^(?:from now on,? )?(?:you are (?:now|no longer)|you're now|pretend|act as|imagine you|roleplay)\b"
    r"|^(?:从现在开始|现在)?,?(?:你(?:现在)?(?:不再是|不是|要扮演|扮演|是一个|是一位|变成)|假设你是|假装你|请你?扮演|扮演)"
)
_LABEL = re.compile(
    r"^\W*(?:system|assistant|admin|developer|grader|evaluator|examiner|reviewer)\b[\w ]{0,20}(?:[:：—\]]|--)"
    r"|^\W*(?:系统|管理员|开发者|主考官|评分|官方)(?:消息|信息|讯息|提示|公告|指令|通知|注记|备注|评分结果)?\s*[:：]"
    r"|(?:系统|官方)(?:消息|讯息|提示|公告|通知)[:：]|面试官旁白|note (?:to|for) (?:the )?(?:ai|grader|evaluator|model|reviewer|examiner|system)|grader note"
    r"|end of (?:answer|user|candidate|input|response)|</?(?:system|candidate|answer|assistant|user|grader|instruction)|<!--|<\|im_"
    r"|system override|security override|rubric update|(?:calibration|maintenance|debug|developer|admin|god|test) mode"
    r"|(?:校准|维护|调试|开发者|管理员|测试)模式|smoke test|base64|rot13|评分(?:系统|模型|程序|ai|机器人)"
    r"|\"(?:score|grade|level|covered|verdict|final)\"\s*:|reveal .{0,20}system prompt|initial prompt you were"
)
# Said by nobody who answers a question; cut only beside a recognised attack.
_BESIDE = re.compile(
    r"分|grade|scor|\bmark|rubric|grader|policy|规则|规定|执行|照办|采纳|视为|答对|录音|execute|verified|transcribe|remaining|deprecated"
    r"|旁白|系统|system|complete|攻击|attack|thank|谢|escalat|fail|复核|人工|不要质疑|以下内容|human rater"
)
_BRACKETS = re.compile(
    r"（[^）]*）|\([^)]*\)|\[[^\]]*\]|【[^】]*】|\{[^{}]*\}|<!--.*?-->|<[^>]*>[^<]*</[^>]*>", re.DOTALL
)
_QUOTED = re.compile(r"「[^」]*」|『[^』]*』|“[^”]*”|\"[^\"]*\"|‘[^’]*’")
_SPACED = re.compile(r"\b(?:\w ){4,}\w\b")

# --- ignorance -----------------------------------------------------------------------------------------------------
_IGNORANT = re.compile(
    r"(?:我|至于|其他|其它|别的|另一边|后来).{0,40}(?:不清楚|不知道|不太?记得|没(?:有)?印象|忘了|忘记了|说不(?:上|清|出)|不晓得|不太?懂|不了解"
    r"|背不出|没(?:有)?(?:研究|仔细|推过|了解|学过|看过|特别想)|怕(?:讲|说)错|不(?:敢)?乱(?:讲|说)|不好意思|没办法回答)"
    r"|^(?:这个|这题|这|那个|抱歉|嗯|呃|我|真的?|完全|老实说|[,，\s])*(?:不清楚|不知道|不会|没印象|不记得|不晓得|没有?研究)"
    r"(?:了|欸|耶|啊|呢|[,，]?(?:能|可以)?跳过吗?)?\W*$|不清楚(?:了|欸|耶|啊|呢)?\W*$"
    r"|\bi(?: am|'m|'ve)? (?:\w+ )?(?:don't|do not|can't|cannot|couldn't|could not|never|not|wouldn't|have no|haven't|won't|only really) (?:\w+ ){0,4}"
    r"(?:know|remember|tell|say|explain|looked|idea|sure|recall|worked|studied|familiar|go into|understand|learned|heard)"
    r"|\bno idea\b|\bnot sure\b|\bno clue\b|that's all i"
)

# --- term lists ----------------------------------------------------------------------------------------------------
_ITEM = re.compile(r"[^、,，;；/|·•\n。．!！?？]+")
_SAYS_HAN = re.compile(r"[是的在把会让用就从被使得去来跟很不没也都]")
_SAYS_LATIN = re.compile(
    r"\b(?:is|are|was|were|be|been|do|does|did|of|in|on|at|to|for|with|by|it|its|this|that|these|those|which|who|can|could|will|would|you|we|they|i"
    r"|your|their|from|into|not|so|if|than|then|when|has|have|had|makes?|uses?|gets?|a|an|the)\b"
)
_LIST_RUN, _LIST_SHARE, _LIST_ITEMS, _ITEM_SIZE = 6, 0.45, 0.6, 4.5


@dataclass(frozen=True)
class Screening:
    """What is left of an answer.

    Args:
        flags: "blank", "dont-know", "pasted-question", "stuffing", "injection", in this order.
        kept: sentences that count as content.
        cut: spans that were taken out, as offsets into the answer.
    """

    flags: tuple[str, ...]
    kept: tuple[Piece, ...]
    cut: tuple[tuple[int, int], ...]


def screen(answer: str, question: str) -> Screening:
    """Look an answer over before it is graded. `question` is the question's own text."""
    if not any(c.isalnum() for c in answer):
        return Screening(("blank",), (), ())
    attacks = attack_spans(answer)
    flags = ["injection"] if attacks else []
    run = term_list(answer)
    if run is not None:
        flags.insert(0, "stuffing")
    cut = [*attacks, *([run] if run else ())]
    left = [s for s in sentences(answer) if not _inside(s, cut)]
    known = [s for s in left if not _IGNORANT.search(fold(answer[s.start : s.end]))]
    if left and not known:
        flags.insert(0, "dont-know")
    if known and is_pasted(" ".join(answer[s.start : s.end] for s in known), question):
        flags.insert(0, "pasted-question")
        known = []
    return Screening(tuple(flags), tuple(known), tuple(cut))


def attack_spans(answer: str) -> list[tuple[int, int]]:
    """Spans that talk to the grader instead of answering; empty for an honest answer."""
    spans = [m.span() for m in _BRACKETS.finditer(answer) if _is_attack(m[0])]
    rest = [s for s in sentences(answer) if not _inside(s, spans)]
    spans += [(s.start, s.end) for s in rest if _is_attack(answer[s.start : s.end])]
    if spans:
        beside = [s for s in rest if not _inside(s, spans) and _is_beside(fold(answer[s.start : s.end]))]
        spans += [(s.start, s.end) for s in beside]
    return sorted(spans)


def _is_attack(text: str) -> bool:
    folded = _SPACED.sub(lambda m: m[0].replace(" ", ""), fold(text)).strip()
    inner = folded.strip("[](){}【】<>《》*#-=_ \t\n。.")
    bare = _QUOTED.sub(" ", inner).strip()
    if _ORDER.search(bare) or _LABEL.search(inner) or _LABEL.search(folded):
        return True
    wanted = _RESULT.search(inner)
    return bool(wanted and _ADDRESS.search(inner) and not (_RANGE.search(inner) and "满分" not in inner))


def _is_beside(folded: str) -> bool:
    return bool(_BESIDE.search(folded) or _RESULT.search(folded))


def _inside(piece: Piece, spans: list[tuple[int, int]]) -> bool:
    """Whether most of a piece lies in one of the spans."""
    return any(min(piece.end, e) - max(piece.start, s) > (piece.end - piece.start) / 2 for s, e in spans)


def term_list(answer: str) -> tuple[int, int] | None:
    """The span of a long run of bare terms that makes up much of the answer, or None."""
    best: tuple[int, float, int, int] | None = None
    start, end, count, items, weight = 0, 0, 0, 0, 0.0
    total = size(answer)
    for match in _ITEM.finditer(answer):
        item = fold(match[0]).strip()
        if not any(c.isalpha() for c in item):
            continue
        items += 1
        if _is_bare(item):
            start = match.start() if count == 0 else start
            end, count, weight = match.end(), count + 1, weight + size(match[0])
            if count >= _LIST_RUN and (best is None or count > best[0]):
                best = (count, weight, start, end)
        else:
            count, weight = 0, 0.0
    if best is not None and (best[0] >= _LIST_ITEMS * items or best[1] >= _LIST_SHARE * total):
        return best[2], best[3]
    words = re.findall(r"[a-z][\w-]*", fold(answer))
    if len(words) >= 12 and total <= len(words) * 1.2 and len(_SAYS_LATIN.findall(fold(answer))) < 0.06 * len(words):
        return 0, len(answer)
    return None


def _is_bare(item: str) -> bool:
    return size(item) <= _ITEM_SIZE and not _SAYS_HAN.search(item) and not _SAYS_LATIN.search(item)


def is_pasted(answer: str, question: str) -> bool:
    """Whether an answer says nothing but the question itself."""
    own, asked = set(terms(answer)), set(terms(question))
    new, shared = own - asked, own & asked
    return len(shared) >= 0.5 * len(asked) and len(new) <= 0.15 * len(own) and not any(t.isascii() for t in new)
