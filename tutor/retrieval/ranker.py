"""The ranker: a query and the conversation before it become ranked questions with evidence, for one build of an index.

Knows nothing of files, rebuilds, models, prompts or pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ingest.index import Index
from tutor.retrieval.address import parse_address, without_citations
from tutor.retrieval.alone import Alone
from tutor.retrieval.asked import Alike, KnownQueries
from tutor.retrieval.compared import things_compared
from tutor.retrieval.confidence import THRESHOLD, confidence, features
from tutor.retrieval.context import Context, rank, weighted_sum
from tutor.retrieval.conversation import (
    asks_for_example,
    cited_questions,
    content_terms,
    continues,
    leans,
    refers_back,
    stands_alone,
)
from tutor.retrieval.follow_ups import Behind, FollowUps
from tutor.retrieval.fusion import best_first, fuse
from tutor.retrieval.hits import Hits, text_of
from tutor.retrieval.learned import Kind, learned_for
from tutor.retrieval.legs import Legs, LegScores
from tutor.retrieval.rerank import AGAIN, reranked
from tutor.retrieval.result import Compared, SearchResult, Turn
from tutor.retrieval.treated import Treated

if TYPE_CHECKING:
    from tutor.retrieval.rerank import Reranker

# Characters of a query that are searched. More is a pasted text: its beginning says what it is about, and embedding
# 20,000 characters takes seconds.
LONGEST_QUERY = 1500
# From this fused score on a query that does not lean by its words is not looked at beside the conversation. Of 392
# follow-ups and 122 changes of topic (train and dev, cross-validated) .8 finds .795 and .948 first, .95 .815 and .956,
# looking at all of them .817 and .956. From AGREED on, a conversation that leaves the same question first is no reason
# to call the query a follow-up.
SURE, AGREED = 0.95, 0.8
# Characters of the last reply that are searched beside a query that leans on it: its beginning says what it is about.
REPLY = 200
# Questions that a query finds, of which a reply without citations decides which one was meant.
MOST_LIKELY = 5
# Say of the query alone in the confidence of one that leans only by its form. Of 64 such follow-ups (train and dev) and
# 101 foreign queries behind the same conversations .4 keeps .89 and refuses .92; .3: .92, .82; .5: .86, .96.
OWN_SAY = 0.4
# Share of its score that a question loses where it lacks every name in the query, among so many of the best. Of 2,566 train
# and dev queries 2,476 find their question first without, 2,481 with .1 to .25, 2,482 with .3 and .35, 2,480 with .5; of
# the 235 that mix Chinese and English 231, 232, 233 and 233.
LACKED_NAMES, NAMED_AMONG = 0.25, 20
# From here on a query that means what it says by itself is still a follow-up of a known kind, and asks for certain key points.
SURELY_KNOWN = 0.5
# From this fused score on, which is near 1 where all legs agree, a thing has a question of its own. Of dev comparisons and aspects .848 of the
# points that answer are listed without, .866 with .9 to .94, and of those listed .703 and .700 to .702 answer (`python -m eval points --part dev`).
HOME = 0.92
Fused = NDArray[np.float64]


class Ranker:
    """Ranks the questions of one build of an index. Safe to share between threads.

    Args:
        index: closed with the ranker.
        reranker: looks at the first ones again, if any.
    """

    def __init__(self, index: Index, reranker: Reranker | None = None) -> None:
        self.index = index
        self.legs, self.hits = Legs(index), Hits(index)
        self.treated = _learned(Treated, index, self.legs)
        self.alone = _learned(Alone, index, self.legs)
        self.follow_ups = _learned(FollowUps, index, self.legs)
        self.known_queries = _learned(KnownQueries, index, self.legs)
        self.titles = self.hits.titles
        self._numbers = list(self.titles)
        self._reranker = reranker

    def search(self, query: str, history: Sequence[Turn], top: int) -> SearchResult:
        """Rank the questions for a query and the conversation before it, oldest first: `top` hits."""
        return self._with_compared(self._search(query, history, top), top)

    def _search(self, query: str, history: Sequence[Turn], top: int) -> SearchResult:
        if history and not continues(query):
            self.legs.prepare(query)
        carried = self.carried(history)
        named = parse_address(query, self._numbers, carried[0] if carried else None)
        if named:
            return self._addressed(query, named, top)
        if not query.strip():
            return SearchResult(query, None, False, 0.0, ())
        if carried and continues(query):
            return self._carry_on(query, carried, top)
        scored = self.legs.score(query)
        own = self.by_itself(query, scored)
        alone = float(own.max(initial=0.0))
        known = self.known(query, carried[0]) if carried else None
        if known and not stands_alone(query) and (leans(query) or alone < SURE):
            within = self._rank_in_context(query, scored, own, history, carried, known, top)
            if within is not None:
                return within
        found = self._rank(query, scored, own, top)
        if known:
            probability = known.confidence(found.confidence, "by itself")
            points = known.points(found.hits[0].question, SURELY_KNOWN) if found.hits else ()
            return replace(found, confidence=round(probability, 4), in_corpus=probability >= THRESHOLD, points=points)
        if history and not content_terms(query):
            # 「它的缺點呢？」 behind something that the corpus does not treat: what it finds by itself is chance.
            return replace(found, confidence=0.0, in_corpus=False)
        return found

    def _fuse(self, scored: LegScores) -> Fused:
        return fuse(scored.legs, self.legs.expanded)

    def by_itself(self, query: str, scored: LegScores) -> Fused:
        """Fused score of each question by the query alone: `(questions,)`.

        The first ones fall behind others where they lack what the query calls by name: 「LoRA 為什麼能省記憶體？」 is about
        LoRA, whatever else saves memory.
        """
        fused = self._fuse(scored)
        names = names_in(query, scored)
        if not names:
            return fused
        ranked = fused.copy()
        for position in best_first(fused, NAMED_AMONG):
            ranked[position] *= 1 - LACKED_NAMES * self._lacked(names, int(position))
        return ranked

    def _lacked(self, names: Sequence[str], position: int) -> float:
        """Share of the names that the question at this position never mentions, 0 to 1."""
        return sum(not self.legs.mentions(position, name) for name in names) / (len(names) or 1)

    def carried(self, history: Sequence[Turn]) -> list[int]:
        """The questions that the conversation is about, most relevant first; none where it last left the corpus.

        A reply says what it is about by its citations, one without any by what the query before it and its own words find. So
        a reply that refused is not passed over: what was cited before it is not what "it" means now.
        """
        reply = ""
        for position in range(len(history) - 1, -1, -1):
            turn = history[position]
            if turn.role == "assistant":
                cited = cited_questions(turn.content, self.titles)
                if cited:
                    return cited
                reply = reply or turn.content
            elif not continues(turn.content):
                return self._talked_about(turn.content[:LONGEST_QUERY], reply, history[:position])
        return []

    def _talked_about(self, query: str, reply: str, history: Sequence[Turn]) -> list[int]:
        """The question that a query and the reply to it are about; none where the corpus does not answer the query."""
        found = self._search(query, history, MOST_LIKELY)
        if not found.in_corpus:
            return []
        if found.addressed or not reply:
            return [found.hits[0].question]
        score = self._fuse(self.legs.glance(f"{query} {reply[:REPLY]}"))
        for hit in found.hits:
            score[self._numbers.index(hit.question)] += hit.score
        return [self._numbers[int(score.argmax())]]

    def _rank_in_context(
        self,
        query: str,
        scored: LegScores,
        own: Fused,
        history: Sequence[Turn],
        carried: Sequence[int],
        known: Behind,
        top: int,
    ) -> SearchResult | None:
        """Rank a query by itself and beside what was talked about; None where it means what it says by itself."""
        rewritten = f"{self.titles[carried[0]]} {query}"
        with_title = self.legs.glance(rewritten)
        context = self.context(query, scored, with_title, history, carried, known)
        if self._means_itself(query, own, weighted_sum(context, self.legs.expanded)):
            return None
        # The slow legs see the query halfway to the carried question, so that the confidence has all it knows.
        full = replace(with_title, legs=with_title.legs | self.legs.leaning(query, carried[0]))
        ranked = self._rank(query, full, rank(context, self.legs.expanded), top, rewritten)
        points = known.points(ranked.hits[0].question) if ranked.hits else ()
        ranked = replace(ranked, points=points, unlike=known.unlike(SURELY_KNOWN) and not points)
        if refers_back(query):
            probability = known.confidence(ranked.confidence, "refers back")
            near = tuple(dict.fromkeys((carried[0], *(hit.question for hit in ranked.hits))))[:top]
            return replace(ranked, confidence=round(probability, 4), in_corpus=probability >= THRESHOLD, near=near)
        # It names a topic of its own, perhaps one that the corpus does not treat: the carried title alone must not
        # vouch for that.
        alone = confidence(features(query, self.legs, scored, context.own), self.legs.expanded)
        both = alone**OWN_SAY * ranked.confidence ** (1 - OWN_SAY)
        both = known.confidence(both, "own topic")
        near = tuple(self._numbers[i] for i in best_first(self._alike(query).beside(own, self._numbers), top))
        return replace(ranked, confidence=round(both, 4), in_corpus=both >= THRESHOLD, near=near)

    def _means_itself(self, query: str, own: Fused, within: Fused) -> bool:
        """Whether a query that may lean on the conversation means what it says by itself.

        Args:
            own, within: scores of the questions by the query alone and in its context.
        """
        if int(own.argmax()) == int(within.argmax()):
            return not leans(query) and float(own.max()) >= AGREED
        if self.alone is None or not content_terms(query):
            return False
        return self.alone.prefers_own(query, self.legs.vectors(query), own, within)

    def known(self, query: str, carried: int) -> Behind:
        """What is known of a query behind a question that was talked about."""
        return Behind.of(self.follow_ups, self.legs.vectors(query), carried)

    def context(
        self,
        query: str,
        scored: LegScores,
        with_title: LegScores,
        history: Sequence[Turn],
        carried: Sequence[int],
        known: Behind,
    ) -> Context:
        """What the ranking of a leaning query is computed from."""
        if not content_terms(query):
            # 「為什麼會這樣？」 names nothing: what it finds by itself is chance.
            nothing = {name: np.zeros_like(scores) for name, scores in scored.legs.items()}
            scored = replace(scored, legs=nothing)
        asked = next((t.content for t in reversed(history) if t.role == "user"), "")
        reply = without_citations(next((t.content for t in reversed(history) if t.role == "assistant"), ""))
        questions = self.index.content.questions
        category = questions[carried[0]].category
        return Context(
            query=query,
            own=self._fuse(scored),
            with_title=self._fuse(with_title),
            with_asked=self._fuse(self.legs.glance(f"{asked} {query}"[-LONGEST_QUERY:])),
            with_reply=self._fuse(self.legs.glance(f"{reply[:REPLY]} {query}")),
            legs=scored.legs,
            carried=[self._numbers.index(number) for number in carried],
            related=np.asarray([float(questions[n].category == category) for n in self._numbers]),
            lacked=self._lacked(names_in(query, scored), self._numbers.index(carried[0])),
            expected=known.expected(self._numbers),
            led_to=known.led_to(self._numbers),
        )

    def _rank(
        self, query: str, scored: LegScores, fused: Fused, top: int, rewritten: str | None = None
    ) -> SearchResult:
        found = features(rewritten or query, self.legs, scored, fused)
        probability = confidence(found, self.legs.expanded)
        if self.treated is not None and rewritten is None:
            probability = self.treated.confidence(probability, self.legs.vectors(query))
        alike = self._alike(query)
        if rewritten is None:
            fused = alike.beside(fused, self._numbers)
        best = self.hits.best_entries(scored)
        if self._reranker is not None:
            looked = best_first(fused, AGAIN)
            texts = [text_of(self.hits.near(self._numbers[i], 0.0, scored, best)) for i in looked]
            fused = reranked(fused, looked.tolist(), self._reranker.scores(rewritten or query, texts))
        hits = tuple(self.hits.near(self._numbers[i], float(fused[i]), scored, best) for i in best_first(fused, top))
        return SearchResult(
            query, rewritten, probability >= THRESHOLD, round(probability, 4), hits,
            asked=alike.points_for([hit.question for hit in hits]),
            known=rewritten is None and self.known_queries is not None,
        )  # fmt: skip

    def _with_compared(self, found: SearchResult, top: int) -> SearchResult:
        """What was found, and the questions of the other things that the query compares in place of the last hits."""
        if found.rewritten is not None or found.addressed or not found.in_corpus:
            return found
        things = things_compared(found.query)
        homes = dict[int, str]()
        for thing in things:
            home = self._home(thing)
            if home is not None:
                homes.setdefault(home, thing)
        first = found.hits[0]
        if (
            len(homes) < 2
            or first.question not in homes
            or all(thing.lower() in first.title.lower() for thing in things)
        ):
            return found
        listed = [hit.question for hit in found.hits]
        missing = [home for home in homes if home not in listed][: top - 1]
        scored = self.legs.score(found.query)
        best, least = self.hits.best_entries(scored), found.hits[-1].score
        kept = found.hits[: top - len(missing)]
        hits = (*kept, *(self.hits.near(home, least, scored, best) for home in missing))
        numbers = [hit.question for hit in hits]
        compared = tuple(Compared(thing, home) for home, thing in homes.items() if home in numbers)
        asked = self._alike(found.query).points_for(numbers)
        return replace(found, hits=hits, asked=asked, compared=compared)

    def _home(self, thing: str) -> int | None:
        """The question that a thing has of its own: all legs find it first, and it speaks of it."""
        scored = self.legs.glance(thing)
        fused = self.by_itself(thing, scored)
        home = int(fused.argmax())
        own = fused[home] >= HOME and not scored.unknown and not self._lacked(names_in(thing, scored), home)
        return self._numbers[home] if own else None

    def _alike(self, query: str) -> Alike:
        """What queries like this one say."""
        return Alike.of(self.known_queries, self.legs.vectors(query))

    def _addressed(self, query: str, named: Sequence[int], top: int) -> SearchResult:
        hits = tuple(self.hits.whole(number) for number in named[:top])
        return SearchResult(query, None, True, 1.0, hits, addressed=True)

    def _carry_on(self, query: str, carried: Sequence[int], top: int) -> SearchResult:
        hits = tuple(self.hits.whole(number) for number in carried[:top])
        points = self.known(query, carried[0]).points(carried[0], SURELY_KNOWN) if asks_for_example(query) else ()
        return SearchResult(query, self.titles[carried[0]], True, 1.0, hits, points=points)


def _learned(kind: type[Kind], index: Index, legs: Legs) -> Kind | None:
    """What was learned for the document of an index, if anything was; it goes with the reviewed expansions."""
    return learned_for(kind, index.manifest["source_sha256"], legs.embedders) if legs.expanded else None


def names_in(query: str, scored: LegScores) -> list[str]:
    """What a query calls by name: its terms in Latin letters that the corpus knows."""
    return [t for t in content_terms(query) if t.isascii() and t not in scored.unknown]
