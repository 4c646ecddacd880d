"""Vectors on a real Chroma server: building, searching, swapping, removing, and a server that is away."""

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from ingest.builds import current_build, read_manifest, write_manifest
from ingest.chroma import open_client
from ingest.corpora import ingest
from ingest.errors import IndexMismatch, IndexUnavailable, UsageError
from ingest.index import Index
from ingest.shelf import remove
from tutor.retrieval.search import Searcher

FAST = ["use"]
STARTS_WITHIN = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    program = shutil.which("chroma") or shutil.which("chroma", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("the program `chroma` is not installed beside this Python")
    port = free_port()
    folder = tmp_path_factory.mktemp("chroma-server")
    process = subprocess.Popen(
        [program, "run", "--host", "127.0.0.1", "--port", str(port), "--path", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + STARTS_WITHIN
    while not _answers(url):
        assert process.poll() is None, "chroma run stopped"
        assert time.monotonic() < deadline, "chroma run does not answer"
    yield url
    process.terminate()
    process.wait(10)


def _answers(url):
    try:
        return httpx.get(f"{url}/api/v2/heartbeat", timeout=1).is_success
    except httpx.HTTPError:
        return False


def builds_on(server):
    return {c.name.partition(".")[0] for c in open_client(Path(), server).list_collections()}


def test_builds_searches_swaps_and_removes_on_a_server(server, tmp_path, tiny_bank):
    ingest(tmp_path, "tiny", tiny_bank, embedders=FAST, chroma_url=server)
    first = current_build(tmp_path / "tiny")
    assert not (first / "chroma").exists()
    searcher = Searcher(tmp_path, "tiny", FAST, server)
    assert searcher.search("什麼是負載平衡？").hits[0].question == 3
    text = tiny_bank.read_text(encoding="utf-8")
    for number in range(3):
        tiny_bank.write_text(text + f"補充 {number}。", encoding="utf-8")
        ingest(tmp_path, "tiny", tiny_bank, embedders=FAST, chroma_url=server)
    assert searcher.search("什麼是負載平衡？").hits[0].question == 3
    assert builds_on(server) == {p.name for p in (tmp_path / "tiny").glob("build-*")}
    assert len(builds_on(server)) == 2
    remove(tmp_path, "tiny")
    assert builds_on(server) == set()


def test_two_corpora_share_a_server(server, tmp_path, tiny_bank):
    ingest(tmp_path, "one", tiny_bank, embedders=FAST, chroma_url=server)
    ingest(tmp_path, "two", tiny_bank, embedders=FAST, chroma_url=server)
    remove(tmp_path, "one")
    assert Searcher(tmp_path, "two", FAST).search("什麼是索引？").hits[0].question == 2
    remove(tmp_path, "two")


def test_vectors_elsewhere_than_the_settings_say_stop_with_the_mend(server, tmp_path, tiny_bank):
    ingest(tmp_path, "tiny", tiny_bank, embedders=FAST)
    with pytest.raises(IndexMismatch, match="beside the index") as caught:
        Index.open(tmp_path / "tiny", FAST, server)
    assert caught.value.mend == "tutor ingest --corpus tiny"
    assert not ingest(tmp_path, "tiny", tiny_bank, embedders=FAST, chroma_url=server).unchanged
    with pytest.raises(IndexMismatch, match="on the Chroma server"):
        Index.open(tmp_path / "tiny", FAST, "")
    remove(tmp_path, "tiny")


@pytest.mark.parametrize("last", ["build", "remove"])
def test_a_server_that_was_left_keeps_nothing(server, tmp_path, tiny_bank, last):
    ingest(tmp_path, "tiny", tiny_bank, embedders=FAST, chroma_url=server)
    ingest(tmp_path, "tiny", tiny_bank, embedders=FAST)
    assert len(builds_on(server)) == 1  # a running server may still read it
    if last == "build":
        tiny_bank.write_text(tiny_bank.read_text(encoding="utf-8") + "補充。", encoding="utf-8")
        ingest(tmp_path, "tiny", tiny_bank, embedders=FAST)
    else:
        remove(tmp_path, "tiny")
    assert builds_on(server) == set()


def test_a_server_that_was_left_may_be_away(tmp_path, tiny_bank, caplog):
    ingest(tmp_path, "tiny", tiny_bank, embedders=FAST)
    left = current_build(tmp_path / "tiny")
    write_manifest(left, {**read_manifest(left), "chroma_url": f"http://127.0.0.1:{free_port()}"})
    ingest(tmp_path, "tiny", tiny_bank, embedders=FAST)
    remove(tmp_path, "tiny")
    assert not (tmp_path / "tiny").exists()
    assert "old vectors stay" in caplog.text


def test_a_server_that_is_away_is_said_and_harms_nothing(tmp_path, tiny_bank):
    ingest(tmp_path, "tiny", tiny_bank, embedders=FAST)
    away = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(IndexUnavailable, match="does not answer"):
        ingest(tmp_path, "tiny", tiny_bank, embedders=FAST, chroma_url=away)
    assert Searcher(tmp_path, "tiny", FAST).search("什麼是索引？").hits[0].question == 2


@pytest.mark.parametrize("url", ["chroma", "ftp://host:1", "http://"])
def test_an_address_that_is_none_is_refused(tmp_path, tiny_bank, url):
    with pytest.raises(UsageError, match="no address of a Chroma server"):
        ingest(tmp_path, "tiny", tiny_bank, embedders=FAST, chroma_url=url)
