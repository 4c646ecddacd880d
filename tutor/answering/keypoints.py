"""The key points for a query: sentences of the best questions, chosen by meaning, terms and the structure of lists.

They are what the model reads (it drowns in whole answers, and on a CPU every token it reads costs 14 ms), the whole
answer where there is no model, and the completion of what the model left out: a small model words well and forgets
much. Of the facts that a complete answer needs it states about three quarters; the key points hold nine tenths.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ingest.text import terms
from tutor.answering.answer import Citation, Language
from tutor.answering.citations import citation
from tutor.answering.evidence import EvidenceRoom, QuestionSentences, Sentence
from tutor.answering.script import convert
from tutor.answering.wording import say
from tutor.retrieval.confidence import named_terms
from tutor.retrieval.conversation import content_terms, wants_another
from tutor.retrieval.framing import about
from tutor.retrieval.result import SearchResult, Span

# A further question joins when it scores at least this share of the best: a comparison of two, a shared topic.
JOINS = 0.85
# Where queries are known their say in the scores sets questions further apart. From .7 on the second questions of some answers are wrong
# ones (citation precision of dev answers without a model .986, from .8 on 1.000, facts .928 and .922); of comparisons .884 and .877 of the
# points that answer are listed, .857 from .85 on.
JOINS_KNOWN = 0.8
MOST_QUESTIONS = 3
# Points from the best question and from each further one.
FIRST, FURTHER = 7, 3
# Whoever asks to go on: how many times as many are looked at, to find some that were not said.
FURTHER_ON = 4
# The three for a query that leans on the conversation: scores lie nearer together, what is asked about is mostly what
# was talked about, and what the engine has not read before delays the answer.
IN_CONVERSATION = (0.9, 2, 2)
# Shared terms count this much beside the cosine.
TERM_WEIGHT = 0.35
# Share of the score that comes from the sentence before, where that is better: .85 -> .89 of the facts on dev.
BESIDE = 0.6
# Reviewed statements come first; a core one counts a little more, and those far below the best are off the question.
CORE_BONUS, REVIEWED_RANGE = 0.05, 0.35
# Points that score this much less than the best one are off the question.
SCORE_RANGE = 0.5
# A list is completed when two of its items are among the first points, unless it is longer than this.
LIST_EVIDENCE, LONGEST_LIST = 7, 8
# A statement of some length, also behind its label, outranks a label, a lead-in or a fragment by this much.
STATEMENT_BONUS, SHORTEST_STATEMENT, SHORTEST_BEHIND = 0.3, 12, 6
_LABEL = re.compile(r".*[：:]", re.DOTALL)
# Two points say the same when they come this near, or one holds this share of the other's terms.
ALIKE_MEANING, ALIKE_TERMS = 0.70, 0.60
# So many points are told as sentences, more as a list.
SPOKEN = 2
# A point is left out when a sentence of the answer comes this near to it, or holds this share of its terms.
SAME_MEANING, SAME_TERMS = 0.80, 0.65


@dataclass(frozen=True)
class KeyPoint:
    """One point, with the sentence of the source that it stands for.

    Args:
        text: plain; from the reviewed digest where the reply is English and the document is not.
        in_language: whether the text is in the language of the reply, so that it can be shown as it is.
        rank: 0 for the point of its question that matters most for the query.
    """

    text: str
    sentence: Sentence
    vector: NDArray[np.float32]
    in_language: bool
    rank: int = 0


@dataclass(frozen=True)
class Chosen:
    """What one question contributes, in the order of the document.

    Args:
        asked_for: whether the points are known to be what a follow-up, or whoever compares things, asks for: nothing else answers it.
            None are left where they were told before and others are wanted.
    """

    number: int
    title: str
    points: tuple[KeyPoint, ...]
    asked_for: bool = False


def choose(result: SearchResult, room: EvidenceRoom, language: Language, said: str = "") -> list[Chosen]:
    """The key points of the questions that the answer is made of, best question first.

    Args:
        said: what was answered before; whoever asks to go on wants other points, as long as there are any.
    """
    if not result.hits:
        return []
    best = result.hits[0].score
    alone = result.rewritten is None
    joins = JOINS_KNOWN if result.known else JOINS
    share, most, further = (joins, MOST_QUESTIONS, FURTHER) if alone else IN_CONVERSATION
    asked_about = about(result.query)
    query = asked_about if alone else f"{result.rewritten} {asked_about}"
    named = frozenset(content_terms(asked_about))
    first = room.sentences_of(result.hits[0].question)
    told = _named(first, result.points, language, FIRST)
    if 0 < len(told) < len(first.statements) and not result.compared:
        if wants_another(result.query):
            told = tuple(point for point in told if not stands_in(point, said, language))
        return [Chosen(first.number, first.title, told, asked_for=True)]
    sides = _side_by_side(result, room, language)
    if sides:
        return sides
    asked = _Asked(room.embed([query])[0], frozenset(terms(query)), named, language, said)
    near = [h for h in result.hits[:most] if result.addressed or h.score >= share * best]
    compared = [h for h in result.hits if h.question in {c.question for c in result.compared}]
    first_ones = [*near[:1], *(h for h in compared if h not in near[:1])]
    hits = [*first_ones, *(h for h in near if h not in first_ones)][:MOST_QUESTIONS]
    chosen, by_topic = list[Chosen](), set[int]()
    for rank, hit in enumerate(hits):
        question = room.sentences_of(hit.question)
        limit = FIRST if rank == 0 else further
        points = _named(question, result.asked, language, limit)
        if not points:
            points = _points(question, asked, limit)
            if hit not in compared:
                by_topic.add(hit.question)
        chosen.append(Chosen(hit.question, question.title, points))
    return _by_name(chosen, named_terms(result.query), by_topic) if alone else chosen


def _side_by_side(result: SearchResult, room: EvidenceRoom, language: Language) -> list[Chosen]:
    """What is known to be asked for of each thing that is compared, best question first; none where one of them has no such points."""
    sides = []
    for number in [compared.question for compared in result.compared]:
        question = room.sentences_of(number)
        points = _named(question, result.asked, language, FIRST)
        sides.append(Chosen(number, question.title, points, asked_for=True))
    best = [hit.question for hit in result.hits]
    known = len(sides) > 1 and all(side.points for side in sides)
    return sorted(sides, key=lambda side: best.index(side.number)) if known else []


def _named(question: QuestionSentences, spans: Sequence[Span], language: Language, limit: int) -> tuple[KeyPoint, ...]:
    """Of the reviewed points those that are known to be asked for, in the document's order; none where none is.

    「那有什麼缺點？」 wants the drawbacks and not the seven points of the topic.

    Args:
        spans: where points stand in the source, of this question and others, best first.
    """
    english = language == "en" and question.language != "en"
    vectors = question.statement_vectors_en if english else question.statement_vectors
    rows = {(s.sentence.start, s.sentence.end): i for i, s in enumerate(question.statements)}
    found = [rows[span] for span in spans if span in rows]
    if not all(question.statements[i].text_en or not english for i in found):
        return ()
    shown = english or (language == "en") == (question.language == "en")
    statements = [(i, question.statements[i]) for i in found[:limit]]
    listed = [
        KeyPoint(s.text_en if english else s.text, s.sentence, vectors[i], shown, rank)
        for rank, (i, s) in enumerate(statements)
    ]
    return tuple(sorted(listed, key=lambda p: p.sentence.start))


def _by_name(chosen: Sequence[Chosen], names: frozenset[str], by_topic: Container[int]) -> list[Chosen]:
    """Where titles hold what the query calls by name, the other questions give only what speaks of it.

    Points that are known to be asked for stay: in "pre-training or SFT?" only one thing has a name in Latin letters.

    「LoRA 為什麼省記憶體？」 wants of "why training runs out of memory" what it says of LoRA, not its broken hardware.

    Args:
        by_topic: questions whose points were chosen by the topic alone.
    """
    titles = [names & set(terms(part.title)) for part in chosen]
    wanted = frozenset[str]().union(*titles)
    if not wanted:
        return list(chosen)
    of_others = [replace(part, points=tuple(p for p in part.points if wanted & set(terms(p.text)))) for part in chosen]
    kept = [
        part if own or part.number not in by_topic else other
        for part, own, other in zip(chosen, titles, of_others, strict=True)
    ]
    return [part for part in kept if part.points]


@dataclass(frozen=True)
class _Asked:
    """A query as its points are chosen by: its vector, its terms, those that name a topic, the language of the reply,
    what was said before."""

    vector: NDArray[np.float32]
    terms: frozenset[str]
    named: frozenset[str]
    language: Language
    said: str


def unsaid(chosen: Sequence[Chosen], said: Sequence[str], room: EvidenceRoom) -> list[KeyPoint]:
    """The points that can be shown and that no sentence in `said` makes yet."""
    vectors, said_terms = room.embed(list(said)), [set(terms(s)) for s in said]
    points = [p for part in chosen for p in part.points if p.in_language]
    return [p for p in points if not said_terms or not _said(p, vectors, said_terms)]


def render(points: Sequence[KeyPoint], language: Language, heading: str) -> str:
    """Points as a list below a heading (a key of `wording`)."""
    lines = [f"- {_cited(point, language)}" for point in points]
    return "\n".join((say(heading, language), "", *lines)) if lines else ""


def spoken(points: Sequence[KeyPoint], language: Language) -> str:
    """Points as a reply of their own, the one that matters most first: a few as sentences, more as a list."""
    told = sorted(points, key=lambda p: p.rank)
    if len(told) > SPOKEN:
        return render(told, language, "nothing").strip()
    end, between = (".", " ") if language == "en" else ("。", "")
    return between.join(_cited(point, language) + end for point in told)


def _cited(point: KeyPoint, language: Language) -> str:
    """A point in the script of the reply with its citation, no end mark."""
    return convert(point.text, language).rstrip("。. ") + citation(point.sentence.question, language)


def cite(point: KeyPoint, source: str) -> Citation:
    """The citation of a point; its quote is an exact slice of the source."""
    s = point.sentence
    return Citation(s.question, s.section, source[s.start : s.end], s.start, s.end, "supported")


def _points(question: QuestionSentences, asked: _Asked, limit: int) -> tuple[KeyPoint, ...]:
    """Reviewed statements near the query, then sentences that say what those do not, in the document's order."""
    wide = FURTHER_ON * limit if asked.said else limit
    reviewed, others = _reviewed(question, asked, wide), _sentences(question, asked, wide)
    before = [p for p in (*reviewed, *others) if stands_in(p, asked.said, asked.language)]
    points = _distinct(reviewed, others, limit, before) or _distinct(reviewed, others, limit, ())
    ranked = [replace(point, rank=rank) for rank, point in enumerate(points)]
    return tuple(sorted(ranked, key=lambda p: p.sentence.start))


