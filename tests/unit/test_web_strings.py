"""Words of the page: both languages complete, and the right one chosen."""

from __future__ import annotations

import re
import string
from pathlib import Path

import opencc
import pytest

import tutor.web
from tutor.interview.export_kinds import KINDS
from tutor.web.strings import COOKIE, NAMES, TEXTS, TONGUES, known, preferred, say
from tutor.web.words import PARTS
from tutor.web.words.simplified import simplified

ROOM = Path(tutor.web.__file__).parent


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", TEXTS)
def test_every_key_is_said_in_every_language_with_the_same_blanks(key: str) -> None:
    chinese, english = TEXTS[key]
    said = [chinese, english, simplified(chinese)]
    assert all(text.strip() for text in said)
    assert len({frozenset(blanks(text)) for text in said}) == 1
    values = dict.fromkeys(blanks(chinese), 1)
    assert all(say(key, tongue, **values) for tongue in TONGUES)


def test_no_key_stands_in_two_parts() -> None:
    assert sum(len(part) for part in PARTS.values()) == len(TEXTS)


def test_simplified_chinese_has_no_traditional_characters_and_the_reviewed_words() -> None:
    to_simplified = opencc.OpenCC("t2s")
    for key, (chinese, _) in TEXTS.items():
        made = simplified(chinese)
        assert to_simplified.convert(made) == made, key
    assert say("undo", "zh-CN") == "撤销"
    assert say("tab-library", "zh-CN") == "题库"


def test_every_language_has_a_name() -> None:
    assert set(NAMES) == set(TONGUES)


def test_every_key_is_used_and_every_used_key_is_there() -> None:
    paths = [p for p in ROOM.rglob("*.py") if p.parent.name != "words" and p.name != "signin.py"]
    code = "".join(path.read_text(encoding="utf-8") for path in paths)
    called = set(re.findall(r"""\bsay\(\s*["']([a-z0-9-]+)["']""", code))
    assert called <= set(TEXTS)
    families = set(re.findall(r"""f["']([a-z]+(?:-[a-z]+)*-)\{""", code))
    for key in TEXTS:
        quoted = f'"{key}"' in code or f"'{key}'" in code
        assert quoted or any(key.startswith(f) for f in families), key


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_report_has_words_for_its_button(kind: str) -> None:
    assert f"export-{kind}" in TEXTS


def test_chinese_words_are_chinese_and_english_ones_are_not() -> None:
    same = {key for key, (chinese, english) in TEXTS.items() if chinese == english}
    same |= {"score", "of-total", "and", "colon"}  # figures and strokes
    assert same <= {"python", "device-cpu", "device-gpu", "score", "of-total", "and", "colon"}
    for key, (chinese, english) in TEXTS.items():
        assert not re.search(r"[\u4e00-\u9fff]", english), key
        assert key in same or re.search(r"[\u4e00-\u9fff]", chinese), key


@pytest.mark.parametrize(
    ("header", "cookie", "expected"),
    [
        ("zh-TW,zh;q=0.9,en;q=0.8", "", "zh-TW"),
        ("zh-CN", "", "zh-CN"),
        ("zh-Hans-SG", "", "zh-CN"),
        ("zh-HK", "", "zh-TW"),
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
