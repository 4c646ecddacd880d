"""The words of a report in the three languages, shared by every rendering. Knows no report."""

from __future__ import annotations

from datetime import datetime

from tutor.answering.answer import Language
from tutor.answering.script import convert

VERDICTS = {"met": "covered", "partial": "partly", "missing": "missed", "contradicted": "wrong"}
_ZH = {
    "title": "模擬面試報告",
    "colon": "：",
    "corpus": "資料",
    "score": "總分",
    "of-ten": "{score}／10",
    "none": "未評分",
    "passed": "通過",
    "passed-of": "{passed}／{number} 題",
    "time": "用時",
    "limit": "限時",
    "categories": "各類別得分",
    "weakest": "最該補強的地方",
    "review": "複習安排",
    "now": "儘快",
    "questions": "逐題回顧",
    "question": "第 {number} 題",
    "level": "等級 {level}／4",
    "raised": "追問前 {before}",
    "level-from": "{begins} 分起；{above} 分起是等級 {next}",
    "level-highest": "{begins} 分起，已是最高",
    "uncertain": "評分不太確定",
    "answer": "你的回答",
    "follow-up": "追問",
    "covered": "已涵蓋",
    "partly": "部分涵蓋",
    "missed": "未提到",
    "wrong": "與資料不符",
    "point": "要點",
    "core": "核心",
    "detail": "細節",
    "misconception": "常見誤解",
    "your-words": "你的話",
    "document": "資料原文",
    "model-answer": "參考答案（資料原文）",
    "hints": "提示 {hints} 次",
    "seconds": "{seconds} 秒",
    "minutes": "{minutes} 分 {seconds} 秒",
    "skipped": "跳過",
    "dont-know": "不知道",
    "blank": "沒有回答",
    "unanswered": "未作答",
    "answered": "已作答",
    "open": "未完成",
    "early": "提前結束，原定 {planned} 題。",
    "time-up": "時間到，原定 {planned} 題。",
    "skip-note": "跳過的 {skipped} 題以 0 分計；只算作答的題目是 {answered}。",
    "upheld": "申訴成立",
    "kept": "申訴後維持",
    "empty": "沒有作答的題目。",
    "by-code": "分數由程式依要點判定計算，不是語言模型給的。",
    "injection": "內含對評分者的指示，不計分",
    "stuffing": "只列名詞",
    "off-topic": "離題",
    "pasted-question": "只重複題目",
}
_EN = {
    "title": "Mock interview report",
    "colon": ": ",
    "corpus": "Material",
    "score": "Score",
    "of-ten": "{score} of 10",
    "none": "not graded",
    "passed": "Passed",
    "passed-of": "{passed} of {number} questions",
    "time": "Time used",
    "limit": "Limit",
    "categories": "Score by category",
    "weakest": "What to work on first",
    "review": "What to review when",
    "now": "as soon as possible",
    "questions": "Question by question",
    "question": "Question {number}",
    "level": "level {level} of 4",
    "raised": "{before} before the follow-up",
    "level-from": "from {begins}; {above} is level {next}",
    "level-highest": "from {begins}, the highest",
    "uncertain": "grading uncertain",
    "answer": "Your answer",
    "follow-up": "Follow-up",
    "covered": "Covered",
    "partly": "Partly covered",
    "missed": "Not mentioned",
    "wrong": "Contradicts the material",
    "point": "Key point",
    "core": "core",
    "detail": "detail",
    "misconception": "misconception",
    "your-words": "Your words",
    "document": "The document",
    "model-answer": "Model answer (the document's words)",
    "hints": "hints used: {hints}",
    "seconds": "{seconds} s",
    "minutes": "{minutes} min {seconds} s",
    "skipped": "skipped",
    "dont-know": "did not know",
    "blank": "no answer",
    "unanswered": "not answered",
    "answered": "answered",
    "open": "open",
    "early": "Ended early; {planned} questions were planned.",
    "time-up": "Time was up; {planned} questions were planned.",
    "skip-note": "Skipped questions ({skipped}) count 0; the answered ones alone give {answered}.",
    "upheld": "dispute upheld",
    "kept": "disputed, verdict kept",
    "empty": "No question was answered.",
    "by-code": "Scores are computed from verdicts on key points, not given by a language model.",
    "injection": "speaks to the grader; that part does not count",
    "stuffing": "a list of terms only",
    "off-topic": "off topic",
    "pasted-question": "only repeats the question",
}


def local_day(moment: str) -> str:
    """The date of a moment (ISO 8601, any zone) by the clock of this machine; "" for ""."""
    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d") if moment else ""


class Words:
    """Looks up words in one language."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._words = _EN if language == "en" else _ZH

    def __call__(self, name: str, **values: object) -> str:
        """A text; values are put in as they are."""
        text = self._words[name]
        if self._language == "zh-Hans":
            text = convert(text, "zh-Hans")
        return text.format(**values) if values else text

    def known(self, name: str) -> str:
        """A text, or the name itself where there is none (a new flag)."""
        return self(name) if name in self._words else name

    def verdict(self, verdict: str) -> str:
        """What a verdict on a key point is called."""
        return self(VERDICTS[verdict])

    def duration(self, seconds: float) -> str:
        """Minutes and seconds."""
        whole = round(seconds)
        return (
            self("minutes", minutes=whole // 60, seconds=whole % 60) if whole >= 60 else self("seconds", seconds=whole)
        )

    def day(self, due: str) -> str:
        """The day of a review (ISO 8601), where this runs; "" is as soon as possible."""
        return local_day(due) or self("now")

    def score(self, value: float | None) -> str:
        """A score with one decimal."""
        return self("none") if value is None else self("of-ten", score=f"{value:.1f}".removesuffix(".0"))