def _distinct(
    reviewed: Sequence[KeyPoint], others: Sequence[KeyPoint], limit: int, before: Sequence[KeyPoint]
) -> list[KeyPoint]:
    points = [point for point in reviewed if not any(_same(point, other) for other in before)][:limit]
    for point in others:
        if len(points) >= limit:
            break
        if not any(_same(point, other) for other in (*points, *before)):
            points.append(point)
    return points


def stands_in(point: KeyPoint, said: str, language: Language) -> bool:
    """Whether an earlier reply lists a point in so many words."""
    return bool(said) and convert(point.text, language).rstrip("。. ") in said


def _reviewed(question: QuestionSentences, asked: _Asked, limit: int) -> list[KeyPoint]:
    english = asked.language == "en" and question.language != "en"
    rows = [(s, s.text_en if english else s.text) for s in question.statements]
    if not rows or not all(text for _, text in rows):
        return []
    vectors = question.statement_vectors_en if english else question.statement_vectors
    score = vectors @ asked.vector + TERM_WEIGHT * _shared(asked.terms, [text for _, text in rows])
    score = score + CORE_BONUS * np.asarray([s.core for s, _ in rows], dtype=np.float32)
    near = score >= score.max() - REVIEWED_RANGE
    if asked.named <= set(terms(question.title)):  # "what is a KV cache?": the core of it, however it is worded
        near |= np.asarray([s.core for s, _ in rows])
    best = [i for i in np.argsort(-score)[:limit] if near[i]]
    shown = english or (asked.language == "en") == (question.language == "en")
    return [KeyPoint(rows[i][1], rows[i][0].sentence, vectors[i], shown) for i in best]


