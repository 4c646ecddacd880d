"""Other people's Markdown made safe to show: answers for the chat, passages of the source with marked spans.

Nothing that arrives here can make a link, load an image or bring a tag along. Knows text only.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

# Code is shown as it stands: fenced blocks first (an open one runs to the end), then spans of back ticks.
_CODE = re.compile(
    r"(?:^|(?<=\n))[ \t]{0,3}(?P<fence>```+|~~~+)[^\n]*"
    r"(?:\n(?:.*?\n)??[ \t]{0,3}(?P=fence)[`~]*[ \t]*(?=\n|$)|.*$)"
    r"|(?<!`)(?P<ticks>`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)(?P=ticks)(?!`)",
    re.DOTALL,
)
_LIVE = re.compile(r"[<\[]|(?<=\w)@(?=\w)|(?i:\b(?:https?|ftp|mailto|xmpp)(?=:)|\bwww(?=\.))")


def quiet(text: str) -> str:
    """Markdown that renders without links, images and tags, for a renderer that would make them.

    Emphasis, lists, tables and code stay. Bracketed text shows its brackets, an address is plain text.
    """
    return _outside_code(text, lambda prose: _LIVE.sub(_still, _prose(prose)))


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    """The text with everything but its code changed."""
    parts, at = [], 0
    for code in _CODE.finditer(text):
        parts += [change(text[at : code.start()]), code.group()]
        at = code.end()
    return "".join([*parts, change(text[at:])])


def _bold_that_closes(prose: str) -> str:
    """Bold that ends in punctuation right before a letter, as in Chinese, with the punctuation moved out.

    `**重點：**內容` is no bold by CommonMark's rules, which know words between spaces; `**重點**：內容` is.
    """
    return _BOLD.sub(lambda m: f"{m['lead']}**{m['core']}**{m['trail']}" if _is_stuck(m, prose) else m.group(), prose)


def _is_stuck(found: re.Match[str], prose: str) -> bool:
    before, after = prose[max(0, found.start() - 1) : found.start()], prose[found.end() : found.end() + 1]
    return bool((found["lead"] and before.isalnum()) or (found["trail"] and after.isalnum()))


# `W + B*A`, `r * d`: a product, not emphasis, though CommonMark reads a pair of them as one.
_TIMES = re.compile(r"(?<=[A-Za-z0-9)\]])\*(?=[A-Za-z0-9(\[])")


def _prose(text: str) -> str:
    """Prose whose stars say what their writer meant."""
    return _bold_that_closes(_TIMES.sub(r"\\*", text))


_BOLD = re.compile(r"\*\*(?!\s)(?P<lead>[^\w\s*]*)(?P<core>[^*\n]*?\w)(?P<trail>[^\w\s*]*)\*\*")


def _still(found: re.Match[str]) -> str:
    match found.group():
        case "<":
            return "&lt;"
        case "[":
            return "\\["
        case "@":
            return "&#64;"
        case word:
            # The last letter as an entity: it reads the same and is no address to a renderer.
            return f"{word[:-1]}&#{ord(word[-1])};"


@dataclass(frozen=True)
class Span:
    """Characters `start` to `end` of a slice, to be marked; `kind` is a CSS class."""

    start: int
    end: int
    kind: str


# Stand-ins for the ends of a span while Markdown is parsed. Punctuation, because emphasis beside punctuation
# still opens and closes; a pair that the text does not hold itself is taken.
_PAIRS = (("⸨", "⸩"), ("⦗", "⦘"), ("⟬", "⟭"))
_BLOCK_START = re.compile(
    r"(?:[-*+]|\d{1,9}[.)]|#{1,6}|>)[ \t]+(?:\[[ xX]\][ \t]+)?|\|[ \t]*|[ \t]*(?:```|~~~)[^\n]*\n?|\s+"
)
_CLOSING_FENCE = re.compile(r"(?:^|\n)[ \t]*(?:```+|~~~+)[ \t]*$")


def passage_html(text: str, spans: Sequence[Span] = (), links: Collection[int] = ()) -> str:
    """HTML of a slice of the source with spans in `<mark>`; the marked text is the text of the spans.

    Args:
        text: verbatim Markdown; indentation that all its lines share is dropped.
        spans: offsets into `text`; overlapping ones are joined.
        links: numbers of questions that 第 N 題 in the text may lead to.
    """
    pair = next((p for p in _PAIRS if p[0] not in text and p[1] not in text), None)
    joined = _joined([s for s in spans if s.start < s.end]) if pair else []
    for span in reversed(joined):
        assert pair is not None
        text = text[: span.start] + pair[0] + text[span.start : span.end] + pair[1] + text[span.end :]
    env = {"pair": pair, "kinds": [s.kind for s in joined], "open": False, "next": 0, "links": links}
    return str(_MARKDOWN.render(_outside_code(textwrap.dedent(text), _prose), env))


def _joined(spans: Sequence[Span]) -> list[Span]:
    found: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start, s.end)):
        if found and span.start < found[-1].end:
            last = found[-1]
            kind = last.kind if last.kind == span.kind else min(last.kind, span.kind, key=len)
            found[-1] = Span(last.start, max(last.end, span.end), kind)
        else:
            found.append(span)
    return found


def narrowed(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without the Markdown of blocks at its ends: list markers, table bars, fences.

    A mark must not stand before a list marker, or there is no list any more. Empty if nothing else is there.
    """
    while start < end:
        at_line_start = not text[text.rfind("\n", 0, start) + 1 : start].strip(" \t>-*+#|.)0123456789")
        found = _BLOCK_START.match(text, start)
        if found is None or not (at_line_start or found.group().isspace()):
            break
        start = min(found.end(), end)
    while start < end:
        trimmed = len(text[start:end].rstrip()) + start
        line = text[text.rfind("\n", 0, trimmed) + 1 : trimmed]
        fence = _CLOSING_FENCE.search(text, start, trimmed)
        if fence is not None:
            trimmed = fence.start()
        elif line.endswith("|") and line.lstrip().startswith("|"):
            trimmed -= 1
        if trimmed == end:
            break
        end = trimmed
    return start, max(start, end)


