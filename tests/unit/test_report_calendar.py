"""The review dates of a report as a calendar: what a program that reads RFC 5545 would find in it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interview_samples import state

from tutor.interview import events as ev
from tutor.interview.exports import export
from tutor.interview.machine import advance
from tutor.interview.report import Report, Review, make_report
from tutor.interview.report_calendar import report_calendar

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def report(*reviews: Review, language: str = "en", id: str = "i7") -> Report:
    empty = make_report(id, advance(state(0), ev.Start()).state, {})
    return replace(empty, corpus="caches", language=language, review=reviews)  # type: ignore[arg-type]


def events(text: str) -> list[dict[str, str]]:
    """The events of a file, unfolded and without backslashes; its lines and its order are checked on the way."""
    assert text.endswith("\r\n")
    lines = text.encode().removesuffix(b"\r\n").split(b"\r\n")
    assert all(len(line) <= 75 and not re.search(rb"[\x00-\x1f\x7f]", line) for line in lines)
    whole = "\r\n".join(line.decode() for line in lines).replace("\r\n ", "").split("\r\n")  # no character is cut
    assert (whole[:2], whole[-1]) == (["BEGIN:VCALENDAR", "VERSION:2.0"], "END:VCALENDAR")
    found: list[dict[str, str]] = []
    for line in whole[3:-1]:
        name, _, value = line.partition(":")
        if line == "BEGIN:VEVENT":
            found.append({})
        elif line != "END:VEVENT":
            assert name not in found[-1]
            assert not re.search(r"(?<!\\)(?:\\\\)*[;,]", value), "bare punctuation"
            found[-1][name] = re.sub(r"\\(.)", r"\1", value)
    return found


def test_each_question_is_one_whole_day_that_makes_nobody_busy() -> None:
    made = report_calendar(report(Review(3, "Why cache?", "2026-03-31T12:00:00+00:00"), Review(5, "And?", "")), NOON)
    first, second = events(made)
    assert (first["DTSTART;VALUE=DATE"], first["DTEND;VALUE=DATE"]) == ("20260331", "20260401")
    assert (second["DTSTART;VALUE=DATE"], second["DTEND;VALUE=DATE"]) == ("20260301", "20260302")  # soon: today
    assert {e["TRANSP"] for e in (first, second)} == {"TRANSPARENT"}
    assert {e["DTSTAMP"] for e in (first, second)} == {"20260301T120000Z"}


@pytest.mark.parametrize(
    ("language", "summary"),
    [("zh-Hant", "第 3 題：為什麼？"), ("zh-Hans", "第 3 题：為什麼？"), ("en", "Question 3: 為什麼？")],
)
def test_it_speaks_the_language_of_the_report(language: str, summary: str) -> None:
    (event,) = events(report_calendar(report(Review(3, "為什麼？", ""), language=language), NOON))
    assert event["SUMMARY"] == summary
    assert "caches" in event["DESCRIPTION"]


def test_a_later_import_moves_the_event_and_other_interviews_have_their_own() -> None:
    def uids(made: Report, now: datetime) -> dict[str, str]:
        return {e["SUMMARY"].partition(":")[0]: e["UID"] for e in events(report_calendar(made, now))}

    first = uids(report(Review(3, "a", ""), Review(5, "b", "")), NOON)
    moved = report(Review(5, "b anew", ""), Review(3, "a", "2026-05-01T00:00:00+00:00"))
    assert uids(moved, NOON.replace(month=4)) == first
    assert len(set(first.values())) == 2
    others = uids(report(Review(3, "a", ""), Review(5, "b", ""), id="other"), NOON)
    assert not set(others.values()) & set(first.values())


def test_an_interview_without_questions_has_a_calendar_without_events() -> None:
    assert events(export(report(), "ics")) == []


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.text("\\;,:\r\n \t題é🂡", min_size=60))
def test_any_title_comes_back_as_one_line(title: str) -> None:
    (event,) = events(report_calendar(report(Review(3, title, "")), NOON))
    one_line = " ".join(f"Question 3: {title}".split())
    assert event["SUMMARY"] == re.sub(r"[\x00-\x1f\x7f-\x9f]", "", one_line)
