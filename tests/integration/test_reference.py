"""Held against the stored reference, nothing got worse: what CI runs of the evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from eval.evidence import reference
from eval.evidence.compare import lines
from eval.evidence.measures import Bench
from ingest.errors import UsageError
from tutor.settings import Settings


@pytest.fixture(scope="module")
def found(corpus_data: Path) -> dict[str, Any]:
    return reference.measured(
        Bench(Settings(data_dir=corpus_data, model="fake", offline=True), "dev", Console(stderr=True))
    )


def test_nothing_got_worse_than_the_stored_reference(found: dict[str, Any]) -> None:
    """Where a change is meant to trade one for the other: `python -m eval reference` renews it, and the commit says why."""
    comparison = reference.check(found)
    assert not comparison.regressions, "\n".join(lines(comparison))


def test_a_change_for_the_worse_is_seen(found: dict[str, Any]) -> None:
    worse = {**found, "measures": {**found["measures"]}}
    grading = worse["measures"]["grading"]
    failures = [{"id": f"level/new-{number}"} for number in range(12)]
    worse["measures"]["grading"] = {**grading, "failures": grading["failures"] + failures}
    assert [change.id for change in reference.check(worse).regressions] == ["grading.failures"]


def test_other_rows_want_a_new_reference(found: dict[str, Any]) -> None:
    other = {**found, "measures": {**found["measures"], "support": {**found["measures"]["support"], "gold": {}}}}
    with pytest.raises(UsageError, match="support"):
        reference.check(other)
