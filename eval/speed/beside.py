"""What costs time beside answers: a grade, the turns of an interview, building the index. No language model is asked."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from eval.candidates import CANDIDATES, Situation
from eval.gold import rows
from eval.stopwatch import spread
from ingest.corpora import document_path, ingest
from ingest.document import Document
from ingest.rubrics import read_rubrics, rubrics_path
from tutor.interview.grading import Grader
from tutor.interview.material import open_material
from tutor.interview.practice import Practice, grader_of
from tutor.interview.setup import Setup
from tutor.settings import Settings
from tutor.store import open_store

SAMPLE_GRADES = 40
QUESTIONS, FOLLOW_UPS = 5, 2


def grading(settings: Settings, document: Document) -> dict[str, float | None]:
    """Milliseconds for one grade, answers of the dev part."""
    path = document_path(settings.corpora_dir, settings.corpus)
    grader = Grader(read_rubrics(rubrics_path(path), document), {q.number: q.title for q in document.questions})
    spent = []
    for row in rows("grading", "dev")[:SAMPLE_GRADES]:
        started = time.perf_counter()
        grader.grade(row["question"], row["answer"])
        spent.append((time.perf_counter() - started) * 1000)
    return spread(spent)


def interviewing(settings: Settings, count: int) -> dict[str, Any]:
    """Whole interviews of five questions with candidates who know half: one turn (grade, follow-up or next question), the report."""
    turns: list[float] = []
    of: list[int] = []
    reports: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        own = settings.model_copy(update={"data_dir": Path(folder), "database_url": ""})
        with open_store(own) as store:
            material = open_material(settings.corpora_dir, settings.corpus)
            practice = Practice(settings.corpus, material, grader_of(material), store, "candidate")
            numbers = [q.number for q in material.questions()]
            for number in range(count):
                draw = random.Random(number)
                setup = Setup(
                    corpus=settings.corpus, questions=tuple(draw.sample(numbers, min(QUESTIONS, len(numbers)))),
                    language="zh-Hant", follow_ups=FOLLOW_UPS,
                )  # fmt: skip
                session = practice.start(setup)
                while not session.finished and session.state.current is not None:
                    current = session.state.current
                    target = current.follow_ups[-1].point if current.follow_ups else ""
                    points = practice.material.rubrics[current.number].points
                    said = CANDIDATES["partial"](Situation(session.pending, points, target, False, len(turns), draw))
                    started = time.perf_counter()
                    session.answer(said)
                    turns.append((time.perf_counter() - started) * 1000)
                    of.append(number)
                started = time.perf_counter()
                practice.report(session.id)
                reports.append((time.perf_counter() - started) * 1000)
    return {"interviews": count, "turn_ms": spread(turns, of), "report_ms": spread(reports)}


def ingesting(settings: Settings, scratch: Path, *, cold: bool) -> dict[str, Any]:
    """Seconds for a fresh build, the same again, and one answer edited."""
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
    return {"cold_s": first if cold else None, "unchanged_s": unchanged, "edited_s": build()}
