"""The application as a process that a test can kill: `python killable_server.py FOLDER PORT`.

The same small corpus in the same folder each time, so that what was kept is there after a restart. With `waits` as a third
argument the model stops before its third piece and never goes on.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from web_server import Script, running


def main() -> None:
    """Serve until killed."""
    folder, port, *waits = sys.argv[1:]
    with running(Path(folder), port=int(port)) as site:
        site.model.script = Script(waits_at=2 if waits else None)
        print(site.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
