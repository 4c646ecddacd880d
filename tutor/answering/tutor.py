"""The answering road: search, evidence, prompt, streamed words, checked citations. One LangChain runnable.

The model words the answer; what may be said is decided by the evidence and the checks. Knows nothing of pages,
stores, or how the model is served.
"""

from __future__ import annotations

import re
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ingest.errors import ModelUnavailable
from tutor.answering import listing, prompt, replies, second_opinion, styles
from tutor.answering.answer import Answer, Done, Event, Language, Rechecking, Sources, Text, Waiting
from tutor.answering.checking import Checking, bare
from tutor.answering.draft import Draft
from tutor.answering.evidence import EvidenceRoom
from tutor.answering.guard import received, trusted
from tutor.answering.keypoints import Chosen, choose
from tutor.answering.language import reply_language
from tutor.answering.premise import correction
from tutor.answering.wording import say
from tutor.llm.client import estimate_tokens
from tutor.retrieval.conversation import continues, wants_another
from tutor.retrieval.courtesy import Courtesy, courtesy, without_courtesies
from tutor.retrieval.result import SearchResult, Turn
from tutor.retrieval.search import Searcher

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

    from tutor.answering.ahead import ReadAhead
    from tutor.llm import Model
    from tutor.llm.line import Ticket

# Longest wording, tokens: about 300 Chinese characters, 10 s at 27 tokens a second. Key points follow it.
ANSWER_TOKENS = 260
# Where a dropped paragraph stood.
_GAP = re.compile(r"\n\s*\n\s*\n")
# Whoever waits for the engine hears so often which place is theirs.
PLACE_EVERY_S = 0.5


@dataclass(frozen=True)
class Ask:
    """One query with the conversation before it, oldest first; `owner` takes turns with others at the engine."""

    query: str
    history: tuple[Turn, ...] = ()
    top: int = 5
    owner: str = ""


