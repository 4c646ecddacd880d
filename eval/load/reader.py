"""One question to an application process and what comes back, with as little processor time as Python allows.

A load generator on the machine that it measures must cost little: httpx takes 5 ms for a stream, this .5. Knows the
form of `POST /api/v1/ask`, nothing inside the application.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

# Of one answer; a stuck one is an error, not a run that never ends.
PATIENCE_S = 120.0


@dataclass
class Told:
    """What a stream brought: all its text, its last event, how long it took (ms); `error` is empty when all was well."""

    milliseconds: float = 0.0
    query: str = ""
    text: str = ""
    done: dict[str, Any] = field(default_factory=dict)
    error: str = ""


async def ask(host: str, query: str) -> Told:
    """Ask, read to the last byte, then look at what was read."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            started = time.perf_counter()
            raw = await _read(host, query)
            told = Told((time.perf_counter() - started) * 1000)
    except TimeoutError:
        return Told(error="no end in time")
    except OSError as error:
        return Told(error=type(error).__name__)
    head, _, body = raw.partition(b"\r\n\r\n")
    status = head.split(b" ", 2)[1].decode() if head.count(b" ") >= 2 else "none"
    if status != "200":
        told.error = f"status {status}"
        return told
    for block in _unchunked(body).decode("utf-8", "replace").split("\n\n"):
        _take(block, told)
    if not told.done and not told.error:
        told.error = "no end"
    return told


def _take(block: str, told: Told) -> None:
    name, _, data = block.partition("\ndata: ")
    match name:
        case "event: sources":
            told.query = json.loads(data)["query"]
        case "event: text":
            told.text += json.loads(data)["text"]
        case "event: done":
            told.done = json.loads(data)
        case "event: problem":
            told.error = str(json.loads(data).get("detail") or "problem")


async def _read(host: str, query: str) -> bytes:
    parts = urlsplit(host)
    body = json.dumps({"query": query, "stream": True}).encode()
    head = (
        f"POST /api/v1/ask HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(head.encode() + body)
        await writer.drain()
        return await reader.read()
    finally:
        writer.close()


def _unchunked(body: bytes) -> bytes:
    """The body without the lengths of its chunks: RFC 9112, section 7.1."""
    out, position = bytearray(), 0
    while (end := body.find(b"\r\n", position)) >= 0:
        size = int(body[position:end].split(b";")[0] or b"0", 16)
        if not size:
            break
        out += body[end + 2 : end + 2 + size]
        position = end + 4 + size
    return bytes(out)
