"""What the commands do, apart from arguments and printing: open corpora and models, shape the result rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

from ingest.corpora import document_path, name_for, read_document, read_expansions, shipped_document
from ingest.corpora import ingest as ingest_corpus
from ingest.errors import IndexMissing, ModelUnavailable, UsageError
from tutor.retrieval.result import SearchResult, Turn
from tutor.settings import Settings

if TYPE_CHECKING:
    from tutor.answering.tutor import Tutor
    from tutor.llm import Model
    from tutor.retrieval.search import Searcher

# A user waits at most this long for a local model to load before a clear error; a first pull may take longer.
LOAD_SECONDS, PULL_SECONDS = 180.0, 3600.0


def ingest_document(settings: Settings, path: Path | None, corpus: str | None, console: Console) -> dict[str, Any]:
    """Ingest a document, or the shipped one, with a progress bar. The contract of `tutor ingest --json`."""
    name, source = _name_and_path(settings, path, corpus)
    with progress_bar(console) as progress:
        report = ingest_corpus(
            settings.corpora_dir,
            name,
            source,
            embedders=settings.embedders,
            chroma_url=settings.chroma_url,
            progress=progress,
        )
    return asdict(report)


def check_document(settings: Settings, path: Path | None, corpus: str | None) -> dict[str, Any]:
    """Parse only, and list the questions found."""
    from ingest.passages import passages

    name, source = _name_and_path(settings, path, corpus)
    document = read_document(source)
    return {
        "corpus": name,
        "questions": len(document.questions),
        "answered": sum(q.answered for q in document.questions),
        "sections": sum(len(q.sections) for q in document.questions),
        "passages": len(passages(document)),
        "skipped": [{"line": s.line, "reason": s.reason} for s in document.skipped],
        "seconds": 0.0,
        "unchanged": False,
        "parser": document.parser,
        "reason": document.reason,
        "items": [
            {"number": q.number, "title": q.title, "answered": q.answered, "line": q.line} for q in document.questions
        ],
    }


def _name_and_path(settings: Settings, path: Path | None, corpus: str | None) -> tuple[str, Path]:
    if path is None:
        name = corpus or settings.corpus
        return name, document_path(settings.corpora_dir, name)
    return corpus or name_for(path), path


def expand_corpus(settings: Settings, corpus: str, numbers: Sequence[int], console: Console) -> dict[str, Any]:
    """Draft expansions with the local model, then index them.

    Raises:
        UsageError: the corpus has reviewed expansions, lacks such a question, or there is no model to draft with.
    """
    from tutor.answering.expanding import expand
    from tutor.llm import open_model

    path = document_path(settings.corpora_dir, corpus)
    document = read_document(path)
    if read_expansions(path, document):
        raise UsageError(f"The corpus {corpus!r} has reviewed expansions, which are better than drafted ones.")
    absent = set(numbers) - {q.number for q in document.questions}
    if absent:
        raise UsageError(
            f"There is no question {min(absent)} in {corpus!r}.", "`tutor corpus list` shows how many there are."
        )
    folder = settings.corpora_dir / corpus
    folder.mkdir(parents=True, exist_ok=True)
    with open_model(settings) as model, progress_bar(console) as progress:
        wait_for_model(model, console)
        if not model.state.ready:
            raise UsageError("Drafting needs a model, and none runs.", "tutor models pull, then call it again.")
        drafted, failed = expand(model, document, folder, numbers=numbers, progress=progress)
    report = ingest_document(settings, path, corpus, console)
    return {"corpus": corpus, "drafted": drafted, "failed": failed, "unchanged": report["unchanged"]}


@contextmanager
def progress_bar(console: Console) -> Iterator[Any]:
    """A bar on a terminal, nothing elsewhere; what it yields is called with stage, done and total."""
    columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        tasks: dict[str, Any] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done)

        yield report


class Searchers:
    """Opens searchers by corpus name, once each; a shipped corpus that has no index yet is ingested first."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings = settings
        self._console = console
        self._open: dict[str, Searcher] = {}

    def get(self, corpus: str | None) -> Searcher:
        """The searcher of a corpus.

        Raises:
            IndexMissing: there is no such corpus.
            IndexMismatch: its index must be rebuilt.
        """
        from tutor.retrieval.search import Searcher

        name = corpus or self._settings.corpus
        if name not in self._open:
            searcher = self._ingested(Searcher, name)
            searcher.warm_up()
            self._open[name] = searcher
        return self._open[name]

    def _ingested(self, searcher: type[Searcher], name: str) -> Searcher:
        settings = self._settings
        try:
            return searcher.configured(settings, name)
        except IndexMissing:
            if shipped_document(name) is None:
                raise
            self._console.print(f"Building the index of {name} (once, about a minute) ...")
            ingest_document(settings, None, name, self._console)
            return searcher.configured(settings, name)


