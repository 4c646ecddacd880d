"""Cuts a stream of text into sentences while it passes through. Knows punctuation, nothing of meaning."""

from __future__ import annotations

from dataclasses import dataclass

_WIDE_ENDS = "。！？"
_NARROW_ENDS = ".!?"
_ABBREVIATIONS = ("e.g", "i.e", "etc", "vs", "cf", "approx", "Fig", "al")
_CLOSERS = "」』”’\"')）*`"


@dataclass(frozen=True)
class Piece:
    """A piece of a stream: some text, and the sentence that it completes, if any.

    `text` comes before the end mark of the sentence, `mark` is that end mark; a citation goes between them.
    """

    text: str
    sentence: str | None = None
    mark: str = ""


class SentenceStream:
    """Feeds text through and says where sentences end. Code blocks are passed on and end no sentence."""

    def __init__(self) -> None:
        self._sentence = ""
        self._mark = ""
        self._line = ""
        self._fenced = False

    def feed(self, text: str) -> list[Piece]:
        """Take in some text; the pieces joined (`text + mark`) are the text again, an end mark being held."""
        pieces: list[Piece] = []
        out = ""
        for c in text:
            done = self._mark and not self._extends(c)
            if done:
                pieces.append(self._complete(out))
                out = ""
            if c == "\n":
                fence = self._line.lstrip().startswith("```")
                self._line = ""
                if fence:
                    self._fenced = not self._fenced
                    self._sentence = ""
                elif self._sentence.strip() and not self._fenced:
                    pieces.append(Piece(out, self._sentence.strip(), ""))
                    out, self._sentence = "", ""
                out += c
                continue
            self._line += c
            if self._fenced or self._line.lstrip().startswith("```"):
                out += c
            elif self._mark:
                self._mark += c
            elif self._ends(c):
                self._mark = c
            else:
                self._sentence += c
                out += c
        if out:
            pieces.append(Piece(out))
        return pieces

    def flush(self) -> list[Piece]:
        """The rest at the end of the stream."""
        if self._mark:
            return [self._complete("")]
        if self._sentence.strip() and not self._fenced:
            sentence, self._sentence = self._sentence.strip(), ""
            return [Piece("", sentence, "")]
        return []

    def _ends(self, c: str) -> bool:
        if c in _WIDE_ENDS:
            return True
        # "1." at the beginning of a line is a list number; "3.5" is decided by what follows.
        sentence = self._sentence.strip()
        abbreviation = c == "." and sentence.endswith(_ABBREVIATIONS)
        return c in _NARROW_ENDS and bool(sentence) and not sentence.isdigit() and not abbreviation

    def _extends(self, c: str) -> bool:
        """Whether the character still belongs to the end mark; a narrow mark before a letter was none."""
        if c in _WIDE_ENDS + _NARROW_ENDS or (c in _CLOSERS and c not in "（("):
            return True
        if self._mark[-1:] in _NARROW_ENDS and not c.isspace():
            # no sentence end after all: "3.5", "e.g.", "model.fit"
            self._sentence += self._mark
            return False
        return False

    def _complete(self, out: str) -> Piece:
        mark, self._mark = self._mark, ""
        if self._sentence.endswith(mark) and mark[-1:] in _NARROW_ENDS:
            return Piece(out + mark)
        sentence = self._sentence.strip()
        self._sentence = ""
        return Piece(out, sentence or None, mark)
