"""What a question takes for granted, and where the document says otherwise.

"Why does FlashAttention approximate?" claims that it does. The claim is compared with what a reviewed rubric calls
wrong to say, whose quote of the document is the correction. Knows wordings and vectors, nothing of models.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.text import fold, terms
from tutor.answering.evidence import EvidenceRoom, Sentence
from tutor.answering.opposites import clash

# A claim is a known misconception from this likeness on, when nothing that is right is as near to it. Likeness is the
# cosine, more where both take the same side of opposites, less where they take different ones or only one of them denies.
# Chosen on 93 false and 80 true premises (eval/gold/premises_train.jsonl): .28 and .04 of them are corrected (`python -m eval refusal --part dev`).
SAME = 0.65
SAME_SIDE, OTHER_SIDE, ONE_DENIES = 0.04, 0.20, 0.15
# Wordings of each side that are compared closely, the nearest ones.
CLOSELY = 6
# Terms that a claim and a misconception in the same script share, of those of the one that has fewer: "why does training run
# out of memory" is near to "what fits into memory can be trained", and says nothing of the kind (.30; false premises .38 and more).
SHARED = 0.35
# Shorter claims say too little to be wrong.
SHORTEST = 3
# Questions of a ranking whose misconceptions are looked at.
LOOKED_AT = 2
Vector = NDArray[np.float32]
_LATIN = re.compile(r"[a-z][a-z0-9+-]+")
_ZH_WHY = re.compile(r"(?:为什么|为何|为啥|怎么会|怎会|凭什么|为什麽)")
_ZH_GIVEN = re.compile(r"^(?:既然|因为|由于|正因为)(?P<claim>[^,?。]+)")
_ZH_TAG = re.compile(
    r"(?:[,]?(?:对吧|对吗|是吧|没错吧|不是吗|是不是|的原因是什么|的原因|是什么原因|的理由是什么|的好处是什么|的坏处))[?。]*$"
)
_ZH_POLITE = re.compile(r"^(?:请问|请解释|请说明|解释一下|我想知道|想问|那么?|所以|可以说明|说明)+[,:]?")
_EN_WHY = re.compile(
    r"^(?:so |and |but |then |ok(?:ay)?,? |please |can you |could you |explain |tell me )*(?:why|how come)\s+"
    r"(?P<verb>is|are|was|were|does|do|did|can't|can|cannot|must|should|would|will|has|have|isn't|aren't|doesn't|don't)?\s*(?P<rest>.+)$"
)
_EN_GIVEN = re.compile(r"^(?:given that|since|because|as|considering that|if)\s+(?P<claim>[^,?]+),")
_EN_TAG = re.compile(r",?\s*(?:right|correct|isn't it|doesn't it|don't they|aren't they)\s*\??$")


@dataclass(frozen=True)
class Correction:
    """A premise that the document contradicts.

    Args:
        claim: what the question takes for granted, folded.
        wrong: the misconception that it matches.
        sentence: the sentence of the source that holds the right statement.
        quote: verbatim slice `source[start:end]` that says how it is.
    """

    claim: str
    wrong: str
    sentence: Sentence
    quote: str
    start: int
    end: int


def claim_of(query: str) -> str | None:
    """The statement that a question takes for granted, folded; None where it only asks."""
    text = fold(query).strip().rstrip("?!。. ")
    given = _ZH_GIVEN.match(text) or _EN_GIVEN.match(text)
    if given:
        return given["claim"].strip()
    english = _EN_WHY.match(text)
    if english:
        return f"{english['rest']} ({english['verb']})" if english["verb"] in _NEGATIVE else english["rest"]
    if _ZH_WHY.search(text):
        return _ZH_POLITE.sub("", _ZH_WHY.sub("", _ZH_TAG.sub("", text))).strip(" ,") or None
    if _ZH_TAG.search(text) or _EN_TAG.search(text):
        return _ZH_POLITE.sub("", _EN_TAG.sub("", _ZH_TAG.sub("", text))).strip(" ,") or None
    return None


_NEGATIVE = frozenset({"can't", "cannot", "isn't", "aren't", "doesn't", "don't"})


def correction(query: str, questions: Sequence[int], room: EvidenceRoom, source: str) -> Correction | None:
    """Where the premise of a query goes against one of the best questions, or None."""
    claim = claim_of(query)
    if claim is None or len(terms(claim)) < SHORTEST:
        return None
    vector = room.embed([claim])[0]
    best: tuple[float, Correction] | None = None
    for number in questions[:LOOKED_AT]:
        known = room.known(number)
        likeness, cosine, row = _nearest(claim, vector, known.wrong, room.known_vectors(number)[1])
        if likeness < SAME or _says_else(claim, fold(known.wrong[row])):
            continue
        right = _right_nearest(claim, vector, number, room)
        if likeness < right[0] or cosine < right[1]:
            continue
        held = _span(known.mended[row], number, room, source)
        if held is not None and (best is None or likeness > best[0]):
            sentence, start, end = held
            best = likeness, Correction(claim, known.wrong[row], sentence, source[start:end], start, end)
    return best[1] if best else None


def _right_nearest(claim: str, vector: Vector, number: int, room: EvidenceRoom) -> tuple[float, float]:
    """Likeness and cosine of what is right and nearest: reviewed points in their wordings, and for the likeness the source."""
    known, question = room.known(number), room.sentences_of(number)
    worded = (*known.right, *known.asides)
    vectors = np.concatenate([room.known_vectors(number)[0], room.aside_vectors(number)])
    likeness, cosine, _ = _nearest(claim, vector, worded, vectors)
    texts = (*(s.text for s in question.sentences), *question.digest)
    of_source = np.concatenate([question.vectors, question.digest_vectors])
    return max(likeness, _nearest(claim, vector, texts, of_source)[0]), cosine


def _nearest(claim: str, vector: Vector, texts: Sequence[str], vectors: Vector) -> tuple[float, float, int]:
    """Likeness of the text that is most like a claim, the best cosine, and the row of the former; (0, 0, -1) for no texts."""
    if not len(texts):
        return 0.0, 0.0, -1
    cosines = vectors @ vector
    nearest = np.argsort(-cosines)[:CLOSELY]
    like = [float(cosines[row]) + _sides(claim, fold(texts[row])) for row in nearest]
    best = int(np.argmax(like))
    return like[best], float(cosines[nearest[0]]), int(nearest[best])


def _says_else(claim: str, wrong: str) -> bool:
    """Whether a claim has too few of the words, or other names: 「decoder-only 適合生成」 is not about encoders."""
    if claim.isascii() == wrong.isascii():
        own, theirs = set(terms(claim)), set(terms(wrong))
        if len(own & theirs) < SHARED * min(len(own), len(theirs)):
            return True
    if claim.isascii():
        return False
    own, theirs = set(_LATIN.findall(claim)), set(_LATIN.findall(wrong))
    return len(own - theirs) / (len(own) or 1) + len(theirs - own) / (len(theirs) or 1) >= 1


def _sides(claim: str, wrong: str) -> float:
    against, same = clash(claim, wrong)
    denies = bool(_DENIES.search(claim)) != bool(_DENIES.search(wrong))
    return SAME_SIDE * min(2, same) - OTHER_SIDE * against - ONE_DENIES * denies


_DENIES = re.compile(
    r"不(?!同|断|仅|只|过|但|论|管)|没有?|(?<!所)无(?!论|监)|并非|\b(?:not|no|never|without|cannot)\b|n't\b"
)


def _span(quote: str, number: int, room: EvidenceRoom, source: str) -> tuple[Sentence, int, int] | None:
    """The sentence that holds a quote, and the quote's offsets."""
    sentences = room.sentences_of(number).sentences
    if not quote or not sentences:
        return None
    first, last = sentences[0].start, max(s.end for s in sentences)
    start = source.find(quote, max(0, first - 400), last + 400)
    if start < 0:
        return None
    end = start + len(quote)
    holding = [s for s in sentences if s.start < end and start < s.end]
    return (max(holding, key=lambda s: min(s.end, end) - max(s.start, start)), start, end) if holding else None
