"""Held against the stored reference, nothing got worse: what CI runs of the evaluation."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from eval.evidence import reference
from eval.evidence.compare import lines
from eval.evidence.measures import Bench
from tutor.settings import Settings


def test_nothing_got_worse_than_the_stored_reference(corpus_data: Path) -> None:
    """Where a change is meant to trade one for the other: `python -m eval reference` renews it, and the commit says why."""
    settings = Settings(data_dir=corpus_data, model="fake", offline=True)
    comparison = reference.check(reference.measured(Bench(settings, "dev", Console(stderr=True))))
    assert not comparison.regressions, "\n".join(lines(comparison))
