"""A grade as lines of text for the terminal, in the language of the answer. Knows grades, nothing of terminals."""

from __future__ import annotations

from tutor.answering.answer import Language
from tutor.answering.script import convert
from tutor.interview.grading import Grade
from tutor.interview.score import level_ranges

_VERDICTS = {
    "met": ("已涵蓋", "met"),
    "partial": ("部分涵蓋", "partial"),
    "missing": ("未提到", "missing"),
    "contradicted": ("與資料不符", "contradicted"),
}
_KINDS = {"core": ("核心", "core"), "detail": ("細節", "detail"), "misconception": ("常見誤解", "misconception")}


def grade_lines(grade: Grade, language: Language) -> list[str]:
    """Score, level with the score that the next one begins at, every key point with its proof, feedback."""
    english = language == "en"
    lines = [_headline(grade, english)]
    if grade.flags:
        lines.append(("flags: " if english else "標記：") + ", ".join(grade.flags))
    for graded in grade.points:
        point = graded.point
        if point.kind == "misconception" and graded.verdict == "missing":
            continue
        statement = point.statement_en if english and point.statement_en else point.statement
        quote = f"  “{graded.quote}”" if graded.quote and english else f"「{graded.quote}」" if graded.quote else ""
        verdict, kind = _VERDICTS[graded.verdict][english], _KINDS[point.kind][english]
        lines.append(
            f"  {verdict:12} {kind:13} {statement}{quote}" if english else f"  {verdict}｜{kind}｜{statement}{quote}"
        )
    return [convert(line, language) for line in lines] + [grade.feedback]


def _headline(grade: Grade, english: bool) -> str:
    if grade.score is None or grade.level is None:
        return "not scored" if english else "未評分"
    ranges = level_ranges()
    begins = f"{ranges[grade.level][0]:.1f}"
    above = f"{ranges[grade.level + 1][0]:.1f}" if grade.level + 1 < len(ranges) else ""
    if english:
        reach = f"from {begins}; {above} is level {grade.level + 1}" if above else f"from {begins}, the highest"
        sure = "  (uncertain)" if grade.uncertain else ""
        return f"score {grade.score} of 10, level {grade.level} of 4 ({reach}){sure}"
    reach = f"{begins} 分起；{above} 分起是等級 {grade.level + 1}" if above else f"{begins} 分起，已是最高"
    sure = "　不太確定" if grade.uncertain else ""
    return f"得分 {grade.score}／10，等級 {grade.level}／4（{reach}）{sure}"
