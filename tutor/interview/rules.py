"""What is looked at before any key point: attacks on the grader, bare term lists, blanks, "I don't know".

Attack sentences, term lists and sentences that say nothing are cut out; what is left is graded. Works on folded text,
so one pattern serves both Chinese scripts. Knows nothing of rubrics.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ingest.text import fold, terms
from tutor.interview.clauses import SMALLEST, Piece, sentences, size, sliced
from tutor.interview.pleas import attack_spans, inside
from tutor.interview.sentence_kinds import chances

# --- attacks -------------------------------------------------------------------------------------------------------
# From CUT on a sentence that talks to the grader is not graded. Where no sentence looks like an answer the whole is called
# an attack; there, beside a pattern and beside an attack beyond doubt, LIKELY is enough.
LIKELY, CUT, SURE = 0.6, 0.9, 0.95
# From here on a sentence could stand in an answer to any question, and is not graded. Cross-validated, .81 of the fillers
# are above it, and .001 of short or general sentences that do say something.
EMPTY = 0.95

# --- ignorance -----------------------------------------------------------------------------------------------------
_IGNORANT = re.compile(
    r"(?:我|至于|其他|其它|别的|另一边|后来).{0,40}(?:不(?:太|是很)?(?:清楚|知道)|不太?记得|没(?:有)?印象|忘了|忘记了|说不(?:上|清|出)|不晓得|不太?懂|不了解"
    r"|背不出|没(?:有)?(?:研究|仔细|推过|了解|学过|看过|特别想)|怕(?:讲|说)错|不(?:敢)?乱(?:讲|说)|不好意思|没办法回答)"
    r"|^(?:这个|这题|这|那个|抱歉|嗯|呃|我|真的?|完全|老实说|[,，\s])*(?:不(?:太|是很)?(?:清楚|知道)|不会|没印象|不记得|不晓得|没有?研究)"
    r"(?:了|欸|耶|啊|呢|[,，]?(?:能|可以)?跳过吗?)?\W*$|不(?:太|是很)?清楚(?:了|欸|耶|啊|呢)?\W*$"
    r"|\bi(?: am|'m|'ve)? (?:\w+ )?(?:don't|do not|can't|cannot|couldn't|could not|never|not|wouldn't|have no|haven't|won't|only really) (?:\w+ ){0,4}"
    r"(?:know|remember|tell|say|explain|looked|idea|sure|recall|worked|studied|familiar|go into|understand|learned|heard)"
    r"|\bno idea\b|\bnot sure\b|\bno clue\b|that's all i"
)

# Where a sentence that admits ignorance may still have said something before or after: "it caches keys, but I forget why".
_PART = re.compile(r".+?(?:[，,]+|(?=\b[Bb]ut\b|但|不過|不过)|$)", re.DOTALL)

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
        kept: sentences that count as content, and what is left of those that admit ignorance.
        admitted: whether ignorance was admitted somewhere; beside content that counts for nothing, it is "dont-know".
    """

    flags: tuple[str, ...]
    kept: tuple[Piece, ...]
    admitted: bool = False


# Whether a sentence says something of the subject beyond doubt: then it is no attack, unless it is sure to be one.
Says = Callable[[Piece], bool]


def screen(answer: str, question: str, says: Says = lambda sentence: False) -> Screening:
    """Look an answer over before it is graded. `question` is the question's own text."""
    if not any(c.isalnum() for c in answer):
        return Screening(("blank",), ())
    by_pattern = attack_spans(answer)
    rest = [s for s in sentences(answer) if not inside(s, by_pattern)]
    attacks, called = _attacks(answer, rest, by_pattern, says)
    flags = ["injection"] if called else []
    run = term_list(answer)
    if run is not None:
        flags.insert(0, "stuffing")
    cut = [*by_pattern, *attacks, *_fillers(answer, rest, says), *([run] if run else ())]
    left = [s for s in sentences(answer) if not inside(s, cut)]
    known = [said for s in left for said in _said(answer, s)]
    if left and not known:
        flags.insert(0, "dont-know")
    if known and is_pasted(" ".join(answer[s.start : s.end] for s in known), question):
        flags.insert(0, "pasted-question")
        known = []
    return Screening(tuple(flags), tuple(known), admitted=known != left)


def _attacks(
    answer: str, rest: Sequence[Piece], spans: list[tuple[int, int]], says: Says
) -> tuple[list[tuple[int, int]], bool]:
    """Spans of sentences that talk to the grader, by what was learned, and whether the answer is called an attack.

    `spans` are those found by pattern, `rest` the sentences beside them.
    """
    likely = {
        sentence: chance
        for sentence, chance in zip(rest, chances("attack", [s.text for s in rest]), strict=True)
        # Who only says that they do not know asks for nothing.
        if _said(answer, sentence)
    }
    if not likely:
        return [], bool(spans)
    likely = {
        # Who admits ignorance beside it is called an attack only where that is sure: it earns nothing either way.
        s: 0.0 if LIKELY <= chance < SURE and (says(s) or _admits(answer[s.start : s.end])) else chance
        for s, chance in likely.items()
    }
    called = bool(spans) or min(likely.values()) >= LIKELY
    limit = LIKELY if called or max(likely.values()) >= SURE else CUT
    return [(s.start, s.end) for s, chance in likely.items() if chance >= limit], called


def _fillers(answer: str, rest: Sequence[Piece], says: Says) -> list[tuple[int, int]]:
    """Spans of sentences that say nothing; to admit ignorance is to say something."""
    empty = chances("filler", [s.text for s in rest])
    return [
        (s.start, s.end)
        for s, chance in zip(rest, empty, strict=True)
        if chance >= EMPTY and not _admits(answer[s.start : s.end]) and not says(s)
    ]


def _said(answer: str, sentence: Piece) -> list[Piece]:
    """The sentence; of one that admits ignorance, the runs of its parts that do not and are long enough to say something."""
    if not _admits(answer[sentence.start : sentence.end]):
        return [sentence]
    parts = [(m.start(), m.end()) for m in _PART.finditer(answer, sentence.start, sentence.end)]
    silent = [_admits(answer[start:end]) for start, end in parts]
    if not any(silent):  # the admission goes over several parts
        return []
    runs: list[tuple[int, int]] = []
    for (start, end), admits in zip(parts, silent, strict=True):
        if admits:
            continue
        if runs and runs[-1][1] == start:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    found = (sliced(answer, start, end) for start, end in runs if size(answer[start:end]) >= SMALLEST)
    return [piece for piece in found if piece is not None]


def _admits(text: str) -> bool:
    return _IGNORANT.search(fold(text).strip(" ,，")) is not None


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
