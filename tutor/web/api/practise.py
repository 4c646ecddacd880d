"""/api/v1/interviews, /progress and /next-question: practising."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field, TypeAdapter

from ingest.errors import NotFound, UsageError
from tutor.interview.export_kinds import KINDS, NAMED
from tutor.interview.exports import export
from tutor.interview.practice import Practice
from tutor.interview.progress import Progress
from tutor.interview.session import Said, Session, View
from tutor.interview.setup import MOST_QUESTIONS, Setup
from tutor.interview.state import Utterance
from tutor.web.api import shapes
from tutor.web.api.common import Corpora, Practiser
from tutor.web.attachment import attachment
from tutor.web.open_corpora import OpenCorpora

router = APIRouter(tags=["practise"])
Id = Annotated[str, Path(max_length=64, description="Id of an interview.")]
Kind = Annotated[str, Query(description=f"Kind of file: {NAMED}.", json_schema_extra={"enum": list(KINDS)})]
Step = Literal["hint", "skip", "dont-know", "pause", "go-on", "end"]
CorpusQuery = Annotated[str | None, Query(max_length=80, description="The corpus of the settings where none is named.")]
_views: TypeAdapter[View] = TypeAdapter(View)


class InterviewRequest(Setup):
    """The choices of an interview; every one has a default."""

    corpus: Annotated[str, Field(max_length=80)] = ""


class TurnReply(BaseModel):
    """What was said since, the user's own words included, and where the interview stands."""

    said: list[Utterance]
    interview: View


class InterviewRow(BaseModel):
    """An interview in a list."""

    id: str
    corpus: str
    created: datetime
    updated: datetime
    finished: bool
    position: int = Field(description="Number of questions asked so far, of `total`.")
    total: int


class InterviewsReply(BaseModel):
    """The user's interviews, the last one first."""

    interviews: list[InterviewRow]


class AnswerRequest(shapes.Closed):
    """An answer to what is open."""

    text: shapes.AnswerText
    seen: int | None = Field(
        default=None, ge=0, le=100_000,
        description="How many utterances of the transcript are known to the sender. With it, an answer whose reply was "
        "lost can be sent again: it stands once, and the reply comes again.",
    )  # fmt: skip


class DisputeRequest(shapes.Closed):
    """ "I did say that": a verdict to be judged once more."""

    question: shapes.Number
    point: shapes.Name = Field(description="Id of the key point.", examples=["19.1"])
    words: shapes.AnswerText = Field(default="", description="The words of the answer that say it.")


class NextReply(BaseModel):
    """The question to practise next."""

    corpus: str
    question: int
    title: str
    category: str
    why: str = Field(description="due, weak, new or known.")


@router.post("/interviews", summary="Begin an interview", status_code=201, response_model=TurnReply)
def start(body: InterviewRequest, corpora: Corpora, user: Practiser) -> Any:
    """Choose questions and ask the first one. Everything is saved after every step."""
    name = corpora.name(body.corpus or None)
    setup = Setup(**{**body.model_dump(), "corpus": name})
    session = corpora.practice(user, name).start(setup)
    return _turn(session, session.view().transcript)


@router.get("/interviews", summary="List interviews", response_model=InterviewsReply)
def list_interviews(corpora: Corpora, user: Practiser, finished: bool | None = None) -> Any:
    """The user's interviews, finished or not."""
    rows = corpora.store.interviews.list(user, finished)
    return {
        "interviews": [
            {**vars(r), "position": len(r.state.get("asked", ())), "total": len(r.state.get("plan", ()))} for r in rows
        ]
    }


@router.get("/interviews/{id}", summary="Look at an interview", response_model=View)
def look(id: Id, corpora: Corpora, user: Practiser) -> Any:
    """Where it stands, what is open, what can be done."""
    return _views.dump_python(_session(corpora, user, id).view(), mode="json")


@router.post("/interviews/{id}/answer", summary="Answer", response_model=TurnReply)
def answer(id: Id, body: AnswerRequest, corpora: Corpora, user: Practiser) -> Any:
    """Answer the question or the follow-up that is open. Takes as long as grading does."""
    session = _session(corpora, user, id)
    return _turn(session, session.answer(body.text, body.seen))


