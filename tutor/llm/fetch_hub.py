"""Fetches files from the model hub over HTTP: resumed where they broke off, checked against the hub's hashes.

Uses the user's proxy and certificate settings. Knows nothing of catalogues beyond one file's facts.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urljoin

import httpx

from ingest.errors import DownloadFailed
from tutor.llm.catalogue import HubRepository, ModelFile

BLOCK = 1 << 20
ATTEMPTS = 5
FIRST_PAUSE_S = 1.0
TIMEOUT = httpx.Timeout(20.0, read=60.0)
# What vLLM has no use for: prose, and the original checkpoints that some repositories carry along.
_UNNEEDED = re.compile(r"(^|/)(\.gitattributes|README\.md|LICENSE.*|USE_POLICY\.md|.*\.pdf)$|^original/", re.I)
RUN_AGAIN = "Run the same again: it goes on where it stopped."


def fetch_file(
    url: str, file: ModelFile, target: Path, progress: Callable[[int, int], None], cancelled: threading.Event
) -> dict[Path, str]:
    """Fetch one file to `target`; `{target: SHA-256}`.

    The hub answers a large file's URL with a redirect that carries its SHA-256 (`x-linked-etag`) and size
    (`x-linked-size`). The catalogue's hash and the hub's must agree where both are known.

    Raises:
        DownloadFailed: not reachable, no known hash, or what arrived has another hash.
    """
    with _client() as client, _plain_errors(url):
        digest, size = _facts(client, url)
        if file.sha256 and digest and file.sha256 != digest:
            raise DownloadFailed(
                f"The hub now has another {file.name} than the catalogue "
                f"(SHA-256 {digest[:12]}…, not {file.sha256[:12]}…).",
                "Take another model (tutor models list), or update the tutor.",
            )
        expected = file.sha256 or digest
        if expected is None:
            raise DownloadFailed(f"{url} tells no SHA-256, so {file.name} could not be verified.")
        total = file.size or size or 0
        _fetch(client, url, target, expected, total, lambda done: progress(done, total), cancelled)
    return {target: expected}


def fetch_repository(
    source: HubRepository, target: Path, progress: Callable[[int, int], None], cancelled: threading.Event
) -> dict[Path, str]:
    """Fetch the files of a repository into the folder `target`; `{path: SHA-256}`.

    Large files have their SHA-256 in the hub's list and are checked against it; for small ones
    (configuration) the list has git's own SHA-1, which is checked instead.

    Raises:
        DownloadFailed: as `fetch_file`.
    """
    listing = f"{source.hub}/api/models/{source.repository}/tree/main?recursive=true"
    folder = target.with_name(target.name + ".parts")
    hashes: dict[Path, str] = {}
    with _client() as client, _plain_errors(listing):
        answer = client.get(listing, follow_redirects=True)
        answer.raise_for_status()
        rows = [row for row in answer.json() if row.get("type") == "file" and not _UNNEEDED.search(row["path"])]
        total = sum(int(row["size"]) for row in rows)
        if not rows:
            raise DownloadFailed(f"The hub lists no files for {source.repository}.")
        before = 0
        for row in rows:
            path = folder / _safe(row["path"])
            path.parent.mkdir(parents=True, exist_ok=True)
            expected = row["lfs"]["oid"].removeprefix("sha256:") if row.get("lfs") else f"git:{row['oid']}"
            if not path.is_file() and not _moved(target / row["path"], path, expected):
                url = f"{source.hub}/{source.repository}/resolve/main/{quote(row['path'])}"
                report = _offset(progress, before, total)
                _fetch(client, url, path, expected, int(row["size"]), report, cancelled)
            before += int(row["size"])
            progress(before, total)
    if target.is_dir():  # a file of it was missing or had changed; what was right has moved
        shutil.rmtree(target)
    folder.replace(target)
    for row in rows:
        path = target / _safe(row["path"])
        hashes[path] = _digest(path, "sha256")
    return hashes


def _moved(here: Path, path: Path, expected: str) -> bool:
    """Take a file that an earlier fetch left, if it is what is expected."""
    kind = "git" if expected.startswith("git:") else "sha256"
    if not here.is_file() or _digest(here, kind) != expected.removeprefix("git:"):
        return False
    here.replace(path)
    return True


def _offset(progress: Callable[[int, int], None], before: int, total: int) -> Callable[[int], None]:
    return lambda done: progress(before + done, total)


def _facts(client: httpx.Client, url: str) -> tuple[str | None, int | None]:
    """SHA-256 and size as the hub tells them in the headers of its first answer (None where it does not)."""
    answer = client.head(url, headers={"Accept-Encoding": "identity"})
    for _ in range(3):  # a renamed repository answers with a relative redirect that carries no such header
        location = answer.headers.get("location", "")
        if "x-linked-etag" in answer.headers or not (answer.is_redirect and location.startswith("/")):
            break
        answer = client.head(urljoin(url, location), headers={"Accept-Encoding": "identity"})
    if answer.status_code >= 400:
        answer.raise_for_status()
    headers = answer.headers
    etag = (headers.get("x-linked-etag") or headers.get("etag") or "").removeprefix("W/").strip('"')
    size = headers.get("x-linked-size") or (headers.get("content-length") if answer.status_code == 200 else None)
    return (etag if re.fullmatch(r"[0-9a-f]{64}", etag) else None), (int(size) if size else None)


def _fetch(
    client: httpx.Client,
    url: str,
    target: Path,
    expected: str,
    total: int,
    progress: Callable[[int], None],
    cancelled: threading.Event,
) -> None:
    """Fetch to `target.part`, resuming, then verify and rename.

    The partial file's name carries the hash it is meant to have, so that a changed file is not continued.
    """
    draft = target.with_name(f"{target.name}.part-{expected.removeprefix('git:')[:12]}")
    failures = 0
    while True:
        before = draft.stat().st_size if draft.is_file() else 0
        try:
            _stream(client, url, draft, total, progress, cancelled)
            break
        except httpx.TransportError:
            grew = draft.is_file() and draft.stat().st_size > before
            failures = 1 if grew else failures + 1  # an hour's fetch over a poor line may break off often
            if failures >= ATTEMPTS:
                raise
            cancelled.wait(FIRST_PAUSE_S * 2 ** (failures - 1))
    digest = _digest(draft, "git" if expected.startswith("git:") else "sha256")
    if digest != expected.removeprefix("git:"):
        draft.unlink()
        raise DownloadFailed(
            f"{target.name} arrived with the wrong hash ({digest[:12]}…, not {expected[:12]}…); removed.",
            "Run the same again; if it stays so, something between you and the hub changes files.",
        )
    draft.replace(target)


def _stream(
    client: httpx.Client,
    url: str,
    draft: Path,
    total: int,
    progress: Callable[[int], None],
    cancelled: threading.Event,
) -> None:
    have = draft.stat().st_size if draft.is_file() else 0
    if total and have == total:
        return
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
    with client.stream("GET", url, headers=headers, follow_redirects=True) as answer:
        if answer.status_code == 416:  # the part is longer than the file: start anew
            draft.unlink()
            raise httpx.ReadError("range not satisfiable", request=answer.request)
        answer.raise_for_status()
        resumed = answer.status_code == 206
        done = have if resumed else 0
        with draft.open("ab" if resumed else "wb") as stream:
            for block in answer.iter_bytes(BLOCK):
                if cancelled.is_set():
                    raise DownloadFailed("The download was stopped.", RUN_AGAIN)
                stream.write(block)
                done += len(block)
                progress(done)
    if total and done < total:
        raise httpx.ReadError(f"{done} of {total} bytes")


def _client() -> httpx.Client:
    return httpx.Client(timeout=TIMEOUT, headers={"User-Agent": "interview-tutor"})


@contextmanager
def _plain_errors(url: str) -> Iterator[None]:
    try:
        yield
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        hint = "The model may ask for a login at the hub; take another one." if status in {401, 403} else RUN_AGAIN
        raise DownloadFailed(f"The model hub answered {status} for {url}.", hint) from error
    except httpx.HTTPError as error:
        raise DownloadFailed(f"The model hub does not answer ({type(error).__name__}): {url}.", RUN_AGAIN) from error
    except (KeyError, TypeError, ValueError) as error:
        raise DownloadFailed(f"The model hub's list of files is not as expected: {url}.", RUN_AGAIN) from error


def _safe(path: str) -> str:
    """A path from the hub's list, refused if it would leave its folder."""
    if path.startswith("/") or ".." in Path(path).parts or "\\" in path:
        raise DownloadFailed(f"The hub lists a file outside its folder: {path!r}.")
    return path


def _digest(path: Path, kind: str) -> str:
    """SHA-256 of a file, or the SHA-1 that git gives to it as a blob."""
    if kind == "sha256":
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
