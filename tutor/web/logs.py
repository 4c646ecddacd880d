"""What the server writes to standard error: lines for people, or JSON objects for a log store. No user's text by itself.

Sets up Python's logging for the process; called by `tutor serve` alone.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from tutor.settings import Settings
from tutor.web.watching import REQUEST_ID

# Every record has these; what is left was given as `extra`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object per record: time (UTC), level, logger, message, request id, and what was given as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        row: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request := REQUEST_ID.get():
            row["request"] = request
        row |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            row["error"] = self.formatException(record.exc_info)
        return json.dumps(row, ensure_ascii=False, default=str)


def set_up(settings: Settings) -> None:
    """Send all logging to standard error in the chosen form and level."""
    handler = logging.StreamHandler(sys.stderr)
    if settings.log_format == "json":
        handler.setFormatter(JsonLines())
    else:
        handler.setFormatter(logging.Formatter("%(levelname)s  %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    level = settings.log_level.upper()
    for name in ("tutor", "ingest", "uvicorn"):
        logging.getLogger(name).setLevel(level)