@router.post("/interviews/{id}/dispute", summary="Dispute a verdict", response_model=TurnReply)
def dispute(id: Id, body: DisputeRequest, corpora: Corpora, user: Practiser) -> Any:
    """Have a verdict judged once more; what came of it is kept."""
    session = _session(corpora, user, id)
    return _turn(session, session.dispute(body.question, body.point, body.words))


@router.get("/interviews/{id}/report", summary="Read the report", response_model=dict[str, Any])
def report(id: Id, corpora: Corpora, user: Practiser) -> Any:
    """Scores, verdicts with evidence, what to work on, when to review. An exam has none before its end."""
    return _practice_of(corpora, user, id).report(id).as_dict()


@router.get("/interviews/{id}/export", summary="Export the report", response_class=Response)
def export_report(id: Id, corpora: Corpora, user: Practiser, kind: Kind = "md") -> Response:
    """The report as a file, in the language of the interview."""
    practice = _practice_of(corpora, user, id)
    return attachment(export(practice.report(id), kind), f"report {practice.corpus}", kind)


@router.post("/interviews/{id}/{step}", summary="Take another step", response_model=TurnReply)
def take(id: Id, step: Step, corpora: Corpora, user: Practiser) -> Any:
    """A hint, skipping, not knowing, a pause, going on after it, ending early."""
    session = _session(corpora, user, id)
    return _turn(session, getattr(session, step.replace("-", "_"))())


@router.delete("/interviews/{id}", summary="Forget an interview", status_code=204)
def discard(id: Id, corpora: Corpora, user: Practiser) -> None:
    """Forget its course; the attempts stay."""
    _practice_of(corpora, user, id).discard(id)


@router.get("/progress", summary="See the progress", response_model=Progress)
def progress(
    corpora: Corpora,
    user: Practiser,
    corpus: CorpusQuery = None,
    zone: Annotated[str, Query(max_length=64, description="Time zone of the days.", examples=["Asia/Taipei"])] = "UTC",
) -> Any:
    """Coverage, what is due, the trend, the streak, what retries brought."""
    return corpora.practice(user, corpora.name(corpus)).progress(_zone(zone)).as_dict()


@router.get("/next-question", summary="Choose the next question", response_model=NextReply)
def next_question(
    corpora: Corpora,
    user: Practiser,
    corpus: CorpusQuery = None,
    category: Annotated[str | None, Query(max_length=200, description="Only from this category.")] = None,
    without: Annotated[list[int], Query(max_length=500, description="Numbers that are not wanted.")] = [],  # noqa: B006
) -> Any:
    """What to practise next: due first, then weak, then new, then known."""
    return chosen(corpora, user, corpus, category, without)


def chosen(
    corpora: OpenCorpora, user: str, corpus: str | None, category: str | None, without: list[int]
) -> dict[str, Any]:
    """The next question for a user.

    Raises:
        NotFound: no question fits.
    """
    name = corpora.name(corpus)
    practice = corpora.practice(user, name)
    setup = Setup(corpus=name, number=MOST_QUESTIONS, categories=(category,) if category else ())
    left = [(number, why) for number, why in practice.plan(setup) if number not in set(without)]
    if not left:
        raise NotFound("No question fits.", "Take another category, or fewer numbers in `without`.")
    number, why = left[0]
    categories = {c.number: c.category for c in practice.candidates}
    return {
        "corpus": name, "question": number, "title": practice.title(number), "category": categories[number], "why": why,
    }  # fmt: skip


def _practice_of(corpora: OpenCorpora, user: str, id: str) -> Practice:
    """The practice that an interview belongs to.

    Raises:
        NotFound: the user has no such interview.
    """
    return corpora.stage.practices.with_interview(user, id)


def _session(corpora: OpenCorpora, user: str, id: str) -> Session:
    return _practice_of(corpora, user, id).session(id)


def _turn(session: Session, said: Said) -> dict[str, Any]:
    return {
        "said": [u.model_dump(mode="json") for u in said],
        "interview": _views.dump_python(session.view(), mode="json"),
    }


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(f"There is no time zone {name!r}.", "Name one as in Asia/Taipei.") from error