def _same(one: KeyPoint, other: KeyPoint) -> bool:
    inside = other.sentence.start <= one.sentence.start and one.sentence.end <= other.sentence.end
    shared = max(_overlap(one.text, other.text), _overlap(other.text, one.text))
    return inside or float(one.vector @ other.vector) >= ALIKE_MEANING or shared >= ALIKE_TERMS


def _overlap(text: str, other: str) -> float:
    own = set(terms(text))
    return len(own & set(terms(other))) / max(1, len(own))


def _shared(query_terms: frozenset[str], texts: Sequence[str]) -> NDArray[np.float32]:
    return np.asarray([len(query_terms & set(terms(t))) / max(1, len(query_terms)) for t in texts], dtype=np.float32)


def _sentences(question: QuestionSentences, asked: _Asked, limit: int) -> list[KeyPoint]:
    if not question.sentences:
        return []
    in_language = (asked.language == "en") == (question.language == "en")
    translated = asked.language == "en" and not in_language and bool(question.digest)
    texts = question.digest if translated else tuple(s.text for s in question.sentences)
    vectors = question.digest_vectors if translated else question.vectors
    score = _with_neighbours(vectors @ asked.vector + TERM_WEIGHT * _shared(asked.terms, texts))
    score = score + np.asarray([_statement(t) for t in texts], dtype=np.float32)
    best: list[int] = np.argsort(-score)[:limit].tolist()
    best = [i for i in best if score[i] >= score[best[0]] - SCORE_RANGE]
    if translated:
        owners = np.argmax(vectors @ question.vectors.T, axis=1)
        return [KeyPoint(texts[i], question.sentences[owners[i]], vectors[i], True) for i in best]
    if limit == FIRST:
        best += [i for i in _rest_of_the_list(question, best) if i not in best]
    return [KeyPoint(texts[i], question.sentences[i], vectors[i], in_language) for i in best]


