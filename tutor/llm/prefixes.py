"""Beginnings of prompts that the engine has read before, kept in files: reading 600 tokens takes 8 s, loading 5 ms.

llama.cpp writes the state of a slot to a file and reads it back (`POST /slots/N?action=save`). Files hold what the
engine computed for instructions and passages of documents, never anything of a user. Knows nothing of questions.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

# Behind the instructions stands a user's message in every prompt, so that also the words of the chat template up to
# it are read. What differs from there on is read anew.
STAND_IN = "?"
GIVE_WAY_EVERY_S = 0.03
MIB = 1 << 20


class PrefixFiles:
    """The files of one model in one folder, and which of them each slot of the running engine holds.

    Args:
        identity: model and engine; files of another are not read. They go when room is needed.
        limit_mib: the folder is kept below this, least recently used first; 0 keeps nothing.
    """

    def __init__(self, folder: Path, identity: str, limit_mib: int) -> None:
        self.folder = folder
        self._identity = identity
        self._limit = limit_mib * MIB
        self._held: dict[int, str] = {}
        if limit_mib:
            folder.mkdir(parents=True, exist_ok=True)
            for stale in folder.glob("*.part"):
                stale.unlink(missing_ok=True)

    def name(self, system: str) -> str:
        """The file for a system message."""
        return hashlib.sha256(f"{self._identity}\0{system}".encode()).hexdigest()[:32] + ".bin"

    def known(self, system: str) -> bool:
        """Whether the engine need not read this again."""
        return (self.folder / self.name(system)).is_file()

    def slot_of(self, system: str) -> int | None:
        """The slot that holds it now."""
        name = self.name(system)
        return next((slot for slot, held in list(self._held.items()) if held == name), None)

    def forget_slots(self) -> None:
        """The engine was started again: its slots are empty."""
        self._held.clear()

    def bring(
        self, http: httpx.Client, root: str, headers: dict[str, str], slot: int, system: str, beginning: str
    ) -> None:  # fmt: skip
        """Have the slot hold this system message, if it is on file; a file that cannot be read goes away.

        Args:
            beginning: what stands for it in an empty slot where it is not.
        """
        name, empty = self.name(system), slot not in self._held
        if self._held.get(slot) == name:
            return
        # It will hold it after the request that follows.
        self._held[slot] = name
        path = self.folder / name
        if not path.is_file():
            path = self.folder / (name := self.name(beginning))
            if not empty or not path.is_file():
                return
        answer = http.post(f"{root}/slots/{slot}?action=restore", json={"filename": name}, headers=headers)
        if answer.status_code != 200:
            log.warning("what was kept of a prompt cannot be read and is thrown away: %s", answer.text[:200])
            path.unlink(missing_ok=True)
            return
        with suppress(OSError):  # it has just been pushed out; the slot holds it all the same
            os.utime(path)

    async def read(
        self, client: httpx.AsyncClient, root: str, headers: dict[str, str], slot: int, system: str,
        give_way: Callable[[], bool],
    ) -> bool:  # fmt: skip
        """Have the engine read a beginning and keep it in a file.

        Args:
            give_way: asked all the time; when it says yes the engine is told to stop.

        Returns:
            Whether it was read to its end.

        Raises:
            httpx.HTTPError: the engine does not answer.
            OSError: there is no room for the file.
        """
        body: dict[str, Any] = {
            "messages": [{"role": "system", "content": system}, {"role": "user", "content": STAND_IN}],
            "max_tokens": 1, "id_slot": slot, "cache_prompt": True, "temperature": 0,
        }  # fmt: skip
        self.forget(slot)
        if await posted_in_idle_time(client, root, headers, body, give_way) is None:
            return False
        name = self.name(system)
        part = f"{name}.part"
        saved = await client.post(f"{root}/slots/{slot}?action=save", json={"filename": part}, headers=headers)
        if saved.status_code != 200 or saved.json().get("n_written", 0) <= 0:
            (self.folder / part).unlink(missing_ok=True)
            raise OSError(f"the engine could not write to {self.folder}: {saved.text[:200]}")
        os.replace(self.folder / part, self.folder / name)
        self._held[slot] = name
        self._keep_below_limit(name)
        return True

    def forget(self, slot: int) -> None:
        """The slot is about to hold something that is on no file."""
        self._held.pop(slot, None)

    def full(self) -> bool:
        """Whether another file would push an older one out."""
        sizes = [path.stat().st_size for path in self._files()]
        return bool(sizes) and sum(sizes) + max(sizes) > self._limit

    def _files(self) -> list[Path]:
        return list(self.folder.glob("*.bin"))

    def _keep_below_limit(self, newest: str) -> None:
        files = sorted(((p.stat().st_mtime, p.stat().st_size, p) for p in self._files()), key=lambda row: row[0])
        total = sum(size for _, size, _ in files)
        for _, size, path in files:
            if total <= self._limit:
                return
            if path.name != newest:
                path.unlink(missing_ok=True)
                total -= size


async def posted_in_idle_time(
    client: httpx.AsyncClient, root: str, headers: dict[str, str], body: dict[str, Any], give_way: Callable[[], bool]
) -> httpx.Response | None:
    """What the engine answers to a chat request, or None: `give_way` said yes, and the engine was told to stop.

    Raises:
        httpx.HTTPError: the engine does not answer, or with an error.
    """
    waiting = asyncio.ensure_future(client.post(f"{root}/v1/chat/completions", json=body, headers=headers))
    while not waiting.done():
        await asyncio.wait({waiting}, timeout=GIVE_WAY_EVERY_S)
        if not waiting.done() and give_way():
            waiting.cancel()
            return None
    return waiting.result().raise_for_status()


def engine_identity(path: Path, engine: str = "") -> str:
    """What a file of prompt states depends on: the weights, the engine's release, and the form of both.

    Args:
        engine: of a build of the user's own; the packaged one otherwise.
    """
    from importlib.metadata import PackageNotFoundError, version

    try:
        engine = engine or version("xllamacpp")
    except PackageNotFoundError:
        engine = "?"
    status = path.stat()
    return json.dumps([path.name, status.st_size, status.st_mtime_ns, engine])
