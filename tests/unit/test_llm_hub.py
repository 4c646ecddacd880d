"""Fetching from the model hub, against a small hub of our own: resumed, verified, refused when wrong."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import DownloadFailed
from tutor.llm import fetch_hub
from tutor.llm.catalogue import CatalogueEntry
from tutor.llm.pull import pull

CONTENT = bytes(range(256)) * 2000
CONFIG = b'{"architectures": ["LlamaForCausalLM"]}\n'


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class Hub:
    """What the hub serves, and how it misbehaves."""

    files: dict[str, bytes] = field(default_factory=dict)
    url: str = ""
    breaks_after: list[int] = field(default_factory=list)  # one entry a request
    tells_hash: bool = True
    spoils: bool = False
    ignores_range: bool = False
    ranges: list[str] = field(default_factory=list)
    listing: Any = None


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub on loopback that redirects to its storage, as the real one does."""
    state = Hub()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None: ...

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, *, body: bool) -> None:
            path = self.path.split("?")[0]
            if path.startswith("/api/"):
                self.send(200, json.dumps(state.listing).encode(), {}, body)
                return
            name = path.rsplit("/", 1)[1]
            if name not in state.files:
                self.send(404, b"", {}, body)
                return
            content = state.files[name]
            if not path.startswith("/storage/"):
                told = {"x-linked-etag": f'"{sha256(content)}"', "x-linked-size": str(len(content))}
                self.send(302, b"", {"Location": f"/storage/{name}", **(told if state.tells_hash else {})}, body)
                return
            if state.spoils:
                content = content[:-1] + b"?"
            wanted = self.headers.get("range", "")
            if body:
                state.ranges.append(wanted)
            if wanted and not state.ignores_range:
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
                self.send(206, content[start:], {}, body)
            else:
                self.send(200, content, {}, body)

        def send(self, status: int, content: bytes, headers: dict[str, str], body: bool) -> None:
            self.send_response(status)
            for key, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(key, value)
            self.end_headers()
            if body and self.path.startswith("/storage/"):
                limit = state.breaks_after.pop(0) if state.breaks_after else len(content)
                self.wfile.write(content[:limit])
            elif body:
                self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    state.files = {"model.gguf": CONTENT}
    monkeypatch.setattr(fetch_hub, "FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr(fetch_hub, "BLOCK", 10_000)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield state
    server.shutdown()
    server.server_close()


def entry(source: dict[str, Any], *files: dict[str, Any]) -> CatalogueEntry:
    return CatalogueEntry.model_validate(
        {
            "name": "Toy",
            "family": "toy",
            "parameters": "0",
            "quantisation": "none",
            "context": 512,
            "licence": "MIT",
            "languages": ["en"],
            "engine": "llama.cpp",
            "hash_origin": "the hub",
            "files": files,
            "sources": [source],
        }
    )


def gguf(hub: Hub, digest: str | None = None) -> CatalogueEntry:
    source = {"kind": "hub-file", "url": f"{hub.url}/owner/repo/resolve/main/model.gguf"}
    return entry(source, {"name": "model.gguf", "size": None, "sha256": digest})


def test_the_hubs_own_hash_is_checked_when_the_catalogue_has_none(hub: Hub, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = pull(gguf(hub), tmp_path, lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert json.loads((tmp_path / "Toy.json").read_text())["files"][0]["sha256"] == sha256(CONTENT)


def test_a_broken_connection_is_resumed_where_it_broke(hub: Hub, tmp_path: Path) -> None:
    hub.breaks_after = [100_000, 150_000]
    assert pull(gguf(hub), tmp_path).read_bytes() == CONTENT
    assert hub.ranges == ["", "bytes=100000-", "bytes=250000-"]


def test_a_later_run_goes_on_from_what_is_there(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_hub, "ATTEMPTS", 2)
    hub.breaks_after = [100_000, 0]  # the first attempt got somewhere, the second did not
    with pytest.raises(DownloadFailed, match="goes on where it stopped"):
        pull(gguf(hub), tmp_path)
    assert not (tmp_path / "model.gguf").exists()
    assert pull(gguf(hub), tmp_path).read_bytes() == CONTENT
    assert hub.ranges[-1] == "bytes=100000-"


def test_a_server_that_ignores_ranges_starts_anew(hub: Hub, tmp_path: Path) -> None:
    hub.breaks_after, hub.ignores_range = [100_000], True
    assert pull(gguf(hub), tmp_path).read_bytes() == CONTENT


def test_wrong_bytes_are_removed(hub: Hub, tmp_path: Path) -> None:
    hub.spoils = True
    with pytest.raises(DownloadFailed, match="wrong hash"):
        pull(gguf(hub), tmp_path)
    assert not list(tmp_path.glob("model.gguf*"))


def test_a_hub_that_has_another_file_than_the_catalogue_is_refused_before_the_fetch(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match=r"another model\.gguf"):
        pull(gguf(hub, sha256(b"older")), tmp_path)
    assert hub.ranges == []


def test_without_any_known_hash_nothing_is_fetched(hub: Hub, tmp_path: Path) -> None:
    hub.tells_hash = False
    with pytest.raises(DownloadFailed, match=r"no SHA-256"):
        pull(gguf(hub), tmp_path)


def test_a_missing_file_and_a_missing_hub_say_so(hub: Hub, tmp_path: Path) -> None:
    hub.files = {}
    with pytest.raises(DownloadFailed, match="answered 404"):
        pull(gguf(hub), tmp_path)
    hub.url = "http://127.0.0.1:9"
    with pytest.raises(DownloadFailed, match="does not answer"):
        pull(gguf(hub), tmp_path)


def repository(hub: Hub) -> CatalogueEntry:
    blob = hashlib.sha1(b"blob %d\0" % len(CONFIG) + CONFIG).hexdigest()
    hub.files = {"config.json": CONFIG, "weights.safetensors": CONTENT}
    hub.listing = [
        {"type": "directory", "path": "sub", "size": 0, "oid": "0"},
        {"type": "file", "path": "README.md", "size": 9, "oid": "0"},
        {"type": "file", "path": "config.json", "size": len(CONFIG), "oid": blob},
        {
            "type": "file",
            "path": "sub/weights.safetensors",
            "size": len(CONTENT),
            "oid": "0",
            "lfs": {"oid": sha256(CONTENT), "size": len(CONTENT)},
        },
    ]
    return entry({"kind": "hub-repository", "repository": "owner/repo", "hub": hub.url})


def test_a_repository_becomes_a_folder(hub: Hub, tmp_path: Path) -> None:
    hub.breaks_after = [len(CONFIG), 200_000]
    path = pull(repository(hub), tmp_path)
    assert path == tmp_path / "Toy"
    assert (path / "config.json").read_bytes() == CONFIG
    assert (path / "sub" / "weights.safetensors").read_bytes() == CONTENT
    assert not (path / "README.md").exists()
    assert not (tmp_path / "Toy.parts").exists()


def test_a_spoilt_repository_leaves_no_folder(hub: Hub, tmp_path: Path) -> None:
    model = repository(hub)
    hub.spoils = True
    with pytest.raises(DownloadFailed, match="wrong hash"):
        pull(model, tmp_path)
    assert not (tmp_path / "Toy").exists()


def test_a_repository_with_a_changed_file_is_mended(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = repository(hub)
    path = pull(model, tmp_path)
    (path / "config.json").write_text("changed")
    (path / "left.over").write_text("of another time")
    asked: list[str] = []
    stream = fetch_hub._stream
    monkeypatch.setattr(
        fetch_hub, "_stream", lambda client, url, *rest: asked.append(url) or stream(client, url, *rest)
    )
    assert pull(model, tmp_path) == path
    assert (path / "config.json").read_bytes() == CONFIG
    assert (path / "sub" / "weights.safetensors").read_bytes() == CONTENT
    assert sorted(p.name for p in path.iterdir()) == ["config.json", "sub"]
    assert [url.rpartition("/")[2] for url in asked] == ["config.json"]


@pytest.mark.parametrize("path", ["../evil", "/etc/evil", "a/../../evil"])
def test_a_listing_cannot_write_outside_its_folder(hub: Hub, tmp_path: Path, path: str) -> None:
    model = repository(hub)
    hub.listing = [{"type": "file", "path": path, "size": 1, "oid": "0"}]
    with pytest.raises(DownloadFailed, match="outside its folder"):
        pull(model, tmp_path)