class Tutor:
    """Answers questions about one corpus with one model. Safe to share between threads."""

    def __init__(self, searcher: Searcher, model: Model) -> None:
        self.searcher = searcher
        self.model = model
        self.room = EvidenceRoom(searcher)
        # Whoever serves users for long sets one; a single command has no idle time to read in.
        self.ahead: ReadAhead | None = None

    def runnable(self) -> Runnable[Ask, Event]:
        """The whole road as one streaming LangChain runnable: `.stream(Ask(...))` yields events."""
        from langchain_core.runnables import RunnableGenerator

        def transform(asks: Iterator[Ask]) -> Iterator[Event]:
            for ask in asks:
                yield from self.stream(ask)

        return RunnableGenerator(transform)

    def answer(self, ask: Ask) -> Answer:
        """The finished reply, all at once."""
        for event in self.stream(ask):
            if isinstance(event, Done):
                return event.answer
        raise AssertionError("the stream ended without an answer")

    def stream(self, ask: Ask) -> Iterator[Event]:
        """Yield `Sources`, then `Text` as it is written, then `Done`. Closing the iterator stops the model."""
        started = time.perf_counter()
        heard = received(ask.query, ask.history)
        language = reply_language(heard.query, heard.history)
        ask = replace(ask, query=heard.query, history=without_courtesies(heard.history))
        polite = None if heard.refused else courtesy(ask.query)
        if polite is not None:
            yield from self._polite(ask, polite, language, started)
            return
        named = None if heard.refused else listing.topic_listed(ask.query)
        if named is not None and (yield from self._named(ask, named, language, started)):
            return
        wish = styles.wish(ask.query)
        topic = wish.topic or (styles.CONTINUE[language] if ask.history else ask.query)
        result = replace(self.searcher.search(topic, ask.history, ask.top), query=ask.query)
        draft = Draft(
            ask.query, language, self.model.name, result, started,
            flags=list(heard.flags), wary=heard.wary, last_line=styles.last_line(wish.style, language),
        )  # fmt: skip
        untold = wish.style == "quiz" and not wish.topic and not ask.history
        if heard.refused or not result.in_corpus or untold:
            yield Sources(result, ())
            reason = "quiz-topic" if untold else "attack" if heard.refused else "refusal"
            yield from _at_once(draft, replies.refused(draft, self.room, self._source, reason), refused=not untold)
            return
        yield from self._answered(ask, result, wish, draft)

    def _answered(self, ask: Ask, result: SearchResult, wish: styles.Wish, draft: Draft) -> Iterator[Event]:
        """A reply from what was found: a correction, a quiz, points that are known to be asked for, or the model's words."""
        language = draft.language
        said = bare("\n".join(turn.content for turn in ask.history if turn.role == "assistant"))
        further = said if continues(ask.query) or (result.points and wants_another(ask.query)) else ""
        if wish.style == "quiz":  # about the whole of it
            result = replace(result, asked=())
        chosen = trusted(choose(result, self.room, language, further), self.room, draft.flags)
        yield Sources(result, tuple(part.number for part in chosen))
        if not any(part.points for part in chosen):
            key = "no-more" if chosen[0].asked_for else "no-answer"
            yield from _at_once(draft, say(key, language), refused=True)
            return
        mended = correction(wish.topic or ask.query, [part.number for part in chosen], self.room, self._source)
        if mended is not None and not result.addressed:
            yield from _at_once(draft, replies.corrected(draft, mended, chosen, self._source), refused=False)
        elif wish.style == "quiz":
            yield from _at_once(draft, replies.quizzed(draft, chosen[0]), refused=False)
        elif _told_at_once(chosen, wish):
            self._read_on(chosen, draft)
            yield from _at_once(draft, replies.pointed(draft, chosen, self._source), refused=False)
        else:
            yield from self._worded(ask, chosen, draft, said if wish.style else "")

    def _polite(self, ask: Ask, polite: Courtesy, language: Language, started: float) -> Iterator[Event]:
        """Nothing was asked of the document: nothing is searched, cited or refused."""
        result = SearchResult(ask.query, None, False, 0.0, ())
        yield Sources(result, ())
        draft = Draft(ask.query, language, self.model.name, result, started, flags=["courtesy"])
        yield from _at_once(draft, say(polite, language), refused=False)

    def _named(self, ask: Ask, topic: str, language: Language, started: float) -> Generator[Event, None, bool]:
        """The questions of a topic; whether there are any."""
        result = replace(self.searcher.search(topic, (), listing.MOST), query=ask.query)
        numbers = listing.near_enough(result)
        if numbers:
            yield Sources(result, ())
            draft = Draft(ask.query, language, self.model.name, result, started)
            yield from _at_once(draft, replies.named(draft, numbers, self.room), refused=False)
        return bool(numbers)

    @property
    def _source(self) -> str:
        return self.searcher.index.content.source

    def _worded(self, ask: Ask, chosen: list[Chosen], draft: Draft, said: str) -> Iterator[Event]:
        """The model's words, then the points that neither they nor what was `said` before hold; those alone where the model is gone.

        A follow-up that is like no known one was answered by a guess at its topic: where the check lets nothing of the words stand,
        no answer was found.
        """
        try:
            yield from self._written(ask, chosen, draft)
        except ModelUnavailable as error:
            draft.flags.append("extractive" if not draft.kept else "model-lost")
            draft.flags.append(f"reason: {error.message}")
        self._read_on(chosen, draft)
        if draft.result.unlike and not draft.last_line and draft.fell:
            text = replies.not_found(draft, chosen[0], self.room, self._source)
            yield Text(f"\n\n{text}")  # behind words that were shown and are taken back
            yield Done(draft.finished(text, refused=True))
            return
        more = replies.completion(draft, chosen, self.room, self._source, said)
        if more:
            yield Text(more)
        yield Done(draft.finished(_GAP.sub("\n\n", "".join(draft.kept)).strip(), refused=False))

    def _written(self, ask: Ask, chosen: list[Chosen], draft: Draft) -> Iterator[Event]:
        """Wait for the engine, then stream the model's words through the checks."""
        with self.model.line.enter(ask.owner) as ticket:
            while not ticket.wait(PLACE_EVERY_S):
                yield Waiting(ticket.place)
            messages = self.messages(ask, draft.result, chosen, draft.language, draft.last_line)
            words = self._model_words(messages, ticket, draft)
            checking = Checking(draft, [part.number for part in chosen], self.room, self._source)
            try:
                with closing(words):  # type: ignore[type-var]
                    yield from checking.shown(words)
                if checking.in_doubt and second_opinion.available(self.model):
                    opinion = second_opinion.opinion_of(self.model, ticket, self.room)
                    for left in checking.reconsider(opinion):
                        draft.calls += 1
                        yield Rechecking(left)
            finally:
                checking.settle()

    def _read_on(self, chosen: list[Chosen], draft: Draft) -> None:
        """Have the engine read what is likely asked about next."""
        if self.ahead is not None:
            self.ahead.soon(self._next_topics(chosen), draft.language)

    def _next_topics(self, chosen: list[Chosen]) -> list[int]:
        """What is likely asked about next: the same, what it refers to, what stands beside it."""
        first = chosen[0].number
        numbers = list(self.searcher.titles)
        place = numbers.index(first)
        near = [*self.searcher.index.content.questions[first].links, *numbers[place + 1 : place + 2]]
        return [part.number for part in chosen] + [n for n in near if n in self.searcher.titles]

    def messages(
        self, ask: Ask, result: SearchResult, chosen: list[Chosen], language: Language, last_line: str = ""
    ) -> list[prompt.Message]:
        """The whole text of the first question where the engine has it already, else the key points."""
        first, beside = chosen[0], chosen[1:]
        system = prompt.whole(self.room.sentences_of(first.number), language)
        if not self.model.reads_at_once(system):
            system, beside = prompt.compact(chosen, language, estimate_tokens), []
        leaning = result.rewritten is not None
        return prompt.build(
            ask.query, system, chosen, language, beside=beside, last_line=last_line,
            history=[Turn(t.role, bare(t.content)) for t in ask.history] if leaning else (),
            estimate=estimate_tokens, limit=self.model.context_tokens - ANSWER_TOKENS,
        )  # fmt: skip

    def _model_words(self, messages: list[prompt.Message], ticket: Ticket, draft: Draft) -> Iterator[str]:
        from tutor.llm.chat import model_errors

        with model_errors():
            chat = self.model.chat(
                ticket=ticket, system=messages[0][1], beginning=prompt.beginning(), temperature=0.0,
                max_tokens=ANSWER_TOKENS,
            )  # fmt: skip
            stream = chat.stream(messages)
            draft.calls += 1
            try:
                for chunk in stream:
                    if chunk.usage_metadata:
                        draft.usage = _usage(chunk.usage_metadata)
                    if isinstance(chunk.content, str) and chunk.content:
                        if draft.first_token is None:
                            draft.first_token = time.perf_counter() - draft.started
                        yield chunk.content
            finally:
                close = getattr(stream, "close", None)
                if close is not None:
                    close()


def _told_at_once(chosen: Sequence[Chosen], wish: styles.Wish) -> bool:
    """Whether the points are the reply. Of things compared they are whatever the style: a small model mixes up which is which."""
    known = chosen[0].asked_for and all(point.in_language for part in chosen for point in part.points)
    return known and (not wish.style or len(chosen) > 1)


def _at_once(draft: Draft, text: str, *, refused: bool) -> Iterator[Event]:
    """A reply that needs no model."""
    yield Text(text)
    yield Done(draft.finished(text, refused=refused))


def _usage(metadata: Any) -> dict[str, int]:
    details = metadata.get("input_token_details") or {}
    return {
        "prompt_tokens": int(metadata.get("input_tokens", 0)),
        "cached_tokens": int(details.get("cache_read", 0) or 0),
        "completion_tokens": int(metadata.get("output_tokens", 0)),
    }
