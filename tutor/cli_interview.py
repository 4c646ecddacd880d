"""`tutor interview` and `tutor progress`: choose, resume, run, report, and look back. Parses arguments and asks."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import typer
from rich.console import Console
from rich.prompt import Confirm, IntPrompt, Prompt
from rich.table import Table
from rich.text import Text

from ingest.errors import UsageError
from tutor.cli import CorpusName, Json, emit, settings
from tutor.interview.export_kinds import KINDS, NAMED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tutor.interview.practice import Practice
    from tutor.interview.progress import Progress
    from tutor.interview.rewording import Reworder
    from tutor.interview.session import Session
    from tutor.interview.setup import Setup
    from tutor.interview.state import Utterance
    from tutor.settings import Settings

stderr = Console(stderr=True, highlight=False)
LanguageName = Literal["zh-Hant", "zh-Hans", "en"]
ReportFile = Annotated[
    Path | None,
    typer.Option("--report", help=f"Write the report here: {NAMED}.", dir_okay=False),
]


def interview(
    number: Annotated[int | None, typer.Option("--number", "-n", min=1, max=200, help="How many questions; default 5.")] = None,
    questions: Annotated[list[int] | None, typer.Option("--question", "-q", help="Exactly this question; repeatable, in order.")] = None,
    categories: Annotated[list[str] | None, typer.Option("--category", help="Only categories whose name begins so or contains this; repeatable.")] = None,
    difficulty: Annotated[str, typer.Option(help="any, easy, medium or hard: how much a full answer takes.")] = "any",
    minutes: Annotated[float | None, typer.Option(min=0.1, help="Time limit.")] = None,
    follow_ups: Annotated[int | None, typer.Option("--follow-ups", min=0, max=3, help="At most so many for each question; default 1.")] = None,
    strictness: Annotated[str, typer.Option(help="lenient, fair or strict.")] = "fair",
    language: Annotated[str | None, typer.Option("--language", "-l", help="zh-Hant, zh-Hans or en.")] = None,
    persona: Annotated[str | None, typer.Option(help="friendly, neutral or sharp.")] = None,
    order: Annotated[str, typer.Option(help="memory (due, weak, new first), document or random.")] = "memory",
    seed: Annotated[int, typer.Option(help="Makes choices among equals.")] = 0,
    exam: Annotated[bool, typer.Option("--exam", help="No feedback before the end, and no hints.")] = False,
    due: Annotated[bool, typer.Option("--due", help="Only what is due for review.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the last unfinished interview.")] = False,
    new: Annotated[bool, typer.Option("--new", help="Begin a new one without asking about unfinished ones.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take the defaults without asking.")] = False,
    reword: Annotated[bool, typer.Option("--reword", help="Have the local model word questions anew, where it can.")] = False,
    report: ReportFile = None,
    corpus: CorpusName = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """A mock interview: asks, grades point by point, follows up, reports, remembers.

    Answers end with an empty line; /help lists the commands. Input may come from a pipe; with --json it is one JSON
    object a line in both directions.
    """
    from tutor.interview.practice import open_practice
    from tutor.store import LOCAL_USER, open_store

    if report is not None and report.suffix.removeprefix(".") not in KINDS:
        raise UsageError(
            f"A report cannot be written as {report.suffix or 'a file without ending'}.",
            f"Let its name end in one of: {' '.join(f'.{kind}' for kind in KINDS)}",
        )
    interactive = sys.stdin.isatty() and not as_json
    chosen = settings()
    with open_store(chosen) as store, _reworder(chosen, reword) as reworder:
        practice = open_practice(chosen, store, LOCAL_USER, corpus, reword=reworder)
        session = _unfinished(practice, resume, new, interactive and not yes)
        if session is None:
            given = {
                "number": number, "questions": questions and tuple(questions), "categories": _categories(practice, categories),
                "difficulty": difficulty, "minutes": minutes, "follow_ups": follow_ups, "strictness": strictness,
                "language": language, "persona": persona, "order": order, "seed": seed, "exam": exam or None,
            }  # fmt: skip
            if due:
                given["questions"] = tuple(practice.due()[: number or 5])
                if not given["questions"]:
                    _nothing_due(practice, as_json)
                    return
            if interactive and not yes:
                _ask(practice, given)
            session = practice.start(_setup(practice, given))
        _run(practice, session, interactive, as_json, report)


@contextmanager
def _reworder(chosen: Settings, wanted: bool) -> Iterator[Reworder | None]:
    """The local model as one who words questions anew, while it is needed. It loads in the background."""
    if not wanted:
        yield None
        return
    from tutor.interview.rewording import model_reworder
    from tutor.llm import open_model

    with open_model(chosen) as model:
        yield model_reworder(model)


def _setup(practice: Practice, given: dict[str, Any]) -> Setup:
    from pydantic import ValidationError

    from tutor.interview.setup import Setup

    wanted = {"language": practice.language, **{k: v for k, v in given.items() if v is not None}}
    unknown = set(wanted.get("questions") or ()) - {c.number for c in practice.candidates}
    if unknown:
        raise UsageError(
            f"There is no question {min(unknown)} with key points.", "tutor ingest --check lists the questions."
        )
    try:
        return Setup(corpus=practice.corpus, **wanted)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{'.'.join(map(str, first['loc']))} cannot be {first['input']!r}: {first['msg']}.") from error


def _categories(practice: Practice, wanted: list[str] | None) -> tuple[str, ...] | None:
    if not wanted:
        return None
    found: list[str] = []
    for name in wanted:
        hits = [c for c in practice.categories if c.lower().startswith(name.lower())]
        hits = hits or [c for c in practice.categories if name.lower() in c.lower()]
        if not hits:
            raise UsageError(f"There is no category {name!r}.", "The categories are: " + "; ".join(practice.categories))
        found += hits
    return tuple(dict.fromkeys(found))


def _unfinished(practice: Practice, resume: bool, new: bool, ask: bool) -> Session | None:
    rows = practice.unfinished()
    if new or not rows:
        if resume:
            raise UsageError("There is no unfinished interview.", "tutor interview")
        return None
    from tutor.interview.state import State

    state = State.model_validate(rows[0].state)
    line = (
        f"unfinished: question {len(state.asked)} of {len(state.plan)}, {rows[0].updated.astimezone():%Y-%m-%d %H:%M}"
    )
    if resume or (ask and Confirm.ask(f"Go on with it ({line})?", default=True, console=stderr)):
        return practice.session(rows[0].id)
    stderr.print(f"{line}; `tutor interview --resume` goes on with it.", markup=False)
    return None


def _ask(practice: Practice, given: dict[str, Any]) -> None:
    """The set-up questions that no option has answered."""
    from tutor.interview.setup import MOST_FOLLOW_UPS, Persona

    if given["questions"] is None and given["categories"] is None and len(practice.categories) > 1:
        for i, category in enumerate(practice.categories, 1):
            stderr.print(f"  {i}  {category}", markup=False)
        wanted = Prompt.ask("Categories (numbers, empty for all)", default="", show_default=False, console=stderr)
        numbers = [int(n) for n in wanted.replace(",", " ").split() if n.isdigit()]
        named = [practice.categories[n - 1] for n in numbers if 1 <= n <= len(practice.categories)]
        given["categories"] = tuple(named) or None
    if given["number"] is None and given["questions"] is None:
        given["number"] = max(1, IntPrompt.ask("How many questions", default=5, console=stderr))
    if given["language"] is None:
        given["language"] = Prompt.ask(
            "Language", choices=list(get_args(LanguageName)), default=practice.language, console=stderr
        )
    if given["persona"] is None:
        given["persona"] = Prompt.ask("Interviewer", choices=list(get_args(Persona)), default="neutral", console=stderr)
    if given["follow_ups"] is None:
        depths = [str(n) for n in range(MOST_FOLLOW_UPS + 1)]
        given["follow_ups"] = int(
            Prompt.ask("Follow-ups for each question", choices=depths, default="1", console=stderr)
        )
    if given["minutes"] is None:
        minutes = IntPrompt.ask("Time limit in minutes (0 for none)", default=0, console=stderr)
        given["minutes"] = minutes or None
    if given["exam"] is None:
        given["exam"] = Confirm.ask("Exam (no feedback before the end)", default=False, console=stderr)


def _run(practice: Practice, session: Session, interactive: bool, as_json: bool, report: Path | None) -> None:
    from tutor.interview_terminal import HELP, JsonScreen, Screen, TextScreen, dispute, run

    text = TextScreen(Console(highlight=False), sys.stdin, interactive)
    screen: Screen = JsonScreen(sys.stdin, typer.echo) if as_json else text
    if interactive:
        screen.note(HELP)
    said = session.go_on()
    screen.show(said or _standing(session), session)
    over = run(session, screen)
    if not over:
        stderr.print("Saved. `tutor interview --resume` goes on with it.")
        return
    screen.report(practice.report(session.id))
    if interactive and any(a.grade for a in session.view().closed):
        while answer := Prompt.ask(
            "Dispute a verdict on the last question (N and words), or Enter",
            default="",
            show_default=False,
            console=stderr,
        ):
            dispute(session, screen, answer.removeprefix("/dispute").split())
    if report is not None:
        _write(practice, session.id, report)


def _standing(session: Session) -> Sequence[Utterance]:
    """What the candidate needs to see on opening: all of a fresh interview, the open question of one that was cut off."""
    said = session.view().transcript
    if not any(u.who == "candidate" for u in said) and len(said) <= 2:
        return said
    return [u for u in said if u.kind in {"question", "follow-up"}][-1:]


def _write(practice: Practice, identifier: str, path: Path) -> None:
    from tutor.interview.exports import export

    try:
        text = export(practice.report(identifier), path.suffix.removeprefix("."))
        path.write_text(text, encoding="utf-8", newline="")  # lines end as the kind of file wants it
    except OSError as error:
        raise UsageError(f"The report cannot be written to {path}: {error.strerror}.") from error
    stderr.print(f"Report: {path}", markup=False)


def _nothing_due(practice: Practice, as_json: bool) -> None:
    from datetime import UTC

    found = practice.progress(UTC)
    when = found.upcoming[0].due if found.upcoming else None
    if as_json:
        emit({"type": "note", "text": "nothing is due", "next": when.isoformat() if when else None})
        return
    following = f"Next: {when.astimezone():%Y-%m-%d}." if when else "Nothing was practised yet: `tutor interview`."
    typer.echo(f"Nothing is due. {following}")


def progress(corpus: CorpusName = None, as_json: Json = False) -> None:
    """Coverage, what is due, the trend, the streak, and what retries brought."""
    from datetime import datetime

    from tutor.interview.practice import open_practice
    from tutor.store import LOCAL_USER, open_store

    chosen = settings()
    zone = datetime.now().astimezone().tzinfo
    assert zone is not None
    with open_store(chosen) as store:
        practice = open_practice(chosen, store, LOCAL_USER, corpus)
        found = practice.progress(zone)
    if as_json:
        emit({"corpus": practice.corpus, **found.as_dict()})
        return
    _print_progress(practice, found)


def _print_progress(practice: Practice, found: Progress) -> None:
    console = Console(highlight=False)
    if not found.attempts:
        console.print(f"{practice.corpus}: nothing practised yet. `tutor interview` begins.", markup=False)
        return
    console.print(
        f"{practice.corpus}: {found.asked} of {found.questions} questions practised, {found.passed} passed, "
        f"{found.attempts} attempts, streak {found.streak} {'day' if found.streak == 1 else 'days'}",
        markup=False, soft_wrap=True,
    )  # fmt: skip
    table = Table(box=None, pad_edge=False)
    for one in found.categories:
        done = round(10 * one.asked / one.questions)
        mean = "" if one.score is None else f"{one.score:.1f} of 10"
        table.add_row(Text(one.category or "–"), "█" * done + "░" * (10 - done), f"{one.asked}/{one.questions}", mean)
    console.print(table)
    if found.due:
        console.print(f"Due now ({len(found.due)}; `tutor interview --due`):", markup=False)
        for due in found.due[:10]:
            console.print(f"  {due.question}. {practice.title(due.question)}", markup=False, soft_wrap=True)
    elif found.upcoming:
        console.print(f"Nothing is due; next {found.upcoming[0].due.astimezone():%Y-%m-%d}.", markup=False)
    for day in found.trend[-14:]:
        mean = "unscored" if day.score is None else f"{day.score:.1f}"
        console.print(f"  {day.day}  {'▪' * min(day.attempts, 30)} {day.attempts}, mean {mean}", markup=False)
    if found.gain is not None:
        console.print(f"Retries: {len(found.retries)} questions, {found.gain:+.1f} points on average", markup=False)
