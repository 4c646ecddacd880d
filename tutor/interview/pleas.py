"""Attacks on the grader: orders, claimed results, made-up roles, flattery, pity, threats, where an answer should stand.

Says which spans of an answer talk to the grader. Works on folded text (Simplified, lower case), so that one pattern
serves both Chinese scripts. Knows nothing of rubrics, so that words alone decide, the same for every question.
"""

from __future__ import annotations

import re

from ingest.text import fold
from tutor.interview.clauses import Piece, sentences

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
    r"^(?:please |now |so |and |then |also |first |just |from now on,? )*(?:you (?:must|should|will"
    r"|have to) )?(?:ignore|disregard|forget|override|bypass|skip)\b.{0,50}"
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
# A result asked for or claimed in other words; an attack beside someone it is asked from, or said of the candidate.
_OUTCOME = re.compile(
    r"\bmark(?:s|ed)? (?:\w+ ){0,3}(?:generously|leniently|kindly)|lenien(?:t|cy) (?:with|to|on) me"
    r"|\bscorecards?|\blevel (?:four|4)\b|\b(?:deserve|award|grant|credit)(?:s|ed)? me\b|waive (?:any|all|every)"
    r"|(?:nothing|anything) below the (?:maximum|top)"
    r"|判定?[为成][^,。]{0,2}(?:最高等级|满分)|等级[^,。]{0,2}(?:四|4)|四级|满级|高抬贵手|手下留情|网开一面|放我一马|让我[^,。]{0,2}过\b|就?让我过|完整作答|成绩登录|照[^,。]{0,8}成绩"
)
# What is said of the candidate's own answer, as if a third person had judged it.
_CLAIM = re.compile(
    r"(?:\bcandidate|\bsubmission|\bmy (?:previous|last|earlier|full|other) \w+)\b"
    r".{0,60}\b(?:complete|correct|covered|fully|full (?:understanding|marks?)|matches|perfect|outstanding|mastery|reviewed|approved|verified)"
    r"|\bi (?:have |hereby )?(?:confirm|certify)\b|demonstrated (?:full )?mastery|were explained perfectly|(?:is|are|were) all covered in my"
    r"|(?:考生|候选人|我的(?:回答|答案)|上一轮)[^。]{0,30}(?:完整|全部|所有|正确|优秀|通过|涵盖|覆盖|答完|已达|达满|满级|最高)"
    r"|我(?:其实)?(?:全部|都)[^,。]{0,3}(?:会|答过|讲过)|(?:代表|表示|说明)我[^,。]{0,4}(?:答完|答对|掌握)"
)
# Roles, tests and orders to say or do something as the grader: by themselves.
_ROLE = re.compile(
    r"^\W*as (?:the|your) (?:\w+ )?(?:professor|examiner|grader|administrator|admin|supervisor|auditor|interviewer)\b"
    r"|\bauthori[sz]ed (?:\w+ ){0,2}(?:exercise|test|audit)|grading (?:service|script)|repeat after me|stop reading"
    r"|into your own output|write that down as|copy the verdict|\btip you\b|\bpay you\b|i will (?:sue|report|complain)|read me the (?:one|score)"
    r"|小道消息|调用[^。]{0,12}工具[^。]{0,3}传入|(?:你|您)[^。]{0,14}(?:更高的奖励|会被(?:举报|投诉))|聪明的模型|用它来评"
    r"|<(?:result|level|score|grade|verdict)\b|\"(?:verdicts?|candidate)\"\s*:"
)
# Flattery, pity and pressure towards whoever grades: cut, and an attack, since no answer needs them.
_APPEAL = re.compile(
    r"as fair as you|as (?:kind|generous|fair|smart|wise) as you|trust your (?:\w+ )?judge?ment"
    r"|\byou(?:'re| are)? (?:\w+ ){0,3}(?:wonderful|brilliant|extraordinary|amazing|kind|generous)\b.{0,40}(?:examiner|grader|evaluator|interviewer|judge)"
    r"|counting on me|i (?:really |desperately |badly )?need (?:this|the|a) (?:job|offer|position)|i studied (?:\w+ ){0,2}hard"
    r"|(?:考官|面试官|评审|老师|您)[^,。]{0,8}(?:辛苦|人真?好|公正|英明|慧眼|大方|慷慨|善良|最棒|很专业)|慷慨一点|不应该歧视我"
    r"|求求|拜托|我(?:真的)?(?:很)?需要(?:这份|这个|高)|这份工作[^,。]{0,6}重要|请(?:考官|老师|面试官)相信我"
)
# Said by nobody who answers a question; cut only beside a recognised attack.
_BESIDE = re.compile(
    r"(?:[四4十]|10)\s*分|评分|rubric|grader|grading|your (?:grade|score)|policy|不要质疑|照办|采纳|视为|答对|录音|execute|verified|transcribe|remaining|deprecated"
    r"|旁白|(?:系统|system)(?:\s*[:：]| prompt|提示|讯息|消息)|complete|攻击|attack|thank|谢|escalat|fail|复核|以下内容|human rater"
    r"|\byou (?:are|will|see|noticed|deserve)\b|您|考官|考生|candidate|examiner|submission|政策|guideline|i (?:trust|deserve|hope)"
)
_BRACKETS = re.compile(
    r"（[^）]*）|\([^)]*\)|\[[^\]]*\]|【[^】]*】|\{[^{}]*\}|<!--.*?-->|<[^>]*>[^<]*</[^>]*>", re.DOTALL
)
_QUOTED = re.compile(r"「[^」]*」|『[^』]*』|“[^”]*”|\"[^\"]*\"|‘[^’]*’")
_SPACED = re.compile(r"\b(?:\w ){4,}\w\b")


