"""What may leave: words without live markup, nothing of the instructions, the reply's own language.

The last layer, after whatever a model was talked into. Works on a stream, however it is cut; code is left alone except
that its addresses stay text. Knows text, nothing of models or of what a question asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from ingest.text import fold
from tutor.answering.answer import Language
from tutor.answering.disguise import visible

# Held text is let go after this many characters: no address or tag that matters is longer.
LONGEST = 600
_ADDRESS = r"[A-Za-z0-9._~:/?#@!$&*+,;=%(\[|-]"
_URL = (
    rf"(?:(?:https?|ftp)://{_ADDRESS}+|www\.[A-Za-z0-9-]+\.{_ADDRESS}+|(?:javascript|vbscript):{_ADDRESS}{{4,}}"
    rf"|data:[a-z]+/{_ADDRESS}+)"
)
_MARKUP = re.compile(
    r"!\[[^\]\n]*\](?:\([^)\n]*\)?|\[[^\]\n]*\])|\[(?P<label>[^\[\]\n]*)\]\([^)\n]*\)"
    rf"|<!--(?:(?!-->)[^\n])*(?:-->)?|<(?:https?:|mailto:)[^<>\s]*>|</?[a-zA-Z][\w-]*(?:[ \t/][^<>\n]*)?/?>"
    # A tag that goes on in the next line or breaks off at another; "a<b" at the end of one is none, but looks like it.
    rf"|(?P<unclosed><)(?=/?[a-zA-Z][\w-]*(?:[ \t/][^<>\n]*)?(?:\n|<|\Z))|{_URL}",
    re.IGNORECASE,
)
# What may still become markup when more text comes: an open bracket, tag or address at the end.
_OPEN = re.compile(
    r"(?:!(?:\[[^\]\n]*(?:\](?:\([^)\n]*|\[[^\]\n]*)?)?)?|\[[^\[\]\n]*(?:\](?:\([^)\n]*)?)?|<!--(?:(?!-->)[^\n])*"
    r"|<[^<>\n]*"
    r"|(?:h|ht|htt|https?|f|ft|ftp|w|ww|www|d|da|dat|data|j|ja|jav|java\w{0,6}|v|vb\w{0,6})"
    rf"|(?:(?:https?|ftp):/{{0,2}}|www\.[A-Za-z0-9-]*\.?|(?:javascript|vbscript):{_ADDRESS}{{0,3}}|data:[a-z]*/?)"
    rf"|{_URL})$",
    re.IGNORECASE,
)
_INLINE_CODE = re.compile(r"`[^`\n]*([`\n])")
# Verbatim runs that give the instructions away: this many folded letters in Chinese, words in English.
LEAK_LETTERS, LEAK_WORDS = 12, 6
# A sentence of this many letters of the other language, and no term of its own, has drifted.
DRIFT_LETTERS = 16
_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[a-zA-Z]+")


def _calmed(text: str, before: str) -> str:
    """Prose with images, links, tags and addresses taken out; the words of a link stay.

    `before` is the character in front of the text. What is taken out behind an ASCII character leaves a space, or
    the rest might join to new markup: `<<b>img>`.
    """

    def calm(match: re.Match[str]) -> str:
        previous = text[match.start() - 1] if match.start() else before
        label = match.group("label")
        if label is not None:
            return _calmed(label, previous)
        if match.group("unclosed"):
            return "< "
        return " " if previous.isascii() and previous.strip() else ""

    return _MARKUP.sub(calm, text)


def still(text: str) -> str:
    """The whole text at once; see `QuietStream`."""
    stream = QuietStream()
    return stream.feed(text) + stream.flush()


class QuietStream:
    """Takes live markup and hidden characters out of a stream, holding what may still become some. Code stays.

    Addresses of the document go, too: the passages beside an answer show them, where they are text.
    """

    def __init__(self) -> None:
        self._held = ""
        self._before = ""
        self._fenced = False
        self.removed = False

    def feed(self, piece: str) -> str:
        """Take in some text, give back what is ready."""
        bare = visible(piece)
        self.removed |= bare != piece
        self._held += bare
        ready = ""
        while True:
            done, waits = self._step()
            ready += done
            if waits:
                return ready

    def flush(self) -> str:
        """The rest at the end of the stream."""
        ready, self._held = self._held, ""
        return ready if self._fenced else self._calm(ready)

    def _step(self) -> tuple[str, bool]:
        """Some text that is ready, and whether nothing more is before further text comes."""
        held = self._held
        if self._fenced:
            end = held.find("```")
            self._fenced = end < 0
            cut = end + 3 if end >= 0 else len(held.rstrip("`"))
            self._held = held[cut:]
            return held[:cut], self._fenced
        tick = held.find("`")
        if tick < 0:
            edge = self._edge(held)
            self._held = held[edge:]
            return self._calm(held[:edge]), True
        prose, code = self._calm(held[:tick]), held[tick:]
        if code.startswith("```"):
            self._held, self._fenced = code[3:], True
            return prose + "```", False
        match = None if code in {"`", "``"} else _INLINE_CODE.match(code)
        if match is None:
            self._held = code
            return prose, True
        self._held = code[match.end() :]
        return prose + (match[0] if match[1] == "`" else self._calm(match[0])), False

    @staticmethod
    def _edge(held: str) -> int:
        """Where the text ends that no later character can turn into markup."""
        position = 0
        while True:
            opened = _OPEN.search(held, position)
            if opened is None or len(held) - opened.start() > LONGEST:
                return len(held)
            closed = _MARKUP.search(held, position)
            if closed is None or closed.start() >= opened.start():
                return opened.start()
            position = closed.end()

    def _calm(self, text: str) -> str:
        calm = _calmed(text, self._before)
        self._before = text[-1:] or self._before
        self.removed |= calm != text
        return calm


class LeakCheck:
    """Whether words repeat the instructions.

    Args:
        instructions: the text that stays inside.
        evidence: what may be quoted even where the instructions happen to say it too.
    """

    def __init__(self, instructions: str, evidence: Iterable[str] = ()) -> None:
        allowed: set[str] = set()
        for text in evidence:
            allowed |= _runs_kept(text)
        self._secret = _runs_kept(instructions) - allowed

    def leaks(self, text: str) -> bool:
        """Whether a run of the instructions stands in the text."""
        return not self._secret.isdisjoint(_runs(text))


@lru_cache(maxsize=256)
def _runs_kept(text: str) -> frozenset[str]:
    # The instructions and the text of a question, 0.2 MB each. What a model writes comes once and is not kept.
    return _runs(text)


def _runs(text: str) -> frozenset[str]:
    folded = fold(text)
    words = _LATIN.findall(folded)
    latin = {" ".join(words[i : i + LEAK_WORDS]) for i in range(len(words) - LEAK_WORDS + 1)}
    letters = "".join(c for c in folded if c.isalnum())
    han = {letters[i : i + LEAK_LETTERS] for i in range(len(letters) - LEAK_LETTERS + 1)}
    return frozenset(latin | {run for run in han if len(_HAN.findall(run)) >= LEAK_LETTERS // 2})


def drifted(sentence: str, language: Language, known: frozenset[str] | set[str]) -> bool:
    """Whether a sentence is in another language than the reply.

    Args:
        known: folded Latin words of the evidence and the question: names and terms that belong in any language.
    """
    han = len(_HAN.findall(sentence))
    words = [w for w in _LATIN.findall(sentence) if fold(w) not in known]
    letters = sum(len(w) for w in words)
    if language == "en":
        return han >= DRIFT_LETTERS and han > 2 * letters
    other = re.findall(r"[^\W\d_a-zA-Z\u3400-\u9fff\uf900-\ufaff]", sentence)
    return (han == 0 and letters >= DRIFT_LETTERS) or len(other) >= DRIFT_LETTERS > han
