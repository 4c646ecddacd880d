"""What requests and responses of the API look like: the contracts of the command line as pydantic models.

Field descriptions become the OpenAPI document. Knows no routes and does no work.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

# Longer texts are refused: nobody types as much, and a prompt must fit the model.
LONGEST_QUERY, LONGEST_ANSWER, LONGEST_TURN = 4000, 20_000, 50_000
# Numbers of questions are printed in documents; larger ones are no question's.
LARGEST_NUMBER = 1_000_000


def _without_nul(text: str) -> str:
    """No text of a person holds one, and PostgreSQL keeps none."""
    return text.replace("\x00", "")


Plain = AfterValidator(_without_nul)
Query = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_QUERY), Plain]
AnswerText = Annotated[str, StringConstraints(max_length=LONGEST_ANSWER), Plain]
Title = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), Plain]
Name = Annotated[str, StringConstraints(min_length=1, max_length=80), Plain]
Number = Annotated[int, Field(ge=0, le=LARGEST_NUMBER)]


class Closed(BaseModel):
    """A request: fields that it does not know are refused, since they are most likely typing errors."""

    model_config = ConfigDict(extra="forbid")


class Turn(Closed):
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    content: Annotated[str, StringConstraints(max_length=LONGEST_TURN), Plain]


class Asked(Closed):
    """A query, the conversation before it, and the corpus that is meant."""

    query: Query = Field(
        description="The words of the user, in any language.", examples=["KV Cache 為什麼能加速推理？"]
    )
    history: list[Turn] = Field(default=[], max_length=200, description="The conversation before it, oldest first.")
    corpus: Name | None = Field(
        default=None, description="Name of a corpus; the one of the settings where none is named."
    )


class SearchRequest(Asked):
    """What is looked for."""

    top: int = Field(default=5, ge=1, le=100, description="Number of hits.")


class Hit(BaseModel):
    """A question that answers the query, with its best passage."""

    question: int
    title: str
    score: float = Field(description="Fused score of all legs, higher is better.")
    section: str
    passage: str = Field(description="Verbatim slice of the document.")
    start: int = Field(description="Character offsets of the passage in the document, half open.")
    end: int


class SearchReply(BaseModel):
    """A ranking."""

    query: str
    rewritten: str | None = Field(
        description="The stand-alone form that was searched, null where it was the query itself."
    )
    in_corpus: bool = Field(description="Whether the corpus answers the query.")
    confidence: float = Field(description="Calibrated probability that it does, 0 to 1.")
    hits: list[Hit]
    ms: float


class AskRequest(Asked):
    """A question, answered at once or as a stream."""

    stream: bool = Field(
        default=False,
        description="Answer with server-sent events `sources`, `waiting` (its place in line), `text` (many), "
        "`checking` (sentences in doubt), `done`, or `problem`. "
        "The header `Accept: text/event-stream` asks for the same.",
    )
    conversation: Name | None = Field(
        default=None,
        description="A kept conversation: its messages are the history, and question and answer are added to it.",
    )


class Citation(BaseModel):
    """What one sentence of the answer rests on."""

    question: int
    section: str
    quote: str = Field(description="Verbatim slice of the document.")
    start: int
    end: int
    status: Literal["supported", "partial", "unsupported"]


class AnswerReply(BaseModel):
    """A finished reply."""

    answer: str = Field(description="Markdown with citations such as 【第19題】 or 【Q19】.")
    refused: bool = Field(description="The document does not say this; `suggestions` are the nearest questions.")
    language: str
    citations: list[Citation]
    suggestions: list[int] = Field(
        description="Nearest questions with a refusal; with the flag `list` those of the topic."
    )
    flags: list[str] = Field(description="What the checks noticed, such as `extractive`: no model worded it.")
    timings: dict[str, float | None]
    usage: dict[str, int]
    model: str
    conversation: str | None = Field(default=None, description="The conversation that it was added to.")


class GradeRequest(Closed):
    """An answer to a question of the corpus, or to any question with a reference answer."""

    answer: AnswerText = Field(examples=["KV Cache 保存先前 token 的 Key 和 Value，避免重複計算。"])
    question: Number | None = Field(default=None, description="Number of a question that has a rubric.", examples=[19])
    corpus: Name | None = None
    question_text: AnswerText | None = Field(default=None, description="Any question, together with `reference`.")
    reference: AnswerText | None = Field(default=None, description="A right answer to `question_text`.")


class Point(BaseModel):
    """The verdict on one key point."""

    id: str
    statement: str
    kind: str
    weight: float
    verdict: Literal["met", "partial", "missing", "contradicted"]
    quote: str = Field(description="Verbatim slice of the candidate's answer, empty where the point is missing.")


class GradeReply(BaseModel):
    """The grade of one answer; score and level are null where there was nothing to grade with."""

    score: float | None = Field(description="0 to 10.")
    level: int | None = Field(description="0 to 4.")
    points: list[Point]
    flags: list[str]
    uncertain: bool
    feedback: str
    model: str


class CorpusReply(BaseModel):
    """A corpus as it stands."""

    name: str
    document: str = Field(description="File name of its document.")
    questions: int | None = Field(description="How many it has; null where it has no index.")
    built: str | None
    embedders: list[str]
    stale: bool = Field(description="Whether it should be built anew; `reason` says why.")
    reason: str
    shipped: bool
    used: bool = Field(description="Whether it is asked where none is named.")


class CorporaReply(BaseModel):
    """Every corpus."""

    corpora: list[CorpusReply]


class AddRequest(Closed):
    """A document, as text or, if it is no text, in base64."""

    filename: Annotated[str, StringConstraints(min_length=1, max_length=200), Plain] = Field(
        description="Its ending says what it is: .md, .txt, .html, .docx, .pptx, .pdf.", examples=["interview.md"]
    )
    text: str | None = Field(
        default=None, description="The document.", examples=["### 1. What is a cache?\n\nA store."]
    )
    base64: str | None = Field(default=None, description="The document's bytes in base64, in place of `text`.")
    name: Name | None = Field(default=None, description="Name of the corpus; made from the file name where missing.")
    replace: bool = Field(default=False, description="Take the name from the document that has it.")
    check: bool = Field(default=False, description="Only parse, and list what was found and what was skipped.")
    stream: bool = Field(default=False, description="Server-sent events `progress` and then `done`, or `problem`.")


class Skipped(BaseModel):
    """A part of the document that was left out, and why."""

    line: int
    reason: str


class Item(BaseModel):
    """A question that was found."""

    number: int
    title: str
    answered: bool
    line: int


class AddReply(BaseModel):
    """What was found in a document; with `check` nothing was built."""

    corpus: str
    questions: int
    answered: int
    sections: int
    passages: int
    skipped: list[Skipped]
    seconds: float
    unchanged: bool
    parser: str = Field(description="How the document was read, and in `reason` why so.")
    reason: str
    items: list[Item] = []


class RemoveReply(BaseModel):
    """A corpus that is gone."""

    corpus: str
    removed: bool
    shipped: bool = Field(description="Its document travels with the program: it can come back.")


class QuestionRow(BaseModel):
    """A question in a list."""

    number: int
    title: str
    category: str
    answered: bool
    rubric: bool = Field(description="Whether an answer to it can be graded by key points.")


class QuestionsReply(BaseModel):
    """The questions of a corpus, in the order of the document."""

    corpus: str
    questions: list[QuestionRow]


class SectionReply(BaseModel):
    """A named part of an answer, verbatim."""

    name: str
    role: str
    text: str = Field(description="Markdown, verbatim.")
    start: int
    end: int


class QuestionReply(QuestionRow):
    """A question with its answer."""

    corpus: str
    links: list[int] = Field(description="Questions that its text refers to.")
    sections: list[SectionReply]


class KeyPointReply(BaseModel):
    """One thing that a full answer says, or, of kind misconception, never says."""

    id: str
    kind: Literal["core", "detail", "misconception"]
    weight: float
    statement: str
    statement_en: str
    quote: str


class RubricReply(BaseModel):
    """The key points of a question."""

    corpus: str
    question: int
    drafted: bool = Field(description="Whether nobody has reviewed it; grades by it are uncertain.")
    drafted_by: str = Field(description="The language model that chose the points of a draft; empty for a rule.")
    points: list[KeyPointReply]


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str = Field(description="What happened, for users.")
    instance: str = ""
    mend: str = Field(default="", description="What can be done about it.")
    errors: list[dict[str, Any]] = Field(default=[], description="What is wrong with which field.")


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": words, "content": {"application/problem+json": {"schema": Problem.model_json_schema()}}}
    for status, words in {
        400: "Malformed request",
        401: "Sign in, or send an API key",
        403: "Not allowed",
        404: "Not there",
        409: "Not possible in this state",
        413: "Too large",
        415: "Not JSON",
        422: "Not usable as it is",
        429: "Too many requests",
        503: "Not available now",
    }.items()
}
