"""Documents from strangers: whatever is in them or however they are called, they are read or refused, and nothing else happens."""

from __future__ import annotations

import base64
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest import convert
from ingest.corpora import check_name, read_document
from ingest.errors import DocumentError, TutorError
from ingest.passages import passages
from tutor.settings import Settings
from tutor.web.uploads import BINARY_ENDINGS, LARGEST, MOST_LINES, Upload, preview

# Shapes that made Markdown readers quadratic, recursive or wrong somewhere; as large as 5,000 lines allow a quick test.
HOSTILE = {
    "one long line": "x" * 2_000_000,
    "one long line of characters": "問" * 500_000,
    "quotes in quotes": ">" * 20_000,
    "a ladder of quotes": "\n".join(">" * n for n in range(600)),
    "open brackets": "[" * 50_000,
    "links in a row": "[a](" * 30_000,
    "open emphasis": "*a " * 60_000,
    "open underscores": "_a" * 60_000,
    "open backticks": "`" * 50_000 + "a",
    "a ladder of backticks": " ".join("`" * n for n in range(1, 600)),
    "a ladder of lists": "\n".join(" " * n + "- x" for n in range(600)),
    "a list in a list in a list": "- " * 5_000 + "x",
    "a wide table": "|a" * 2_000 + "|\n" + "|-" * 2_000 + "|\n" + ("|1" * 2_000 + "|\n") * 5,
    "headings alone": "# a\n" * 5_000,
    "numbers alone": "\n".join(f"{n}. q?" for n in range(5_000)),
    "the same number again": "### 問題 1：什麼？\n答。\n" * 2_000,
    "open details": "<details><summary>q?</summary>\n" * 3_000,
    "references": "\n".join(f"[{n}]: x" for n in range(5_000)),
    "half tags": "<a " * 50_000,
    "zero bytes": "a\0b\n" * 5_000,
    "a huge number": "### " + "9" * 20_000 + ". What?\nanswer",
    "digits of other scripts": "### 問題 ①②③٣：什麼？\n答。\n",
    "directions turned": "### 1. \u202ewhat\u202c?\n\u2066answer\u2069\n",
    "alone surrogates": "### 1. a\ud800?\nb\udfff\n",
    "front matter": "---\n" * 5_000,
    "carriage returns": "\r" * 50_000 + "x",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_shapes_are_read_or_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "hostile.md"
    path.write_bytes(HOSTILE[name].encode("utf-8", "surrogatepass"))
    with suppress(DocumentError):
        document = read_document(path)
        for passage in passages(document):
            assert document.source[passage.start : passage.end].strip()


_PIECES = st.sampled_from([
    "# ", "## ", "### 問題 1：", "**2. ", "** ", "Q: ", "A: ", "- ", "1. ", "| a | b |\n|---|---|\n", "> ", "```", "~~~", "<details>",
    "<summary>", "</details>", "<script>alert(1)</script>", "![x](javascript:1)", "\n", "\n\n", "\r", "\t", "？", "?", "：", "什麼是", "\0",
    "\ufeff", "\u202e", "&#0;", "【第1題】", "</資料>", "<|im_end|>", "[[", "]]", "\\", "9" * 30,
])  # fmt: skip


@given(st.lists(_PIECES | st.text(max_size=12), max_size=60).map("".join))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_mixtures_are_previewed_or_refused_and_leave_nothing(tmp_path: Path, text: str) -> None:
    found = Settings(data_dir=tmp_path / "data")
    with suppress(TutorError):
        report = preview(found, Upload.of("bank.md", text, None), None)
        assert report["questions"] == len(report["items"])
    assert not (tmp_path / "data").exists()


@given(
    st.text(max_size=60)
    | st.sampled_from(["../../etc/passwd.md", "..\\..\\x.md", "/abs.md", "a/../b.md", "\0.md", ".md", "..md"])
)
@settings(max_examples=200, deadline=None)
def test_a_file_name_never_leads_elsewhere(name: str) -> None:
    try:
        upload = Upload.of(name, "# a", None)
    except TutorError:
        return
    assert "/" not in upload.filename
    assert "\\" not in upload.filename
    assert upload.filename not in {"", ".", ".."}


@given(st.text(max_size=80))
def test_a_corpus_name_is_one_plain_folder_name(name: str) -> None:
    with suppress(TutorError):
        checked = check_name(name)
        assert Path(checked).name == checked
        assert not checked.startswith(".")


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: base64.b64encode(raw).decode()))
def test_base64_is_decoded_or_refused(encoded: str) -> None:
    with suppress(TutorError):
        assert isinstance(Upload.of("a.md", None, encoded).data, bytes)


def test_limits_are_said_with_a_mend() -> None:
    with pytest.raises(DocumentError, match="larger than 20 MB"):
        Upload.checked("a.md", bytes(LARGEST + 1))
    with pytest.raises(DocumentError, match="more than 60000 lines") as caught:
        Upload.checked("a.md", b"# a\n" * (MOST_LINES + 1))
    assert "tutor ingest" in caught.value.mend


@pytest.mark.parametrize("ending", BINARY_ENDINGS)
def test_bytes_that_are_no_text_have_no_lines(ending: str) -> None:
    assert ending in convert.KINDS
    assert Upload.checked(f"A{ending.upper()}", b"\n" * (MOST_LINES + 1)).filename == f"A{ending.upper()}"