# A citation as the tutor writes it: 【第19題】, 【第19题】 or 【Q19】.
CITATION_MARK = re.compile(r"【\s*(?:第\s*(\d{1,6})\s*[題题]|Q(\d{1,6}))\s*】")


def citation_marks(text: str) -> list[tuple[int, str]]:
    """The citations in an answer in order: number of the question, and the words in front since the one before."""
    found: list[tuple[int, str]] = []
    bare = _CODE.sub(lambda code: " " * len(code.group()), text)
    at = 0
    for mark in CITATION_MARK.finditer(bare):
        words = text[at : mark.start()].rstrip()
        found.append((int(mark[1] or mark[2]), words.rsplit("\n", 1)[-1]))
        at = mark.end()
    return found


def answer_html(text: str, chips: Sequence[str]) -> str:
    """HTML of an answer with its citation marks replaced by chips.

    Args:
        chips: HTML for each of `citation_marks(text)`, in order; a mark without one stays text.
    """
    env = {"chips": [(number, chip) for (number, _), chip in zip(citation_marks(text), chips, strict=False)]}
    return str(_ANSWERS.render(_outside_code(text, _prose), env))


class _Renderer(RendererHTML):
    """Renders text and code with the spans in `<mark>`, one to every run of text, so that tags nest."""

    def text(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        if "chips" in env:
            return CITATION_MARK.sub(lambda mark: _chip(mark, env["chips"]), escape(tokens[idx].content))
        return _linked(_marked(tokens[idx].content, env), env.get("links", ()))

    def table_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return '<div class="table" tabindex="0"><table>\n'

    def table_close(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return "</table></div>\n"

    def code_inline(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return f"<code>{_marked(tokens[idx].content, env)}</code>"

    def code_block(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return f"<pre><code>{_marked(tokens[idx].content, env)}</code></pre>\n"

    def fence(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return self.code_block(tokens, idx, options, env)


def _chip(mark: re.Match[str], waiting: list[tuple[int, str]]) -> str:
    """The next chip of the number in a mark. Marks that are not rendered as text (code by indentation) are passed over."""
    number = int(mark[1] or mark[2])
    at = next((i for i, (other, _) in enumerate(waiting) if other == number), None)
    if at is None:
        return mark.group()
    chip = waiting[at][1]
    del waiting[: at + 1]
    return chip


_REFERENCE = re.compile(r"第\s*(\d{1,6})\s*[題题]|\bQ(\d{1,6})\b")


def _linked(text: str, links: Collection[int]) -> str:
    def link(found: re.Match[str]) -> str:
        number = int(found[1] or found[2])
        return f'<a href="#library/{number}">{found.group()}</a>' if number in links else found.group()

    return _REFERENCE.sub(link, text) if links else text


def _marked(text: str, env: Any) -> str:
    pair = env.get("pair")
    if not pair or not env.get("kinds"):
        return escape(text)
    out = []
    for part in re.split(f"([{pair[0]}{pair[1]}])", text):
        if part == pair[0]:
            env["open"] = True
        elif part == pair[1]:
            env["open"] = False
            env["next"] += 1
        elif part and env["open"]:
            out.append(f'<mark class="{escape(env["kinds"][env["next"]])}">{escape(part)}</mark>')
        else:
            out.append(escape(part))
    return "".join(out)


def _renderer(**options: bool) -> MarkdownIt:
    return (
        MarkdownIt("commonmark", {"html": False, "linkify": False, **options}, renderer_cls=_Renderer)
        .enable(["table", "strikethrough"])
        .disable(["image", "link", "autolink", "reference", "html_inline", "html_block"])
    )


_MARKDOWN = _renderer()
_ANSWERS = _renderer(breaks=True)
