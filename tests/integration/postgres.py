"""A PostgreSQL cluster of the tests' own: in a temporary folder, on a socket there and a free port, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

# Where packages put the server's programs, which are not on the PATH.
_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")


def binaries() -> Path | None:
    """The folder with `initdb` and `postgres`, the newest where there are several."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = sorted(path for pattern in _FOLDERS for path in Path("/").glob(pattern[1:]) if (path / "initdb").exists())
    return folders[-1] if folders else None


@dataclass
class Cluster:
    """A running cluster; `url` names its administrator's database."""

    bin: Path
    folder: Path
    port: int
    user: str

    def url(self, database: str = "postgres") -> str:
        """The address of a database in it."""
        return f"postgresql://tutor:hush-hush@127.0.0.1:{self.port}/{database}"

    def create(self, name: str) -> str:
        """A new, empty database; its address comes back."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.folder} -c fsync=off -c max_connections=60"
        self._control("start", "-w", "-t", "60", "-l", str(self.folder / "log"), "-o", options)

    def stop(self) -> None:
        """Stop it, cutting whoever is connected."""
        self._control("stop", "-w", "-m", "fast")

    def _control(self, *words: str) -> None:
        command = [str(self.bin / "pg_ctl"), "-D", str(self.folder / "data"), *words]
        run(command, self.user)


def run(command: list[str], user: str) -> None:
    """Run a program of PostgreSQL's, which refuses to be root."""
    done = subprocess.run(
        command, user=user if os.getuid() == 0 else None, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL, timeout=120, check=False, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def user() -> str | None:
    """Who runs the server: this user, or, for root, the one of the package; None where there is none."""
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid()).pw_name
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), None)


@contextmanager
def running(bin: Path, owner: str) -> Iterator[Cluster]:
    """A fresh cluster, started; stopped and removed at the end."""
    # A socket's path is short; what the test run makes is not.
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if os.getuid() == 0:
            shutil.chown(folder, owner)
        secret = folder / "password"
        secret.write_text("hush-hush")
        secret.chmod(0o644)
        run(
            [str(bin / "initdb"), "-D", str(folder / "data"), "-U", "tutor", "-A", "scram-sha-256", "--pwfile", str(secret),
             "-E", "UTF8", "--locale=C", "--no-sync"],
            owner,
        )  # fmt: skip
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            port = sock.getsockname()[1]
        cluster = Cluster(bin, folder, port, owner)
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
