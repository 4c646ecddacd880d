"""The answering road: search, evidence, prompt, streamed words, checked citations. One LangChain runnable.

The model words the answer; what may be said is decided by the evidence and the checks. Knows nothing of pages,
stores, or how the model is served.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ingest.errors import ModelUnavailable
from tutor.answering import prompt, styles
from tutor.answering.answer import Answer, Citation, Done, Event, Language, Sources, Text, Waiting
from tutor.answering.citations import CitationStream, citation
from tutor.answering.evidence import EvidenceRoom
from tutor.answering.guard import Guard, received, trusted
from tutor.answering.keypoints import Chosen, choose, cite, render, unsaid
from tutor.answering.language import reply_language
from tutor.answering.nearby import Nearby, nearby, opening
from tutor.answering.outgoing import still
from tutor.answering.premise import Correction, correction
from tutor.answering.script import ScriptStream
from tutor.answering.sentences import Piece, SentenceStream
from tutor.answering.support import Support, check, citation_of
from tutor.answering.wording import refusal, say
from tutor.llm.client import estimate_tokens
from tutor.retrieval.result import SearchResult, Turn
from tutor.retrieval.search import Searcher

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

    from tutor.answering.ahead import ReadAhead
    from tutor.llm import Model
    from tutor.llm.line import Ticket

# Longest wording, tokens: about 300 Chinese characters, 10 s at 27 tokens a second. Key points follow it.
ANSWER_TOKENS = 260
SUGGESTIONS = 3
# Headings, labels and list marks state nothing: a line needs this many letters to be checked.
LETTERS_CHECKED = 6
# Whoever waits for the engine hears so often which place is theirs.
PLACE_EVERY_S = 0.5
_CITATION_MARK = re.compile(r"【[^】]{1,12}】")


@dataclass(frozen=True)
class Ask:
    """One query with the conversation before it, oldest first; `owner` takes turns with others at the engine."""

    query: str
    history: tuple[Turn, ...] = ()
    top: int = 5
    owner: str = ""


@dataclass
class _Draft:
    """An answer while it is written."""

    query: str
    language: Language
    model: str
    citations: list[Citation] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    usage: dict[str, int] = field(default_factory=dict)
    first_token: float | None = None
    dropped: int = 0
    supported: int = 0
    wary: bool = False
    held: str = ""
    last_line: str = ""


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
        ask = replace(ask, query=heard.query, history=heard.history)
        language = reply_language(ask.query, ask.history)
        wish = styles.wish(ask.query)
        topic = wish.topic or (styles.CONTINUE[language] if ask.history else ask.query)
        result = replace(self.searcher.search(topic, ask.history, ask.top), query=ask.query)
        draft = _Draft(ask.query, language, self.model.name, flags=list(heard.flags), wary=heard.wary)
        draft.last_line = styles.last_line(wish.style, language)
        untold = wish.style == "quiz" and not wish.topic and not ask.history
        if heard.refused or not result.in_corpus or untold:
            yield Sources(result, ())
            reason = "quiz-topic" if untold else "attack" if heard.refused else "refusal"
            near = nearby(result, self.room, language, draft.flags) if reason == "refusal" else None
            text = self._refusal_text(result, language, reason, near, draft)
            yield from self._whole(text, draft, result, started, refused=not untold)
            return
        chosen = trusted(choose(result, self.room, language), self.room, draft.flags)
        yield Sources(result, tuple(part.number for part in chosen))
        if not any(part.points for part in chosen):
            yield from self._whole(say("no-answer", language), draft, result, started, refused=True)
            return
        mended = correction(topic, [part.number for part in chosen], self.room, self.searcher.index.content.source)
        if mended is not None and not result.addressed:
            yield from self._mended(mended, chosen, draft, result, started)
            return
        if wish.style == "quiz":
            first = chosen[0]
            text = styles.quiz(first.number, first.title, [p.text for p in first.points if p.in_language], language)
            draft.flags.append("quiz")
            yield from self._whole(text, draft, result, started, refused=False)
            return
        try:
            yield from self._written(ask, result, chosen, draft, started)
        except ModelUnavailable as error:
            draft.flags.append("extractive" if not draft.kept else "model-lost")
            draft.flags.append(f"reason: {error.message}")
        if self.ahead is not None:
            self.ahead.soon(self._next_topics(chosen), language)
        yield from self._completed(chosen, draft)
        yield Done(self._finished("".join(draft.kept).strip(), draft, result, started, refused=False))

    def _written(
        self, ask: Ask, result: SearchResult, chosen: list[Chosen], draft: _Draft, started: float
    ) -> Iterator[Event]:
        """Wait for the engine, then stream the model's words through citations, script and support checks."""
        with self.model.line.enter(ask.owner) as ticket:
            while not ticket.wait(PLACE_EVERY_S):
                yield Waiting(ticket.place)
            messages = self.messages(ask, result, chosen, draft.language, draft.last_line)
            words = self._model_words(messages, ticket, draft, started)
            with closing(words):  # type: ignore[type-var]
                yield from self._streamed(ask, words, chosen, draft)

    def _next_topics(self, chosen: list[Chosen]) -> list[int]:
        """What is likely asked about next: the same, what it refers to, what stands beside it."""
        first = chosen[0].number
        numbers = list(self.searcher.titles)
        place = numbers.index(first)
        near = [*self.searcher.index.content.questions[first].links, *numbers[place + 1 : place + 2]]
        return [part.number for part in chosen] + [n for n in near if n in self.searcher.titles]

    def _streamed(self, ask: Ask, words: Iterator[str], chosen: list[Chosen], draft: _Draft) -> Iterator[Event]:
        numbers = [part.number for part in chosen]
        questions = [self.room.sentences_of(n) for n in numbers]
        evidence = "\n".join(s.text for q in questions for s in q.sentences)
        cites = CitationStream(numbers, draft.language)
        script = ScriptStream(draft.language, evidence)
        sentences = SentenceStream()
        guard = Guard(prompt.INSTRUCTIONS, [evidence], ask.query, draft.language, wary=draft.wary)

        def shown(pieces: Sequence[Piece]) -> Iterator[Event]:
            for piece in pieces:
                text = self._checked(piece, questions, draft, guard)
                if text:
                    yield Text(text)

        for some in words:
            yield from shown(sentences.feed(guard.quiet.feed(_bare(cites.feed(script.feed(some))))))
        tail = guard.quiet.feed(_bare(cites.feed(script.flush()) + cites.flush())) + guard.quiet.flush()
        yield from shown([*sentences.feed(tail), *sentences.flush()])
        draft.flags += [flag for flag in guard.flags if flag not in draft.flags]
        if guard.quiet.removed:
            draft.flags.append("live markup removed")
        if cites.unknown:
            draft.flags.append("unknown-citation-removed")

    def messages(
        self, ask: Ask, result: SearchResult, chosen: list[Chosen], language: Language, last_line: str = ""
    ) -> list[prompt.Message]:
        """The whole text of the first question where the engine has it already, else the key points."""
        first, beside = chosen[0], chosen[1:]
        system = prompt.whole(self.room.sentences_of(first.number), language)
        if not self.model.reads_at_once(system):
            system, beside = prompt.compact(chosen), []
        leaning = result.rewritten is not None
        return prompt.build(
            ask.query, system, chosen, language, beside=beside, last_line=last_line,
            history=[Turn(t.role, _bare(t.content)) for t in ask.history] if leaning else (),
            estimate=estimate_tokens, limit=self.model.context_tokens - ANSWER_TOKENS,
        )  # fmt: skip

    def _model_words(
        self, messages: list[prompt.Message], ticket: Ticket, draft: _Draft, started: float
    ) -> Iterator[str]:
        from tutor.llm.chat import model_errors

        with model_errors():
            chat = self.model.chat(
                ticket=ticket, system=messages[0][1], beginning=prompt.beginning(), temperature=0.0,
                max_tokens=ANSWER_TOKENS,
            )  # fmt: skip
            stream = chat.stream(messages)
            try:
                for chunk in stream:
                    if chunk.usage_metadata:
                        draft.usage = _usage(chunk.usage_metadata)
                    if isinstance(chunk.content, str) and chunk.content:
                        if draft.first_token is None:
                            draft.first_token = time.perf_counter() - started
                        yield chunk.content
            finally:
                close = getattr(stream, "close", None)
                if close is not None:
                    close()

    def _checked(self, piece: Piece, questions: Sequence[Any], draft: _Draft, guard: Guard) -> str:
        """The piece with its citation; the sentence is kept for the final answer unless nothing supports it."""
        if piece.sentence is None:
            draft.kept.append(piece.text + piece.mark)
            passes = guard.passes(piece.text + piece.mark)
            draft.held += "" if passes else piece.text + piece.mark
            return piece.text + piece.mark if passes else ""
        bare = piece.sentence
        held, draft.held = draft.held if guard.ended() else "", ""
        objection = guard.objection(bare)
        if objection:
            guard.note(objection)
            self._drop(piece, draft)
            return ""
        short = sum(c.isalnum() for c in bare) < LETTERS_CHECKED
        if short and not guard.wary:
            draft.kept.append(piece.text + piece.mark)
            return held + piece.text + piece.mark
        support = Support("unsupported", 0.0, None) if short else check(bare, questions, self.room, draft.query)
        mark = self._citation_for(support, draft)
        if bare.startswith("|"):  # behind the last cell it would break the table: it goes into that cell at the end
            draft.kept[:] = ["".join(draft.kept) + piece.text]
            row, bar, _ = draft.kept[0].rpartition("|")
            draft.kept[0] = f"{row}{mark}{bar}" if support.status != "unsupported" else draft.kept[0]
            draft.said.append(bare)
            draft.supported += support.status != "unsupported"
            return held + piece.text
        text = piece.text + mark + piece.mark
        if support.status == "unsupported":
            self._drop(piece, draft)
            return "" if guard.wary else held + text
        draft.kept.append(text)
        draft.said.append(bare)
        draft.supported += 1
        return held + text

    def _citation_for(self, support: Support, draft: _Draft) -> str:
        found = citation_of(support, self.searcher.index.content.source)
        if found is None or support.status == "unsupported":
            return ""
        if found not in draft.citations:
            draft.citations.append(found)
        return citation(found.question, draft.language)

    @staticmethod
    def _drop(piece: Piece, draft: _Draft) -> None:
        """Take the whole sentence out of the final answer, also what was streamed of it before."""
        text = "".join(draft.kept) + piece.text
        position = text.rfind(piece.sentence or "")
        draft.kept[:] = [text[:position] if position >= 0 else text]
        draft.dropped += 1
        if "unsupported-dropped" not in draft.flags:
            draft.flags.append("unsupported-dropped")

    def _completed(self, chosen: list[Chosen], draft: _Draft) -> Iterator[Event]:
        """Add the points that the wording left out; they are the whole answer where nothing was worded."""
        worded = bool(draft.supported)
        if not worded:
            if "extractive" not in draft.flags:
                draft.flags.append("unsupported-draft-replaced")
            draft.kept.clear()
        points = unsaid(chosen, draft.said, self.room)
        if not worded and not points:  # nothing in the reply's language: the source's own words are better than none
            points = [point for part in chosen for point in part.points]
        heading = "extract" if "extractive" in draft.flags else "key-points"
        text = still(render(points, draft.language, heading))
        if not text:
            return
        source = self.searcher.index.content.source
        draft.citations += [c for c in (cite(p, source) for p in points) if c not in draft.citations]
        text = ("\n\n" if worded or draft.dropped else "") + text
        draft.kept.append(text)
        yield Text(text)

    def _mended(
        self, mended: Correction, chosen: list[Chosen], draft: _Draft, result: SearchResult, started: float
    ) -> Iterator[Event]:
        """Say what the document says instead of what the question takes for granted; no model is asked to agree."""
        found = mended.sentence
        draft.flags.append(f"false premise: {mended.wrong}")
        mark = citation(found.question, draft.language)
        quote = still(re.sub(r"\*\*|`", "", mended.quote))
        draft.citations.append(
            Citation(found.question, found.section, mended.quote, mended.start, mended.end, "supported")
        )
        part = next((p for p in chosen if p.number == found.question), chosen[0])
        points = [p for p in part.points if p.in_language]
        source = self.searcher.index.content.source
        draft.citations += [c for c in (cite(p, source) for p in points) if c not in draft.citations]
        more = render(points, draft.language, "key-points")
        text = say("premise", draft.language).format(quote, mark) + (f"\n\n{still(more)}" if more else "")
        yield from self._whole(text, draft, result, started, refused=False)

    def _refusal_text(
        self, result: SearchResult, language: Language, reason: str, near: Nearby | None, draft: _Draft
    ) -> str:
        suggested = self._suggestions(result)
        titles = {n: still(self.room.title_in(n, language)) for n in suggested}
        text = refusal(language, suggested, titles, reason)
        if near is None or not near.points:
            return text
        source = self.searcher.index.content.source
        draft.citations += [cite(point, source) for point in near.points]
        draft.flags.append("near miss")
        said = still(render(near.points, language, "nothing"))
        offered = text.partition("\n\n")[2]
        return f"{opening(near, language)}\n\n{said.strip()}\n\n{offered}".strip()

    @staticmethod
    def _suggestions(result: SearchResult) -> tuple[int, ...]:
        return tuple(hit.question for hit in result.hits[:SUGGESTIONS])

    def _whole(
        self, text: str, draft: _Draft, result: SearchResult, started: float, *, refused: bool
    ) -> Iterator[Event]:
        yield Text(text)
        yield Done(self._finished(text, draft, result, started, refused=refused))

    def _finished(self, text: str, draft: _Draft, result: SearchResult, started: float, *, refused: bool) -> Answer:
        total = time.perf_counter() - started
        return Answer(
            answer=text,
            refused=refused,
            language=draft.language,
            citations=tuple(draft.citations),
            suggestions=self._suggestions(result) if refused else (),
            flags=tuple(draft.flags),
            timings={
                "retrieval_ms": result.ms,
                "first_token_ms": None if draft.first_token is None else round(draft.first_token * 1000, 1),
                "total_ms": round(total * 1000, 1),
            },
            usage=draft.usage,
            model="none" if refused or "extractive" in draft.flags else draft.model,
        )


def _bare(text: str) -> str:
    """Text without the citations that the model wrote: every sentence gets the one that the check finds."""
    return _CITATION_MARK.sub("", text)


def _usage(metadata: Any) -> dict[str, int]:
    details = metadata.get("input_token_details") or {}
    return {
        "prompt_tokens": int(metadata.get("input_tokens", 0)),
        "cached_tokens": int(details.get("cache_read", 0) or 0),
        "completion_tokens": int(metadata.get("output_tokens", 0)),
    }
