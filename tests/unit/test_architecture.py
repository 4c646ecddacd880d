"""The rooms of the project may import each other in one direction only; the contracts stand in `pyproject.toml`."""

from pathlib import Path

import pytest
from importlinter import cli
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _logging_is_left_alone(monkeypatch):
    """The linter sets up logging for itself and switches off every logger of the process, for all tests after it."""
    monkeypatch.setattr(cli.logging_config, "dictConfig", lambda config: None)


def test_the_rooms_import_each_other_in_one_direction(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    code = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert code == 0, capsys.readouterr().out


def test_the_contracts_can_fail(tmp_path, monkeypatch, capsys):
    """The other way round they are broken, so a kept contract says something."""
    monkeypatch.chdir(ROOT)
    turned = tmp_path / "turned.toml"
    turned.write_text(
        '[tool.importlinter]\nroot_packages = ["ingest", "tutor"]\n[[tool.importlinter.contracts]]\n'
        'name = "turned"\ntype = "layers"\nlayers = ["ingest", "tutor"]\n',
        encoding="utf-8",
    )
    assert lint_imports(config_filename=str(turned), no_cache=True) != 0
    assert "turned BROKEN" in capsys.readouterr().out
