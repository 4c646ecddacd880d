"""What stands between the lines of Markdown: front matter, comments, HTML tags, folds, "back to top".

`prepare` blanks it out without moving anything, so that the Markdown inside HTML is read as Markdown and
every offset stays true. Hand-written, because a Markdown parser takes `<details>` and what follows it as
one opaque block. Code (fences, code spans, `<pre>`) is never touched. Every pass is linear. Knows nothing
of questions.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(`{3,}|~{3,})(.*)")
_RAW_OPEN = re.compile(r"[ ]{0,3}<(pre|script|style|textarea)\b", re.IGNORECASE)
_SUMMARY_END = re.compile(r"</summary\s{0,9}>", re.IGNORECASE)
_FOLD = re.compile(r"<!--|<(/?)(details|summary)\b[^<>]{0,300}>", re.IGNORECASE)
# Tags that carry no words; a line of nothing else is layout. Tables and lists in HTML are left as they are.
_LAYOUT = re.compile(
    r"</?(?:p|div|center|br|hr|a|span|b|i|em|strong|font|section|article|samp|sup|sub|kbd|h[1-6]"
    r"|blockquote)\b"
    r"[^<>]{0,1000}/?>",
    re.IGNORECASE,
)
_HTML_HEADING = re.compile(r" {0,3}<h([1-6])\b[^<>]{0,500}>(.+?)</h\1>[ \t]*", re.IGNORECASE)
_TO_TOP = re.compile(
    r"\W*(?:(?:go |jump )?(?:back |return )?(?:to )?(?:the )?(?:top|table of contents|toc)"
    r"|back|(?:點此|点此)?(?:回到|返回|回|跳到|至)(?:頁|页)?(?:最)?(?:頂部|顶部|頂端|顶端|頂|顶|目錄|目录"
    r"|開頭|首頁|首页|索引|上方))\W*",
    re.IGNORECASE,
)
_LINK_MARKS = re.compile(r"\]\([^()]{0,300}\)|<[^<>]{0,300}>|[*_#>\[\]]|:[a-z_]+:")
_FRONT_KEY = re.compile(r"[A-Za-z_][\w. -]{0,40}\s*[:=]")
_FRONT_LINES = 300
_SUMMARY_LENGTH = 2000
# What people write where an answer will stand one day.
_PLACEHOLDER = re.compile(
    r"\W*(?:(?:your |the )?answers? (?:goes |go |comes |come )?(?:here|coming soon|pending)|(?:write|add"
    r"|put) (?:your |the |an )?answer"
    r"(?: here)?|to ?do|tbd|tba|wip|coming soon|work in progress|to be (?:added|done|answered|continued"
    r"|updated|filled|written)(?: in)?"
    r"|no answer(?: yet)?|待補|待补|待補充|待补充|待續|待续|待更新|待完善|待解答|未完待續|未完待续"
    r"|暫無(?:答案)?|暂无(?:答案)?|施工中|略)\W*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Residue:
    """A piece that belongs in no passage, and why."""

    start: int
    end: int
    line: int
    reason: str


@dataclass(frozen=True)
class Fold:
    """The start of a `<details>`: its summary, "" if none; where the fold closes, -1 if it does not."""

    start: int
    end: int
    line: int
    text: str
    closes: int


@dataclass(frozen=True)
class FoldEnd:
    """A `</details>`."""

    start: int
    end: int
    line: int


Mark = Residue | Fold | FoldEnd


@dataclass(frozen=True)
class Prepared:
    """A source made ready for a Markdown parser.

    Args:
        text: as many lines as the source, without what is blanked out; columns may differ.
        shadow: as many characters as the source; what belongs to no passage is white space.
        marks: what was found, in order.
    """

    text: str
    shadow: str
    marks: tuple[Mark, ...]


def is_placeholder(text: str) -> bool:
    """Whether a text only says that an answer is still to come ("Answer here", "TODO", 待補)."""
    return len(text) <= 60 and _PLACEHOLDER.fullmatch(text.strip("*_ ")) is not None


def prepare(source: str) -> Prepared:
    """Find and blank out everything that is no Markdown content."""
    lines = source.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    front = _front_matter(lines)
    marks: list[Mark] = []
    if front:
        marks.append(Residue(0, starts[front] - 1, 1, "front matter"))
    code = _code_lines(lines, front)
    marks.extend(_folds(source, starts, code))
    shadow = _blank(source, [(m.start, m.end) for m in marks])

    shadow_lines = shadow.split("\n")
    text_lines: list[str] = []
    for number, (line, shadowed) in enumerate(zip(lines, shadow_lines, strict=True)):
        if code[number]:
            text_lines.append(line.replace("\r", " ") if number >= front else "")
            continue
        reason = _layout(shadowed.strip(), line.startswith(("    ", "\t")))
        if reason and shadowed != line:  # next to a comment or a fold, which have their own marks
            shadow_lines[number] = " " * len(line)
            text_lines.append("")
        elif reason:
            start = starts[number] + len(shadowed) - len(shadowed.lstrip())
            marks.append(Residue(start, starts[number] + len(shadowed.rstrip()), number + 1, reason))
            shadow_lines[number] = " " * len(line)
            text_lines.append("")
        elif "<" in shadowed and (match := _HTML_HEADING.fullmatch(shadowed)):
            text_lines.append(f"{'#' * int(match[1])} {match[2]}")
        elif shadowed == line:
            text_lines.append(line.replace("\r", " "))
        else:  # the blanked part must not turn into indentation, which would be code
            indent = line[: len(line) - len(line.lstrip())]
            text_lines.append((indent + shadowed.strip()).replace("\r", " "))
    marks.sort(key=lambda mark: mark.start)
    return Prepared("\n".join(text_lines), "\n".join(shadow_lines), tuple(marks))


def _front_matter(lines: list[str]) -> int:
    """How many lines the YAML or TOML front matter takes, fences included; 0 if there is none."""
    if len(lines) < 3 or lines[0].strip("\ufeff \t\r") not in {"---", "+++"}:
        return 0
    fence = lines[0].strip("\ufeff \t\r")
    first = next((line for line in lines[1:] if line.strip()), "")
    if not _FRONT_KEY.match(first) and not first.startswith("#"):
        return 0
    for number, line in enumerate(lines[1:_FRONT_LINES], 1):
        if line.rstrip() == fence or (fence == "---" and line.rstrip() == "..."):
            return number + 1
    return 0


def _code_lines(lines: list[str], first: int) -> list[bool]:
    """For each line whether it is code, raw HTML, front matter or a table row, where tags are no layout."""
    code = [True] * first
    fence = raw = ""
    for line in lines[first:]:
        if fence:
            code.append(True)
            text = line.strip(" \t>\r")
            if len(text) >= len(fence) and not text.strip(fence[0]):
                fence = ""
        elif raw:
            code.append(True)
            raw = "" if f"</{raw}" in line.lower() else raw
        elif (match := _FENCE.match(line)) and not (match[1][0] == "`" and "`" in match[2]):
            code.append(True)
            fence = match[1]
        elif match := _RAW_OPEN.match(line):
            code.append(True)
            raw = "" if f"</{match[1].lower()}" in line.lower() else match[1].lower()
        else:
            code.append(line.lstrip().startswith("|"))
    return code


def _folds(source: str, starts: list[int], code: list[bool]) -> list[Mark]:
    """Comments, `<details>`, `<summary>` outside of code, as marks whose spans are to be blanked out."""
    found: list[Mark] = []
    closes = _matching(source, starts, code)
    position, limit, counted_line, ticks, ticks_to = 0, len(source), -1, 0, 0
    opened: tuple[int, int, int] | None = None  # start, end, line of a <details> that waits for its <summary>
    comments = True
    while match := _FOLD.search(source, position, limit):
        position = match.end()
        line = bisect_right(starts, match.start()) - 1
        if code[line]:
            continue
        if line != counted_line:
            counted_line, ticks, ticks_to = line, 0, starts[line]
        ticks += source.count("`", ticks_to, match.start())
        ticks_to = match.start()
        if ticks % 2:
            continue
        if match[0] == "<!--":
            end = source.find("-->", position) if comments else -1
            comments = end >= 0
            if comments:
                found.append(Residue(match.start(), end + 3, line + 1, "comment"))
                position = end + 3
            continue
        closing, name = bool(match[1]), match[2].lower()
        if opened is not None and not (
            name == "summary" and not closing and not source[opened[1] : match.start()].strip()
        ):
            found.append(Fold(*opened, "", closes.get(opened[0], -1)))
            opened = None
        if name == "details" and not closing:
            opened = (match.start(), match.end(), line + 1)
        elif name == "details":
            found.append(FoldEnd(match.start(), match.end(), line + 1))
        elif closing:
            found.append(Residue(match.start(), match.end(), line + 1, "layout"))
        else:
            close = _SUMMARY_END.search(source, position, position + _SUMMARY_LENGTH)
            start, start_line = (opened[0], opened[2]) if opened else (match.start(), line + 1)
            text_end, after = close.span() if close else (position, position)
            text = source[position:text_end]
            found.append(Fold(start, after, start_line, text, closes.get(start, -1)))
            position, opened = after, None
    if opened is not None:
        found.append(Fold(*opened, "", closes.get(opened[0], -1)))
    return found


def _matching(source: str, starts: list[int], code: list[bool]) -> dict[int, int]:
    """Offset of each `<details>` -> offset of its `</details>`, for those that are closed."""
    stack: list[int] = []
    pairs: dict[int, int] = {}
    for match in re.finditer(r"<(/?)details\b[^<>]{0,300}>", source, re.IGNORECASE):
        if code[bisect_right(starts, match.start()) - 1]:
            continue
        if not match[1]:
            stack.append(match.start())
        elif stack:
            pairs[stack.pop()] = match.start()
    return pairs


def _blank(source: str, spans: list[tuple[int, int]]) -> str:
    """The source with every character of the spans, line ends aside, turned into a space."""

    def pieces() -> Iterator[str]:
        cursor = 0
        for start, end in sorted(spans):
            if start < cursor:
                continue
            yield source[cursor:start]
            yield re.sub(r"[^\n]", " ", source[start:end])
            cursor = end
        yield source[cursor:]

    return "".join(pieces())


def _layout(text: str, indented: bool) -> str:
    """Why a line is no content: nothing but tags, or a link back to the top; "" if it is content."""
    if not text or len(text) > 4000:
        return ""
    if text[0] == "<" and text[-1] == ">" and not indented:
        if not _LAYOUT.sub("", text).strip():
            return "layout"
    elif len(text) > 300:
        return ""
    if ("](" in text or "<a" in text or "[" in text) and len(text) <= 300:
        words = _LINK_MARKS.sub("", text).strip()
        if words and (
            _TO_TOP.fullmatch(words)
            or (not any(c.isalnum() for c in words) and any(c in "⬆↑🔝🔼⇧▲^↥⤴☝" for c in words))
        ):
            return "link to the top"
    return ""
