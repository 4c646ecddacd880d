"""An interview in the terminal: reads answers and commands, shows what is said, point by point feedback, the report.

Two screens share one loop: text for people, JSON Lines for programs. Knows sessions; choosing is `cli_interview.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TextIO

import click
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ingest.errors import TutorError
from ingest.markdown import plain
from tutor.interview.report import Report
from tutor.interview.report_markdown import facts_of, notes_of
from tutor.interview.report_words import Words
from tutor.interview.session import Session
from tutor.interview.state import Asked, PointRecord, Utterance

HELP = """\
Type your answer; an empty line finishes it.
/hint       a hint                      /skip      leave this question
/dontknow   say so, and be taught       /editor    write the answer in your editor
/pause      stop here, go on later      /end       end now and see the report
/dispute    list the verdicts on the last question; /dispute N [words] objects to one of them
/time       time used and left          /help      this list"""
_MARKS = {"met": "✓", "partial": "◐", "missing": "○", "contradicted": "✗"}
_COLOURS = {"met": "green", "partial": "yellow", "missing": "dim", "contradicted": "red"}


@dataclass(frozen=True)
class Input:
    """What came in: an answer, or a command with its arguments. Command "eof" is the end of the input."""

    answer: str | None = None
    command: str = ""
    arguments: tuple[str, ...] = ()


class Screen(Protocol):
    """Where an interview is shown and answered."""

    def read(self, session: Session) -> Input: ...
    def show(self, said: Sequence[Utterance], session: Session) -> None: ...
    def note(self, text: str) -> None: ...
    def verdicts(self, asked: Asked, words: Words) -> None: ...
    def report(self, report: Report) -> None: ...


def run(session: Session, screen: Screen) -> bool:
    """Go through the interview until it is over or left.

    Returns:
        Whether it is over; it is paused and can go on otherwise.
    """
    while not session.finished:
        try:
            given = screen.read(session)
        except (KeyboardInterrupt, EOFError):
            given = Input(command="eof")
        if given.command in {"pause", "eof"}:
            screen.show(session.pause(), session)
            return False
        take(session, screen, given)
    return True


def take(session: Session, screen: Screen, given: Input) -> None:
    """One answer or command."""
    if given.answer is not None:
        screen.show(session.answer(given.answer), session)
        return
    simple: dict[str, Callable[[], Sequence[Utterance]]] = {
        "hint": session.hint, "skip": session.skip, "dontknow": session.dont_know, "dont_know": session.dont_know,
        "end": session.end, "tick": session.tick,
    }  # fmt: skip
    if given.command in simple:
        screen.show(simple[given.command](), session)
    elif given.command == "dispute":
        dispute(session, screen, given.arguments)
    elif given.command == "time":
        view = session.view()
        words = Words(session.state.setup.language)
        colon = words("colon")
        left = "" if view.remaining is None else f" · {words('limit')}{colon}{words.duration(view.remaining)}"
        screen.note(f"{words('time')}{colon}{words.duration(view.used)}{left}")
    elif given.command == "help":
        screen.note(HELP)
    else:
        screen.note(f"There is no command /{given.command}; /help lists them.")


def dispute(session: Session, screen: Screen, arguments: Sequence[str]) -> None:
    """`/dispute` lists the verdicts on the last graded question, `/dispute N words` objects to one of them.

    The id of a key point in place of N may be of any graded question.
    """
    words = Words(session.state.setup.language)
    graded = [a for a in session.view().closed if a.grade is not None]
    if not graded:
        screen.note("There are no verdicts to dispute yet.")
        return
    asked = graded[-1]
    rest = list(arguments)
    if not rest:
        screen.verdicts(asked, words)
        return
    point = {str(i): p for i, p in enumerate(shown_points(asked), 1)}.get(rest[0])
    if point is None:
        named = ((a, p) for a in graded for p in shown_points(a) if p.id == rest[0])
        asked, point = next(named, (asked, None))
    if point is None:
        screen.note(f"There is no verdict {rest[0]} here; /dispute lists them.")
        return
    try:
        screen.show(session.dispute(asked.number, point.id, " ".join(rest[1:])), session)
    except TutorError as error:
        screen.note(error.message)


def shown_points(asked: Asked) -> list[PointRecord]:
    """The points of a graded question that feedback lists, in its order."""
    points = asked.grade.points if asked.grade else ()
    order = {"contradicted": 0, "met": 1, "partial": 2, "missing": 3}
    listed = [p for p in points if p.kind != "misconception" or p.verdict == "contradicted"]
    return sorted(listed, key=lambda p: (order[p.verdict], p.kind != "core", -p.weight))


class TextScreen:
    """For people. `interactive` asks with a prompt; otherwise the input is a script, read line by line."""

    def __init__(self, console: Console, source: TextIO, interactive: bool) -> None:
        self._console = console
        self._source = source
        self._interactive = interactive

    def read(self, session: Session) -> Input:
        """Lines up to an empty one, or a command on the first line."""
        lines: list[str] = []
        while True:
            line = self._line("› " if not lines else "  ")
            if line is None:
                return Input(answer="\n".join(lines)) if lines else Input(command="eof")
            if not lines and line.startswith("/"):
                given = command(line)
                if given.command == "editor":
                    return self._edited()
                return given
            if line.strip():
                lines.append(line)
            elif lines:
                return Input(answer="\n".join(lines))

    def _line(self, prompt: str) -> str | None:
        if self._interactive:
            try:
                return self._console.input(Text(prompt, style="bold cyan"))
            except EOFError:
                return None
        line = self._source.readline()
        return line.rstrip("\r\n") if line else None

    def _edited(self) -> Input:
        try:
            text = click.edit("", extension=".md") or ""
        except click.ClickException as error:
            self.note(error.format_message())
            return Input(command="help")
        return Input(answer=text) if text.strip() else Input(command="help")

    def show(self, said: Sequence[Utterance], session: Session) -> None:
        """What the interviewer said; the candidate's own words are on the screen already."""
        styles = {"question": "bold", "follow-up": "bold", "hint": "yellow", "feedback": "green", "notice": "dim"}
        for utterance in said:
            if utterance.who == "candidate":
                continue
            if utterance.kind in {"question", "follow-up"}:
                view = session.view()
                title = f"{view.position}/{view.total}" if utterance.kind == "question" else None
                self._console.print(Panel(Text(utterance.text, style="bold"), title=title, title_align="left"))
                continue
            self._console.print(Text(utterance.text, style=styles.get(utterance.kind, "")))
            if utterance.kind == "feedback":
                asked = next((a for a in session.view().closed if a.number == utterance.question), None)
                if asked is not None:
                    self._compare(asked, Words(session.state.setup.language))

    def note(self, text: str) -> None:
        """A remark that is not the interviewer's."""
        self._console.print(Text(text, style="dim"))

    def verdicts(self, asked: Asked, words: Words) -> None:
        """A short list, for choosing one."""
        for i, point in enumerate(shown_points(asked), 1):
            line = Text(
                f"{i:>3} {_MARKS[point.verdict]} {words.verdict(point.verdict)} ", style=_COLOURS[point.verdict]
            )
            self._console.print(line.append(point.said, style="default"))

    def _compare(self, asked: Asked, words: Words) -> None:
        """Point by point: the document's sentence beside the candidate's words."""
        table = Table(show_lines=True, expand=True)
        table.add_column("#", width=2)
        for name in ("point", "your-words", "document"):
            table.add_column(words(name), ratio=1, overflow="fold")
        for i, point in enumerate(shown_points(asked), 1):
            mark = Text(f"{_MARKS[point.verdict]} {words.verdict(point.verdict)}\n", style=_COLOURS[point.verdict])
            said = mark.append(point.said, style="default")
            source = plain(point.source.text) if point.source else "–"
            table.add_row(str(i), said, Text(point.quote or "–"), Text(source, style="dim"))
        self._console.print(table)

    def report(self, report: Report) -> None:
        """The summary; the whole report is what `--report FILE` writes."""
        words = Words(report.language)
        passed = words("passed-of", passed=report.passed, number=len(report.questions))
        colon = words("colon")
        score = f"{words('score')}{colon}{words.score(report.score)}"
        head = f"{score} · {words('passed')}{colon}{passed} · {words.duration(report.seconds)}"
        self._console.print(Panel(Text(head, style="bold"), title=words("title"), title_align="left"))
        for note in notes_of(report, words):
            self._console.print(Text(note, style="dim"))
        table = Table(box=None, pad_edge=False)
        for question in report.questions:
            table.add_row(
                str(question.number), Text(question.title), Text(" · ".join(facts_of(question, words)), style="dim")
            )
        self._console.print(table)
        if len(report.categories) > 1:
            self._console.print(Text(words("categories"), style="bold"))
            bars = Table(box=None, pad_edge=False)
            for category in report.categories:
                filled = round(category.score or 0)
                bars.add_row(
                    Text(category.category or "–"), "█" * filled + "░" * (10 - filled), words.score(category.score)
                )
            self._console.print(bars)
        if report.weakest:
            self._console.print(Text(words("weakest"), style="bold"))
            for i, weak in enumerate(report.weakest, 1):
                self._console.print(Text(f"  {i}. [{weak.question}] {weak.said}"))
                if weak.source:
                    self._console.print(Text(f"     {plain(weak.source.text)}", style="dim"))
        if report.review:
            self._console.print(Text(words("review"), style="bold"))
            for review in report.review:
                self._console.print(Text(f"  {words.day(review.due)}  {review.question}. {review.title}"))


