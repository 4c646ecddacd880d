"""Reports: what they say, and that nothing a candidate or a document writes becomes structure."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from io import StringIO
from typing import Any

import pytest
from interview_samples import grade, point, state
from markdown_it import MarkdownIt

from ingest.errors import UsageError
from tutor.interview import events as ev
from tutor.interview.export_kinds import KINDS
from tutor.interview.exports import export
from tutor.interview.machine import advance
from tutor.interview.memory import review
from tutor.interview.report import Report, make_report
from tutor.interview.state import GradeRecord, Source, State

HOSTILE = "</td><script>alert(1)</script> | a | `x` [l](http://evil.example) ![i](http://evil.example/i.png) **b** &lt;"


def played(answer: str = "my words", **choices: Any) -> State:
    """Question 1 partly right and partly wrong, 2 skipped, 3 not known, 4 never asked."""
    now = state(4, follow_ups=0, **choices)
    good = grade(1, 3, p1="met", p2="partial", p9="contradicted")
    source = Source(text=f"**the document** {HOSTILE}", start=0, end=5)
    points = (*good.points, point("1.5", "met", "detail", quote=answer).model_copy(update={"source": source}))
    events: list[ev.Event] = [
        ev.Start(), ev.Answer(answer, seconds=70), ev.Graded(good.model_copy(update={"points": points})), ev.Skip(seconds=5),
        ev.DontKnow(), ev.Graded(grade(3, 0, flags=("dont-know",))), ev.End(),
    ]  # fmt: skip
    for event in events:
        now = advance(now, event).state
    return now


@pytest.fixture
def report() -> Report:
    card = review(None, 1, 3, 0, datetime(2026, 3, 1, tzinfo=UTC))
    return make_report("i", played(), {1: card, 3: review(None, 3, 0, 0, datetime(2026, 3, 1, tzinfo=UTC))})


def test_points_are_sorted_by_verdict(report: Report) -> None:
    first = report.questions[0]
    assert [[p.id for p in g] for g in (first.covered, first.partly, first.missed, first.wrong)] == [
        ["1.1", "1.5"], ["1.2"], ["1.3", "1.4"], ["1.9"]
    ]  # fmt: skip


def test_a_skipped_question_counts_nothing_and_an_unanswered_one_does_not_count(report: Report) -> None:
    assert [q.outcome for q in report.questions] == ["answered", "skipped", "dont-know", "unanswered"]
    assert report.score == 2.5
    assert report.answered_score == 3.75
    assert (report.passed, report.skipped, report.ended) == (1, 1, "early")
    assert {c.category: c.score for c in report.categories} == {"A": 3.75, "B": 0.0}


def test_the_weakest_points_are_the_wrong_then_the_heaviest_missing(report: Report) -> None:
    assert [(w.question, w.verdict) for w in report.weakest] == [(1, "contradicted"), (3, "missing"), (3, "missing")]


def test_what_was_skipped_is_reviewed_first(report: Report) -> None:
    assert [r.question for r in report.review] == [2, 4, 3, 1]
    assert report.review[-1].due > report.review[-2].due


def test_an_unscored_answer_is_not_a_zero() -> None:
    now = advance(advance(state(1), ev.Start()).state, ev.Answer("x")).state
    now = advance(now, ev.Graded(GradeRecord(score=None, level=None))).state
    found = make_report("i", now, {})
    assert found.score is None
    assert found.questions[0].score is None


def test_an_interview_without_answers_has_a_report() -> None:
    found = make_report("i", advance(state(0), ev.Start()).state, {})
    assert all(export(found, kind) for kind in KINDS)


@pytest.mark.parametrize("language", ["zh-Hant", "zh-Hans", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_language_has_every_export(language: str, kind: str) -> None:
    now = played()
    now = now.model_copy(update={"setup": now.setup.model_copy(update={"language": language})})
    text = export(make_report("i", now, {}), kind)
    without_answers = {"tsv": "said 3.1", "ics": "SUMMARY:"}  # the document's words, days
    assert without_answers.get(kind, "my words") in text
    assert ("my words" in text) == (kind not in without_answers)
    assert "{" not in text or kind != "md"


@pytest.fixture
def in_taipei(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The clock of this process, eight hours before UTC."""
    with monkeypatch.context() as there:
        there.setenv("TZ", "Asia/Taipei")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the time zone of a process cannot be set on this system")
@pytest.mark.parametrize("kind", ["md", "html"])
@pytest.mark.usefixtures("in_taipei")
def test_a_review_is_on_the_day_that_the_calendar_on_the_wall_shows(report: Report, kind: str) -> None:
    late = replace(report, review=(replace(report.review[0], due="2026-03-01T23:30:00+00:00"),))
    text = export(late, kind)
    assert "2026-03-02" in text
    assert "2026-03-01" not in text


