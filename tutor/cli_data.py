"""`tutor backup | restore` and `tutor data ...`: users' data out of the tutor, and back.

Parses arguments, prints results. The work is done in `tutor.backup` and `tutor.store`.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from ingest.errors import UsageError

data = typer.Typer(no_args_is_help=True, help="What is kept about a user: export it, erase it.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
User = Annotated[str | None, typer.Argument(help="Name of the user; none where sign-in is off.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there.")]


@data.command("export")
def export_data(
    user: User = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write to this file instead of standard output.")] = None,
    as_json: Json = False,
) -> None:
    """Everything that is kept about a user, as JSON."""
    from tutor.cli import emit, settings
    from tutor.store import LOCAL_USER, open_store

    user = user or LOCAL_USER
    with open_store(settings()) as store:
        found = store.export(user)
    if out is None:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=None if as_json else 1))
        return
    try:
        with os.fdopen(os.open(out, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            json.dump(found, file, ensure_ascii=False, indent=1)
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror or error}.", "Choose another place.") from error
    rows = _rows(found)
    if as_json:
        emit({"user": user, "file": str(out), "rows": rows})
        return
    typer.echo(f"{user}: {_told(rows)} in {out}")


@data.command("erase")
def erase_data(
    user: User = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Erase everything that a user said and did, for good; an account stays."""
    from tutor.cli import emit, settings
    from tutor.store import LOCAL_USER, open_store

    user = user or LOCAL_USER
    with open_store(settings()) as store:
        rows = _rows(store.export(user))
        if not yes:
            if as_json:
                raise UsageError("With --json nobody can be asked.", f"tutor data erase {user} --yes --json")
            typer.confirm(f"Erase {_told(rows)} of {user}, for good?", abort=True, err=True)
        store.erase(user)
    emit({"user": user, "erased": rows}) if as_json else typer.echo(f"{user}: erased {_told(rows)}")


def backup(
    file: Annotated[Path, typer.Argument(help="Archive to write, as in tutor.zip.")],
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Save users' data, documents and indexes into one file; works while the tutor runs."""
    from tutor.backup import backup as save
    from tutor.cli import emit, settings, stderr

    report = save(settings(), file, force=force, say=lambda step: stderr.print(f"  {step}", markup=False))
    if as_json:
        emit(asdict(report))
        return
    typer.echo(f"{report.file}: {report.bytes / 1e6:.1f} MB, users' data and {len(report.corpora)} corpora")
    for name in report.without_index:
        typer.echo(f"  {name}: its vectors lie on a Chroma server and are not inside; `tutor ingest` builds them again")


def restore(
    file: Annotated[Path, typer.Argument(help="Archive that `tutor backup` wrote.")],
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Bring back what `tutor backup` saved."""
    from tutor.backup import restore as bring_back
    from tutor.cli import emit, settings, stderr

    report = bring_back(settings(), file, force=force, say=lambda step: stderr.print(f"  {step}", markup=False))
    if as_json:
        emit(asdict(report))
        return
    typer.echo(f"{report.file}: users' data and {len(report.corpora)} corpora are back")
    for name in report.without_index:
        typer.echo(f"  {name}: has no index yet: tutor ingest --corpus {name}")


def _rows(found: dict[str, Any]) -> dict[str, int]:
    counted = {key: len(value) for key, value in found.items() if isinstance(value, list)}
    return {key: counted[key] for key in ("conversations", "interviews", "attempts", "cards", "feedback")}


def _told(rows: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in rows.items())
