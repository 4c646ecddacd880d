"""The sections of the speed report, and the flat bar figures that stand before them.

Knows workloads and stopwatches, nothing of the command line. Needs a quiet machine: everything is wall time.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eval.baselines.replies import Recipe
from eval.speed.beside import grading, ingesting, interviewing
from eval.speed.server import start_up
from eval.speed.workload import conversations, first_questions, history
from eval.stopwatch import Timed, bare, messages_of, ours, spread
from ingest.corpora import document_path, read_document
from tutor.answering import prompt
from tutor.answering.tutor import Tutor
from tutor.llm import open_model
from tutor.retrieval.search import Searcher
from tutor.settings import Settings

Say = Callable[[str], None]
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
    interviews: int = 8
    ingest: bool = True


# With these and the packaged model, under three minutes on 2 cores; one turn of the usual recipe is a quarter of it.
QUICK = Sizes(
    cold=2, warm=3, talks=1, recipe_talks=1, recipe_turns=1, overhead=2, users=(2,), interviews=1, ingest=False
)


def measure(settings: Settings, sizes: Sizes, say: Say) -> dict[str, Any]:
    """Run everything; the report, flat figures first."""
    report: dict[str, Any] = {}
    searcher = Searcher.configured(settings)
    searcher.warm_up()
    document = read_document(document_path(settings.corpora_dir, settings.corpus))
    recipe = Recipe(document, settings.embedders[0]) if sizes.recipe_talks else None
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
            if recipe is not None:
                some = [talk[: sizes.recipe_turns] for talk in talks[: sizes.recipe_talks]]
                report["usual_recipe"] = _recipe(recipe, tutor, some, say)
            report["users"] = [_users(tutor, count, questions, say) for count in sizes.users]
        report["start_up"] = start_up(settings)
        report["grading"] = grading(settings, document)
        report["interviews"] = interviewing(settings, sizes.interviews)
        report["ingest"] = ingesting(settings, Path(scratch), cold=sizes.ingest)
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
        "model_calls_first_question_median": report["first_warm"]["model_calls"]["median"],
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
        "interview_turn_median_ms": report["interviews"]["turn_ms"]["median"],
    }


def _asked(tutor: Tutor, questions: Sequence[tuple[int, str]], say: Say, name: str) -> list[Timed]:
    found = []
    for number, title in questions:
        found.append(ours(tutor, title, whole=False))
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
    talks = [r.talk for r in worded]
    return {
        "replies": len(replies),
        "not_worded": len(replies) - len(worded),
        "sources_ms": spread([r.sources_ms for r in worded], talks),
        "first_ms": spread([r.first_ms for r in worded], talks),
        "written_ms": spread([r.written_ms for r in worded], talks),
        "prompt_tokens": spread([r.prompt_tokens for r in worded], talks),
        "model_calls": spread([r.calls for r in worded], talks),
        "new_tokens": spread([r.prompt_tokens - r.cached_tokens for r in worded], talks),
    }


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
    for number, talk in enumerate(talks):
        answers: list[str] = []
        for position, query in enumerate(talk):
            reply = ours(tutor, query, history(talk, answers), whole=False)
            reply.talk = number
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


def _recipe(recipe: Recipe, tutor: Tutor, talks: Sequence[Sequence[str]], say: Say) -> dict[str, Any]:
    """The same conversations with the usual prompt on the same engine, each turn beside ours."""
    theirs: list[list[float]] = [[] for _ in range(len(talks[0]) if talks else 0)]
    own, every, of = [], [], []
    for number, talk in enumerate(talks):
        answers: list[str] = []
        for position, query in enumerate(talk):
            turns = history(talk, answers)
            reply = ours(tutor, query, turns, whole=False)
            other = bare(tutor.model, recipe.messages(query, turns), tokens=CUT_RECIPE)
            answers.append(reply.text)
            if reply.model_first_ms is not None:
                own.append(reply.first_ms)
                theirs[position].append(other.first_ms)
                every.append(other.first_ms)
                of.append(number)
            say(f"usual recipe: {other.first_ms:.0f} ms, ours {reply.first_ms:.0f} ms")
    return {
        "ours_ms": spread(own, of), "theirs_ms": spread(every, of), "turns": [spread(turn) for turn in theirs],
        "sooner": round(float(np.median(every) / np.median(own)), 1) if own else None,
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
        "first_ms": spread([r.first_ms for r in replies]), "makespan_ms": round(makespan, 1),
        "longest_wait_ratio": round(longest / fair, 2) if fair else None,
    }  # fmt: skip
