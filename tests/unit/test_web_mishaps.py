"""Errors on the page: every sentence that is made anywhere on the way to it is said in every language."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import opencc
import pytest

import ingest
import tutor
from ingest import errors
from ingest.errors import DocumentError, IndexMissing, StoreUnavailable, TutorError, UsageError
from tutor.web.mishaps import mend, message, problem, sentence, told
from tutor.web.status.reasons import reason
from tutor.web.words.mishaps import KINDS, SENTENCES

ROOMS = (Path(ingest.__file__).parent, Path(tutor.__file__).parent)
# Only the terminal says what these say: nothing of the page calls them.
TERMINAL = {
    "batch.py", "backup.py", "gpu_plan.py", "launches.py", "rubric_commands.py", "serve.py", "signin.py", "traces.py",
}  # fmt: skip
CLASSES = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, TutorError)}
# What may stay English in a Chinese sentence: names, settings, commands, what a program or a format is called.
NAMES = re.compile(
    r"`[^`]*`|(?:tutor|uv pip install|pip install) [^。；]*|--\w+|https?://\S*|/\w+(/\w+)*|\S*[A-Z_\d]\S*|\S*\.\w+"
    r"|sentence-transformers|pip|word"
)


def raised() -> Iterator[tuple[str, str]]:
    """(where, sentence) of every message and mend that is written where an error is made; blanks hold the word `word`."""
    for room in ROOMS:
        for path in sorted(room.rglob("*.py")):
            if path.name in TERMINAL or path.name.startswith("cli"):
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in CLASSES:
                    for argument in node.args:
                        text = template(argument)
                        if text:
                            yield f"{path.relative_to(room.parent)}:{node.lineno}", text


def template(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else "word" for v in node.values)
    return ""


SAID = sorted(set(raised()))


@pytest.mark.parametrize(("where", "text"), SAID, ids=[where for where, _ in SAID])
def test_every_sentence_of_an_error_is_said_in_chinese(where: str, text: str) -> None:
    said = sentence(text, "zh-TW", kind="TutorError")
    assert text not in said or not re.search("[a-z]", NAMES.sub("", text)), f"{where}: add to words/mishaps: {text}"
    assert re.findall(r"[a-z]{3,}", NAMES.sub("", said)) == [], said
    assert sentence(text, "en") == text


def test_enough_is_looked_at() -> None:
    assert len(SAID) > 150


@pytest.mark.parametrize(("english", "chinese"), SENTENCES)
def test_both_languages_have_the_same_blanks(english: str, chinese: str) -> None:
    blanks = [name for _, name, _, _ in string.Formatter().parse(chinese) if name is not None]
    numbered = [int(name) if name else place for place, name in enumerate(blanks)]
    # A sentence about brackets of its own would show here as a blank too many.
    assert sorted(numbered) == list(range(english.count("{}")))
    assert not re.search(r"[\u4e00-\u9fff]", english.replace("`### 問題 1：...`", ""))
    assert re.search(r"[\u4e00-\u9fff]", chinese)


def test_no_sentence_stands_twice() -> None:
    assert len({english for english, _ in SENTENCES}) == len(SENTENCES)


def test_every_class_of_error_has_words() -> None:
    assert set(KINDS) == CLASSES


def test_blanks_are_filled_and_names_are_quoted() -> None:
    error = UsageError("There is a document called 'banks' already.", "Choose another name.")
    assert told(error, "zh-TW") == "已經有叫 「banks」 的題庫了。請換一個名稱。"
    assert told(error, "en") == "There is a document called 'banks' already. Choose another name."
    assert problem(error, "en").endswith("Choose another name.")


def test_simplified_is_simplified() -> None:
    said = told(DocumentError("The file is empty."), "zh-CN")
    assert said == opencc.OpenCC("t2s").convert(said) != ""


def test_names_and_commands_keep_their_script() -> None:
    error = IndexMissing("The corpus '機器學習' has no index yet.", "tutor ingest --corpus 機器學習")
    assert told(error, "zh-CN") == "题库 「機器學習」 还没有索引。请运行：tutor ingest --corpus 機器學習"
    assert message(StoreUnavailable("機器 is full."), "zh-CN").endswith("（機器 is full.）")


def test_a_command_is_introduced() -> None:
    error = IndexMissing("The corpus 'small' has no index yet.", "tutor ingest --corpus small")
    assert told(error, "zh-TW") == "題庫 「small」 還沒有索引。請執行：tutor ingest --corpus small"
    assert mend(error, "zh-TW") == "tutor ingest --corpus small"


def test_an_unknown_sentence_is_said_by_its_class_and_keeps_its_words() -> None:
    said = message(StoreUnavailable("The moon is full."), "zh-TW")
    assert said == f"{KINDS['StoreUnavailable']}（The moon is full.）"
    assert message(StoreUnavailable("The moon is full."), "en") == "The moon is full."


def test_message_and_mend_in_one_reason_are_told_apart() -> None:
    said = reason("The file is empty. Upload it again.", "zh-TW")
    assert said == "檔案是空的。請再上傳一次。"
    failed = reason("No source of X worked. The model hub does not answer (ConnectError): http://hub.", "zh-TW")
    assert "來源都下載不了" in failed
    assert "沒有回應" in failed
