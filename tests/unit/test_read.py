"""Reading files: every encoding people still use, and what is refused."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from ingest.errors import DocumentError
from ingest.read import MAX_BYTES, decode, read_text

CORPUS = Path(__file__).parents[2] / "corpus" / "llm-vlm-80.md"
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030")
SHORT = "### 問題 1：什麼是詞元？\n\n模型讀寫的最小單位。\n"
SIMPLIFIED = "### 问题 1：什么是词元？\n\n模型读写的最小单位。\n"


@pytest.fixture(scope="module")
def corpus() -> str:
    return CORPUS.read_text(encoding="utf-8")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_corpus_survives_every_encoding(corpus: str, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "bank.md"
    path.write_bytes(corpus.encode(encoding))
    assert read_text(path) == corpus


@pytest.mark.parametrize("encoding", ["big5", "big5hkscs", "cp950"])
def test_what_big5_can_hold_of_the_corpus_survives(corpus: str, encoding: str) -> None:
    text = corpus.encode(encoding, "ignore").decode(encoding)
    assert len(text) > 0.99 * len(corpus)
    assert decode(text.encode(encoding), "bank.md") == text


@pytest.mark.parametrize("encoding", [*ENCODINGS, "big5", "gbk"])
def test_short_documents_survive(encoding: str) -> None:
    assert decode(SHORT.encode(encoding), "bank.md") == SHORT


@pytest.mark.parametrize("encoding", [*ENCODINGS, "gbk", "gb2312"])
def test_short_simplified_documents_survive(encoding: str) -> None:
    assert decode(SIMPLIFIED.encode(encoding), "bank.md") == SIMPLIFIED


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "big5", "gb18030"])
def test_windows_of_the_corpus_are_told_apart(corpus: str, encoding: str) -> None:
    """99 of 100 windows of 40 characters; shorter ones are no documents."""
    pick = random.Random(1)
    right = tried = 0
    while tried < 300:
        start = pick.randrange(len(corpus) - 40)
        window = corpus[start : start + 40].encode(encoding, "ignore").decode(encoding)
        if sum(c > "\u4e00" for c in window) < 5:
            continue
        tried += 1
        try:
            right += decode(window.encode(encoding), "window") == window
        except DocumentError:
            continue
    assert right >= 0.99 * tried


def test_western_quotes_and_accents_survive() -> None:
    text = "What’s a naïve classifier? It’s “simple” – see the café example.\n" * 3
    assert decode(text.encode("cp1252"), "bank.txt") == text


def test_line_ends_become_newlines() -> None:
    assert decode(b"a\r\nb\rc\n", "x") == "a\nb\nc\n"


@pytest.mark.parametrize(
    "raw",
    [
        b"%PDF-1.7 ...", b"PK\x03\x04rest", b"\x89PNG\r\n", b"\x7fELF\x02\x01\x01\0\0\0\0",
        bytes(range(256)) * 20,
        b"text with a \0 in it", b"\xff\xfe\x00\xd8\x00\xd8", random.Random(0).randbytes(4000),
    ],
)  # fmt: skip
def test_binary_is_refused_with_a_mend(raw: bytes) -> None:
    with pytest.raises(DocumentError) as caught:
        decode(raw, "thing.md")
    assert "thing.md" in caught.value.message
    assert caught.value.mend


@pytest.mark.parametrize("raw", [b"", b" \n\t\r\n", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_empty_files_are_refused(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "empty.md"
    path.write_bytes(raw)
    with pytest.raises(DocumentError, match="empty"):
        read_text(path)


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="no file"):
        read_text(tmp_path / "absent.md")
    with pytest.raises(DocumentError, match="folder"):
        read_text(tmp_path)
    with pytest.raises(DocumentError, match="cannot be read"):
        read_text(tmp_path / f"{'x' * 300}.md")


def test_huge_files_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.md"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(DocumentError, match="larger than 64 MB"):
        read_text(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_unreadable_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret.md"
    path.write_text("x")
    path.chmod(0)
    with pytest.raises(DocumentError, match="cannot be read"):
        read_text(path)
