"""Text that hides what it says: invisible characters, look-alike letters, encodings. Finds what stands behind it.

Knows characters and codes, nothing of what an attack is: `screening` reads the views.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

# Zero-width and joining characters, bidi controls, variation selectors, tag characters: nothing a reader sees.
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0e\ufeff\uffa0\U000e0000-\U000e0fff]"
)
# A joiner inside an emoji, and the mark that makes one colourful, are honest.
_JOINED_EMOJI = re.compile(
    "(?<=[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])\u200d(?=[\u2190-\u2bff\U0001f000-\U0001faff])"
)
_TAG = re.compile("[\U000e0020-\U000e007e]+")
# Cyrillic and Greek letters that look Latin (Unicode TR39 confusables, the ones seen in attacks).
_LOOK_ALIKE = str.maketrans(
    "авеёкмнорстухіјѕԁԛԝһӏАВЕКМНОРСТУХІЈЅԌαβεηικνορτυχωΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "abeekmhopctyxijsdqwhlABEKMHOPCTYXIJSGabenikvoptuxwABEZHIKMNOPTYX",
)
_LEET = (str.maketrans("0134578@$!|", "oleastbasil"), str.maketrans("0134578@$!|", "oieastbasii"))
_LEET_WORD = re.compile(r"\b(?=\w*[a-zA-Z$@!|])(?=\S*[0134578$@!|])[\w@$!|]{3,}")
_BASE64 = re.compile(r"(?<![\w+/=])(?:[A-Za-z0-9+/_-]{4}){4,}(?:[A-Za-z0-9+/_-]{2,3}={0,2})?={0,2}(?![\w+/])")
_BASE32 = re.compile(r"(?<![\w=])(?:[A-Z2-7]{8}){3,}[A-Z2-7=]{0,8}(?!\w)")
_HEX = re.compile(r"(?<![\w])(?:0x)?(?:[0-9a-fA-F]{2}[\s:]?){12,}(?!\w)")
_BINARY = re.compile(r"(?<!\w)(?:[01]{8}\s?){6,}(?!\w)")
_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}){4,}")
_SPACED_LATIN = re.compile(r"\b(?:\w[ ._\-*|]{1,3}){5,}\w\b")
_SPACED_HAN = re.compile(r"(?:[\u3400-\u9fff][ ._\-*|/·、]{1,3}){3,}[\u3400-\u9fff]")
_MORSE = re.compile(r"(?:[.\-]{1,5}[ /]+){7,}[.\-]{1,5}")
_MORSE_SIGNS = (
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.."
)
_MORSE_CODE = dict(zip(_MORSE_SIGNS.split(), "abcdefghijklmnopqrstuvwxyz", strict=True))
# Longer payloads than this are not decoded.
LONGEST = 8000


def visible(text: str) -> str:
    """The text as a reader sees it: without characters that show nothing."""
    marks = {m.start() for m in _JOINED_EMOJI.finditer(text)}
    return _HIDDEN.sub(lambda m: m[0] if m.start() in marks else "", text)


def hides(text: str) -> bool:
    """Whether the text carries characters that show nothing, other than one mark at its very beginning."""
    return visible(text) != text.removeprefix("\ufeff")


def views(text: str) -> Iterator[tuple[str, str, str]]:
    """Everything that the text may say to somebody who decodes it.

    Yields:
        `(way, hidden part, what it says)`; the hidden part is a slice of the text, or the whole text where the
        disguise lies over all of it.
    """
    text = text[:LONGEST]
    for tags in _TAG.findall(text):
        yield "tag characters", tags, "".join(chr(ord(c) - 0xE0000) for c in tags)
    seen = visible(text)
    plain = seen.translate(_LOOK_ALIKE)
    if plain != seen and re.search("[a-zA-Z]", seen):
        yield "look-alike letters", text, plain
    if _LEET_WORD.search(plain):
        for table in _LEET:
            yield "digits for letters", text, _unleet(plain, table)
    for pattern in (_SPACED_LATIN, _SPACED_HAN):
        if pattern.search(plain):
            joined = pattern.sub(lambda m: re.sub(r"[ ._\-*|/·、]", "", m[0]), re.sub(r"[ ]{2,}", " \n ", plain))
            yield "spaced letters", text, joined.replace("\n", " ")
    unescaped = html.unescape(unquote(_ESCAPES.sub(_unescape, seen)))
    if unescaped != seen:
        yield "escapes", text, unescaped
    for way, pattern, decode in (
        ("base64", _BASE64, _base64), ("base32", _BASE32, _base32), ("hex", _HEX, _hex), ("binary", _BINARY, _binary),
        ("morse", _MORSE, _morse),
    ):  # fmt: skip
        for match in pattern.finditer(seen):
            said = decode(match[0])
            if said is not None:
                yield way, match[0], said
    if re.search(r"[a-zA-Z]{3}", seen):
        for shift in range(1, 26):
            yield f"letters moved by {shift}", text, _moved(seen, shift)
    yield "backwards", text, seen[::-1]


def _unleet(text: str, table: dict[int, int]) -> str:
    return _LEET_WORD.sub(lambda m: m[0].translate(table), text)


def _moved(text: str, shift: int) -> str:
    small = "abcdefghijklmnopqrstuvwxyz"
    turned = small[shift:] + small[:shift]
    return text.translate(str.maketrans(small + small.upper(), turned + turned.upper()))


def _printable(data: bytes) -> str | None:
    """The bytes as text, or None where they are none."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    odd = sum(unicodedata.category(c) in {"Cc", "Co", "Cn"} and not c.isspace() for c in text)
    return text if text.strip() and odd == 0 else None


def _base64(text: str) -> str | None:
    bare = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return _printable(base64.b64decode(bare + "=" * (-len(bare) % 4)))
    except (binascii.Error, ValueError):
        return None


def _base32(text: str) -> str | None:
    bare = text.rstrip("=")
    try:
        return _printable(base64.b32decode(bare + "=" * (-len(bare) % 8)))
    except (binascii.Error, ValueError):
        return None


def _hex(text: str) -> str | None:
    try:
        return _printable(bytes.fromhex(re.sub(r"[\s:]|0x", "", text)))
    except ValueError:
        return None


def _binary(text: str) -> str | None:
    digits = re.sub(r"\s", "", text)
    return _printable(bytes(int(digits[i : i + 8], 2) for i in range(0, len(digits) - 7, 8)))


def _morse(text: str) -> str | None:
    words = re.split(r"\s*/\s*|\s{3,}", text.strip())
    return " ".join("".join(_MORSE_CODE.get(sign, "?") for sign in word.split()) for word in words)


def _unescape(match: re.Match[str]) -> str:
    return re.sub(r"\\[ux]([0-9a-fA-F]+)", lambda m: chr(int(m[1], 16)), match[0])
