"""What a model writes on its way to the reader: bare of its own citations, checked sentence by sentence, then cited.

Every sentence gets the citation that the support check finds; one that nothing supports is taken out of the final
answer. Those in doubt may be judged again when all is written. Knows streams of words and evidence, nothing of models.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from tutor.answering import prompt
from tutor.answering.answer import Citation, Text
from tutor.answering.citations import CitationStream, citation
from tutor.answering.draft import Draft
from tutor.answering.evidence import EvidenceRoom
from tutor.answering.guard import LEAK, Guard
from tutor.answering.script import ScriptStream
from tutor.answering.second_opinion import Opinion
from tutor.answering.sentences import Piece, SentenceStream
from tutor.answering.support import Support, check, citation_of, weighed

# Sentences of one reply that are judged again at most; two seconds each on a CPU, while the reader reads.
JUDGED_AGAIN = 3
# Headings, labels and list marks state nothing: a line needs this many letters to be checked.
LETTERS_CHECKED = 6
_CITATION_MARK = re.compile(r"【[^】]{1,12}】")


def bare(text: str) -> str:
    """Text without the citations that the model wrote: every sentence gets the one that the check finds."""
    return _CITATION_MARK.sub("", text)


@dataclass(frozen=True)
class Doubt:
    """A sentence that nothing holds by the first verdict, kept until it is settled.

    Args:
        sentence: its words without the end mark, as they stand in the draft: also with spaces behind them.
        end: its end mark.
    """

    sentence: str
    end: str
    support: Support


class Checking:
    """The checks of one reply.

    Args:
        numbers: the questions that the reply may rest on.
        source: the document, which quotes are slices of.
    """

    def __init__(self, draft: Draft, numbers: Sequence[int], room: EvidenceRoom, source: str) -> None:
        self._draft = draft
        self._room = room
        self._source = source
        self._questions = [room.sentences_of(n) for n in numbers]
        texts = ["\n".join(s.text for s in q.sentences) for q in self._questions]
        self._cites = CitationStream(numbers, draft.language)
        self._script = ScriptStream(draft.language, "\n".join(texts))
        self._sentences = SentenceStream()
        self._guard = Guard(prompt.INSTRUCTIONS, texts, draft.query, draft.language, wary=draft.wary)
        self._doubts: list[Doubt] = []
        # What came since the last sentence ended: the beginning of the next one, and code in front of it.
        self._open = ""

    def shown(self, words: Iterable[str]) -> Iterator[Text]:
        """What of the model's words may be shown, as they come; the draft keeps what the final answer is made of."""
        quiet = self._guard.quiet
        for some in words:
            yield from self._texts(self._sentences.feed(quiet.feed(bare(self._cites.feed(self._script.feed(some))))))
        rest = bare(self._cites.feed(self._script.flush()) + self._cites.flush())
        tail = quiet.feed(rest) + quiet.flush()
        yield from self._texts([*self._sentences.feed(tail), *self._sentences.flush()])
        self._take_back(self._open)
        for flag in self._guard.flags:
            self._draft.flag(flag)
        if quiet.removed:
            self._draft.flag("live markup removed")
        if self._cites.unknown:
            self._draft.flag("unknown-citation-removed")

    def reconsider(self, opinion: Opinion) -> Iterator[int]:
        """Judge sentences in doubt again, the likeliest to hold first; yields how many are left, before each."""
        self._doubts.sort(key=lambda d: d.support.score)
        for left in range(min(JUDGED_AGAIN, len(self._doubts)), 0, -1):
            yield left
            doubt = self._doubts[-1]
            odds = opinion(doubt.sentence.strip(), self._questions)
            self._settled(self._doubts.pop(), doubt.support if odds is None else weighed(doubt.support, odds))

    def settle(self) -> None:
        """For sentences that are still in doubt the first verdict stands: they go."""
        while self._doubts:
            doubt = self._doubts.pop()
            self._settled(doubt, doubt.support)

    def _settled(self, doubt: Doubt, verdict: Support) -> None:
        written = doubt.sentence + doubt.end
        if verdict.status == "unsupported":
            self._draft.withdraw(written)
        else:
            cited = doubt.sentence + self._citation_for(verdict) + doubt.end
            self._draft.confirm(doubt.sentence.strip(), written, cited)

    @property
    def in_doubt(self) -> bool:
        """Whether some sentence waits to be settled."""
        return bool(self._doubts)

    def _cited(self, support: Support) -> Citation | None:
        return citation_of(support, self._source)

    def _texts(self, pieces: Iterable[Piece]) -> Iterator[Text]:
        for piece in pieces:
            text = self._unfinished(piece) if piece.sentence is None else self._sentence(piece, piece.sentence)
            if text:
                yield Text(text)

    def _unfinished(self, piece: Piece) -> str:
        """Part of a sentence that is still being written."""
        text = piece.text + piece.mark
        self._open += text
        self._draft.kept.append(text)
        if self._guard.passes(text):
            return text
        self._draft.held += text
        return ""

    def _sentence(self, piece: Piece, sentence: str) -> str:
        """The end of a sentence with its citation; it is kept for the final answer unless nothing supports it."""
        draft, guard = self._draft, self._guard
        whole, piece = self._freed(piece, sentence)
        held, draft.held = draft.held if guard.ended() and not whole else "", ""
        objection = guard.objection(sentence)
        if objection:
            guard.note(objection)
            draft.objected += 1
            draft.drop(piece)
            return ""
        short = sum(c.isalnum() for c in sentence) < LETTERS_CHECKED
        if short and not guard.wary:
            draft.kept.append(piece.text + piece.mark)
            return held + piece.text + piece.mark
        nothing = Support("unsupported", 0.0, None)
        support = nothing if short else check(sentence, self._questions, self._room, draft.query)
        mark = self._citation_for(support)
        if sentence.startswith("|"):
            return held + self._table_row(piece, sentence, support, mark)
        text = piece.text + mark + piece.mark
        if support.doubtful and not guard.wary:
            draft.kept.append(text)
            kept = "".join(draft.kept).removesuffix(piece.mark)
            self._doubts.append(Doubt(kept[max(0, kept.rfind(sentence)) :], piece.mark, support))
            return held + text
        if support.status == "unsupported":
            draft.drop(piece)
            return "" if guard.wary else held + text
        draft.kept.append(text)
        draft.hold(sentence)
        return held + text

    def _freed(self, piece: Piece, sentence: str) -> tuple[bool, Piece]:
        """Take back code in front of a sentence that repeats the instructions; the piece is then the whole sentence."""
        before, self._open = self._open, ""
        written = before + piece.text
        start = max(0, written.rfind(sentence))
        if not self._guard.leaks(written[:start]):
            return False, piece
        self._take_back(before)
        return True, replace(piece, text="\n" + written[start:])

    def _take_back(self, code: str) -> None:
        """Code is no sentence and is not checked as one: where it repeats the instructions, the draft forgets it."""
        if self._guard.leaks(code):
            self._guard.note(LEAK)
            self._draft.kept[:] = ["".join(self._draft.kept).removesuffix(code)]

    def _table_row(self, piece: Piece, sentence: str, support: Support, mark: str) -> str:
        """Behind the last cell a citation would break the table: it goes into that cell at the end."""
        draft = self._draft
        row, bar, rest = ("".join(draft.kept) + piece.text).rpartition("|")
        cited = f"{row}{bar}{rest}{mark}" if rest.strip() else f"{row}{mark}{bar}{rest}"
        draft.kept[:] = [cited + piece.mark]
        draft.supported += support.status != "unsupported"
        draft.said.append(sentence)
        return piece.text + piece.mark

    def _citation_for(self, support: Support) -> str:
        found = self._cited(support)
        if found is None or support.status == "unsupported":
            return ""
        self._draft.cite([found])
        return citation(found.question, self._draft.language)
