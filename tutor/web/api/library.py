"""/api/v1/corpora: which documents there are, what is in them, adding and removing one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi import Path as InPath
from fastapi.responses import JSONResponse, Response

from ingest.corpora import shipped_document
from ingest.document import Question
from ingest.errors import NotFound
from ingest.shelf import remove as remove_corpus
from ingest.shelf import shelf
from tutor.web.api import shapes
from tutor.web.api.common import Admin, Asker, Corpora, events, sse_documented
from tutor.web.open_corpora import Documented
from tutor.web.pump import last_of
from tutor.web.uploads import Upload, adding, forget_document, preview

router = APIRouter(prefix="/corpora", tags=["corpora"])
CorpusName = Annotated[str, InPath(max_length=80, description="Name of a corpus.", examples=["llm-vlm-80"])]
QuestionNumber = Annotated[
    int, InPath(ge=0, le=shapes.LARGEST_NUMBER, description="Number of a question.", examples=[19])
]


@router.get("", summary="List the corpora", response_model=shapes.CorporaReply)
def list_corpora(corpora: Corpora, _: Asker) -> Any:
    """Every corpus, its document, and whether its index is up to date."""
    settings = corpora.settings
    return {
        "corpora": [
            {**vars(one), "document": Path(one.document).name, "used": one.name == settings.corpus}
            for one in shelf(settings.corpora_dir, settings.embedders)
        ]
    }


@router.post(
    "", summary="Add a document", response_model=shapes.AddReply,
    responses={200: sse_documented(
        progress="`stage`, and how far it is: `done` of `total`", done="the report", problem="what went wrong"
    )},
)  # fmt: skip
async def add(body: shapes.AddRequest, request: Request, corpora: Corpora, _: Admin) -> Response:
    """Parse a document and build its index; with `check`, only say what was found. A document of 80 questions takes
    about a minute: `stream` tells how far it is.
    """
    upload = Upload.of(body.filename, body.text, body.base64)
    settings = corpora.settings
    if body.check:
        return JSONResponse(await last_of(request, lambda: iter([preview(settings, upload, body.name)])))

    def work() -> Any:
        for name, data in adding(settings, upload, body.name, replace=body.replace):
            if name == "done":
                corpora.forget(data["corpus"])
            yield name, data

    if body.stream:
        return events(work, request.url.path)
    _, report = await last_of(request, work)
    return JSONResponse(report)


@router.delete("/{corpus}", summary="Remove a corpus", response_model=shapes.RemoveReply)
def remove(corpus: CorpusName, corpora: Corpora, _: Admin) -> Any:
    """Remove the index of a corpus and a document that was uploaded for it."""
    name = corpora.name(corpus)
    remove_corpus(corpora.settings.corpora_dir, name)
    forget_document(corpora.settings, name)
    corpora.forget(name)
    return {"corpus": name, "removed": True, "shipped": shipped_document(name) is not None}


@router.get("/{corpus}/questions", summary="List the questions", response_model=shapes.QuestionsReply)
def questions(corpus: CorpusName, corpora: Corpora, _: Asker) -> Any:
    """The questions of a corpus in the order of its document."""
    material = corpora.material(corpus)
    return {"corpus": corpus, "questions": [_row(q, material) for q in material.document.questions]}


@router.get("/{corpus}/questions/{number}", summary="Read a question", response_model=shapes.QuestionReply)
def question(corpus: CorpusName, number: QuestionNumber, corpora: Corpora, _: Asker) -> Any:
    """A question with its answer, verbatim, section by section."""
    found = corpora.question(corpus, number)
    material = corpora.material(corpus)
    source = material.document.source
    sections = [
        {"name": s.name, "role": s.role, "text": source[s.start : s.end], "start": s.start, "end": s.end}
        for s in found.sections
    ]
    return {**_row(found, material), "corpus": corpus, "links": list(found.links), "sections": sections}


@router.get("/{corpus}/questions/{number}/rubric", summary="Read a rubric", response_model=shapes.RubricReply)
def rubric(corpus: CorpusName, number: QuestionNumber, corpora: Corpora, _: Asker) -> Any:
    """What a full answer to a question contains."""
    corpora.question(corpus, number)
    found = corpora.material(corpus).grader.rubrics.get(number)
    if found is None:
        raise NotFound(f"Question {number} has no rubric.", "Add one beside the document: NAME.rubrics.yaml")
    return {
        "corpus": corpus, "question": number, "drafted": found.drafted, "drafted_by": found.drafted_by,
        "points": [p.model_dump() for p in found.points],
    }  # fmt: skip


def _row(found: Question, material: Documented) -> dict[str, Any]:
    return {
        "number": found.number, "title": found.title, "category": found.category, "answered": found.answered,
        "rubric": found.number in material.grader.rubrics,
    }  # fmt: skip
