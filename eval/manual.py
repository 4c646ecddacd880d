"""The reference pages of the documentation, written from the code: settings and commands. `python -m eval manual [--check]`.

Knows where settings and commands are declared, nothing of what they do.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from typer.main import get_command

from tutor.settings import Settings

DOCS = Path(__file__).parent.parent / "docs"
_CONFIGURATION = """\
# Settings

Environment variables, read once when a command starts. Every one has a default, so none is needed. In a container a setting may also
be a file of the same name in lower case under `/run/secrets`, as in `/run/secrets/tutor_server_key`. Lists are JSON: `TUTOR_NAMES='["tutor.example.org"]'`.
`tutor doctor` says what follows from them on this machine.

| variable | type | default | meaning |
|---|---|---|---|
"""
_COMMANDS = """\
# Commands

{} `python -m tutor` is the same as `tutor`. `tutor --debug COMMAND` shows tracebacks, `tutor --version` the version, and `--help` behind any
command what stands here. Exit codes: 0 done, 1 some rows failed or something is wrong, 2 usage or configuration.
"""
_WRITTEN = "\nWritten from `{}` by `python -m eval manual`.\n"
_OWN_DEFAULT = {"data_dir": "the user's data folder of the system"}
_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def configuration() -> str:
    """Markdown: one row per setting."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = _OWN_DEFAULT.get(name) or _value(field.default)
        limits = [f"{_BOUNDS[k]} {getattr(m, k):g}" for m in field.metadata for k in _BOUNDS if hasattr(m, k)]
        kind = ", ".join([_kind(field.annotation), *limits])
        meaning = (field.description or "").replace("|", "\\|")
        rows.append(f"| `TUTOR_{name.upper()}` | {kind} | {default} | {meaning} |\n")
    return _CONFIGURATION + "".join(rows) + _WRITTEN.format("tutor/settings.py")


def commands() -> str:
    """Markdown: every command with its arguments and options."""
    from tutor.cli import app

    root = get_command(app)
    text = [_COMMANDS.format(root.help)]
    for path, command in _leaves("tutor", root):
        words = " ".join(_usage(p) for p in command.params if p.param_type_name == "argument")
        text.append(
            f"\n## `{path}`\n\n{(command.help or '').strip()}\n\n```console\n$ {path} [OPTIONS] {words}".rstrip()
            + "\n```\n"
        )
        shown = [p for p in command.params if p.name != "help"]
        if shown:
            text.append("\n| | meaning |\n|---|---|\n" + "".join(f"| {_name(p)} | {_meaning(p)} |\n" for p in shown))
    return "".join(text) + _WRITTEN.format("tutor/cli.py")


def _leaves(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Commands without sub-commands, in the order in which they were declared."""
    for name, one in getattr(command, "commands", {}).items():
        if hasattr(one, "commands"):
            yield from _leaves(f"{path} {name}", one)
        else:
            yield f"{path} {name}", one


def _usage(param: Any) -> str:
    word = param.name.upper() + ("..." if param.nargs == -1 else "")
    return word if param.required else f"[{word}]"


def _name(param: Any) -> str:
    if param.param_type_name == "argument":
        return f"`{param.name.upper()}`"
    names = ", ".join([*param.opts, *param.secondary_opts])
    return f"`{names}`" if param.is_flag else f"`{names} {param.name.upper()}`"


def _meaning(param: Any) -> str:
    """The help text with limits and default, worded here: how typer words them changes with its version."""
    bounds = param if hasattr(param, "min") else param.type  # typer before 0.29 leaves them with click's type
    low, high = getattr(bounds, "min", None), getattr(bounds, "max", None)
    notes = [f"at least {low:g}"] if low is not None else []
    notes += [f"at most {high:g}"] if high is not None else []
    if param.param_type_name == "option" and not param.is_flag and isinstance(param.default, (str, int, float, Path)):
        notes += [f"default {param.default}"] if str(param.default) else []
    text = (param.help or "").replace("|", "\\|")
    return f"{text} ({', '.join(notes)})" if notes else text


PAGES = {"configuration.md": configuration, "commands.md": commands}


def write(check: bool = False) -> list[str]:
    """Write the pages, or only look; names of those that were not up to date."""
    changed = []
    for name, page in PAGES.items():
        path, fresh = DOCS / name, page()
        if not path.exists() or path.read_text(encoding="utf-8") != fresh:
            changed.append(name)
            if not check:
                path.write_text(fresh, encoding="utf-8")
    return changed


def _value(default: Any) -> str:
    if default in ("", None, []):
        return "unset"
    if isinstance(default, bool):
        return "true" if default else "false"
    if isinstance(default, list):
        return "`[" + ", ".join(f'"{one}"' for one in default) + "]`"
    return f"`{default}`"


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{one}`" for one in get_args(annotation))
    if get_origin(annotation) is list:
        return "list"
    names = {bool: "true or false", int: "whole number", float: "number", Path: "folder", str: "text"}
    return next((names[one] for one in (annotation, *get_args(annotation)) if one in names), "text")
