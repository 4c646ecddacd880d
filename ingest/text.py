"""Text for matching only: script folding, width folding, and the keyword terms of mixed Chinese and Latin text.

Nothing here is ever shown: folding both sides of a comparison makes 「显存」 find 「顯存」 and "ＫＶ" find "KV".
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal

import opencc
import snowballstemmer

# Goes into the manifest of an index: raise it when the terms of the same text change.
VERSION = 2
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_RUNS = re.compile(rf"[{_HAN}]+|[a-z0-9]+(?:[-_.+#'/][a-z0-9]+)*[+#]*")
_HAN_RUNS = re.compile(rf"[{_HAN}]{{2,}}")
_PARTS = re.compile(r"[a-z]+|[0-9]+")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad]")
# Words that say nothing of the topic. English stop words drown a Latin term list; bigrams need none.
_STOP = frozenset(
    [
        "a",
        "an",
        "the",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "do",
        "does",
        "did",
        "of",
        "in",
        "on",
        "at",
        "to",
        "for",
        "with",
        "and",
        "or",
        "as",
        "by",
        "it",
        "its",
        "this",
        "that",
        "these",
        "those",
        "what",
        "which",
        "who",
        "how",
        "why",
        "when",
        "where",
        "can",
        "could",
        "should",
        "would",
        "will",
        "may",
        "i",
        "you",
        "we",
        "they",
        "my",
        "your",
        "our",
        "me",
        "us",
        "so",
        "if",
        "than",
        "then",
        "there",
        "from",
        "about",
        "into",
        "not",
        "no",
    ]
)
# Terms of texts up to so many characters are remembered: sentences, not documents.
LONGEST_KEPT = 400
# Characters that carry grammar rather than a topic, folded. A bigram across one of them says little.
GRAMMAR = frozenset("的是在了为于和与及其有以被对从而之也都就将由所着把让呢吗吧啊这那个么")


class _Simplified(dict[int, str]):
    """Each character in Simplified, asked of OpenCC once.

    Character by character and not by phrase: a text in either script then folds to the same, and it is 30 times
    faster, which is a quarter of the time of an ingest.
    """

    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = _characters("t2s", character) if code > 0x2FFF else character
        return self[code]


_SIMPLIFIED = _Simplified()


def fold(text: str) -> str:
    """Lower case, half width, Simplified Chinese, without invisible characters. Length may change."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).lower().translate(_SIMPLIFIED)


def terms(text: str) -> list[str]:
    """Keyword terms in order: Han bigrams (a lone character as itself), Latin terms whole and split.

    "KV-Cache 加速" -> ["kv-cache", "kv", "cache", "加速"]. English words are
    stemmed (Porter2), stop words left out.
    """
    return list(_terms_kept(text) if len(text) <= LONGEST_KEPT else _terms(fold(text)))


@lru_cache(maxsize=4096)
def _terms_kept(text: str) -> tuple[str, ...]:
    # An answer asks for the terms of the same hundred sentences of the document, several times over.
    return tuple(_terms(fold(text)))


def search_terms(text: str) -> list[str]:
    """What the keyword index holds: the terms, and every Han character of its own that is no grammar.

    Characters find what bigrams miss: 「人口數」 for 「人口的數量」.
    """
    folded = fold(text)
    found = list(_terms(folded))
    for run in _HAN_RUNS.findall(folded):
        found += (character for character in run if character not in GRAMMAR)
    return found


def _terms(folded: str) -> Iterator[str]:
    for match in _RUNS.finditer(folded):
        run = match[0]
        if run[0] > "\u2fff":
            if len(run) == 1:
                yield run
            else:
                yield from (run[i : i + 2] for i in range(len(run) - 1))
            continue
        parts = _PARTS.findall(run)
        if len(parts) > 1 or (parts and parts[0] != run):
            yield run
        for part in parts:
            if part not in _STOP and (len(part) > 1 or len(parts) == 1):
                yield _stem(part)


class _Stemmers(threading.local):
    """One stemmer a thread: it keeps the word that it works on in itself."""

    def __init__(self) -> None:
        self.english: Any = snowballstemmer.stemmer("english")


_stemmers = _Stemmers()


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    return str(_stemmers.english.stemWord(word))


def language_of(text: str) -> Literal["zh-Hant", "zh-Hans", "en", "mixed"]:
    """`zh-Hant`, `zh-Hans`, `en` or `mixed` (Chinese carrying much Latin text), by counting characters.

    A text whose Han characters are the same in both scripts counts as Traditional, the script of the first corpus.
    """
    han = re.findall(rf"[{_HAN}]", text)
    words = re.findall(r"[A-Za-z]+", text)
    if not han:
        return "en"
    if len(han) < len(words) * 0.35 and len(words) >= 6:
        return "en"
    if len(words) >= len(han):
        return "mixed"
    return script_of(text)


def script_of(text: str) -> Literal["zh-Hant", "zh-Hans"]:
    """`zh-Hans` where more characters exist only in Simplified than only in Traditional, else `zh-Hant`."""
    joined = "".join(re.findall(rf"[{_HAN}]", text))
    simplified_only = sum(a != b for a, b in zip(joined, _characters("s2t", joined), strict=False))
    traditional_only = sum(a != b for a, b in zip(joined, _characters("t2s", joined), strict=False))
    return "zh-Hans" if simplified_only > traditional_only else "zh-Hant"


@lru_cache(maxsize=8)
def converter(config: str) -> opencc.OpenCC:
    """OpenCC's converter between scripts, its tables loaded: they are read at the first use, for one thread alone."""
    made = opencc.OpenCC(config)
    made.convert("")
    return made


def _characters(config: str, text: str) -> str:
    return "".join(_character(config, c) for c in text)


@lru_cache(maxsize=65_536)
def _character(config: str, character: str) -> str:
    # 16 microseconds a call of the converter: over a whole passage a third of the time that an answer takes besides the model.
    return str(converter(config).convert(character))
