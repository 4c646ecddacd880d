"""The things that a query compares: 「LoRA 和 QLoRA 差在哪裡？」 names two, and each may have a question of its own.

Words of a query only; knows nothing of what a corpus holds.
"""

from __future__ import annotations

import re

# What says that things are compared, anywhere in the query.
_COMPARES = re.compile(
    r"差[在別别異异多什甚哪]|差$|[區区][別别]|不同|[異异]同|比[較较]|[對对]比|相[比較较]|[優优][劣缺]|分[別别]|[還还]是(?![會会不要很沒没有算得能可])|一[樣样]|哪[個个種种]"
    r"|\b(?:vs|versus|diff\w*|compar\w+|which|better)\b",
    re.IGNORECASE,
)
# Between two things; not inside words such as 總和, 參與, 跟著, 百分比.
_BETWEEN = re.compile(
    r"(?<![總总飽饱緩缓溫温])和(?![平諧谐緩缓])|(?<![參参])[與与](?![其否])|跟(?![著着隨随])|、|以及|或(?![許许者])|[還还]是(?![會会不要很沒没有算得能可])"
    r"|(?<![相對对佔占分寬宽縮缩率])比(?![較较例率如起喻賽赛重方])|相[比較较][於于]?|(?<=\w)/(?=\w)|\s/\s|\b(?:vs\.?|versus|and|or|to|with|from|than|over)(?![\w-])",
    re.IGNORECASE,
)
_CLAUSES = re.compile(r"[，,。；;：:？?！!]")
# What stands before the first thing and behind the last one.
_BEFORE = re.compile(
    r"^(?:[請请][問问]?|可以|能不能|[幫帮]我|告[訴诉]我|我?想[問问]|[說说解][明釋释]?|比[較较]|一下|我?[該该]|[應应][該该]|要?[用選选]|到底|什[麼么]是|何[謂谓]|[為为]什[麼么]|[對对][於于]|是[不否]是?|\s"
    r"|(?:tell|me|can|could|you|please|explain|what(?:['’]?s)?|how|why|which|is|are|do|does|should|i|use|the|an?|main|key|diff\w*|compar\w+|between|of|better)\b)+",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"的?(?:差|[區区][別别]|不同|[異异]同|比[較较]|相比|[優优][劣缺]|[關关][係系]|分[工別别])|之[間间]|[這这那]?[兩两三]者|到底|究竟|有[什甚何]|哪|各自?|都|是|在|一[樣样]|[(（]"
    r"|\b(?:diff\w*|is|are|do|does|used?|have|has|better|more|which|in|on|for|when|what|how|the same|compar\w+)\b",
    re.IGNORECASE,
)
_BETWEEN_THINGS = re.compile(r"^.*\bbetween\b", re.IGNORECASE)
# A name in Latin letters, and what is said of it: 「PPO 穩定」.
_NAME = re.compile(r"([A-Za-z][\w.+-]*(?: [A-Za-z][\w.+-]*)*)\s*[^\x00-\x7f]")
# Characters of one thing, and how many things a query may compare: more is a clause, or a list.
SHORTEST, LONGEST, MOST = 2, 24, 4


def things_compared(query: str) -> list[str]:
    """The things that a query compares, in its own words; none where it compares nothing or does not name two."""
    if not _COMPARES.search(query):
        return []
    things = dict[str, None]()
    for clause in _CLAUSES.split(query):
        parts = _BETWEEN.split(_BETWEEN_THINGS.sub("", clause))
        if len(parts) > 1:
            things |= dict.fromkeys(_thing(part) for part in parts)
    named = [thing for thing in things if SHORTEST <= len(thing) <= LONGEST]
    return named if 1 < len(named) <= MOST else []


def _thing(part: str) -> str:
    """One thing, without what leads to it and what is said of it."""
    bare = _BEFORE.sub("", part.strip())
    end = next((found.start() for found in _BEHIND.finditer(bare) if found.start()), len(bare))
    name = _NAME.match(bare[:end])
    return name[1] if name else bare[:end].strip()
