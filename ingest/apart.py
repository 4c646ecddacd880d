"""Building an index in a process of its own, so that whoever asks meanwhile does not wait for it.

Chroma holds Python's lock for seconds while it sorts a thousand vectors into its graph: in a thread of a server the whole
page would stand still. Knows nothing of documents or indexes beyond what `corpora.ingest` takes and gives.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from ingest import corpora
from ingest.errors import BuildEnded
from ingest.index import BuildReport, Progress


def ingest(
    corpora_dir: Path,
    name: str,
    path: Path,
    *,
    embedders: Sequence[str],
    chroma_url: str = "",
    progress: Progress = lambda stage, done, total: None,
) -> BuildReport:
    """What `corpora.ingest` does, with its errors, in another process. It ends where this one has gone.

    Raises:
        BuildEnded: the process was ended from outside; an index that was there stays as it was.
    """
    fresh = multiprocessing.get_context("spawn")
    ours, theirs = fresh.Pipe(duplex=False)
    order = {"embedders": list(embedders), "chroma_url": chroma_url}
    child = fresh.Process(
        target=_build, args=(theirs, corpora_dir, name, path, order), name=f"build-{name}", daemon=True
    )
    child.start()
    theirs.close()
    try:
        while True:
            kind, told = ours.recv()
            if kind == "progress":
                progress(*told)
            elif kind == "report":
                report: BuildReport = told
                return report
            else:
                raise told
    except EOFError:
        child.join()
        raise BuildEnded(
            f"Building the index of {name!r} was ended from outside (status {child.exitcode}).",
            "If memory is short, close other programs, and try again.",
        ) from None
    finally:
        ours.close()  # the child's next word finds nobody, and ends it
        child.join()
        child.close()


def _build(told: Connection, corpora_dir: Path, name: str, path: Path, order: dict[str, Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal: the process that waits decides

    def say(kind: str, what: Any) -> None:
        try:
            told.send((kind, what))
        except OSError:  # nobody waits any more; what is half built is swept by the next build
            os._exit(1)

    def progress(stage: str, done: int, total: int) -> None:
        say("progress", (stage, done, total))

    try:
        last: tuple[str, Any] = ("report", corpora.ingest(corpora_dir, name, path, progress=progress, **order))
    except Exception as error:
        last = ("error", error)
    say(*last)
