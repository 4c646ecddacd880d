"""Damage to an index and to what it is written on: it is said with the command that mends it, and that command mends it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ingest.corpora import ingest
from ingest.errors import IndexMissing, IndexUnavailable, TutorError
from tutor.retrieval.search import Searcher

FAST = ["use"]
ROOT = Path(__file__).parents[2]
BANK = """\
### 問題 1：什麼是快取？
快取把常用的資料存在較快的記憶體裡。

### 問題 2：什麼是索引？
索引讓資料庫不用掃描整張表就能找到資料。
"""
# Chroma keeps opened folders in its process, so what a damaged one does is seen in a fresh process.
LOOK = """
import json, sys
from pathlib import Path
from ingest.errors import TutorError
from tutor.retrieval.search import Searcher
try:
    hits = Searcher(Path(sys.argv[1]), "tiny", ["use"]).search("什麼是索引？").hits
    print(json.dumps({"found": hits[0].question}))
except TutorError as error:
    print(json.dumps({"error": type(error).__name__, "message": error.message, "mend": error.mend}))
"""
INGEST = """
import sys
from pathlib import Path
from ingest.corpora import ingest
from ingest.errors import TutorError
try:
    print("unchanged", ingest(Path(sys.argv[1]), "tiny", Path(sys.argv[2]), embedders=["use"]).unchanged)
except TutorError as error:
    print(type(error).__name__, error.message, error.mend)
"""


def run(code: str, *arguments: Path, largest_file: int | None = None) -> str:
    def limit() -> None:
        import resource
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then writing fails as it does on a full disk
        assert largest_file is not None
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=180, check=False,
        preexec_fn=limit if largest_file is not None else None,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    (folder / "bank.md").write_text(BANK, encoding="utf-8")
    ingest(folder / "corpora", "tiny", folder / "bank.md", embedders=FAST)
    return folder


def damage(path: Path, how: str) -> None:
    if how == "half":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif how == "garbage":
        path.write_bytes((b"\0garbage" * (path.stat().st_size // 8 + 1))[: path.stat().st_size])
    else:
        path.unlink()


def mend_of(corpora: Path, chroma_url: str = "") -> str:
    """What a search of this index tells the user to do; "" where it works."""
    try:
        Searcher(corpora, "tiny", FAST, chroma_url).search("什麼是索引？")
    except TutorError as error:
        return error.mend
    return ""


PARTS = ["content.sqlite", "keyword/passage/params.index.json", "keyword/question/data.csc.index.npy", "manifest.json"]


@pytest.mark.parametrize("how", ["half", "garbage", "gone"])
@pytest.mark.parametrize("part", PARTS)
def test_a_damaged_index_is_said_and_one_command_mends_it(sound: Path, tmp_path: Path, part: str, how: str) -> None:
    shutil.copytree(sound, tmp_path / "x")
    corpora, document = tmp_path / "x" / "corpora", tmp_path / "x" / "bank.md"
    damage(next((corpora / "tiny").glob(f"build-*/{part}")), how)
    assert mend_of(corpora) in {"", "tutor ingest --corpus tiny"}
    assert not ingest(corpora, "tiny", document, embedders=FAST).unchanged
    assert Searcher(corpora, "tiny", FAST).search("什麼是索引？").hits[0].question == 2
    assert ingest(corpora, "tiny", document, embedders=FAST).unchanged


@pytest.mark.parametrize(
    ("pattern", "how"),
    [
        ("chroma.sqlite3", "half"),
        ("chroma.sqlite3", "gone"),
        ("*/data_level0.bin", "garbage"),
        ("*/header.bin", "gone"),
    ],
)
def test_damaged_vectors_are_said_or_lived_without_and_mended(
    sound: Path, tmp_path: Path, pattern: str, how: str
) -> None:
    shutil.copytree(sound, tmp_path / "x")
    corpora, document = tmp_path / "x" / "corpora", tmp_path / "x" / "bank.md"
    damage(next((corpora / "tiny").glob(f"build-*/chroma/{pattern}")), how)
    seen = json.loads(run(LOOK, corpora))
    assert seen.get("found") == 2 or "tutor ingest" in seen["mend"], seen
    assert run(INGEST, corpora, document) == "unchanged False"
    assert json.loads(run(LOOK, corpora)) == {"found": 2}


def test_a_pointer_to_nowhere_is_an_index_to_be_built(sound: Path, tmp_path: Path) -> None:
    shutil.copytree(sound, tmp_path / "x")
    (tmp_path / "x" / "corpora" / "tiny" / "current.json").write_text('{"build": "build-')
    with pytest.raises(IndexMissing):
        Searcher(tmp_path / "x" / "corpora", "tiny", FAST)
    assert not ingest(tmp_path / "x" / "corpora", "tiny", tmp_path / "x" / "bank.md", embedders=FAST).unchanged


@pytest.mark.parametrize("how", ["half", "garbage"])
def test_a_damaged_cache_of_vectors_is_begun_anew(sound: Path, tmp_path: Path, how: str) -> None:
    shutil.copytree(sound, tmp_path / "x")
    corpora, document = tmp_path / "x" / "corpora", tmp_path / "x" / "bank.md"
    damage(corpora / "tiny" / "vectors.sqlite", how)
    document.write_text(BANK.replace("掃描", "讀完"), encoding="utf-8")
    assert not ingest(corpora, "tiny", document, embedders=FAST).unchanged
    assert Searcher(corpora, "tiny", FAST).search("什麼是索引？").hits[0].question == 2


@pytest.mark.skipif(sys.platform != "linux", reason="limits of file size are tried on Linux")
@pytest.mark.parametrize("largest", [512, 8_192, 60_000])
def test_a_full_disk_is_said_and_the_old_index_goes_on(sound: Path, tmp_path: Path, largest: int) -> None:
    shutil.copytree(sound, tmp_path / "x")
    corpora, document = tmp_path / "x" / "corpora", tmp_path / "x" / "bank.md"
    document.write_text(BANK + "### 問題 3：什麼是分片？\n" + "分片把資料分到多台機器。" * 3000, encoding="utf-8")
    said = run(INGEST, corpora, document, largest_file=largest)
    assert said.startswith("DiskFull"), said
    assert "Free some space" in said
    assert len(list((corpora / "tiny").glob("build-*"))) == 1
    assert json.loads(run(LOOK, corpora)) == {"found": 2}
    assert run(INGEST, corpora, document) == "unchanged False"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Chroma:
    """A real Chroma server that can be stopped and started on the same port and folder."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("chroma") or shutil.which("chroma", path=str(Path(sys.executable).parent))
        if program is None:
            pytest.skip("the program `chroma` is not installed beside this Python")
        self.program, self.folder, self.port = program, folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [self.program, "run", "--host", "127.0.0.1", "--port", str(self.port), "--path", str(self.folder)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ)
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                if httpx.get(f"{self.url}/api/v2/heartbeat", timeout=1, trust_env=False).is_success:
                    return
            except httpx.HTTPError:
                assert time.monotonic() < deadline, "chroma run does not answer"

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def chroma(tmp_path: Path) -> Iterator[Chroma]:
    made = Chroma(tmp_path / "chroma")
    made.start()
    yield made
    made.kill()


