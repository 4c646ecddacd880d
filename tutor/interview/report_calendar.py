"""What a report says to review when, as a calendar (iCalendar, RFC 5545): one all-day event for each question.

An event keeps its UID, so a later import of the same interview moves it. "As soon as possible" is today. It does not make
anybody busy. The candidate's words stay out. Without questions the calendar is empty.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tutor.interview.report import Report, Review
from tutor.interview.report_words import Words, local_day

_OCTETS = 75  # of a line without its end (RFC 5545, 3.1)


def report_calendar(report: Report, now: datetime | None = None) -> str:
    """The file; lines end in CR LF.

    Args:
        now: the moment that the events are stamped with, with its zone; the clock's by default.
    """
    stamp = now or datetime.now(UTC)
    words = Words(report.language)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//interview-tutor//report//EN"]
    for review in report.review:
        lines += _event(report, review, words, stamp)
    return "".join(f"{_folded(line)}\r\n" for line in (*lines, "END:VCALENDAR"))


def _event(report: Report, review: Review, words: Words, stamp: datetime) -> Iterator[str]:
    first = datetime.fromisoformat(local_day(review.due or stamp.isoformat()))
    colon = words("colon")
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(report.id)}-{review.question}@interview-tutor"
    yield f"DTSTAMP:{stamp.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    yield f"DTSTART;VALUE=DATE:{first:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{first + timedelta(days=1):%Y%m%d}"  # the day after the last one
    yield f"SUMMARY:{_text(words('question', number=review.question) + colon + review.title)}"
    yield f"DESCRIPTION:{_text(words('corpus') + colon + report.corpus)}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _text(text: str) -> str:
    """A TEXT value (3.3.11): on one line, control characters gone, what has a meaning behind a backslash."""
    plain = "".join(c for c in " ".join(text.split()) if unicodedata.category(c) != "Cc")
    for character in "\\;,":
        plain = plain.replace(character, f"\\{character}")
    return plain


def _folded(line: str) -> str:
    """In pieces of at most 75 octets of UTF-8, no character cut; all but the first begin with a blank."""
    pieces, size = "", 0
    for character in line:
        octets = len(character.encode())
        if size + octets > _OCTETS:
            pieces, size = f"{pieces}\r\n ", 1
        pieces, size = pieces + character, size + octets
    return pieces