def _with_neighbours(score: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lift sentences behind a good one: an explanation rarely repeats the words of the question."""
    before = np.pad(score, (1, 0), constant_values=score.min(initial=0.0))[:-1]
    return np.asarray((1 - BESIDE) * score + BESIDE * np.maximum(score, before), dtype=np.float32)


def _rest_of_the_list(question: QuestionSentences, best: Sequence[int]) -> list[int]:
    """First sentences of the other items of a list that the best points fall into: half a list misleads."""
    touched: dict[int, set[int]] = {}
    for i in best[:LIST_EVIDENCE]:
        item = question.sentences[i].item
        if item is not None:
            touched.setdefault(item[0], set()).add(item[1])
    completed = {number for number, items in touched.items() if len(items) >= 2}
    firsts: dict[tuple[int, int], int] = {}
    for i, sentence in enumerate(question.sentences):
        if sentence.item is not None and sentence.item[0] in completed:
            firsts.setdefault(sentence.item, i)
    sizes = {number: sum(1 for item in firsts if item[0] == number) for number in completed}
    chosen = {question.sentences[i].item for i in best}
    rest = [i for item, i in firsts.items() if sizes[item[0]] <= LONGEST_LIST and item not in chosen]
    # A label alone ("RMSNorm：") says nothing: its first sentence goes with it.
    labels = [i + 1 for i in rest if not _statement(question.sentences[i].text) and i + 1 < len(question.sentences)]
    return rest + labels


@lru_cache(maxsize=4096)
def _statement(text: str) -> float:
    behind = _LABEL.sub("", text.strip())
    enough = _letters(text) >= SHORTEST_STATEMENT and _letters(behind) >= SHORTEST_BEHIND
    return STATEMENT_BONUS if enough and not behind.endswith(("？", "?")) else 0.0


def _letters(text: str) -> int:
    return sum(c.isalnum() for c in text)


def _said(point: KeyPoint, vectors: NDArray[np.float32], said_terms: Sequence[set[str]]) -> bool:
    own = set(terms(point.text))
    shared = max(len(own & other) for other in said_terms) / max(1, len(own))
    return shared >= SAME_TERMS or float((vectors @ point.vector).max()) >= SAME_MEANING