def test_a_chroma_server_that_goes_away_and_comes_back(chroma: Chroma, sound: Path, tmp_path: Path) -> None:
    ingest(tmp_path / "corpora", "tiny", sound / "bank.md", embedders=FAST, chroma_url=chroma.url)
    searcher = Searcher(tmp_path / "corpora", "tiny", FAST, chroma.url)
    assert searcher.search("什麼是索引？").hits[0].question == 2
    chroma.kill()
    with pytest.raises(IndexUnavailable, match="does not answer"):
        searcher.search("快取是什麼東西？")
    chroma.start()
    assert searcher.search("快取是什麼東西？").hits[0].question == 1


def test_a_chroma_server_that_comes_back_empty_is_filled_again(chroma: Chroma, sound: Path, tmp_path: Path) -> None:
    ingest(tmp_path / "corpora", "tiny", sound / "bank.md", embedders=FAST, chroma_url=chroma.url)
    chroma.kill()
    shutil.rmtree(chroma.folder)
    chroma.start()
    assert "tutor ingest" in (mend_of(tmp_path / "corpora", chroma.url) or "tutor ingest")
    report = ingest(tmp_path / "corpora", "tiny", sound / "bank.md", embedders=FAST, chroma_url=chroma.url)
    assert not report.unchanged
    assert Searcher(tmp_path / "corpora", "tiny", FAST, chroma.url).search("什麼是索引？").hits[0].question == 2
