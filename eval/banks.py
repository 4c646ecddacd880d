"""How well question banks are parsed: F1 of question/answer units against a gold file.

Gold rows: {"number", "question", "stem"?, "answer", "section", "line", "n", "answered"}. Knows the parsers
only.
"""

from __future__ import annotations

import json
import unicodedata
from collections import defaultdict
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from ingest.document import Document, Question
from ingest.markdown import plain
from ingest.parsers import parse
from ingest.read import read_text

# A question matches within this many lines; an answer from this similarity on.
LINES = 2
SIMILARITY = 0.9


def measure(path: Path, gold: Path) -> dict[str, Any]:
    """Compare the parse of one bank with its gold units.

    Returns:
        questions, gold, matched (questions), units (question and answer), precision, recall and f1 of
        units and question_f1; answered and gold_answered; parser, reason; up to ten `missed` and
        `spurious` rows to look at.
    """
    document = parse(read_text(path))
    rows = [json.loads(line) for line in gold.read_text(encoding="utf-8").splitlines() if line.strip()]
    waiting: dict[str, list[Question]] = defaultdict(list)
    for question in document.questions:
        waiting[_normal(question.title)].append(question)
    matched = units = 0
    missed: list[dict[str, Any]] = []
    for row in rows:
        same = waiting[_normal(plain(row["question"]))]
        near = [q for q in same if abs(q.line - row["line"]) <= LINES]
        if not near:
            missed.append({"line": row["line"], "question": row["question"], "why": "no such question"})
            continue
        question = min(near, key=lambda q: abs(q.line - row["line"]))
        same.remove(question)
        matched += 1
        similarity = _similarity(answer_of(document, question), row["answer"])
        if similarity >= SIMILARITY:
            units += 1
        else:
            missed.append({"line": row["line"], "question": row["question"], "why": f"answer {similarity:.2f}"})
    spurious = [{"line": q.line, "question": q.title} for left in waiting.values() for q in left]
    found = len(document.questions)
    return {
        "bank": path.name,
        "questions": found,
        "gold": len(rows),
        "matched": matched,
        "units": units,
        "precision": units / found if found else 0.0,
        "recall": units / len(rows) if rows else 0.0,
        "f1": 2 * units / (found + len(rows)) if found + len(rows) else 0.0,
        "question_f1": 2 * matched / (found + len(rows)) if found + len(rows) else 0.0,
        "answered": sum(q.answered for q in document.questions),
        "gold_answered": sum(bool(row["answered"]) for row in rows),
        "parser": document.parser,
        "reason": document.reason,
        "missed": missed[:10],
        "spurious": spurious[:10],
    }


def answer_of(document: Document, question: Question) -> str:
    """The text of the answer: its sections from the first heading or block to the last block."""
    return "\n\n".join(document.source[s.start : s.end] for s in question.sections if s.role == "answer")


def _normal(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def _similarity(ours: str, theirs: str) -> float:
    a, b = (" ".join(text.split()) for text in (ours, theirs))
    if a == b:
        return 1.0
    # On characters difflib is quadratic; above a page, words are as telling.
    if len(a) + len(b) > 4000:
        return SequenceMatcher(None, a.split(" "), b.split(" "), autojunk=False).ratio()
    return SequenceMatcher(None, a, b, autojunk=False).ratio()
