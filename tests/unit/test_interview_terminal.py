"""The terminal's interview: what comes in as lines, and which verdict a dispute means."""

from __future__ import annotations

from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from interview_samples import grade, state

from tutor.interview_terminal import Input, JsonScreen, dispute


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"command": "dispute", "arguments": ["2", "my", "words"]}', ("2", "my", "words")),
        ('{"command": "dispute", "arguments": "2 my words"}', ("2", "my", "words")),
        ('{"command": "dispute", "arguments": 2}', ("2",)),
        ('{"command": "dispute", "arguments": null}', ()),
        ("/dispute 2 my words", ("2", "my", "words")),
    ],
)
def test_arguments_come_in_any_form(line: str, expected: tuple[str, ...]) -> None:
    screen = JsonScreen(StringIO(f"\n{line}\n"), print)
    session: Any = None
    assert screen.read(session) == Input(command="dispute", arguments=expected)
    assert screen.read(session) == Input(command="eof")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["1", "words", "of", "mine"], (2, "2.1", "words of mine")),
        (["1.2"], (1, "1.2", "")),
        (["2.3", "that"], (2, "2.3", "that")),
        (["7.7"], None),
        (["99"], None),
    ],
)
def test_a_dispute_names_a_place_or_a_key_point(arguments: list[str], expected: tuple[int, str, str] | None) -> None:
    closed = tuple(SimpleNamespace(number=n, grade=grade(n)) for n in (1, 2))
    disputed: list[tuple[int, str, str]] = []
    session: Any = SimpleNamespace(
        state=state(2), view=lambda: SimpleNamespace(closed=closed), dispute=lambda *what: disputed.append(what) or ()
    )
    shown: list[str] = []
    dispute(session, JsonScreen(StringIO(), shown.append), arguments)
    assert disputed == ([expected] if expected else [])
    assert ("there is no verdict" in "".join(shown).lower()) == (expected is None)
