"""The sections of the speed report, and the flat bar figures that stand before them.

Knows workloads and stopwatches, nothing of the command line. Needs a quiet machine: everything is wall time.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eval.gold import rows
from eval.intervals import interval
from eval.speed.server import start_up
from eval.speed.stopwatch import Recipe, Timed, bare, messages_of, ours
from eval.speed.workload import conversations, first_questions, history
from ingest.corpora import document_path, ingest, read_document, read_expansions
from ingest.rubrics import read_rubrics, rubrics_path
from tutor.answering import prompt
from tutor.answering.tutor import Tutor
from tutor.interview.grading import Grader
from tutor.llm import open_model
from tutor.retrieval.search import Searcher
from tutor.settings import Settings

Say = Callable[[str], None]
SAMPLE_GRADES = 40
# A conversation's first reply is the one that may be new to the engine; the follow-ups are the rest.
CUT_RECIPE = 60


@dataclass(frozen=True)
class Sizes:
    """How much of each workload is run."""

    cold: int = 80
    warm: int = 80
    talks: int = 40
    recipe_talks: int = 4
    recipe_turns: int = 5
    overhead: int = 12
    users: tuple[int, ...] = (1, 4, 8, 16)
    ingest: bool = True


# With these and the packaged model, four minutes on 2 cores; turns of the usual recipe are the half of it.
QUICK = Sizes(cold=2, warm=3, talks=1, recipe_talks=1, recipe_turns=2, overhead=2, users=(2,), ingest=False)


def measure(settings: Settings, sizes: Sizes, say: Say) -> dict[str, Any]:
    """Run everything; the report, flat figures first."""
    report: dict[str, Any] = {}
    searcher = Searcher.configured(settings)
    searcher.warm_up()
    document = read_document(document_path(settings.corpora_dir, settings.corpus))
    with tempfile.TemporaryDirectory(prefix="tutor-speed-") as scratch:
        fresh = settings.model_copy(update={"prompt_cache_mib": 0})
        with open_model(fresh) as model:
            model.wait_ready(120)
            tutor = Tutor(searcher, model)
            questions = first_questions(searcher.titles, sizes.cold)
            report["first_cold"] = _series(_asked(tutor, questions, say, "cold"))
        with open_model(settings) as model:
            model.wait_ready(120)
            tutor = Tutor(searcher, model)
            questions = first_questions(searcher.titles, sizes.warm)
            talks = conversations(searcher.titles, sizes.talks)
            report["read_ahead"] = _read_ahead(tutor, {n for n, _ in [*questions, *_firsts(searcher, talks)]}, say)
            report["first_warm"] = _series(_asked(tutor, questions, say, "warm"))
            report["overhead"] = _overhead(tutor, questions[: sizes.overhead], say)
            report["conversations"] = _talks(tutor, talks, say)
            if sizes.recipe_talks:
                report["usual_recipe"] = _recipe(
                    tutor, document, settings, [talk[: sizes.recipe_turns] for talk in talks[: sizes.recipe_talks]], say
                )
            report["users"] = [_users(tutor, count, questions, say) for count in sizes.users]
        report["start_up"] = start_up(settings)
        report["grading"] = _grading(settings, document)
        report["ingest"] = _ingest(settings, Path(scratch), cold=sizes.ingest)
    return {**bars(report), **report}


def bars(report: dict[str, Any]) -> dict[str, Any]:
    """The figures that have a bar, flat."""
    talks, recipe = report["conversations"], report.get("usual_recipe")
    overhead, users = report["overhead"], report["users"][-1]
    return {
        "first_token_warm_median_ms": report["first_warm"]["first_ms"]["median"],
        "first_token_cold_median_ms": report["first_cold"]["first_ms"]["median"],
        "follow_up_median_ms": talks["follow_ups"]["first_ms"]["median"],
        "follow_up_p95_ms": talks["follow_ups"]["first_ms"]["p95"],
        "cached_share": talks["cached_share"],
        "sooner_than_usual_recipe": recipe["sooner"] if recipe else None,
        "overhead_first_token_ms": overhead["first_token_ms"],
        "streaming_rate_ratio": overhead["rate_ratio"],
        "users_errors": users["errors"],
        "users_longest_wait_ratio": users["longest_wait_ratio"],
        "page_s": report["start_up"]["page_s"],
        "model_ready_s": report["start_up"]["ready_s"],
        "memory_mb": report["start_up"]["memory_mb"],
        "ingest_cold_s": report["ingest"]["cold_s"],
        "ingest_unchanged_s": report["ingest"]["unchanged_s"],
        "ingest_one_edited_s": report["ingest"]["edited_s"],
        "grading_median_ms": report["grading"]["median"],
    }


def _asked(tutor: Tutor, questions: Sequence[tuple[int, str]], say: Say, name: str) -> list[Timed]:
    found = []
    for number, title in questions:
        found.append(ours(tutor, title))
        say(f"{name} {number}: {found[-1].first_ms:.0f} ms")
    return found


def _firsts(searcher: Searcher, talks: Sequence[Sequence[str]]) -> list[tuple[int, str]]:
    numbers = {title: number for number, title in searcher.titles.items()}
    return [(numbers[talk[0]], talk[0]) for talk in talks]


def _read_ahead(tutor: Tutor, numbers: set[int], say: Say) -> dict[str, Any]:
    """Read what the warm workloads ask about, as idle time would have."""
    spent = []
    for system in [prompt.beginning(), *(prompt.whole(tutor.room.sentences_of(n), "zh-Hant") for n in sorted(numbers))]:
        started = time.perf_counter()
        while not tutor.model.reads_at_once(system):
            tutor.model.read_ahead(system)
            spent.append(time.perf_counter() - started)
            say(f"read ahead: {spent[-1]:.1f} s")
    return {
        "read": len(spent),
        "seconds": round(sum(spent), 1),
        "a_question_s": round(float(np.median(spent)), 2) if spent else None,
    }


def _series(replies: Sequence[Timed]) -> dict[str, Any]:
    worded = [r for r in replies if r.model_first_ms is not None]
    return {
        "replies": len(replies),
        "not_worded": len(replies) - len(worded),
        "sources_ms": _spread([r.sources_ms for r in worded]),
        "first_ms": _spread([r.first_ms for r in worded]),
        "total_ms": _spread([r.total_ms for r in worded]),
        "prompt_tokens": _spread([r.prompt_tokens for r in worded]),
        "new_tokens": _spread([r.prompt_tokens - r.cached_tokens for r in worded]),
    }


def _spread(values: Sequence[float]) -> dict[str, float | None]:
    """Median with its interval, and the 95th percentile."""
    if not values:
        return {"median": None, "p95": None, "n": 0}
    middle = interval(np.asarray(values, dtype=np.float64), lambda some: float(np.median(some)))
    return {"median": round(middle["value"], 1), "p95": round(float(np.percentile(values, 95)), 1), **middle}


def _overhead(tutor: Tutor, questions: Sequence[tuple[int, str]], say: Say) -> dict[str, Any]:
    """Ours and the bare engine with the same prompt in the same state, in turns."""
    differences, rates = [], []
    for _, title in questions:
        messages = messages_of(tutor, title)
        if not messages:
            continue
        engine, reply = bare(tutor.model, messages), _afresh(tutor, title, messages[0][1])
        if reply.model_first_ms is None:
            continue
        differences.append(reply.first_ms - engine.first_ms)
        if engine.tokens_per_s and reply.tokens_per_s:
            rates.append(reply.tokens_per_s / engine.tokens_per_s)
        say(f"overhead: {differences[-1]:.0f} ms")
    return {
        "first_token_ms": round(float(np.median(differences)), 1) if differences else None,
        "rate_ratio": round(float(np.median(rates)), 3) if rates else None,
        "n": len(differences),
    }


def _afresh(tutor: Tutor, title: str, system: str) -> Timed:
    with tutor.model.line.enter() as ticket:
        ticket.wait()
        tutor.model.bring(ticket, system, prompt.beginning(), afresh=True)
    return ours(tutor, title)


def _talks(tutor: Tutor, talks: Sequence[Sequence[str]], say: Say) -> dict[str, Any]:
    turns: list[list[Timed]] = [[] for _ in range(len(talks[0]) if talks else 0)]
    for talk in talks:
        answers: list[str] = []
        for position, query in enumerate(talk):
            reply = ours(tutor, query, history(talk, answers))
            answers.append(reply.text)
            turns[position].append(reply)
            say(f"turn {position + 1}: {reply.first_ms:.0f} ms, {reply.prompt_tokens - reply.cached_tokens} new tokens")
    everything = [r for replies in turns for r in replies if r.model_first_ms is not None]
    read = sum(r.prompt_tokens for r in everything)
    return {
        "turns": [_series(replies) for replies in turns],
        "follow_ups": _series([r for replies in turns[1:] for r in replies]),
        "all": _series(everything),
        "cached_share": round(sum(r.cached_tokens for r in everything) / read, 3) if read else None,
    }


def _recipe(
    tutor: Tutor, document: Any, settings: Settings, talks: Sequence[Sequence[str]], say: Say
) -> dict[str, Any]:
    """The same conversations with the usual prompt on the same engine, each turn beside ours."""
    recipe = Recipe(document, settings.embedders[0])
    theirs, own = [], []
    for talk in talks:
        answers: list[str] = []
        for query in talk:
            turns = history(talk, answers)
            reply = ours(tutor, query, turns)
            other = bare(tutor.model, recipe.messages(query, turns), tokens=CUT_RECIPE)
            answers.append(reply.text)
            if reply.model_first_ms is not None:
                own.append(reply.first_ms)
                theirs.append(other.first_ms)
            say(f"usual recipe: {other.first_ms:.0f} ms, ours {reply.first_ms:.0f} ms")
    return {
        "ours_ms": _spread(own), "theirs_ms": _spread(theirs),
        "sooner": round(float(np.median(theirs) / np.median(own)), 1) if own else None,
    }  # fmt: skip


def _users(tutor: Tutor, count: int, questions: Sequence[tuple[int, str]], say: Say) -> dict[str, Any]:
    """`count` users ask at the same moment; a fair share of the wait is that of a line in order of arrival."""
    done: list[Timed | Exception] = []
    started = threading.Barrier(count)

    def ask(number: int) -> None:
        started.wait()
        try:
            done.append(ours(tutor, questions[number % len(questions)][1], owner=f"user-{number}"))
        except Exception as error:  # counted: the bar is none
            done.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(count)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    makespan = (time.perf_counter() - begun) * 1000
    replies = [r for r in done if isinstance(r, Timed) and "extractive" not in r.flags]
    longest = max((r.first_ms for r in replies), default=0.0)
    # Whoever comes last begins when all before have ended but those in the other slots: the makespan less one share.
    slots = tutor.model.line.slots
    fair = makespan * max(1, count - slots) / count
    say(f"{count} users: longest wait {longest:.0f} ms of {makespan:.0f}")
    return {
        "users": count, "errors": count - len(replies), "longest_wait_ms": round(longest, 1),
        "first_ms": _spread([r.first_ms for r in replies]), "makespan_ms": round(makespan, 1),
        "longest_wait_ratio": round(longest / fair, 2) if fair else None,
    }  # fmt: skip


def _grading(settings: Settings, document: Any) -> dict[str, Any]:
    path = document_path(settings.corpora_dir, settings.corpus)
    grader = Grader(read_rubrics(rubrics_path(path), document), {q.number: q.title for q in document.questions})
    spent = []
    for row in rows("grading", "dev")[:SAMPLE_GRADES]:
        started = time.perf_counter()
        grader.grade(row["question"], row["answer"])
        spent.append((time.perf_counter() - started) * 1000)
    return _spread(spent)


def _ingest(settings: Settings, scratch: Path, *, cold: bool) -> dict[str, Any]:
    """A fresh build, the same again, and one answer edited."""
    shipped = document_path(settings.corpora_dir, settings.corpus)
    copy = scratch / shipped.name
    for beside in shipped.parent.glob(f"{shipped.stem}.*"):
        shutil.copy(beside, scratch / beside.name)
    if not cold:  # its vectors are at hand: only what follows a change is timed
        kept = settings.corpora_dir / settings.corpus / "vectors.sqlite"
        (scratch / "corpora" / "speed").mkdir(parents=True)
        shutil.copy(kept, scratch / "corpora" / "speed" / kept.name)

    def build() -> float:
        started = time.perf_counter()
        ingest(scratch / "corpora", "speed", copy, embedders=settings.embedders)
        return round(time.perf_counter() - started, 2)

    first, unchanged = build(), build()
    text = copy.read_text(encoding="utf-8")
    place = text.index("。", len(text) // 2) + 1
    copy.write_text(f"{text[:place]}這一句是後來補上的。{text[place:]}", encoding="utf-8")
    assert read_expansions(copy, read_document(copy))
    return {"cold_s": first if cold else None, "unchanged_s": unchanged, "edited_s": build()}
