"""An index is built in a process of its own: its progress, report and errors come back, and nobody waits for it."""

import os
import signal
import time
from pathlib import Path

import pytest

from ingest import apart, corpora
from ingest.builds import current_build
from ingest.errors import BuildEnded, DocumentError
from tests.conftest import FAST


def test_the_report_and_the_progress_are_those_of_a_build_here(tmp_path: Path, tiny_bank: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    report = apart.ingest(
        tmp_path,
        "tiny",
        tiny_bank,
        embedders=FAST,
        progress=lambda stage, done, total: steps.append((stage, done, total)),
    )
    again = corpora.ingest(tmp_path, "tiny", tiny_bank, embedders=FAST)
    assert again.unchanged
    assert (report.corpus, report.questions) == (again.corpus, again.questions)
    assert ("keywords", 1, 1) in steps
    assert steps[-1][1] == steps[-1][2]


def test_an_error_for_users_arrives_whole(tmp_path: Path) -> None:
    with pytest.raises(DocumentError) as raised:
        apart.ingest(tmp_path, "tiny", tmp_path / "missing.md", embedders=FAST)
    with pytest.raises(DocumentError) as here:
        corpora.ingest(tmp_path, "tiny", tmp_path / "missing.md", embedders=FAST)
    assert (raised.value.message, raised.value.mend) == (here.value.message, here.value.mend)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the process in /proc")
def test_a_build_that_is_killed_says_so_and_can_be_done_again(tmp_path: Path, tiny_bank: Path) -> None:
    def kill(stage: str, done: int, total: int) -> None:
        for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                os.kill(int(child), signal.SIGKILL)
                time.sleep(0.2)

    with pytest.raises(BuildEnded, match="tiny"):
        apart.ingest(tmp_path, "tiny", tiny_bank, embedders=FAST, progress=kill)
    assert current_build(tmp_path / "tiny") is None
    assert apart.ingest(tmp_path, "tiny", tiny_bank, embedders=FAST).questions == 3
