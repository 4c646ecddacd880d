"""Whole interviews with simulated candidates: does the interviewer leak, repeat itself, or never end?

python -m eval interview [--quick] [--json]

A leak is a term of a key point, or six units in a row of its source (a Han character or a Latin word being one unit),
in anything said before the question is closed, unless the question, the candidate or a fixed line of the interviewer
has it, too (`tutor/interview/leaks.py`). As a second opinion, without a bar, what was said is graded as if it were an answer
(`found_by_grader`: core points found in it that the bare question does not bring): a question about a point is near
that point without saying it, so this counts how pointed the follow-ups are as well. No language model is used.
"""

from __future__ import annotations

import random
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from eval.candidates import CANDIDATES, Situation
from eval.intervals import mean_interval
from tutor.answering.answer import Language
from tutor.interview.grading import Grader
from tutor.interview.material import open_material
from tutor.interview.practice import Practice, grader_of
from tutor.interview.session import Session
from tutor.interview.setup import Persona, Setup, Strictness
from tutor.interview.state import Utterance
from tutor.settings import Settings
from tutor.store import open_store

CORPUS = "llm-vlm-80"
SIZE, FOLLOW_UPS = 10, 2
BARS = {"leaks": 0, "repeated_questions": 0, "repeated_follow_ups": 0, "endless": 0}
# Question, follow-ups, a nudge before each, and one to spare.
_TURNS = 2 * (1 + FOLLOW_UPS) + 1
_OPEN_KINDS = frozenset({"question", "follow-up", "hint", "nudge"})
_QUOTED = re.compile(r"「[^」]*」|“[^”]*”")
_LANGUAGES: tuple[Language, ...] = ("zh-Hant", "en", "zh-Hans")
_PERSONAS: tuple[Persona, ...] = ("neutral", "friendly", "sharp")
_STRICTNESSES: tuple[Strictness, ...] = ("fair", "strict")


@dataclass
class Found:
    """What one kind of candidate brought to light."""

    interviews: int = 0
    answers: int = 0
    said: int = 0
    follow_ups: int = 0
    hints: int = 0
    leaks: list[dict[str, Any]] = field(default_factory=list)
    graded: list[dict[str, Any]] = field(default_factory=list)
    repeated_questions: int = 0
    repeated_follow_ups: int = 0
    endless: int = 0
    scores: list[tuple[int, float]] = field(default_factory=list)
    first_scores: list[tuple[int, float]] = field(default_factory=list)
    passed: int = 0


