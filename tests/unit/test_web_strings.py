"""Words of the page: both languages complete, and the right one chosen."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import tutor.web
from tutor.web.strings import COOKIE, NAMES, TEXTS, TONGUES, known, preferred, say

ROOM = Path(tutor.web.__file__).parent


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", TEXTS)
def test_every_key_is_said_in_every_language_with_the_same_blanks(key: str) -> None:
    assert set(TEXTS[key]) == set(TONGUES)
    assert all(text.strip() for text in TEXTS[key].values())
    assert len({frozenset(blanks(text)) for text in TEXTS[key].values()}) == 1


def test_every_language_has_a_name() -> None:
    assert set(NAMES) == set(TONGUES)


def test_every_key_is_used_and_every_used_key_is_there() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in ROOM.glob("*.py") if path.name != "strings.py")
    used = set(re.findall(r"""\bsay\(\s*f?["']([a-z-]+)["']""", code))
    families = {"index-", "model-"}  # their ends are states
    assert used <= set(TEXTS)
    assert {k for k in TEXTS if not any(k.startswith(f) for f in families)} <= used


def test_chinese_words_are_chinese() -> None:
    assert all(re.search(r"[\u4e00-\u9fff]", TEXTS[key]["zh-TW"]) for key in TEXTS)


@pytest.mark.parametrize(
    ("header", "cookie", "expected"),
    [
        ("zh-TW,zh;q=0.9,en;q=0.8", "", "zh-TW"),
        ("zh-CN", "", "zh-TW"),
        ("en-GB,en;q=0.9", "", "en"),
        ("en;q=0.5, zh;q=0.8", "", "zh-TW"),
        ("ja,en;q=0.7,zh;q=0.3", "", "en"),
        ("fr", "", "en"),
        ("", "", "en"),
        (";;;q=x,,", "", "en"),
        ("en-US", "zh-TW", "zh-TW"),
        ("zh-TW", "en", "en"),
        ("zh-TW", "<script>", "zh-TW"),
    ],
)
def test_language_follows_choice_then_browser(header: str, cookie: str, expected: str) -> None:
    assert preferred({"accept-language": header}, {COOKIE: cookie} if cookie else {}) == expected


def test_unknown_language_becomes_the_first() -> None:
    assert known("tlh") == TONGUES[0]
    assert say("question", known(None), number=3) == "第 3 題"
