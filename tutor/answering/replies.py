"""What is said without a model: refusals, corrections of a false premise, quiz questions, points that the wording left out.

Each takes the draft, adds its citations and flags to it, and returns the words. Knows evidence, nothing of models.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tutor.answering import styles
from tutor.answering.answer import Citation
from tutor.answering.citations import citation
from tutor.answering.draft import Draft
from tutor.answering.evidence import EvidenceRoom
from tutor.answering.keypoints import Chosen, KeyPoint, cite, render, spoken, stands_in, unsaid
from tutor.answering.nearby import nearby, nearest, opening
from tutor.answering.outgoing import still
from tutor.answering.premise import Correction
from tutor.answering.wording import listed, refusal, say

# Points that are shown where no answer was found.
NEAREST = 3


def refused(draft: Draft, room: EvidenceRoom, source: str, reason: str) -> str:
    """A refusal with the nearest questions, and what the document does say nearby where that is close enough.

    Args:
        reason: "refusal", "attack" or "quiz-topic": which words open it.
    """
    text = _refusal(draft, room, reason)
    near = nearby(draft.result, room, draft.language, draft.flags) if reason == "refusal" else None
    if near is None or not near.points:
        return text
    return _beside(draft, text, opening(near, draft.language), near.points, source)


def not_found(draft: Draft, first: Chosen, room: EvidenceRoom, source: str) -> str:
    """What is said where a follow-up is like no known one and nothing of what the model wrote stands: the nearest points."""
    text = _refusal(draft, room, "not-found")
    points = [p for p in first.points if p.in_language and p.rank < NEAREST]
    if not points:
        return text
    opened = say("not-found", draft.language) + nearest(first.number, draft.language)
    return _beside(draft, text, opened, points, source)


def _refusal(draft: Draft, room: EvidenceRoom, reason: str) -> str:
    titles = {n: still(room.title_in(n, draft.language)) for n in draft.suggestions}
    return refusal(draft.language, draft.suggestions, titles, reason)


def _beside(draft: Draft, text: str, opened: str, points: Sequence[KeyPoint], source: str) -> str:
    """A refusal that says what stands nearby before it offers other questions."""
    draft.cite(cite(point, source) for point in points)
    draft.flags.append("near miss")
    said = still(render(points, draft.language, "nothing"))
    offered = text.partition("\n\n")[2]
    return f"{opened}\n\n{said.strip()}\n\n{offered}".strip()


def corrected(draft: Draft, mended: Correction, chosen: Sequence[Chosen], source: str) -> str:
    """What the document says instead of what the question takes for granted; no model is asked to agree."""
    found = mended.sentence
    draft.flags.append(f"false premise: {mended.wrong}")
    mark = citation(found.question, draft.language)
    quote = still(re.sub(r"\*\*|`", "", mended.quote))
    draft.cite([Citation(found.question, found.section, mended.quote, mended.start, mended.end, "supported")])
    part = next((p for p in chosen if p.number == found.question), chosen[0])
    points = [p for p in part.points if p.in_language]
    draft.cite(cite(point, source) for point in points)
    more = render(points, draft.language, "key-points")
    return say("premise", draft.language).format(quote, mark) + (f"\n\n{still(more)}" if more else "")


def named(draft: Draft, numbers: Sequence[int], room: EvidenceRoom) -> str:
    """The questions of a topic, as a list that can be chosen from."""
    draft.listed = tuple(numbers)
    draft.flags.append("list")
    return listed(draft.language, numbers, {n: still(room.title_in(n, draft.language)) for n in numbers})


def quizzed(draft: Draft, first: Chosen) -> str:
    """A quiz question about what was found first."""
    draft.flags.append("quiz")
    return styles.quiz(first.number, first.title, [p.text for p in first.points if p.in_language], draft.language)


def pointed(draft: Draft, chosen: Sequence[Chosen], source: str) -> str:
    """The points that are known to be asked for, in their own words: a small model adds nothing right to them.

    Things that are compared stand side by side, in the order of the query.
    """
    draft.cite(cite(point, source) for part in chosen for point in part.points)
    if len(chosen) == 1:
        return still(spoken(chosen[0].points, draft.language))
    points = {part.number: part.points for part in chosen}
    sides = [
        f"**{compared.thing}**\n\n{render(points[compared.question], draft.language, 'nothing').strip()}"
        for compared in draft.result.compared
        if points.get(compared.question)
    ]
    return still("\n\n".join(sides))


def completion(draft: Draft, chosen: Sequence[Chosen], room: EvidenceRoom, source: str, said: str = "") -> str:
    """The points that the wording left out; they are the whole answer where nothing of the wording stands.

    Args:
        said: an earlier reply that is only worded anew; what it lists is not listed again beside the new words.
    """
    worded = bool(draft.supported)
    if not worded:
        if "extractive" not in draft.flags:
            draft.flag("unsupported-draft-replaced")
        draft.kept.clear()
    points = unsaid(chosen, draft.said if worded else (), room)
    if worded:
        points = [point for point in points if not stands_in(point, said, draft.language)]
    if not worded and not points:  # nothing in the reply's language: the source's own words are better than none
        points = [point for part in chosen for point in part.points]
    heading = "extract" if "extractive" in draft.flags else "key-points"
    text = still(render(points, draft.language, heading))
    if not text:
        return ""
    draft.cite(cite(point, source) for point in points)
    text = ("\n\n" if worded or draft.dropped else "") + text
    draft.kept.append(text)
    return text