def measure(quick: bool = False, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Run the interviews. Quick: ten questions in two languages; otherwise all questions, the languages in turn."""
    begun = time.perf_counter()
    found = {name: Found() for name in CANDIDATES}
    with tempfile.TemporaryDirectory() as folder, open_store(_apart(Path(folder))) as store:
        material = open_material(Path(folder), CORPUS)
        grader, common = grader_of(material), material.common()
        numbers = [q.number for q in material.questions()]
        random.Random(0).shuffle(numbers)
        groups = [numbers[i : i + SIZE] for i in range(0, len(numbers), SIZE)][: 1 if quick else None]
        for name, candidate in CANDIDATES.items():
            practice = Practice(CORPUS, material, grader, store, name)
            for i, group in enumerate(groups):
                for language in _LANGUAGES[:2] if quick else _LANGUAGES[i % 3 :][:1]:
                    setup = Setup(
                        corpus=CORPUS, questions=tuple(group), language=language, follow_ups=FOLLOW_UPS,
                        persona=_PERSONAS[i // 3 % 3], strictness=_STRICTNESSES[i % 2], exam=i % 4 == 3,
                    )  # fmt: skip
                    session = practice.start(setup)
                    _play(session, practice, candidate, found[name], random.Random(i))
                    _look(session, practice, common, found[name])
                    practice.discard(session.id)
            progress(f"{name}: {len(found[name].leaks)} leaks, {found[name].said} things said")
    return _report(found, groups, time.perf_counter() - begun, quick)


def _apart(folder: Path) -> Settings:
    """Settings whose store is a file in the folder, whichever database people's own interviews are kept in."""
    return Settings(data_dir=folder, database_url="")


def _play(session: Session, practice: Practice, candidate: Any, found: Found, draw: random.Random) -> None:
    """One interview, with all hints taken before some answers."""
    found.interviews += 1
    english = session.state.setup.language == "en"
    most = len(session.state.plan) * _TURNS
    turn = 0
    while not session.finished and turn < most:
        current = session.state.current
        if current is None:
            break
        target = current.follow_ups[-1].point if current.follow_ups else ""
        if turn % 3 == 0:
            for _ in range(session.view().hints_left):
                session.hint()
        points = practice.material.rubrics[current.number].points
        session.answer(candidate(Situation(session.pending, points, target, english, turn, draw)))
        turn += 1
    found.answers += turn
    found.endless += not session.finished
    numbers = [a.number for a in session.state.asked]
    found.repeated_questions += len(numbers) - len(set(numbers))
    for asked in session.state.asked:
        found.follow_ups += len(asked.follow_ups)
        found.hints += asked.hints
        texts = [f.text for f in asked.follow_ups]
        found.repeated_follow_ups += len(texts) - len(set(texts))
        if asked.grade is not None and asked.grade.score is not None:
            found.scores.append((asked.number, asked.grade.score))
            if asked.first is not None and asked.first.score is not None:
                found.first_scores.append((asked.number, asked.first.score))
    report = practice.report(session.id)
    found.passed += report.passed


def _look(session: Session, practice: Practice, common: frozenset[str], found: Found) -> None:
    """What was said before each question was closed, by both definitions."""
    for item in session.state.plan:
        guard = practice.material.guard(item.number, common)
        known = _core_found(practice, item.number, f"{item.title}\n{item.ask}")
        said = ""
        for utterance in _before_closing(session.state.transcript, item.number):
            if utterance.who == "candidate":
                said += f"\n{utterance.text}"
                continue
            found.said += 1
            for leak in guard.leaks(utterance.text, said):
                found.leaks.append(
                    {"question": item.number, "point": leak.point, "words": leak.words, "said": utterance.text}
                )
            own = _QUOTED.sub(" ", utterance.text)
            for point in _core_found(practice, item.number, own) - known:
                found.graded.append({"question": item.number, "point": point, "said": utterance.text})


def _before_closing(transcript: Sequence[Utterance], number: int) -> list[Utterance]:
    mine = [u for u in transcript if u.question == number]
    return [u for u in mine if u.who == "candidate" or u.kind in _OPEN_KINDS]


def _core_found(practice: Practice, number: int, text: str) -> frozenset[str]:
    return _graded(practice.grader, number, text)


@lru_cache(maxsize=100_000)
def _graded(grader: Grader, number: int, text: str) -> frozenset[str]:
    """Core points found in a text; the interviewer says much the same to every candidate."""
    grade = grader.grade(number, text)
    return frozenset(g.point.id for g in grade.points if g.point.kind == "core" and g.verdict in {"met", "partial"})


def _report(found: dict[str, Found], groups: Sequence[Sequence[int]], seconds: float, quick: bool) -> dict[str, Any]:
    totals = {
        "leaks": sum(len(f.leaks) for f in found.values()),
        "found_by_grader": sum(len(f.graded) for f in found.values()),
        "repeated_questions": sum(f.repeated_questions for f in found.values()),
        "repeated_follow_ups": sum(f.repeated_follow_ups for f in found.values()),
        "endless": sum(f.endless for f in found.values()),
    }
    return {
        "quick": quick, "questions": sum(map(len, groups)), "bars": BARS, **totals,
        "interviews": sum(f.interviews for f in found.values()), "answers": sum(f.answers for f in found.values()),
        "said": sum(f.said for f in found.values()), "seconds": round(seconds, 1),
        "candidates": {name: _candidate(f) for name, f in found.items()},
        "leaked": [row for f in found.values() for row in f.leaks],
        "found_examples": [row for f in found.values() for row in f.graded][:20],
    }  # fmt: skip


def _candidate(found: Found) -> dict[str, Any]:
    return {
        "score": _by_question(found.scores), "first_score": _by_question(found.first_scores), "passed": found.passed,
        "interviews": found.interviews, "answers": found.answers, "follow_ups": found.follow_ups, "hints": found.hints,
        "leaks": len(found.leaks), "found_by_grader": len(found.graded),
    }  # fmt: skip


def _by_question(scores: Sequence[tuple[int, float]]) -> dict[str, float]:
    """The mean; a question that was asked in two languages is one."""
    return mean_interval([score for _, score in scores], [number for number, _ in scores])