def test_labels_end_as_their_language_ends_them(report: Report) -> None:
    asked = replace(report.questions[0], follow_ups=(("Why?", "Because."),))
    for language, label in (("zh-Hant", "追問{}：Why?"), ("zh-Hans", "追问{}：Why?"), ("en", "Follow-up{}: Why?")):
        said = replace(report, language=language, questions=(asked,))
        assert label.format("**") in export(said, "md")
        assert label.format("</strong>") in export(said, "html")
    assert "\n\n與資料不符：\n" in cards(replace(report, language="zh-Hant"))[0][2]
    assert "\n\nContradicts the material:\n" in cards(report)[0][2]


class Reader(HTMLParser):
    """Tags, and every address that a page would ask for."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "action", "data"}]


def test_the_html_asks_for_nothing_and_runs_nothing() -> None:
    page = export(make_report("i", played(HOSTILE), {}), "html")
    reader = Reader()
    reader.feed(page)
    assert "script" not in reader.tags
    assert "img" not in reader.tags
    assert all(a.startswith("#q") for a in reader.addresses)
    assert "&lt;script&gt;" in page
    assert "url(" not in page
    assert "@import" not in page


def test_the_markdown_keeps_hostile_words_as_words() -> None:
    text = export(make_report("i", played(HOSTILE), {}), "md")
    html = MarkdownIt("commonmark").enable("table").render(text)
    reader = Reader()
    reader.feed(html)
    assert "script" not in reader.tags
    assert "img" not in reader.tags
    assert all(a.startswith("#q") for a in reader.addresses)
    assert all(row.count("<td") == 4 for row in html.split("<tr>") if "my words" in row)


def test_the_json_is_the_report(report: Report) -> None:
    row = json.loads(export(report, "json"))
    assert row["questions"][0]["covered"][1]["source"]["start"] == 0
    assert row["score"] == report.score


def test_an_unknown_kind_is_an_error(report: Report) -> None:
    with pytest.raises(UsageError):
        export(report, "docx")


def test_a_radar_needs_three_axes(report: Report) -> None:
    assert "<svg" not in export(report, "html")
    one = report.categories[0]
    three = tuple(
        replace(one, category=f"<{name}> (x)", score=score) for name, score in (("a", 10.0), ("b", 0.0), ("c", 5.0))
    )
    drawn = export(replace(report, categories=three), "html")
    assert 'aria-label="&lt;a&gt;: 10.0; &lt;b&gt;: 0.0; &lt;c&gt;: 5.0"' in drawn


def cards(report: Report) -> list[list[str]]:
    """The notes of the file for Anki, its header lines checked."""
    lines = export(report, "tsv").split("\n")
    header = [line for line in lines if line.startswith("#")]
    assert header[:4] == ["#separator:tab", "#html:false", "#guid column:1", "#tags column:4"]
    return list(csv.reader(StringIO("\n".join(lines[len(header) :])), delimiter="\t"))


def test_cards_hold_what_was_missed_question_by_question(report: Report) -> None:
    notes = cards(report)
    wanted = [q for q in report.questions if (*q.wrong, *q.missed, *q.partly)]
    assert len(wanted) == 2
    assert [note[1].partition(".")[0] for note in notes] == [str(q.number) for q in wanted]
    for note, question in zip(notes, wanted, strict=True):
        assert all(point.said in note[2] for point in (*question.missed, *question.partly))
        assert not any(f"• {point.said}\n" in f"{note[2]}\n" for point in question.covered)
    assert len({note[0] for note in notes}) == len(notes)


def test_cards_are_cells_whatever_stands_in_a_document() -> None:
    found = make_report("i", played(HOSTILE), {})
    first = replace(found.questions[0], title='a\tb\n"c"\0#deck:other', category="two words")
    (note, *_) = cards(replace(found, questions=(first, *found.questions[1:])))
    assert len(note) == 4
    assert note[1] == '1. a b "c"#deck:other'
    assert note[3].endswith(" two_words")
    assert HOSTILE not in note[2]  # the candidate's words stay out


def test_a_skipped_question_has_a_card_with_the_model_answer(report: Report) -> None:
    skipped = replace(report.questions[1], model_answer=(Source(text="**What** the document says.", start=0, end=5),))
    (note,) = cards(replace(report, questions=(skipped,)))
    assert note[2].endswith(":\n• What the document says.")


def test_without_an_answer_there_are_no_cards() -> None:
    assert cards(make_report("i", advance(state(0), ev.Start()).state, {})) == []
