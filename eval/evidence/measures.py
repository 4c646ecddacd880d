"""Every measure by name, and running them one after another into one report.

A measure that fails is reported with its reason and the rest goes on. Knows which function measures what, nothing
of how a report looks. A new measure is one entry in `MEASURES`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from rich.console import Console

from eval.evidence.failures import failures_of
from eval.evidence.figures import figures_of
from eval.evidence.provenance import provenance
from eval.gold import SINGLE_QUERIES, Part, digest, file_digest, sampled
from ingest.errors import TutorError, UsageError
from tutor.commands import Searchers, Tutors
from tutor.settings import Settings

if TYPE_CHECKING:
    from tutor.answering.tutor import Tutor
    from tutor.retrieval.search import Searcher

log = logging.getLogger(__name__)
FORMAT = 1
Report = dict[str, Any]


class Bench:
    """What is measured, opened when it is first needed.

    Args:
        part: dev or test.
    """

    def __init__(self, settings: Settings, part: Part, console: Console) -> None:
        self.settings = settings
        self.part: Part = part
        self.limit: int | None = None
        self._console = console
        self._searchers = Searchers(settings, console)
        self._tutors: Tutors | None = None

    @cached_property
    def searcher(self) -> Searcher:
        """The searcher of the corpus of the settings."""
        return self._searchers.get(None)

    @cached_property
    def tutor(self) -> Tutor:
        """The tutor of the corpus of the settings, its model ready."""
        self._tutors = Tutors(self.settings, self._searchers, self._console)
        return self._tutors.get(None)

    @property
    def model(self) -> str:
        """Name of the model that answered, "" where none was asked."""
        return self._tutors.model.name if self._tutors else ""

    def advance(self, row: str) -> None:
        """Say that a row is done."""
        if self._console.is_terminal:
            self._console.print(row, end=" ")

    def say(self, line: str) -> None:
        """Say what is being done."""
        self._console.print(line, markup=False, highlight=False)

    def close(self) -> None:
        """Stop the model."""
        if self._tutors is not None:
            self._tutors.model.close()


@dataclass(frozen=True)
class Measure:
    """One measure.

    Args:
        run: takes the bench, gives the measure's own report.
        gold: gold sets that it reads, as `eval/gold/NAME_PART.jsonl`.
        files: what else it reads of `eval/gold`, whatever the part and the limit.
        quick: rows of each set in the quick report; None for all of them.
        needs: module that does it, for measures that not every tree has.
        asks: whether a model words what is measured.
    """

    name: str
    title: str
    run: Callable[[Bench], Report]
    gold: tuple[str, ...]
    quick: int | None = None
    needs: str = ""
    asks: bool = False
    files: tuple[str, ...] = ()

    def rows(self, part: Part) -> dict[str, str]:
        """What it reads, by name, as digests: equal where two reports were measured on the same rows."""
        return {name: digest(name, part) for name in self.gold} | {name: file_digest(name) for name in self.files}


def _retrieval(bench: Bench) -> Report:
    from eval.retrieval import measure

    return measure(bench.searcher, bench.part)


def _answers(bench: Bench) -> Report:
    from eval.answers import measure

    return measure(bench.tutor, bench.part, None, bench.advance)


def _attacks(bench: Bench) -> Report:
    from eval.attacks import measure

    return measure(bench.tutor, bench.part, None, None, bench.advance)


def _grading(bench: Bench) -> Report:
    from eval.grading import measure

    return measure(bench.part)


def _interview(bench: Bench) -> Report:
    from eval.interview import measure

    return measure(bench.limit is not None, bench.say)


def _refusal(bench: Bench) -> Report:
    from eval.refusal import measure
    from tutor.answering.tutor import Tutor
    from tutor.llm import open_model

    # Refusals and corrections are decided before a model speaks: none is asked.
    with open_model(bench.settings.model_copy(update={"model": "none"})) as silent:
        return measure(Tutor(bench.searcher, silent), bench.part, bench.advance)


def _waiting(bench: Bench) -> Report:
    from eval.evidence.waiting import measure

    return measure(bench.tutor, bench.part, bench.limit, bench.advance)


def _speed(bench: Bench) -> Report:
    from importlib import import_module

    if bench.settings.model in {"none", "fake"}:
        raise UsageError("Times hold for a real model only.", "tutor models pull")
    module = import_module("eval.speed.measure")
    bench.close()  # it starts models of its own, and two would share the cores
    sizes = module.QUICK if bench.limit is not None else module.Sizes()
    found: Report = module.measure(bench.settings, sizes, bench.say)
    return found


def _support(bench: Bench) -> Report:
    from importlib import import_module

    tutor = bench.tutor
    found: Report = import_module("eval.support").measure(tutor.room, bench.part, tutor.model)
    return found


_ASKED = ("unanswerable", "unanswerable_follow_ups", "answers", "answerable_hard", "retrieval", "conversations")
_SINGLE = (
    "retrieval",
    "conversations",
    "short_follow_ups",
    *SINGLE_QUERIES,
    "switches",
    "answerable_hard",
    "unanswerable",
)
# Rows of the quick report were chosen so that all of it ends within 15 minutes on 2 cores with the packaged model.
MEASURES = (
    Measure("retrieval", "Finding the right question", _retrieval, _SINGLE),
    Measure("refusal", "Refusing what the document does not say", _refusal, _ASKED, quick=40),
    Measure("support", "Checking what a sentence rests on", _support, ("support",), needs="eval.support"),
    Measure("grading", "Grading answers", _grading, ("grading", "claims"), quick=48),
    Measure("interview", "Interviews with simulated candidates", _interview, (), quick=1),
    Measure("answers", "Answering", _answers, ("answers",), quick=10, asks=True),
    Measure(
        "attacks",
        "Attacks and harmless look-alikes",
        _attacks,
        ("attacks",),
        quick=16,
        asks=True,
        files=("poisoned.jsonl", "poisoned.md"),
    ),
    Measure("waiting", "Waiting", _waiting, ("answers", "unanswerable", "grading"), quick=3, asks=True),
    Measure(
        "speed", "Speed beside the bare engine and the usual recipe", _speed, (), quick=1, needs="eval.speed", asks=True
    ),
)


def available() -> tuple[Measure, ...]:
    """The measures that this tree has."""
    return tuple(m for m in MEASURES if not m.needs or find_spec(m.needs) is not None)


def run_all(
    bench: Bench,
    *,
    quick: bool = False,
    limit: int | None = None,
    only: Sequence[str] = (),
    keep: Callable[[Report], None] = lambda _: None,
) -> Report:
    """Run the measures and gather what they found.

    Args:
        limit: about so many rows of every gold set, whatever the measure.
        only: names of measures; all of them where empty.
        keep: is given the report so far after each measure, so that whoever stops early has what was measured.
    """
    begun = time.perf_counter()
    measures: dict[str, Report] = {}
    chosen = [measure for measure in available() if not only or measure.name in only]

    def report() -> Report:
        return {
            "format": FORMAT,
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "part": bench.part,
            "quick": quick,
            "seconds": round(time.perf_counter() - begun, 1),
            "provenance": provenance(bench.settings, bench.model),
            "measures": dict(measures),
        }

    with _closing(bench):
        for number, measure in enumerate(chosen, 1):
            bench.say(
                f"{number} of {len(chosen)}, after {(time.perf_counter() - begun) / 60:.0f} min: {measure.title} ..."
            )
            measures[measure.name] = _run(measure, bench, limit if limit else measure.quick if quick else None)
            keep(report())
    return report()


def _run(measure: Measure, bench: Bench, limit: int | None) -> Report:
    begun = time.perf_counter()
    found: Report = {"title": measure.title, "limit": limit}
    bench.limit = limit
    try:
        with sampled(limit):
            found["gold"] = measure.rows(bench.part)
            found["report"] = measure.run(bench)
            found["figures"] = figures_of(measure.name, found["report"])
            if measure.asks and bench.model in {"none", "fake"}:
                found["note"] = f"Worded by no language model (TUTOR_MODEL={bench.model})."
            found["failures"] = failures_of(measure.name, found["report"], bench.part)
    except TutorError as error:
        found["error"] = f"{error.message} {error.mend}".strip()
    except Exception as error:  # a bug in one measure must not lose the others; it is told, and the exit code is 1
        log.exception("%s failed", measure.name)
        found["error"] = f"{type(error).__name__}: {error}"
    if "error" in found:
        bench.say(f"  not measured: {found['error']}")
    found["seconds"] = round(time.perf_counter() - begun, 1)
    return found


def require_whole(report: Report) -> None:
    """Nothing where every measure of a report was made.

    Raises:
        UsageError: one failed; what is compared with such a report is never found worse.
    """
    for name, found in report["measures"].items():
        if "error" in found:
            raise UsageError(f"The measure {name} failed: {found['error']}", "Mend that, and measure again.")


@contextmanager
def _closing(bench: Bench) -> Iterator[None]:
    try:
        yield
    finally:
        bench.close()