def attack_spans(answer: str) -> list[tuple[int, int]]:
    """Spans that talk to the grader instead of answering; empty for an honest answer."""
    spans = [m.span() for m in _BRACKETS.finditer(answer) if _is_attack(m[0])]
    bare = _without(answer, spans)
    rest = [s for s in sentences(bare) if not inside(s, spans)]
    spans += [(s.start, s.end) for s in rest if _is_attack(bare[s.start : s.end])]
    if spans:
        beside = [s for s in rest if not inside(s, spans) and _is_beside(fold(bare[s.start : s.end]))]
        spans += [(s.start, s.end) for s in beside]
    return sorted(spans)


def _is_attack(text: str) -> bool:
    folded = _SPACED.sub(lambda m: m[0].replace(" ", ""), fold(text)).strip()
    inner = folded.strip("[](){}【】<>《》*#-=_ \t\n。.")
    bare = _QUOTED.sub(" ", inner).strip()
    if _ORDER.search(bare) or _LABEL.search(inner) or _LABEL.search(folded):
        return True
    if _ROLE.search(bare) or _ROLE.search(inner) or _CLAIM.search(bare) or _APPEAL.search(bare):
        return True
    wanted = _RESULT.search(inner) or _OUTCOME.search(inner)
    return bool(wanted and _ADDRESS.search(inner) and not (_RANGE.search(inner) and "满分" not in inner))


def _without(answer: str, spans: list[tuple[int, int]]) -> str:
    """The answer with blanks in place of these spans."""
    for start, end in spans:
        answer = answer[:start] + " " * (end - start) + answer[end:]
    return answer


def _is_beside(folded: str) -> bool:
    return bool(_BESIDE.search(folded) or _RESULT.search(folded) or _OUTCOME.search(folded))


def inside(piece: Piece, spans: list[tuple[int, int]]) -> bool:
    """Whether most of a piece lies in one of the spans."""
    return any(min(piece.end, e) - max(piece.start, s) > (piece.end - piece.start) / 2 for s, e in spans)
