"""The documentation says what the code says: reference pages are written from it, links and commands lead somewhere."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
import typer.main

from eval import manual, readme
from eval.__main__ import app as evaluation
from tutor.cli import app
from tutor.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
COMPOSE = sorted((ROOT / "docker").glob("compose*.yaml"))
LINK = re.compile(r"!?\[[^\]]*\]\((?!https?:|#|mailto:)([^)\s#]+)(?:#[^)]*)?\)")
MEASURE = re.compile(r"python -m eval ([a-z][a-z-]*)")
CODE_FILE = re.compile(r"`(?:[\w.-]+/)*([\w-]+\.py)`")
INVENTED = {"starred.py"}  # the example in docs/extending.md
COMMAND = re.compile(r"(?:^|`)(?:\$ )?tutor ([a-z]+)(?: ([a-z]+))?", re.MULTILINE)
SETTING = re.compile(r"TUTOR_([A-Z][A-Z_]*[A-Z])")


def test_the_reference_pages_are_up_to_date():
    assert manual.write(check=True) == [], "python -m eval manual writes them"


def test_the_figures_in_the_readme_are_those_of_the_reports():
    assert readme.write(check=True), "python -m eval readme writes them"


def test_the_pages_hold_every_setting_and_every_command():
    assert all(f"`TUTOR_{name.upper()}`" in manual.configuration() for name in Settings.model_fields)
    text = manual.commands()
    assert all(f"## `tutor {name}" in text for name in typer.main.get_command(app).commands)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_commands_and_settings_exist(page):
    text = page.read_text(encoding="utf-8")
    missing = [link for link in LINK.findall(text) if not (page.parent / unquote(link)).exists()]
    known = typer.main.get_command(app).commands
    for first, second in COMMAND.findall(text):
        if first not in known:
            missing.append(f"tutor {first}")
        elif second and hasattr(known[first], "commands") and second not in known[first].commands:
            missing.append(f"tutor {first} {second}")
    files = {path.name for room in ("ingest", "tutor", "eval", "tests") for path in (ROOT / room).rglob("*.py")}
    missing += [name for name in CODE_FILE.findall(text) if name not in files | INVENTED]
    measures = typer.main.get_command(evaluation).commands
    missing += [f"python -m eval {name}" for name in MEASURE.findall(text) if name not in measures]
    # The compose files have variables of their own beside the settings.
    names = {name.upper() for name in Settings.model_fields} | {
        n for f in COMPOSE for n in SETTING.findall(f.read_text())
    }
    missing += [f"TUTOR_{name}" for name in SETTING.findall(text) if name not in names and not name.startswith("TEST_")]
    assert missing == []


def test_the_messages_in_troubleshooting_are_said_by_the_code():
    said = ""
    for room in ("ingest", "tutor"):
        said += "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / room).rglob("*.py")))
    said = re.sub(r'"\s*\n\s*f?"', "", re.sub(r"\{[^{}]*\}", "…", said))
    shown = re.findall(
        r"^\| `([^`]+)`(?:, `([^`]+)`)? \|", (ROOT / "docs/troubleshooting.md").read_text("utf-8"), re.MULTILINE
    )
    said += (ROOT / "Makefile").read_text(encoding="utf-8")
    # What stands for something else in the page: "...", N, a quoted name, an address, the name of a setting.
    pieces = [p.strip(" .()',") for row in shown for m in row for p in re.split(r"\.\.\.|'\S*'|TUTOR_|127\S+|\bN\b", m)]
    told = [piece for piece in pieces if len(piece) > 8]
    assert len(told) > 25
    assert [piece for piece in told if piece not in said] == []
