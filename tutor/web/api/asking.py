"""POST /api/v1/search, /ask and /grade: the three commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from ingest.errors import UsageError
from tutor.answering.answer import Answer, Done, Event, Rechecking, Sources, Text, Waiting
from tutor.answering.tutor import Ask
from tutor.commands import result_row, search_row
from tutor.retrieval.result import Turn
from tutor.web.api import shapes
from tutor.web.api.common import EVENT_STREAM, Asker, Corpora, Practiser, events, sse_documented
from tutor.web.api.keeping import Kept
from tutor.web.open_corpora import OpenCorpora
from tutor.web.pump import last_of

router = APIRouter()


@router.post("/search", tags=["ask"], summary="Rank the questions of a corpus", response_model=shapes.SearchReply)
def search(body: shapes.SearchRequest, corpora: Corpora, _: Asker) -> Any:
    """Questions that answer a query, best first, each with its best passage. No model is used."""
    return search_row(corpora.tutor(body.corpus).searcher, body.query, turns(body.history), body.top)


@router.post(
    "/ask", tags=["ask"], summary="Answer from the corpus, with sources", response_model=shapes.AnswerReply,
    responses={200: sse_documented(
        sources="a search reply, and in `used` the questions that are read", waiting="its `place` in line for the model",
        text="a piece of the answer in `text`", checking="how many sentences in doubt are `left`",
        done="the finished answer", problem="what went wrong",
    )},
)  # fmt: skip
async def ask(body: shapes.AskRequest, request: Request, corpora: Corpora, user: Asker) -> Response:
    """The answer with checked citations, or a refusal with the nearest questions.

    Hanging up stops the model. Of a stream, `done` holds the final text: sentences that nothing supports were taken
    out of it, so it may be shorter than all `text` together.
    """
    stream, conversation = await run_in_threadpool(_opened, body, corpora, user)
    if body.stream or EVENT_STREAM in request.headers.get("accept", ""):
        return events(lambda: _told(stream()), request.url.path)
    answer = _finished(await last_of(request, stream))
    return JSONResponse({**answer.as_dict(), "conversation": conversation})


def _opened(
    body: shapes.AskRequest, corpora: OpenCorpora, user: str
) -> tuple[Callable[[], Iterator[Event]], str | None]:
    """What opens the stream of an answer, and the conversation that it is added to."""
    if body.conversation is None:
        tutor, asked = corpora.tutor(body.corpus), Ask(body.query, turns(body.history), owner=user)
        return lambda: tutor.stream(asked), None
    if body.history:
        raise UsageError("A kept conversation is its own history.", "Leave `history` out, or `conversation`.")
    kept, corpus, history = Kept.opened(corpora.store, user, body.conversation, body.corpus)
    tutor, asked = corpora.tutor(corpus), Ask(body.query, history, owner=user)
    return lambda: kept.through(tutor, asked), kept.id


def _finished(event: Event) -> Answer:
    assert isinstance(event, Done), "the stream ended without an answer"
    return event.answer


def _told(found: Iterator[Event]) -> Iterator[tuple[str, Any]]:
    with closing(found) as stream:  # type: ignore[type-var]
        for event in stream:
            match event:
                case Sources(result, used):
                    yield "sources", {**result_row(result), "used": list(used)}
                case Waiting(place):
                    yield "waiting", {"place": place}
                case Rechecking(left):
                    yield "checking", {"left": left}
                case Text(text):
                    yield "text", {"text": text}
                case Done(answer):
                    yield "done", answer.as_dict()


@router.post("/grade", tags=["practise"], summary="Grade an answer by key points", response_model=shapes.GradeReply)
def grade(body: shapes.GradeRequest, corpora: Corpora, _: Practiser) -> Any:
    """Verdicts per key point with quotes from the answer, and a score made from them by code.

    Give `question` for a question of the corpus, or `question_text` and `reference` for any other.
    """
    return graded(body, corpora)


def graded(body: shapes.GradeRequest, corpora: OpenCorpora) -> dict[str, Any]:
    """Grade in either form of the contract.

    Raises:
        UsageError: neither form is complete, or the question has no rubric.
    """
    from tutor.interview.grading import plain_grader

    if body.question is not None:
        corpora.question(body.corpus, body.question)
        grader = corpora.gradable(body.corpus).grader
        if body.question not in grader.rubrics:
            raise UsageError(
                f"Question {body.question} has no key points yet.", "Give `question_text` and `reference` in its place."
            )
        return grader.grade(body.question, body.answer).as_dict()
    if body.question_text is None or body.reference is None:
        raise UsageError("There is nothing to grade against.", "Give `question`, or `question_text` and `reference`.")
    return plain_grader().grade_reference(body.question_text, body.reference, body.answer).as_dict()


def turns(history: list[shapes.Turn]) -> tuple[Turn, ...]:
    """A history as the searcher takes it."""
    return tuple(Turn(t.role, t.content) for t in history)