class Tutors:
    """Opens tutors by corpus name; they share one model. A context manager: leaving it stops the model."""

    def __init__(self, settings: Settings, searchers: Searchers, console: Console) -> None:
        from tutor.llm import open_model

        self._searchers = searchers
        self._console = console
        self.model = open_model(settings)
        self._open: dict[str, Tutor] = {}

    def __enter__(self) -> Tutors:
        return self

    def __exit__(self, *_: object) -> None:
        self.model.close()

    def get(self, corpus: str | None) -> Tutor:
        """The tutor of a corpus, once its model is ready.

        Raises:
            ModelUnavailable: the model could not be started.
        """
        from tutor.answering.tutor import Tutor

        searcher = self._searchers.get(corpus)
        key = searcher.index.folder.name
        if key not in self._open:
            wait_for_model(self.model, self._console)
            self._open[key] = Tutor(searcher, self.model)
        return self._open[key]


def wait_for_model(model: Model, console: Console) -> None:
    """Wait until the model is ready, showing what it does; returns at once where there is none.

    Raises:
        ModelUnavailable: it could not be started.
    """
    if model.state.state == "none":
        return
    if not console.is_terminal:
        console.print(f"model: {model.choice.name} ({model.choice.reason})", soft_wrap=True, markup=False)
    timeout = PULL_SECONDS if model.choice.needs_pull else LOAD_SECONDS
    with console.status(escape(f"Loading {model.choice.name} ...")) as status:
        waited = 0.0
        while waited < timeout and model.state.state in {"pulling", "loading"}:
            status.update(escape(model.state.reason))
            with suppress(ModelUnavailable):
                model.wait_ready(0.5)
            waited += 0.5
    model.wait_ready(1.0)


def search_row(searcher: Searcher, query: str, history: tuple[Turn, ...], top: int) -> dict[str, Any]:
    """One search in the shape of the contract."""
    return result_row(searcher.search(query, history, top))


def result_row(result: SearchResult) -> dict[str, Any]:
    """A search result in the shape of the contract: the best passage of each hit."""
    hits = []
    for hit in result.hits:
        best = hit.evidence[0].passage if hit.evidence else None
        hits.append({
            "question": hit.question, "title": hit.title, "score": hit.score,
            "section": best.section if best else "", "passage": best.text if best else "",
            "start": best.start if best else 0, "end": best.end if best else 0,
        })  # fmt: skip
    return {
        "query": result.query, "rewritten": result.rewritten, "in_corpus": result.in_corpus,
        "confidence": result.confidence, "hits": hits, "ms": result.ms,
    }  # fmt: skip


def history_of(row: dict[str, Any]) -> tuple[Turn, ...]:
    """The history of a batch row.

    Raises:
        ValueError: it is not a list of `{"role", "content"}`.
    """
    turns = row.get("history") or []
    if not isinstance(turns, list):
        raise ValueError("'history' must be a list")
    found = []
    for turn in turns:
        role, content = (turn.get("role"), turn.get("content")) if isinstance(turn, dict) else (None, None)
        if role not in {"user", "assistant"} or not isinstance(content, str):
            raise ValueError("a turn of 'history' needs a role (user or assistant) and a content")
        found.append(Turn(role, content))
    return tuple(found)
