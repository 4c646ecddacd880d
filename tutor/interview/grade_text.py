"""A grade as lines of text for the terminal, in the language of the answer. Knows grades, nothing of terminals."""

from __future__ import annotations

from tutor.answering.answer import Language
from tutor.interview.grading import Grade
from tutor.interview.items import statement_in
from tutor.interview.report_words import Words
from tutor.interview.score import level_ranges


def grade_lines(grade: Grade, language: Language) -> list[str]:
    """Score, level with the score that the next one begins at, every key point with its proof, feedback."""
    words = Words(language)
    lines = [_headline(grade, words), *(f"- {words.known(flag)}" for flag in grade.flags)]
    for graded in grade.points:
        point = graded.point
        if point.kind == "misconception" and graded.verdict == "missing":
            continue
        shown = [words.verdict(graded.verdict), words(point.kind), statement_in(point, language)]
        lines.append("  " + " | ".join([*shown, f"“{graded.quote}”"] if graded.quote else shown))
    return [*lines, grade.feedback]


def _headline(grade: Grade, words: Words) -> str:
    if grade.score is None or grade.level is None:
        return words("none")
    ranges = level_ranges()
    begins, ends = (f"{border:.1f}" for border in ranges[grade.level])
    highest = grade.level + 1 == len(ranges)
    reach = words("level-highest" if highest else "level-from", begins=begins, above=ends, next=grade.level + 1)
    shown = [words.score(grade.score), f"{words('level', level=grade.level)} ({reach})"]
    return ", ".join([*shown, words("uncertain")] if grade.uncertain else shown)
