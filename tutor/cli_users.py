"""`tutor users ...` and `tutor keys ...`: who may sign in, and which programs may ask in their name.

Parses arguments, prints results. The rules are in `tutor.store`.
"""

from __future__ import annotations

import secrets
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ingest.errors import UsageError

if TYPE_CHECKING:
    from tutor.store import Account, Key, Store

users = typer.Typer(no_args_is_help=True, help="People who may sign in: list, add, remove, new password, role.")
keys = typer.Typer(no_args_is_help=True, help="API keys for programs: list, add, revoke.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Name = Annotated[str, typer.Argument(help="Name of the user (`tutor users list`).")]
PasswordFile = Annotated[
    str | None, typer.Option("--password-file", help="Read the password from a file, or from standard input with -.")
]
Generate = Annotated[bool, typer.Option("--generate", help="Make a random password and print it.")]
GENERATED_BYTES = 15


@users.command("list")
def list_users(as_json: Json = False) -> None:
    """List the users with their roles, and when they signed in last."""
    from tutor.cli import emit

    with _store() as store:
        found = store.accounts.list()
    if as_json:
        emit({"users": [_plain(one) for one in found]})
        return
    if not found:
        typer.echo("Nobody may sign in yet: tutor users add NAME --role admin")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("name", "role", "added", "last seen", "state"):
        table.add_column(column)
    for one in found:
        state = f"locked until {_when(one.locked_until)}" if one.locked_until else ""
        table.add_row(escape(one.name), one.role, _when(one.created), _when(one.seen), state or _way(one))
    Console(highlight=False).print(table)


@users.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="Name to sign in with.")],
    role: Annotated[str, typer.Option("--role", help="user or admin.")] = "user",
    password_file: PasswordFile = None,
    generate: Generate = False,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Only a proxy or an API key signs them in.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Let somebody sign in."""
    from tutor.cli import emit

    with _store() as store:
        password = None if no_password else _password(password_file, generate)
        account = store.accounts.add(name, password, role)
    told = {"password": password} if generate else {}
    if as_json:
        emit({**_plain(account), **told})
        return
    typer.echo(f"{account.name}: added as {account.role}")
    if generate:
        typer.echo(f"password: {password}")


@users.command("remove")
def remove_user(name: Name, yes: Yes = False, as_json: Json = False) -> None:
    """Remove a user with all that was kept about them, for good."""
    from tutor.cli import emit

    _confirm(yes, as_json, f"Remove {name} with all conversations, interviews and progress?", f"users remove {name}")
    with _store() as store:
        store.remove_user(name)
    emit({"name": name, "removed": True}) if as_json else typer.echo(f"{name}: removed")


@users.command("password")
def set_password(
    name: Name, password_file: PasswordFile = None, generate: Generate = False, as_json: Json = False
) -> None:
    """Set a new password; it unlocks the account and signs the user out everywhere."""
    from tutor.cli import emit

    with _store() as store:
        store.accounts.get(name)
        password = _password(password_file, generate)
        store.accounts.set_password(name, password)
    told = {"password": password} if generate else {}
    if as_json:
        emit({"name": name, "changed": True, **told})
        return
    typer.echo(f"{name}: password changed")
    if generate:
        typer.echo(f"password: {password}")


@users.command("role")
def set_role(name: Name, role: Annotated[str, typer.Argument(help="user or admin.")], as_json: Json = False) -> None:
    """Make somebody an admin, or no longer."""
    from tutor.cli import emit

    with _store() as store:
        store.accounts.set_role(name, role)
    emit({"name": name, "role": role}) if as_json else typer.echo(f"{name}: {role}")


@keys.command("list")
def list_keys(
    user: Annotated[str | None, typer.Argument(help="Only the keys of this user.")] = None, as_json: Json = False
) -> None:
    """List API keys, without their secrets."""
    from tutor.cli import emit

    with _store() as store:
        found = store.keys.list(user)
    if as_json:
        emit({"keys": [_plain(one) for one in found]})
        return
    if not found:
        typer.echo("There are no keys yet: tutor keys add USER")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("id", "user", "key", "for", "scopes", "added", "last used", "state"):
        table.add_column(column)
    for one in found:
        table.add_row(
            str(one.id), escape(one.user), f"{one.hint}…", escape(one.name), " ".join(sorted(one.scopes)),
            _when(one.created), _when(one.seen), _key_state(one),
        )  # fmt: skip
    Console(highlight=False).print(table)


@keys.command("add")
def add_key(
    user: Name,
    label: Annotated[str, typer.Option("--for", help="What it is for, to know it again.")] = "",
    scopes: Annotated[
        list[str] | None, typer.Option("--scope", help="ask, practise, data, metrics or admin; may be repeated.")
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=3650, help="Days until it ends; none: never.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make an API key. Its secret is printed once and kept nowhere."""
    from tutor.cli import emit

    expires = None if days is None else datetime.now(UTC) + timedelta(days=days)
    with _store() as store:
        account = store.accounts.get(user)
        key, secret = store.keys.add(account.name, label, scopes or ("ask", "practise"), expires)
    if as_json:
        emit({**_plain(key), "key": secret})
        return
    typer.echo(secret)
    typer.echo(f"Key {key.id} of {key.user} for {', '.join(sorted(key.scopes))}. It is not shown again.", err=True)


@keys.command("revoke")
def revoke_key(
    id: Annotated[int, typer.Argument(help="Number of the key (`tutor keys list`).")], as_json: Json = False
) -> None:
    """Make a key useless from now on."""
    from tutor.cli import emit

    with _store() as store:
        store.keys.revoke(None, id)
    emit({"id": id, "revoked": True}) if as_json else typer.echo(f"key {id}: revoked")


def _store() -> Store:
    from tutor.cli import settings
    from tutor.store import open_store

    return open_store(settings())


def _password(file: str | None, generate: bool) -> str:
    if generate:
        return secrets.token_urlsafe(GENERATED_BYTES)
    if file is not None:
        try:
            text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"The password cannot be read: {error}.", "Give a text file, or - and write it to standard input."
            ) from error
        return text.removesuffix("\n").removesuffix("\r")
    if not sys.stdin.isatty():
        raise UsageError(
            "Nobody is there to type a password.", "Say --password-file FILE, --password-file - or --generate."
        )
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def _confirm(yes: bool, as_json: bool, question: str, command: str) -> None:
    if yes:
        return
    if as_json:
        raise UsageError("With --json nobody can be asked.", f"tutor {command} --yes --json")
    typer.confirm(question, abort=True, err=True)


def _plain(one: Account | Key) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in asdict(one).items():
        if isinstance(value, datetime):
            value = value.isoformat(timespec="seconds")
        found[key] = sorted(value) if isinstance(value, frozenset) else value
    return found


def _when(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M")


def _way(account: Account) -> str:
    return "" if account.has_password else "no password"


def _key_state(key: Key) -> str:
    if key.revoked:
        return "revoked"
    if key.expires is None:
        return ""
    return "ended" if key.expires <= datetime.now(UTC) else f"until {_when(key.expires)}"
