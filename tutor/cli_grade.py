"""`tutor grade`: one answer or a batch, against the rubric of a question or against a bare reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ingest.errors import UsageError
from tutor.cli import Batch, CorpusName, Json, Out, emit, settings
from tutor.settings import Settings

if TYPE_CHECKING:
    from tutor.interview.grading import Grade, Grader


class Graders:
    """Opens graders by corpus name, once each. No index is needed: only the document and its rubrics."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open: dict[str, Grader] = {}

    def get(self, corpus: str | None) -> Grader:
        """The grader of a corpus.

        Raises:
            IndexMissing: there is no such corpus.
            DocumentError: its document or its rubrics cannot be used.
        """
        from ingest.corpora import document_path, read_document
        from tutor.interview.grading import Grader
        from tutor.interview.material import open_rubrics

        name = corpus or self._settings.corpus
        if name not in self._open:
            path = document_path(self._settings.corpora_dir, name)
            document = read_document(path)
            titles = {q.number: q.title for q in document.questions}
            self._open[name] = Grader(open_rubrics(self._settings.corpora_dir, name, path, document), titles)
        return self._open[name]


def grade(
    question: Annotated[int | None, typer.Option("--question", "-q", help="Number of the question.")] = None,
    answer: Annotated[str | None, typer.Option("--answer", "-a", help="The candidate's answer.")] = None,
    batch: Batch = None,
    out: Out = None,
    corpus: CorpusName = None,
    as_json: Json = False,
) -> None:
    """Grade an answer key point by key point."""
    from tutor.batch import run_batch

    graders = Graders(settings())
    if batch is not None:
        raise typer.Exit(1 if run_batch(batch, out, lambda row: grade_row(graders, row, corpus)) else 0)
    if question is None or answer is None:
        raise UsageError(
            "A question and an answer are needed.", "tutor grade --question 2 --answer '...', or --batch FILE"
        )
    found = grade_question(graders.get(corpus), question, answer)
    if as_json:
        emit({"id": "1", **found.as_dict()})
    else:
        _print(found, answer)


def grade_row(graders: Graders, row: dict[str, Any], corpus: str | None) -> dict[str, Any]:
    """One row of a batch, in either form of the contract.

    Raises:
        ValueError: a field is missing or of the wrong type.
        TutorError: there is no such corpus or question.
    """
    from tutor.batch import text_field
    from tutor.interview.grading import plain_grader

    answer = text_field(row, "answer")
    if "question" not in row and "reference" in row:
        asked, reference = text_field(row, "question_text"), text_field(row, "reference")
        return plain_grader().grade_reference(asked, reference, answer).as_dict()
    number = row.get("question")
    if not isinstance(number, int) or isinstance(number, bool):
        raise ValueError("'question' must be a number, or give 'question_text' and 'reference'")
    return grade_question(graders.get(row.get("corpus") or corpus), number, answer).as_dict()


def grade_question(grader: Grader, number: int, answer: str) -> Grade:
    """Grade against a rubric.

    Raises:
        UsageError: there is no such question, or it has no rubric.
    """
    if number not in grader.titles:
        raise UsageError(f"There is no question {number}.", "tutor ingest --check lists the questions.")
    if number not in grader.rubrics:
        raise UsageError(
            f"Question {number} has no key points yet.",
            f"tutor corpus rubric {number} --draft, or give `question_text` and `reference`.",
        )
    return grader.grade(number, answer)


def _print(found: Grade, answer: str) -> None:
    from tutor.answering.language import reply_language
    from tutor.interview.grade_text import grade_lines

    typer.echo("\n".join(grade_lines(found, reply_language(answer))))
