"""Office, PDF and HTML files: converted where markitdown is installed, a clear mend where it is not."""

from __future__ import annotations

import importlib.util
import io
import socket
import sys
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import convert
from ingest.errors import DocumentError
from ingest.parsers import parse
from ingest.read import read_text

HTML = """<html><body><h1>Bank</h1>
<h2>What is a token?</h2><p>The smallest unit.</p>
<h2>什麼是幻覺？</h2><ul><li>不正確的輸出</li></ul></body></html>"""


@pytest.fixture
def markitdown() -> Any:
    return pytest.importorskip("markitdown", reason="pip install 'interview-tutor[documents]'")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.parametrize("name", ["bank.pdf", "bank.DOCX", "bank.pptx", "bank.html"])
def test_without_the_extra_the_message_names_it(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    path = tmp_path / name
    path.write_bytes(b"any text")
    with pytest.raises(DocumentError) as caught:
        read_text(path)
    assert name in caught.value.message
    assert caught.value.mend == "pip install 'interview-tutor[documents]'"


def test_an_html_page_becomes_questions(markitdown: Any, tmp_path: Path) -> None:
    path = tmp_path / "bank.html"
    path.write_text(HTML, encoding="utf-8")
    document = parse(read_text(path))
    assert [(q.title, q.answered) for q in document.questions] == [
        ("What is a token?", True),
        ("什麼是幻覺？", True),
    ]


def test_a_word_file_becomes_questions(markitdown: Any, tmp_path: Path) -> None:
    path = tmp_path / "bank.docx"
    path.write_bytes(
        _docx(
            [
                ("Heading1", "什麼是詞元？"),
                ("", "最小的單位。"),
                ("Heading1", "What is RAG?"),
                ("", "Retrieval."),
            ]
        )
    )
    document = parse(read_text(path))
    assert [(q.title, q.answered) for q in document.questions] == [
        ("什麼是詞元？", True),
        ("What is RAG?", True),
    ]


def test_a_pdf_becomes_questions(markitdown: Any, tmp_path: Path) -> None:
    path = tmp_path / "bank.pdf"
    path.write_bytes(_pdf(["1. What is a token?", "The smallest unit.", "2. What is RAG?", "Retrieval."]))
    document = parse(read_text(path))
    assert [(q.number, q.title) for q in document.questions] == [(1, "What is a token?"), (2, "What is RAG?")]


@pytest.mark.parametrize("suffix", [".pdf", ".docx", ".pptx"])
def test_a_damaged_file_is_a_document_error(markitdown: Any, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(b"%PDF-1.4 but then nothing")
    with pytest.raises(DocumentError, match="broken"):
        read_text(path)


def test_a_scan_without_text_says_so(markitdown: Any, tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(_pdf([]))
    with pytest.raises(DocumentError, match=r"no text in scan\.pdf"):
        read_text(path)


def test_an_archive_that_unpacks_into_gigabytes_is_not_unpacked(markitdown: Any, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("word/document.xml", "w") as part:
        for _ in range(400):
            part.write(bytes(1 << 20))
    path = tmp_path / "bomb.docx"
    path.write_bytes(packed.getvalue())
    assert path.stat().st_size < 1 << 20
    with pytest.raises(DocumentError, match="unpack into more than"):
        read_text(path)


def test_an_archive_that_lies_about_its_size_costs_its_reader_alone(markitdown: Any, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", bytes(40 << 20))
    raw = packed.getvalue().replace((40 << 20).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    path = tmp_path / "liar.docx"
    path.write_bytes(raw)
    with pytest.raises(DocumentError, match=r"liar\.docx"):
        read_text(path)


def test_entities_that_multiply_are_not_followed(markitdown: Any, tmp_path: Path) -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    body = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">{laughs}]><x>&l9;</x>'
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("word/document.xml", body)
        archive.writestr("[Content_Types].xml", body)
    path = tmp_path / "laughs.docx"
    path.write_bytes(packed.getvalue())
    with pytest.raises(DocumentError, match=r"laughs\.docx"):
        read_text(path)


def test_a_reader_that_never_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convert, "_installed", lambda: True)
    monkeypatch.setattr(convert, "CHILD", (sys.executable, "-c", "import time; time.sleep(600)"))
    monkeypatch.setattr(convert, "PATIENCE_S", 0.2)
    with pytest.raises(DocumentError, match="within 0 s"):
        convert.to_markdown(tmp_path / "slow.pdf", b"%PDF")


def test_a_reader_that_dies_is_a_document_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convert, "_installed", lambda: True)
    monkeypatch.setattr(convert, "CHILD", (sys.executable, "-c", "import os; os.abort()"))
    with pytest.raises(DocumentError, match="its reader ended"):
        convert.to_markdown(tmp_path / "deadly.pdf", b"%PDF")


@given(st.sampled_from([".pdf", ".docx", ".pptx", ".html"]), st.binary(max_size=300))
@settings(max_examples=8, deadline=None)
def test_any_bytes_are_text_or_a_document_error(suffix: str, raw: bytes) -> None:
    pytest.importorskip("markitdown", reason="pip install 'interview-tutor[documents]'")
    with suppress(DocumentError):
        convert.to_markdown(Path(f"any{suffix}"), raw)


def test_an_html_page_in_big5_is_read(markitdown: Any, tmp_path: Path) -> None:
    path = tmp_path / "bank.htm"
    path.write_bytes(HTML.encode("big5"))
    assert "什麼是幻覺？" in read_text(path)


def _docx(paragraphs: list[tuple[str, str]]) -> bytes:
    """A minimal Word file: style and text of each paragraph."""
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'
        for style, text in paragraphs
    )
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{main}.document.main+xml"/>'
        f'<Override PartName="/word/styles.xml" ContentType="{main}.styles+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r2" Type="{office}/styles" Target="styles.xml"/></Relationships>',
        "word/styles.xml": f'<w:styles xmlns:w="{word}"><w:style w:type="paragraph" w:styleId="Heading1">'
        '<w:name w:val="heading 1"/></w:style></w:styles>',
        "word/document.xml": f'<w:document xmlns:w="{word}"><w:body>{body}</w:body></w:document>',
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def _pdf(lines: list[str]) -> bytes:
    """A minimal PDF of one page."""
    text = " ".join(f"BT /F1 14 Tf 60 {720 - 40 * i} Td ({line}) Tj ET" for i, line in enumerate(lines))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R"
        " /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(text)} >>\nstream\n{text}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    start = len(out)
    out += f"xref\n0 6\n0000000000 65535 f \n{table}".encode()
    out += f"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return out