class JsonScreen:
    """For programs: one JSON object a line in both directions.

    In: `{"answer": "..."}` or `{"command": "hint", "arguments": [...]}` (or one text, cut at its spaces); a line that is no JSON object is an answer,
    or a command where it begins with a slash. Out: `{"type": "said" | "note" | "verdicts" | "report", ...}`.
    """

    def __init__(self, source: TextIO, write: Callable[[str], None]) -> None:
        self._source = source
        self._write = write

    def read(self, session: Session) -> Input:
        """The next line that is not empty."""
        while line := self._source.readline():
            text = line.strip()
            if not text:
                continue
            try:
                row = json.loads(text)
            except ValueError:
                row = None
            if isinstance(row, dict) and isinstance(row.get("answer"), str):
                return Input(answer=row["answer"])
            if isinstance(row, dict) and isinstance(row.get("command"), str):
                return Input(command=row["command"], arguments=_arguments(row.get("arguments")))
            return command(text) if text.startswith("/") else Input(answer=text)
        return Input(command="eof")

    def show(self, said: Sequence[Utterance], session: Session) -> None:
        """Each utterance, with the grade where it is feedback."""
        for utterance in said:
            row: dict[str, Any] = {"type": "said", **utterance.model_dump(mode="json")}
            if utterance.kind == "feedback":
                asked = next((a for a in session.view().closed if a.number == utterance.question), None)
                if asked is not None and asked.grade is not None:
                    row["grade"] = asked.grade.model_dump(mode="json")
            self._emit(row)

    def note(self, text: str) -> None:
        """A remark."""
        self._emit({"type": "note", "text": text})

    def verdicts(self, asked: Asked, words: Words) -> None:
        """The verdicts on a question."""
        points = [p.model_dump(mode="json") for p in shown_points(asked)]
        self._emit({"type": "verdicts", "question": asked.number, "points": points})

    def report(self, report: Report) -> None:
        """The whole report."""
        self._emit({"type": "report", "report": report.as_dict()})

    def _emit(self, row: dict[str, Any]) -> None:
        self._write(json.dumps(row, ensure_ascii=False))


def _arguments(given: object) -> tuple[str, ...]:
    if isinstance(given, list):
        return tuple(map(str, given))
    return () if given is None else tuple(str(given).split())


def command(line: str) -> Input:
    """A line that begins with a slash."""
    name, *arguments = line[1:].split() or [""]
    return Input(command=name.lower().replace("-", "").replace("'", ""), arguments=tuple(arguments))
