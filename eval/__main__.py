"""`python -m eval MEASURE`: what the product is worth, with intervals. The commands are in `eval.commands`."""

from __future__ import annotations

import typer

from eval.commands import documents, learning, machine, measures, reports
from ingest.errors import TutorError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
for group in (reports, measures, machine, documents, learning):
    app.add_typer(group.app)


def main() -> None:
    """Entry point: turns errors for users into one clear message and exit code 2."""
    try:
        app()
    except TutorError as error:
        typer.echo(f"Error: {error}", err=True)
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
